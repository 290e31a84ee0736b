/** How often every rule would alarm on normals it was not learnt from, and what so few normals can promise at all. */

import { clopperPearson, type Interval } from '../metrics/intervals.ts';
import { median } from '../statistics.ts';
import type { CompiledRules } from './compiled.ts';
import { evaluateRules } from './evaluate.ts';
import { type LearningSet, learnFrom } from './learn.ts';

export interface RuleEstimate {
  readonly rule: string;
  /** Normals on which the rule was judged while left out. */
  readonly n: number;
  readonly fired: number;
  /** Clopper-Pearson interval of the false-alarm rate, 95 %. */
  readonly interval: Interval;
  /** Largest margin among the normals left out, and the image that shows it. */
  readonly worst: number;
  /** Median of those margins; 0 where the rule was never judged. */
  readonly median: number;
  readonly worstImage: string | null;
  /** Images it fired on. */
  readonly images: readonly string[];
}

export interface LeaveOneOut {
  readonly rules: readonly RuleEstimate[];
  /** Composition unit of every normal, judged by rules that did not see it. */
  readonly units: readonly number[];
  readonly n: number;
  /** The smallest false-alarm rate that n normals can show: 1 / (n + 1). */
  readonly limit: number;
}

/** Most rounds of learning: beyond, whole folds are left out (each normal is still judged by bounds it did not set). */
const FOLDS = 50;

/** Leaves every normal out in turn (or in `FOLDS` groups), learns from the others, and judges it as `held` shows it. */
export function leaveOneOut(compiled: CompiledRules, set: LearningSet): LeaveOneOut {
  const { normals, held = normals, masks } = set;
  const fold = new Map(normals.map((s, i) => [s, i % Math.min(normals.length, FOLDS)]));
  const folds = Math.min(normals.length, FOLDS);
  const units = new Array<number>(normals.length).fill(0);
  const tally = new Map(
    compiled.rules.map((r) => [
      r.id,
      { n: 0, images: [] as string[], margins: [] as number[], worst: 0, worstImage: null as string | null },
    ]),
  );
  for (let f = 0; f < folds; f++) {
    const learnt = learnFrom(compiled, set, (s) => fold.get(s) !== f);
    for (let i = f; i < normals.length; i += folds) {
      const scene = held[i]!;
      const outcome = evaluateRules(compiled, learnt, scene, masks);
      units[i] = outcome.unit;
      const margins = new Map<string, number>();
      for (const m of outcome.measurements)
        if (m.skipped === undefined) margins.set(m.rule, Math.max(margins.get(m.rule) ?? 0, m.margin));
      for (const [rule, margin] of margins) {
        const t = tally.get(rule)!;
        t.n++;
        t.margins.push(margin);
        if (margin > 1) t.images.push(scene.image);
        if (margin > t.worst || t.worstImage === null) {
          t.worst = margin;
          t.worstImage = scene.image;
        }
      }
    }
  }
  const rules = [...tally].map(
    ([rule, t]): RuleEstimate => ({
      rule,
      n: t.n,
      fired: t.images.length,
      interval: clopperPearson(t.images.length, t.n),
      worst: t.worst,
      median: t.margins.length === 0 ? 0 : median(t.margins),
      worstImage: t.worstImage,
      images: t.images,
    }),
  );
  return { rules, units, n: normals.length, limit: 1 / (normals.length + 1) };
}
