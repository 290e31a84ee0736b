/**
 * The one module that owns location, spread, tolerance and n: rules, likeness, mining and calibration all learn their
 * bounds here. Every constant stands in `TOLERANCE`, with where it comes from.
 */

import { invert } from './grid/linear.ts';
import { predictionFactor, probit } from './normal.ts';

export { normalCdf, probit, studentQuantile } from './normal.ts';

export const TOLERANCE = {
  /** Normal-consistent scale of the median absolute deviation. */
  madToSigma: 1.4826,
  /** A bound lies at least this many robust sigmas from the centre. Study: 4 (FINDINGS 3). */
  sigmas: 4,
  /** A normal farther than this many robust sigmas is a gross outlier (FINDINGS 3). */
  outlierSigmas: 8,
  /** At most this share of the normals, and at least one, may be set aside, from `outlierMinN` normals on. */
  outlierShare: 0.02,
  outlierMinN: 8,
  /** The bound lies at least this times the largest deviation seen, for many normals ... */
  extentMany: 1.15,
  /** ... and this times for four: four normals show little of the spread (expected half range of n, FINDINGS 4). */
  extentFour: 4,
  /** How fast the one turns into the other: extentMany + (extentFour - extentMany) * (4 / n) ** extentDecay. */
  extentDecay: 0.9,
  /** One normal in so many may lie above the border of a detector's score, as far as its spread tells. */
  predicted: 0.01,
  /** Weak kinds (sensitive to light and borders) get wider bounds (FINDINGS 5). */
  weakFactor: 1.5,
  /** Share of a pooled, diagonal covariance mixed into the sample covariance: shrinkTo / (n + shrinkTo). */
  shrinkTo: 2,
} as const;

/** Middle value; mean of the two middle ones for even n. NaN for no values. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** Linear-interpolation quantile (type 7, as NumPy's default). `q` in [0, 1]. NaN for no values. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const at = q * (n - 1);
  const low = Math.floor(at);
  const high = Math.min(n - 1, low + 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Unbiased standard deviation (n - 1). 0 for fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return 0;
  const m = mean(values);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (values[i]! - m) ** 2;
  return Math.sqrt(sum / (n - 1));
}

export interface LearnOptions {
  /** Smallest sigma believed: measurement noise of the quantity, in its own units. */
  readonly floor: number;
  readonly tier?: 'core' | 'weak';
  /** Distances are bounded from above only. */
  readonly oneSided?: boolean;
  /** Further normals that may widen the bound but do not move the centre (`--calibrate`). */
  readonly calibration?: readonly number[];
  /**
   * The false-alarm rate asked of the bound: a larger one tightens it, a smaller one widens it. Default: the bound
   * holds on every normal seen, with the margins of `TOLERANCE`.
   */
  readonly alarm?: number;
  /** What the finished tolerance is multiplied by (a rule's `tolerance`). Default 1. */
  readonly scale?: number;
  /**
   * The bound predicts one more value of the same distribution, exceeded with `TOLERANCE.predicted`, instead of standing
   * well clear of all: `reach` of scores, which vary from one normal to the next without end, not of facts of a product.
   */
  readonly predict?: boolean;
}

/** What normals say about one scalar. `tolerance` is the distance from centre to border: margin = deviation / tolerance. */
export interface ScalarReference {
  readonly n: number;
  readonly centre: number;
  readonly sigma: number;
  readonly tolerance: number;
  readonly low: number;
  readonly high: number;
  /** Indices of values set aside as gross outliers: into `values`, then `values.length +` into `calibration`. */
  readonly setAside: readonly number[];
}

/** How far beyond the largest deviation among n normals the bound must lie. */
export function extentFactor(n: number): number {
  const t = TOLERANCE;
  return t.extentMany + (t.extentFour - t.extentMany) * (4 / Math.max(4, n)) ** t.extentDecay;
}

/**
 * Robust location, spread and bound of a scalar over normals (FINDINGS 3-4): centre = median; sigma = max(floor,
 * 1.4826 MAD); tolerance = max(4 sigma, extentFactor(n) x largest deviation that is no gross outlier).
 * With no values: an unbounded reference (`n` 0, tolerance Infinity).
 */
