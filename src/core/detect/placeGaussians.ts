/**
 * PaDiM's statistics (ALGORITHM 10): a Gaussian per place of the grid over the normals,
 * S = sum (x - m)(x - m)' / (n - 1) + 0.01 I, and the Mahalanobis distance to it. Proved on golden/patch.
 */
import type { Rows } from '../grid/cluster.ts';
import { cholesky, dot, forwardSolve } from '../grid/linear.ts';

export const PADIM = {
  /** Added to the diagonal (paper, section 3.2). */
  regular: 0.01,
} as const;

/** Means `[places, 1, d]` and the lower triangles of the Cholesky factors, row by row, `[places, 1, d (d + 1) / 2]`. */
export interface PlaceGaussians {
  readonly n: number;
  readonly means: Rows;
  readonly factors: Rows;
}

const triangle = (d: number): number => (d * (d + 1)) / 2;

function meansOf(images: readonly Rows[]): Rows {
  const { height, channels } = images[0]!;
  const data = new Float32Array(height * channels);
  for (let i = 0; i < data.length; i++) {
    let sum = 0;
    for (const image of images) sum += image.data[i]!;
    data[i] = sum / images.length;
  }
  return { data, height, width: 1, channels };
}

/** `scale` times the scatter of one place around `mean`, plus the regular term; lower triangle filled. */
function scatter(images: readonly Rows[], place: number, mean: Rows, scale: number): Float64Array {
  const d = mean.channels;
  const out = new Float64Array(d * d);
  const x = new Float64Array(d);
  for (const image of images) {
    for (let i = 0; i < d; i++) x[i] = image.data[place * d + i]! - mean.data[place * d + i]!;
    for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) out[i * d + j]! += x[i]! * x[j]!;
  }
  for (let i = 0; i < out.length; i++) out[i]! *= scale;
  for (let i = 0; i < d; i++) out[i * d + i]! += PADIM.regular;
  return out;
}

/** Gaussians of every place. @param images rows of all normals on one grid, `[places, 1, d]` each; at least two */
export function fitPlaces(images: readonly Rows[]): PlaceGaussians {
  const n = images.length;
  if (n < 2) throw new RangeError(`padim: ${n} normals show no spread`);
  const means = meansOf(images);
  const d = means.channels;
  const data = new Float32Array(means.height * triangle(d));
  for (let p = 0, at = 0; p < means.height; p++) {
    const factor = cholesky(scatter(images, p, means, 1 / (n - 1)), d);
    for (let i = 0; i < d; i++, at += i) data.set(factor.subarray(i * d, i * d + i + 1), at);
  }
  return { n, means, factors: { data, height: means.height, width: 1, channels: triangle(d) } };
}

/** Mahalanobis distance of every place's row to its Gaussian. */
export function placeDistances(rows: Rows, { means, factors }: PlaceGaussians): Float32Array {
  const d = rows.channels;
  const y = new Float64Array(d);
  return Float32Array.from({ length: rows.height }, (_, p) => {
    let square = 0;
    let at = p * triangle(d);
    for (let i = 0; i < d; i++) {
      let rest = rows.data[p * d + i]! - means.data[p * d + i]!;
      for (let j = 0; j < i; j++) rest -= factors.data[at + j]! * y[j]!;
      y[i] = rest / factors.data[at + i]!;
      square += y[i]! * y[i]!;
      at += i + 1;
    }
    return Math.sqrt(square);
  });
}

/**
 * Distance of a normal to the Gaussian of the n - 1 others, from that of all n: removing x changes the scatter by rank one,
 * S' = A - u u' with A = (n-1)/(n-2) S + 0.01 I and u = sqrt(n / ((n-1)(n-2))) (x - m), and Sherman-Morrison gives the
 * distance of x to m'. @param q (x - m)' A^-1 (x - m); the vectors of the formula are multiples of x - m
 */
function leftOut(q: number, n: number): number {
  const pull = Math.sqrt(n / ((n - 1) * (n - 2)));
  const away = n / (n - 1);
  const [vv, vu, uu] = [away * away * q, away * pull * q, pull * pull * q];
  return Math.sqrt(Math.max(0, vv + (vu * vu) / Math.max(1e-12, 1 - uu)));
}

/** What every normal would score under the Gaussians of the others, without fitting n times. `[images][places]`; null for n < 3. */
export function leftOutDistances(images: readonly Rows[]): Float32Array[] | null {
  const n = images.length;
  if (n < 3) return null;
  const means = meansOf(images);
  const { height, channels: d } = means;
  const out = images.map(() => new Float32Array(height));
  for (let p = 0; p < height; p++) {
    // A = (n-1)/(n-2) S, S the unbiased covariance: the scatter divided by n - 2.
    const factor = cholesky(scatter(images, p, means, 1 / (n - 2)), d);
    images.forEach((image, i) => {
      const y = forwardSolve(factor, d, fromMean(image, means, p));
      out[i]![p] = leftOut(dot(y, 0, y, 0, d), n);
    });
  }
  return out;
}

function fromMean(rows: Rows, means: Rows, place: number): Float64Array {
  const d = rows.channels;
  return Float64Array.from({ length: d }, (_, k) => rows.data[place * d + k]! - means.data[place * d + k]!);
}

/** As `leftOutDistances` for one of the normals that taught stored Gaussians; null for fewer than three. */
export function leftOutAgain(rows: Rows, { n, means, factors }: PlaceGaussians): Float32Array | null {
  if (n < 3) return null;
  const d = rows.channels;
  const matrix = new Float64Array(d * d);
  return Float32Array.from({ length: rows.height }, (_, p) => {
    const row = (i: number): number => p * triangle(d) + triangle(i);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const covariance = dot(factors.data, row(i), factors.data, row(j), j + 1) - (i === j ? PADIM.regular : 0);
        matrix[i * d + j] = (covariance * (n - 1)) / (n - 2) + (i === j ? PADIM.regular : 0);
      }
    }
    const y = forwardSolve(cholesky(matrix, d), d, fromMean(rows, means, p));
    return leftOut(dot(y, 0, y, 0, d), n);
  });
}
