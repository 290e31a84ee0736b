/** Which normals sit badly with the others: candidates for a corrective click, or for being left out. */
import { heldOutScenes } from '../core/ground/heldOut.ts';
import type { Profile, WorstNormal } from '../core/profile.ts';
import { type CompiledRules, evaluateRules, learnRules, type RegionMasks } from '../core/rules/index.ts';
import type { Scene } from '../core/scene.ts';

const WORST = {
  /** Names at most so many. */
  count: 8,
  /** Folds that are judged by bounds they did not set. */
  folds: 12,
} as const;

/** Judges every normal by the others (in folds) and names those that lie farthest out, with the reasons. */
export function worstNormals(compiled: CompiledRules, profile: Profile, masks: RegionMasks = {}): WorstNormal[] {
  const scenes = profile.normals.map((n) => n.scene);
  const held = heldOutScenes(compiled.file, scenes);
  const calibration = profile.calibration.map((n) => n.scene);
  const folds = Math.min(scenes.length, WORST.folds);
  const out: WorstNormal[] = [];
  for (let f = 0; f < folds; f++) {
    const gone = new Set(profile.normals.flatMap((n, i) => (i % folds === f ? [n.sha256] : [])));
    const learnt = learnRules(
      compiled,
      scenes.filter((_, i) => i % folds !== f),
      calibration,
      masks,
      profile.relit.filter((r) => !gone.has(r.sha256)).map((r) => r.scene),
    );
    held.forEach((scene, i) => {
      if (i % folds === f) out.push(judged(scene, evaluateRules(compiled, learnt, scene, masks)));
    });
  }
  return out.sort((a, b) => b.unit - a.unit).slice(0, WORST.count);
}

const shown = (v: number | string | null): string =>
  typeof v === 'number' ? String(Number(v.toPrecision(3))) : (v ?? 'nothing');

function judged(scene: Scene, rules: ReturnType<typeof evaluateRules>): WorstNormal {
  const strange = scene.instances
    .filter((i) => i.status === 'unknown')
    .sort((a, b) => b.likeness!.value - a.likeness!.value);
  const reasons = [
    ...strange
      .slice(0, 2)
      .map((i) => `a ${i.interest} that resembles no other (${i.likeness!.value.toFixed(1)} x the border)`),
    ...rules.violations.slice(0, 3).map((v) => v.message),
  ];
  const unit = Math.max(rules.unit, strange[0]?.likeness?.value ?? 0);
  if (reasons.length === 0) {
    const nearest = rules.measurements.reduce(
      (a, b) => (b.skipped === undefined && b.margin > a.margin ? b : a),
      rules.measurements[0]!,
    );
    if (nearest)
      reasons.push(`${nearest.rule}: ${shown(nearest.measured)} where ${nearest.expected.text} was expected`);
  }
  return { image: scene.image, unit, reasons };
}