export function learnScalar(values: readonly number[], options: LearnOptions): ScalarReference {
  const t = TOLERANCE;
  const n = values.length;
  if (n === 0) {
    return {
      n: 0,
      centre: Number.NaN,
      sigma: options.floor,
      tolerance: Infinity,
      low: -Infinity,
      high: Infinity,
      setAside: [],
    };
  }
  const centre = median(values);
  const deviation = (v: number): number => (options.oneSided ? Math.max(0, v - centre) : Math.abs(v - centre));
  const mad = median(values.map((v) => Math.abs(v - centre)));
  const sigma = Math.max(options.floor, t.madToSigma * mad);
  const all = [...values, ...(options.calibration ?? [])];
  const allowed = all.length >= t.outlierMinN ? Math.max(1, Math.floor(t.outlierShare * all.length)) : 0;
  const setAside = all
    .map((v, i) => ({ i, d: deviation(v) }))
    .filter((e) => e.d > t.outlierSigmas * sigma)
    .sort((a, b) => b.d - a.d || a.i - b.i)
    .slice(0, allowed)
    .map((e) => e.i);
  const aside = new Set(setAside);
  const kept = all.filter((_, i) => !aside.has(i)).map(deviation);
  const tolerance = options.predict ? predictedReach(kept, sigma, n, options.floor) : reach(kept, sigma, options);
  return {
    n: all.length,
    centre,
    sigma,
    tolerance,
    low: options.oneSided ? -Infinity : centre - tolerance,
    high: centre + tolerance,
    setAside,
  };
}

/**
 * Distance from centre to border for the deviations (>= 0) of the normals that were kept: `TOLERANCE.sigmas` sigmas or
 * the largest deviation widened for small n, whichever is larger. With `alarm` = a, the sigmas are those that a normal
 * distribution exceeds with probability a, and the deviation is the (1 - a) quantile; where n is too small to show a
 * (a < 1 / n) the largest deviation is widened further by the ratio of the two normal quantiles.
 */
export function reach(
  deviations: readonly number[],
  sigma: number,
  options: Pick<LearnOptions, 'tier' | 'alarm' | 'scale'>,
): number {
  const t = TOLERANCE;
  const n = deviations.length;
  const widen = (options.tier === 'weak' ? t.weakFactor : 1) * (options.scale ?? 1);
  const largest = deviations.reduce((m, d) => Math.max(m, d), 0);
  if (options.alarm === undefined) return widen * Math.max(t.sigmas * sigma, extentFactor(n) * largest);
  const sigmas = -probit(options.alarm / 2);
  const seen = Math.max(options.alarm, 1 / Math.max(1, n));
  const extent =
    options.alarm < seen ? largest * Math.max(1, sigmas / -probit(seen / 2)) : quantile(deviations, 1 - options.alarm);
  const factor = options.alarm < seen ? extentFactor(n) : extentFactor(n) / t.extentMany;
  return widen * Math.max(sigmas * sigma, factor * extent);
}

/**
 * Distance from centre to border that predicts the next of n normals, holds on every deviation seen with a margin, and
 * leaves `TOLERANCE.sigmas` of mere measurement noise.
 */
function predictedReach(deviations: readonly number[], sigma: number, n: number, floor: number): number {
  const t = TOLERANCE;
  const largest = deviations.reduce((m, d) => Math.max(m, d), 0);
  return Math.max(t.sigmas * floor, predictionFactor(n, t.predicted) * sigma, t.extentMany * largest);
}

/** A reference whose border lies `room` farther out. */
export function widened(bounds: ScalarReference, room: number): ScalarReference {
  return room > 0 ? { ...bounds, tolerance: bounds.tolerance + room, high: bounds.high + room } : bounds;
}

/** `a - b` for angles of period `period`, wrapped into [-period / 2, period / 2). */
export function angleDifference(a: number, b: number, period: number = Math.PI): number {
  const d = (a - b) % period;
  return d - period * Math.floor(d / period + 0.5);
}

/**
 * As learnScalar for angles of period `period` (pi for axes, 2 pi for directions): the centre is the circular mean
 * refined by the median of the wrapped deviations. `low`/`high` may leave the period; compare with `angleDifference`.
 */
export function learnAngle(
  values: readonly number[],
  options: LearnOptions,
  period: number = Math.PI,
): ScalarReference {
  if (values.length === 0) return learnScalar([], options);
  const turn = (2 * Math.PI) / period;
  const sin = mean(values.map((v) => Math.sin(v * turn)));
  const cos = mean(values.map((v) => Math.cos(v * turn)));
  const start = Math.atan2(sin, cos) / turn;
  const unwrap = (v: number): number => start + angleDifference(v, start, period);
  const calibration = options.calibration?.map(unwrap);
  return learnScalar(values.map(unwrap), calibration ? { ...options, calibration } : options);
}

