/** Which normals sit badly with the others: candidates for a corrective click, or for being left out. */
import { heldOutScenes } from '../core/ground/heldOut.ts';
import type { Profile, WorstNormal } from '../core/profile.ts';
import { type CompiledRules, evaluateRules, learnRules, type RegionMasks } from '../core/rules/index.ts';
import type { Scene, Violation } from '../core/scene.ts';

const WORST = {
  /** Names at most so many. */
  count: 8,
  /** Folds that are judged by bounds they did not set. */
  folds: 12,
  /** A rule that fires on a larger share of the normals says nothing about them but something about itself. */
  most: 0.5,
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

/** A rule that most good parts break: the rule or its interest is wrong, not the parts. */
export interface FailingRule {
  readonly rule: string;
  readonly fired: number;
  readonly of: number;
  /** What it says of the first of them. */
  readonly message: string;
  readonly image: string;
  readonly file: string;
  readonly line: number;
}

/** Rules that fire on more than half of the normals they were learnt from, the most frequent first. */
export function failingRules(compiled: CompiledRules, profile: Profile, masks: RegionMasks = {}): FailingRule[] {
  const scenes = profile.normals.map((n) => n.scene);
  const learnt = learnRules(
    compiled,
    scenes,
    profile.calibration.map((n) => n.scene),
    masks,
    profile.relit.map((r) => r.scene),
  );
  const found = new Map<string, FailingRule>();
  for (const scene of scenes) {
    const first = new Map(
      evaluateRules(compiled, learnt, scene, masks)
        .violations.map((v) => [v.rule, v])
        .reverse() as [string, Violation][],
    );
    for (const [rule, v] of first) {
      const before = found.get(rule);
      const entry = { rule, message: v.message, image: scene.image, file: v.file, line: v.line, of: scenes.length };
      found.set(rule, { ...(before ?? entry), fired: (before?.fired ?? 0) + 1 });
    }
  }
  return [...found.values()].filter((f) => f.fired > WORST.most * f.of).sort((a, b) => b.fired - a.fired);
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
