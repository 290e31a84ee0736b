/** Localisation figures from counts per level: the one sweep behind streamed pixel metrics and their bootstrap. */

/** What lies at one level, from the highest level down. */
export interface Step {
  /** Smallest score of the level. */
  readonly threshold: number;
  /** Pixels outside and inside defects. */
  readonly outside: number;
  readonly inside: number;
  /** Sum over defects of the share of the defect (or of its saturation area) that lies at this level. */
  readonly overlap: number;
}

export interface Totals {
  readonly outside: number;
  readonly inside: number;
  /** Number of defects. */
  readonly defects: number;
}

export interface CurveFigures {
  readonly auroc: number;
  readonly ap: number;
  readonly f1max: number;
  /** Predict a defect from this score on. */
  readonly threshold: number;
  /** Normalised area under mean overlap over FPR, per limit. */
  readonly areas: readonly number[];
}

/** All figures in one pass (ALGORITHM 11.2-11.6); NaN where a class is empty. Scores of one level count as ties. */
export function curveFigures(steps: Iterable<Step>, totals: Totals, limits: readonly number[]): CurveFigures {
  let [hits, alarms, overlap, fpr] = [0, 0, 0, 0];
  let [twice, ap, f1max, best] = [0, 0, 0, Number.POSITIVE_INFINITY];
  const areas = new Float64Array(limits.length);
  for (const s of steps) {
    const hit = hits + s.inside;
    const alarm = alarms + s.outside;
    twice += s.outside * (hit + hits);
    if (s.inside > 0) ap += (s.inside * hit) / (hit + alarm);
    const f1 = (2 * hit) / (hit + alarm + totals.inside);
    if (f1 > f1max) [f1max, best] = [f1, s.threshold];
    const nextOverlap = overlap + s.overlap / totals.defects;
    const nextFpr = alarm / totals.outside;
    for (let k = 0; k < limits.length; k++) {
      if (nextFpr === fpr || fpr >= limits[k]!) continue;
      const end = Math.min(nextFpr, limits[k]!);
      const height = overlap + ((nextOverlap - overlap) * (end - fpr)) / (nextFpr - fpr);
      areas[k]! += ((end - fpr) * (overlap + height)) / 2;
    }
    [hits, alarms, overlap, fpr] = [hit, alarm, nextOverlap, nextFpr];
  }
  const both = totals.inside > 0 && totals.outside > 0;
  return {
    auroc: both ? twice / (2 * totals.inside * totals.outside) : Number.NaN,
    ap: both ? ap / totals.inside : Number.NaN,
    f1max: both ? f1max : Number.NaN,
    threshold: best,
    areas: limits.map((l, k) => (totals.defects > 0 && totals.outside > 0 ? areas[k]! / l : Number.NaN)),
  };
}