/** Location, inverse covariance and Mahalanobis border of vectors `[n, d]`. */
export interface VectorReference {
  readonly n: number;
  readonly centre: readonly number[];
  /** Inverse of the shrunk covariance, rows of `[d, d]`. */
  readonly precision: readonly (readonly number[])[];
  /** Mahalanobis distance of the border. */
  readonly tolerance: number;
  readonly setAside: readonly number[];
}

/** The `room` largest of `deviations` beyond the border of gross outliers, as indices, largest first. */
function grossest(deviations: readonly number[], border: number, room: number): number[] {
  return deviations
    .map((d, i) => ({ d, i }))
    .filter((e) => e.d > border)
    .sort((a, b) => b.d - a.d || a.i - b.i)
    .slice(0, room)
    .map((e) => e.i);
}

/** Covariance of `values` around `centre`, shrunk towards its own diagonal, plus the squared floors. */
function covarianceOf(
  values: readonly (readonly number[])[],
  centre: readonly number[],
  floors: readonly number[],
): number[][] {
  const n = values.length;
  const keep = n / (n + TOLERANCE.shrinkTo);
  return floors.map((floor, i) =>
    floors.map((_, j) => {
      let sum = 0;
      for (const v of values) sum += (v[i]! - centre[i]!) * (v[j]! - centre[j]!);
      const c = n > 1 ? sum / (n - 1) : 0;
      return i === j ? c + floor * floor : c * keep;
    }),
  );
}

/**
 * Robust centre (median per axis) and covariance shrunk towards its own diagonal, plus the squared floors: few normals
 * show no reliable correlation. Gross outliers of any axis are set aside first, by the rule of `learnScalar`: left in,
 * one of them would stretch the covariance until nothing lies far from the centre. The border is learnt on the
 * Mahalanobis distances like any one-sided scalar is.
 */
export function learnVector(
  values: readonly (readonly number[])[],
  floors: readonly number[],
  options: Omit<LearnOptions, 'floor' | 'calibration'> & { readonly calibration?: readonly (readonly number[])[] },
): VectorReference {
  const t = TOLERANCE;
  const n = values.length;
  const all = [...values, ...(options.calibration ?? [])];
  const centre = floors.map((_, j) => (n === 0 ? 0 : median(values.map((v) => v[j]!))));
  const sigmas = floors.map((floor, j) =>
    n === 0 ? floor : Math.max(floor, t.madToSigma * median(values.map((v) => Math.abs(v[j]! - centre[j]!)))),
  );
  const allowed = all.length >= t.outlierMinN ? Math.max(1, Math.floor(t.outlierShare * all.length)) : 0;
  const worstAxis = all.map((v) =>
    sigmas.reduce((m, s, j) => {
      const d = Math.abs(v[j]! - centre[j]!);
      // Without floor or spread, what is off the centre at all is infinitely many sigmas off.
      return d === 0 ? m : Math.max(m, d / s);
    }, 0),
  );
  const setAside = grossest(worstAxis, t.outlierSigmas, allowed);
  const aside = new Set(setAside);
  const precision = invert(
    covarianceOf(
      values.filter((_, i) => !aside.has(i)),
      centre,
      floors,
    ),
  );
  const distances = all.map((v) => mahalanobis(v, centre, precision));
  // The distances of d standard normal axes spread around sqrt(d): that is the sigma believed at least.
  const floor = Math.sqrt(floors.length);
  // What is gross only across the axes shows now.
  const across = distances.map((d, i) => (aside.has(i) ? 0 : d));
  for (const i of grossest(across, t.outlierSigmas * floor, allowed - setAside.length)) {
    setAside.push(i);
    aside.add(i);
  }
  const kept = distances.filter((_, i) => !aside.has(i));
  return { n: all.length, centre, precision, tolerance: n === 0 ? Infinity : reach(kept, floor, options), setAside };
}

/** Mahalanobis distance of `[d]` from a centre. */
export function mahalanobis(
  v: readonly number[],
  centre: readonly number[],
  precision: readonly (readonly number[])[],
): number {
  let sum = 0;
  for (let i = 0; i < centre.length; i++) {
    for (let j = 0; j < centre.length; j++) sum += (v[i]! - centre[i]!) * precision[i]![j]! * (v[j]! - centre[j]!);
  }
  return Math.sqrt(Math.max(0, sum));
}

/** Deviation of `x` in tolerance units: 0 at the centre, 1 at the border. 0 where nothing was learnt. */
export function marginOf(reference: ScalarReference, x: number): number {
  if (!Number.isFinite(reference.tolerance)) return 0;
  const below = reference.low === -Infinity;
  const d = below ? Math.max(0, x - reference.centre) : Math.abs(x - reference.centre);
  return d / reference.tolerance;
}
