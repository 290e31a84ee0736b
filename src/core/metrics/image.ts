/**
 * Ranking metrics of scored images (or pixels), equal to scikit-learn's: larger scores are more anomalous, "positive" is
 * an anomaly. All of them are read off one sweep over the distinct scores, so ties count as ties (ALGORITHM 11.1-11.3).
 */

/** Scores of the two classes, each sorted ascending. */
export interface Ranked {
  readonly positives: ArrayLike<number>;
  readonly negatives: ArrayLike<number>;
}

/** Splits and sorts. `labels` non-zero = positive. @throws RangeError on a score that is NaN or on unequal lengths. */
export function rank(labels: ArrayLike<number | boolean>, scores: ArrayLike<number>): Ranked {
  if (labels.length !== scores.length)
    throw new RangeError(`metrics: ${labels.length} labels, ${scores.length} scores`);
  const split: [number[], number[]] = [[], []];
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]!)) throw new RangeError(`metrics: score ${i} is NaN`);
    split[labels[i] ? 1 : 0].push(scores[i]!);
  }
  return { positives: Float64Array.from(split[1]).sort(), negatives: Float64Array.from(split[0]).sort() };
}

/**
 * Calls `visit` for every distinct score from the largest to the smallest, with the numbers of positives and negatives
 * that score at least that much.
 */
export function sweep(ranked: Ranked, visit: (threshold: number, hits: number, alarms: number) => void): void {
  const { positives, negatives } = ranked;
  let p = positives.length;
  let n = negatives.length;
  while (p > 0 || n > 0) {
    const threshold = Math.max(p > 0 ? positives[p - 1]! : -Infinity, n > 0 ? negatives[n - 1]! : -Infinity);
    while (p > 0 && positives[p - 1] === threshold) p--;
    while (n > 0 && negatives[n - 1] === threshold) n--;
    visit(threshold, positives.length - p, negatives.length - n);
  }
}

/** Area under the ROC curve = P(s+ > s-) + P(s+ = s-) / 2. NaN when a class is empty. */
export function auroc(ranked: Ranked): number {
  let twice = 0;
  let lastHits = 0;
  let lastAlarms = 0;
  sweep(ranked, (_, hits, alarms) => {
    twice += (alarms - lastAlarms) * (hits + lastHits);
    lastHits = hits;
    lastAlarms = alarms;
  });
  return twice / (2 * ranked.positives.length * ranked.negatives.length);
}

/** Sum of (R_i - R_(i-1)) P_i over falling thresholds (`average_precision_score`). NaN without positives. */
export function averagePrecision(ranked: Ranked): number {
  let sum = 0;
  let last = 0;
  sweep(ranked, (_, hits, alarms) => {
    if (hits > last) sum += ((hits - last) * hits) / (hits + alarms);
    last = hits;
  });
  return sum / ranked.positives.length;
}

/** Trapezoid area under precision over recall, from (recall 0, precision 1) on: what some papers call AUPR. */
export function auprTrapezoid(ranked: Ranked): number {
  let sum = 0;
  let lastHits = 0;
  let lastPrecision = 1;
  sweep(ranked, (_, hits, alarms) => {
    const precision = hits / (hits + alarms);
    sum += ((hits - lastHits) * (precision + lastPrecision)) / 2;
    lastHits = hits;
    lastPrecision = precision;
  });
  return sum / ranked.positives.length;
}

export interface F1Max {
  readonly f1: number;
  /** Predict an anomaly from this score on; the largest one that reaches `f1`. */
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

/** Largest F1 over all thresholds: an oracle, it sees the labels. F1 is 0 at an infinite threshold without positives. */
export function f1Max(ranked: Ranked): F1Max {
  const total = ranked.positives.length;
  let best: F1Max = { f1: 0, threshold: Infinity, precision: 0, recall: 0 };
  sweep(ranked, (threshold, hits, alarms) => {
    const f1 = (2 * hits) / (hits + alarms + total);
    if (f1 > best.f1) best = { f1, threshold, precision: hits / (hits + alarms), recall: hits / total };
  });
  return best;
}

export interface RocPoint {
  /** Predict an anomaly from this score on; Infinity for the point (0, 0). */
  readonly threshold: number;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** The ROC curve from (0, 0) to (1, 1), one point per distinct score. */
export function rocCurve(ranked: Ranked): RocPoint[] {
  const points: RocPoint[] = [{ threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }];
  sweep(ranked, (threshold, hits, alarms) => {
    points.push({
      threshold,
      falsePositiveRate: alarms / ranked.negatives.length,
      truePositiveRate: hits / ranked.positives.length,
    });
  });
  return points;
}
