/** Grouping rows of features: seeded k-means and greedy k-center coresets. Distances are squared Euclidean. */
import type { Grid } from './grid.ts';
import { squaredDistance } from './linear.ts';
import type { Random } from './random.ts';

/** A bag of vectors: every cell of the grid is one row of `channels` values. */
export type Rows = Grid<Float32Array>;

const countOf = (rows: Rows): number => rows.height * rows.width;

/** Values of vectors of `d` below one another as a bag, `[data.length / d, 1, d]`. */
export function bag(data: Float32Array, d: number): Rows {
  return { data, height: data.length / d, width: 1, channels: d };
}

/** The chosen rows, in the order of `indices`, `[k, 1, d]`. */
export function pickRows(rows: Rows, indices: ArrayLike<number>): Rows {
  const d = rows.channels;
  const data = new Float32Array(indices.length * d);
  for (let i = 0; i < indices.length; i++) data.set(rows.data.subarray(indices[i]! * d, (indices[i]! + 1) * d), i * d);
  return bag(data, d);
}

/** Bags of vectors of one length below one another. */
export function stack(bags: readonly Rows[]): Rows {
  const data = new Float32Array(bags.reduce((sum, b) => sum + b.data.length, 0));
  let at = 0;
  for (const b of bags) {
    data.set(b.data, at);
    at += b.data.length;
  }
  return bag(data, bags[0]!.channels);
}

export interface Nearest {
  /** Index of the nearest centre per row; the lowest of equals. */
  readonly labels: Int32Array;
  /** Squared distance to it. */
  readonly distances: Float64Array;
}

/** Nearest centre of every row. @throws RangeError when there is no centre or the lengths of the vectors differ. */
export function nearestCentres(rows: Rows, centres: Rows): Nearest {
  const d = rows.channels;
  const k = countOf(centres);
  if (k === 0 || centres.channels !== d) {
    throw new RangeError(`cluster: ${k} centres of ${centres.channels} values for rows of ${d}`);
  }
  const n = countOf(rows);
  const labels = new Int32Array(n);
  const distances = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let best = Infinity;
    for (let c = 0; c < k; c++) {
      const s = squaredDistance(rows.data, i * d, centres.data, c * d, d);
      if (s < best) {
        best = s;
        labels[i] = c;
      }
    }
    distances[i] = best;
  }
  return { labels, distances };
}

export const KMEANS = {
  /** Published stopping rule (ALGORITHM 4.1 A): (sum of the lengths of the centres' shifts)^2 below this. */
  tolerance: 1e-4,
  /** The published loop has no limit; ours ends. */
  maxIterations: 300,
} as const;

export interface KMeansOptions {
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface KMeans {
  /** `[k, 1, d]`. */
  readonly centres: Rows;
  /** Nearest centre per row in the last iteration, that is before the last move of the centres. */
  readonly labels: Int32Array;
  readonly iterations: number;
  /** (Sum of the lengths of the shifts)^2 after each iteration. */
  readonly shifts: readonly number[];
}

/** Means of the rows of each label; a centre without rows takes the row that lies farthest from its own centre. */
function means(rows: Rows, { labels, distances }: Nearest, previous: Rows): Rows {
  const d = rows.channels;
  const k = countOf(previous);
  const sums = new Float64Array(k * d);
  const counts = new Int32Array(k);
  for (let i = 0; i < labels.length; i++) {
    const at = labels[i]! * d;
    counts[labels[i]!]!++;
    for (let j = 0; j < d; j++) sums[at + j]! += rows.data[i * d + j]!;
  }
  const data = new Float32Array(k * d);
  const left = distances.slice();
  for (let c = 0; c < k; c++) {
    if (counts[c]! > 0) {
      for (let j = 0; j < d; j++) data[c * d + j] = sums[c * d + j]! / counts[c]!;
      continue;
    }
    let far = 0;
    for (let i = 1; i < left.length; i++) if (left[i]! > left[far]!) far = i;
    const source =
      left[far]! > 0 ? rows.data.subarray(far * d, (far + 1) * d) : previous.data.subarray(c * d, (c + 1) * d);
    data.set(source, c * d);
    left[far] = 0;
  }
  return bag(data, d);
}

/**
 * Lloyd's k-means from given centres, stopped as the published code stops (tested after the update). Published code
 * leaves an empty cluster undefined; here it moves to the worst served row.
 * @throws RangeError without rows or centres.
 */
export function kMeansFrom(rows: Rows, initial: Rows, options: KMeansOptions = {}): KMeans {
  if (countOf(rows) === 0) throw new RangeError('cluster: no rows');
  const d = rows.channels;
  const shifts: number[] = [];
  let centres = initial;
  for (;;) {
    const nearest = nearestCentres(rows, centres);
    const moved = means(rows, nearest, centres);
    let total = 0;
    for (let at = 0; at < moved.data.length; at += d) {
      total += Math.sqrt(squaredDistance(moved.data, at, centres.data, at, d));
    }
    shifts.push(total * total);
    centres = moved;
    const limit = options.maxIterations ?? KMEANS.maxIterations;
    if (total * total < (options.tolerance ?? KMEANS.tolerance) || shifts.length >= limit) {
      return { centres, labels: nearest.labels, iterations: shifts.length, shifts };
    }
  }
}

/** k-means++ seeding (Arthur and Vassilvitskii 2007): rows drawn with probability proportional to their distance. */
export function seedCentres(rows: Rows, k: number, random: Random): Rows {
  const n = countOf(rows);
  const d = rows.channels;
  if (k < 1 || k > n) throw new RangeError(`cluster: ${k} centres out of ${n} rows`);
  const chosen = [random.int(n)];
  const distance = new Float64Array(n).fill(Infinity);
  while (chosen.length < k) {
    const last = chosen[chosen.length - 1]!;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      distance[i] = Math.min(distance[i]!, squaredDistance(rows.data, i * d, rows.data, last * d, d));
      sum += distance[i]!;
    }
    let rest = random.next() * sum;
    let pick = 0;
    // The last row with any distance also catches what rounding leaves over.
    for (let i = 0; i < n && rest >= 0; i++) {
      if (distance[i]! > 0) pick = i;
      rest -= distance[i]!;
    }
    chosen.push(pick);
  }
  return pickRows(rows, chosen);
}

/** k-means from k-means++ seeds. @throws RangeError when k exceeds the number of rows. */
export function kMeans(rows: Rows, k: number, random: Random, options: KMeansOptions = {}): KMeans {
  return kMeansFrom(rows, seedCentres(rows, k, random), options);
}
