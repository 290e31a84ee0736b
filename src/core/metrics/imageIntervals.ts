/** Bootstrap intervals of ranking figures over images. */
import type { Random } from '../grid/random.ts';
import { quantile } from '../statistics.ts';
import { curveFigures, type Step } from './curve.ts';
import type { Interval } from './intervals.ts';

export const IMAGE_BOOTSTRAP = { resamples: 1000, confidence: 0.95 } as const;

export type RankingIntervals = Readonly<Record<'auroc' | 'ap' | 'f1max', Interval>>;

/**
 * Percentile intervals of AUROC, AP and F1-max: images are drawn with replacement within each class, so that no resample
 * lacks one. Null when a class is empty. `labels` non-zero = anomaly.
 */
export function bootstrapRanking(
  labels: readonly boolean[],
  scores: readonly number[],
  random: Random,
  resamples: number = IMAGE_BOOTSTRAP.resamples,
): RankingIntervals | null {
  const distinct = [...new Set(scores)].sort((a, b) => b - a);
  const level = new Map(distinct.map((s, i) => [s, i]));
  const classes: [number[], number[]] = [[], []];
  for (const [i, s] of scores.entries()) classes[labels[i] ? 1 : 0].push(level.get(s)!);
  const [good, bad] = classes;
  if (good.length === 0 || bad.length === 0 || resamples === 0) return null;
  const totals = { outside: good.length, inside: bad.length, defects: 0 };
  // A resample is a histogram over the distinct scores: nothing needs sorting.
  const drawn = (from: readonly number[]): Int32Array => {
    const counts = new Int32Array(distinct.length);
    for (let i = 0; i < from.length; i++) counts[from[random.int(from.length)]!]!++;
    return counts;
  };
  const found = Array.from({ length: resamples }, () => {
    const [outside, inside] = [drawn(good), drawn(bad)];
    const steps = distinct.map(
      (threshold, i): Step => ({ threshold, outside: outside[i]!, inside: inside[i]!, overlap: 0 }),
    );
    return curveFigures(steps, totals, []);
  });
  const [low, high] = [(1 - IMAGE_BOOTSTRAP.confidence) / 2, (1 + IMAGE_BOOTSTRAP.confidence) / 2];
  const of = (values: number[]): Interval => ({ low: quantile(values, low), high: quantile(values, high) });
  return {
    auroc: of(found.map((f) => f.auroc)),
    ap: of(found.map((f) => f.ap)),
    f1max: of(found.map((f) => f.f1max)),
  };
}
