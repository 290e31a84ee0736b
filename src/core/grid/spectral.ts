/** Eigenvectors, covariances and what follows from them: principal components and Mahalanobis distances. */
import { cholesky, dot, forwardSolve } from './linear.ts';

const JACOBI = {
  /** Sweeps after which a symmetric matrix of a few hundred rows is diagonal to the last bit (about 10 in practice). */
  sweeps: 60,
  /** Off-diagonal mass, relative to the whole, that counts as zero. */
  precision: 1e-24,
} as const;

export interface Eigen {
  /** Descending. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of value i; its largest component is positive, so the result is unique. */
  readonly vectors: Float64Array;
}

/** Rotates rows and columns p, q so that entry (p, q) becomes zero; the vectors turn along. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const x = a[k * n + p]!;
    const y = a[k * n + q]!;
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const x = a[p * n + k]!;
    const y = a[q * n + k]!;
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const vx = v[p * n + k]!;
    const vy = v[q * n + k]!;
    v[p * n + k] = c * vx - s * vy;
    v[q * n + k] = s * vx + c * vy;
  }
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += a[i * n + j]! ** 2;
  return 2 * sum;
}

/** Eigen decomposition of a symmetric `[n, n]` matrix by cyclic Jacobi rotations: 2x2, 3x3, up to a few hundred. */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  if (matrix.length !== n * n) throw new RangeError(`eigen: ${matrix.length} values are no [${n}, ${n}] matrix`);
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const enough = JACOBI.precision * dot(a, 0, a, 0, n * n);
  for (let sweep = 0; sweep < JACOBI.sweeps && offDiagonal(a, n) > enough; sweep++) {
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]! || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    const row = v.subarray(from * n, (from + 1) * n);
    const peak = row.reduce((best, x) => (Math.abs(x) > Math.abs(best) + 1e-12 ? x : best), 0);
    for (let k = 0; k < n; k++) vectors[to * n + k] = peak < 0 ? -row[k]! : row[k]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

export interface Gaussian {
  readonly n: number;
  readonly mean: Float64Array;
  /** `[d, d]`, after shrinkage. */
  readonly covariance: Float64Array;
  /** How far the covariance was drawn towards a multiple of the identity, 0..1. */
  readonly shrinkage: number;
  readonly factor: Float64Array;
}

function meanOf(rows: ArrayLike<number>, n: number, d: number): Float64Array {
  const mean = new Float64Array(d);
  for (let i = 0; i < n * d; i++) mean[i % d]! += rows[i]! / n;
  return mean;
}

/** Maximum-likelihood covariance (divided by n) of centred rows, full matrix. */
function covarianceOf(centred: Float64Array, n: number, d: number): Float64Array {
  const s = new Float64Array(d * d);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const v = centred[r * d + i]! / n;
      for (let j = 0; j <= i; j++) s[i * d + j]! += v * centred[r * d + j]!;
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) s[j * d + i] = s[i * d + j]!;
  return s;
}

function centre(rows: ArrayLike<number>, n: number, d: number, mean: Float64Array): Float64Array {
  return Float64Array.from({ length: n * d }, (_, i) => rows[i]! - mean[i % d]!);
}

/** Optimal weight of the identity by Ledoit and Wolf ("A well-conditioned estimator ...", 2004). */
function ledoitWolf(centred: Float64Array, s: Float64Array, n: number, d: number): number {
  let trace = 0;
  for (let i = 0; i < d; i++) trace += s[i * d + i]!;
  const mu = trace / d;
  const squares = dot(s, 0, s, 0, d * d);
  const spread = squares - d * mu * mu;
  // Sum over samples of |x x' - S|^2 = |x|^4 - 2 x'S x + |S|^2; the middle terms add up to 2 n |S|^2.
  let fourth = 0;
  for (let r = 0; r < n; r++) fourth += dot(centred, r * d, centred, r * d, d) ** 2;
  const noise = (fourth / n - squares) / n;
  return spread <= 0 ? 1 : Math.min(1, Math.max(0, noise / spread));
}

export interface GaussianOptions {
  /** Weight of the identity, 0..1, or `ledoit-wolf` (default): the weight with the least expected squared error. */
  readonly shrinkage?: number | 'ledoit-wolf';
  /** Added to the diagonal: measurement noise as a variance. Default 0. */
  readonly floor?: number;
  /** Divide by n - ddof: 0 (default, what Ledoit-Wolf assumes) or 1 (unbiased; needs two rows). */
  readonly ddof?: 0 | 1;
}

/**
 * Mean and shrunk covariance of rows `[n, d]`: (1 - w) S + w tr(S)/d I + floor I.
 * @throws RangeError without rows, or when the result is singular (no spread at all and no floor).
 */
export function fitGaussian(rows: ArrayLike<number>, d: number, options: GaussianOptions = {}): Gaussian {
  const n = rows.length / d;
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`gaussian: ${rows.length} values are no rows of ${d}`);
  const mean = meanOf(rows, n, d);
  const centred = centre(rows, n, d, mean);
  const s = covarianceOf(centred, n, d);
  const wanted = options.shrinkage ?? 'ledoit-wolf';
  const shrinkage = wanted === 'ledoit-wolf' ? ledoitWolf(centred, s, n, d) : wanted;
  const unbias = n / Math.max(1, n - (options.ddof ?? 0));
  let trace = 0;
  for (let i = 0; i < d; i++) trace += s[i * d + i]! * unbias;
  const covariance = s.map((v) => (1 - shrinkage) * v * unbias);
  for (let i = 0; i < d; i++) covariance[i * d + i]! += (shrinkage * trace) / d + (options.floor ?? 0);
  return { n, mean, covariance, shrinkage, factor: cholesky(covariance, d) };
}

/** Mahalanobis distance (not squared) of the `d` values from `at` on. */
export function mahalanobis({ mean, factor }: Gaussian, x: ArrayLike<number>, at = 0): number {
  const d = mean.length;
  const y = forwardSolve(
    factor,
    d,
    mean.map((m, i) => x[at + i]! - m),
  );
  return Math.sqrt(dot(y, 0, y, 0, d));
}

export interface Basis {
  readonly mean: Float64Array;
  /** `[count, d]`: unit directions of falling variance. */
  readonly directions: Float64Array;
  /** Variance along each direction (divided by n). */
  readonly variances: Float64Array;
}

/** Principal components of rows `[n, d]`, d up to a few hundred: at most `count` and at most d. */
export function principalBasis(rows: ArrayLike<number>, d: number, count: number): Basis {
  const n = rows.length / d;
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`basis: ${rows.length} values are no rows of ${d}`);
  const mean = meanOf(rows, n, d);
  const { values, vectors } = symmetricEigen(covarianceOf(centre(rows, n, d, mean), n, d), d);
  const kept = Math.min(count, d);
  return {
    mean,
    directions: vectors.slice(0, kept * d),
    variances: values.slice(0, kept).map((v) => Math.max(0, v)),
  };
}

/** Coordinates of rows `[n, d]` in a basis: `[n, count]`. */
export function project(basis: Basis, rows: ArrayLike<number>): Float32Array {
  const d = basis.mean.length;
  const count = basis.variances.length;
  const n = rows.length / d;
  const out = new Float32Array(n * count);
  const x = new Float64Array(d);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) x[i] = rows[r * d + i]! - basis.mean[i]!;
    for (let c = 0; c < count; c++) out[r * count + c] = dot(x, 0, basis.directions, c * d, d);
  }
  return out;
}
