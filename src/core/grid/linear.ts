/**
 * Small dense linear algebra, row-major. Bags of features are Float32 `[n, 1, d]` grids or flat arrays; everything that
 * is solved or decomposed is Float64. Square matrices are flat arrays of n * n.
 */

type Vector = Float32Array | Float64Array;

/** Dot product of two stretches of length `n`. */
export function dot(a: Vector, atA: number, b: Vector, atB: number, n: number): number {
  // Four sums break the chain of dependent additions.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += a[atA + i]! * b[atB + i]!;
    s1 += a[atA + i + 1]! * b[atB + i + 1]!;
    s2 += a[atA + i + 2]! * b[atB + i + 2]!;
    s3 += a[atA + i + 3]! * b[atB + i + 3]!;
  }
  for (; i < n; i++) s0 += a[atA + i]! * b[atB + i]!;
  return s0 + s1 + (s2 + s3);
}

/** Squared Euclidean distance of two stretches of length `n`. */
export function squaredDistance(a: Vector, atA: number, b: Vector, atB: number, n: number): number {
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < n; i += 2) {
    const d0 = a[atA + i]! - b[atB + i]!;
    const d1 = a[atA + i + 1]! - b[atB + i + 1]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  if (i < n) s0 += (a[atA + i]! - b[atB + i]!) ** 2;
  return s0 + s1;
}

/** Rows of `d` values scaled to unit length, a new array; a zero row stays zero. @throws RangeError on a ragged length. */
export function unitRows<T extends Vector>(rows: T, d: number): T {
  if (d < 1 || rows.length % d !== 0) throw new RangeError(`unitRows: ${rows.length} values are no rows of ${d}`);
  const out = rows.slice() as T;
  for (let at = 0; at < rows.length; at += d) {
    const norm = Math.sqrt(dot(rows, at, rows, at, d));
    if (norm > 0) for (let i = at; i < at + d; i++) out[i] = rows[i]! / norm;
  }
  return out;
}

/** Rows of `b` that share one reading of a row of `a`, and rows of `b` that stay in the second-level cache together. */
const ABREAST = 4;
const BLOCK = 32;

/** `out[j] = a . b_j` for the rows j0 <= j < j1 of `b`. */
function rowTimesRows(
  a: Vector,
  atA: number,
  b: Vector,
  j0: number,
  j1: number,
  k: number,
  out: Float32Array,
  at: number,
): void {
  let j = j0;
  for (; j + ABREAST <= j1; j += ABREAST) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let c = 0, q = j * k; c < k; c++, q++) {
      const v = a[atA + c]!;
      s0 += v * b[q]!;
      s1 += v * b[q + k]!;
      s2 += v * b[q + 2 * k]!;
      s3 += v * b[q + 3 * k]!;
    }
    out[at + j] = s0;
    out[at + j + 1] = s1;
    out[at + j + 2] = s2;
    out[at + j + 3] = s3;
  }
  for (; j < j1; j++) out[at + j] = dot(a, atA, b, j * k, k);
}

/**
 * `a [n, k]` times the transpose of `b [m, k]`: all inner products, `[n, m]`. Both factors are read along their rows.
 * @throws RangeError when the lengths do not fit.
 */
export function matmul(a: Vector, b: Vector, k: number): Float32Array {
  if (k < 1 || a.length % k !== 0 || b.length % k !== 0) {
    throw new RangeError(`matmul: ${a.length} and ${b.length} values are no rows of ${k}`);
  }
  const n = a.length / k;
  const m = b.length / k;
  const out = new Float32Array(n * m);
  for (let j = 0; j < m; j += BLOCK) {
    for (let i = 0; i < n; i++) rowTimesRows(a, i * k, b, j, Math.min(m, j + BLOCK), k, out, i * m);
  }
  return out;
}

/**
 * Lower Cholesky factor of a symmetric positive definite `[n, n]` matrix (only its lower triangle is read).
 * @throws RangeError when it is not positive definite.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  if (matrix.length !== n * n) throw new RangeError(`cholesky: ${matrix.length} values are no [${n}, ${n}] matrix`);
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = matrix[i * n + j]! - dot(l, i * n, l, j * n, j);
      if (i !== j) l[i * n + j] = rest / l[j * n + j]!;
      else if (rest > 0) l[i * n + i] = Math.sqrt(rest);
      else throw new RangeError(`cholesky: pivot ${i} is ${rest}: the matrix is not positive definite`);
    }
  }
  return l;
}

/** Solves L y = b for a lower factor. */
export function forwardSolve(factor: Float64Array, n: number, b: ArrayLike<number>): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) y[i] = (b[i]! - dot(factor, i * n, y, 0, i)) / factor[i * n + i]!;
  return y;
}

/** Solves A x = b, `factor` = cholesky(A). */
export function choleskySolve(factor: Float64Array, n: number, b: ArrayLike<number>): Float64Array {
  const x = forwardSolve(factor, n, b);
  for (let i = n - 1; i >= 0; i--) {
    x[i]! /= factor[i * n + i]!;
    for (let j = 0; j < i; j++) x[j]! -= factor[i * n + j]! * x[i]!;
  }
  return x;
}

/**
 * Ridge regression weights `[d, t]`: solves (X'X + lambda I) W = X'Y for rows `x [n, d]`, targets `y [n, t]`.
 * @throws RangeError when lambda is 0 and X'X is singular.
 */
export function ridge(x: Vector, d: number, y: Vector, t: number, lambda: number): Float64Array {
  const n = x.length / d;
  const gram = new Float64Array(d * d);
  const right = new Float64Array(d * t);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const v = x[r * d + i]!;
      if (v === 0) continue;
      for (let j = 0; j <= i; j++) gram[i * d + j]! += v * x[r * d + j]!;
      for (let c = 0; c < t; c++) right[i * t + c]! += v * y[r * t + c]!;
    }
  }
  for (let i = 0; i < d; i++) gram[i * d + i]! += lambda;
  const factor = cholesky(gram, d);
  const weights = new Float64Array(d * t);
  for (let c = 0; c < t; c++) {
    const column = choleskySolve(
      factor,
      d,
      right.filter((_, i) => i % t === c),
    );
    for (let i = 0; i < d; i++) weights[i * t + c] = column[i]!;
  }
  return weights;
}

/** Inverse of a small positive-definite matrix by Gauss-Jordan with row pivots. */
export function invert(m: readonly (readonly number[])[]): number[][] {
  const d = m.length;
  const a = m.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let c = 0; c < d; c++) {
    let pivot = c;
    for (let r = c + 1; r < d; r++) if (Math.abs(a[r]![c]!) > Math.abs(a[pivot]![c]!)) pivot = r;
    [a[c], a[pivot]] = [a[pivot]!, a[c]!];
    const p = a[c]![c]!;
    for (let j = 0; j < 2 * d; j++) a[c]![j]! /= p;
    for (let r = 0; r < d; r++) {
      if (r === c) continue;
      const f = a[r]![c]!;
      if (f !== 0) for (let j = 0; j < 2 * d; j++) a[r]![j]! -= f * a[c]![j]!;
    }
  }
  return a.map((row) => row.slice(d));
}
