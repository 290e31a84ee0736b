/**
 * Greedy k-center coreset (Gonzalez 1985; PatchCore's "minimax facility location"), exact, but with the distances brought
 * up to date through matrix products. A row's stale distance bounds its true one from above, for further centres only
 * shorten it; so the choice among the rows with the largest stale distances is the global one as long as their largest
 * true distance reaches the largest stale one outside. Then, and only then, all rows are updated: one product of all rows
 * with the centres chosen since. Cost O(n m d) as ever, at the rate of a matrix product, plus O(front m d) in plain loops.
 *
 * A generator, so that this file stays pure: it yields the centres it wants products with and is sent, per row x, the
 * largest x . c - |c|^2 / 2 over these centres c; the caller decides where that is computed.
 */
import { pickRows, type Rows } from '../grid/cluster.ts';
import { zeros } from '../grid/grid.ts';
import { dot, squaredDistance } from '../grid/linear.ts';
import type { Random } from '../grid/random.ts';

export const COVER = {
  /** Rows among which centres are chosen between two updates of all rows. */
  front: 4096,
  /** Rows whose distances give the quantile that delimits the front. */
  sample: 8192,
  /** Dimensions that the greedy step sees: a random projection (ALGORITHM 3 has 239 of 4096 for its eps of 0.9). */
  projected: 64,
} as const;

export interface Coreset {
  /** Chosen rows in the order of choice; the first is `start`. */
  readonly indices: Int32Array;
  /** Distance (not squared) of the worst served row to its nearest chosen row. */
  readonly radius: number;
}

export interface CoverRequest {
  /** Centres chosen so far, of `count`. */
  readonly chosen: number;
  /** `[k, 1, d]`. */
  readonly centres: Rows;
  /** -|c|^2 / 2 per centre. */
  readonly bias: Float32Array;
}

/** -|x|^2 / 2 per row. */
export function halfNorms(rows: Rows): Float32Array {
  const d = rows.channels;
  const out = new Float32Array(rows.height * rows.width);
  for (let i = 0; i < out.length; i++) out[i] = -dot(rows.data, i * d, rows.data, i * d, d) / 2;
  return out;
}

/**
 * Centres in the order of choice, as the definition gives (tests have it) up to rounding of the products.
 * @throws RangeError when `start` is no row
 */
export function* greedyCover(
  rows: Rows,
  count: number,
  start: number,
  front: number = COVER.front,
): Generator<CoverRequest, Coreset, Float32Array> {
  const n = rows.height * rows.width;
  if (!(start >= 0 && start < n)) throw new RangeError(`coreset: start ${start} is none of ${n} rows`);
  const norms = halfNorms(rows);
  const distance = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const chosen: number[] = [start];
  let known = 0;
  let radius = Number.POSITIVE_INFINITY;
  while (radius > 0) {
    const fresh = chosen.slice(known);
    if (fresh.length > 0) {
      const products = yield {
        chosen: chosen.length,
        centres: pickRows(rows, fresh),
        bias: Float32Array.from(fresh, (i) => norms[i]!),
      };
      for (let i = 0; i < n; i++) distance[i] = Math.min(distance[i]!, Math.max(0, -2 * (norms[i]! + products[i]!)));
      // What the product rounds away must not be chosen twice.
      for (const i of fresh) distance[i] = 0;
      known = chosen.length;
    }
    const { members, outside } = frontOf(distance, front);
    radius = members.reduce((m, i) => Math.max(m, distance[i]!), 0);
    if (chosen.length >= Math.min(count, n)) break;
    chooseWithin(rows, distance, members, outside, Math.min(count, n), chosen);
  }
  return { indices: Int32Array.from(chosen), radius: Math.sqrt(radius) };
}

/** The rows with the largest distances, about `front` of them, and the largest distance of all others. */
function frontOf(distance: Float64Array, front: number): { members: number[]; outside: number } {
  const step = Math.max(1, Math.floor(distance.length / COVER.sample));
  const sample: number[] = [];
  for (let i = 0; i < distance.length; i += step) sample.push(distance[i]!);
  sample.sort((a, b) => b - a);
  const border = sample[Math.min(sample.length - 1, Math.floor(front / step))]!;
  const members: number[] = [];
  let outside = Number.NEGATIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < distance.length; i++) {
    const d = distance[i]!;
    if (d > border) members.push(i);
    else if (d > outside) outside = d;
    if (d > distance[largest]!) largest = i;
  }
  // All rows of the sample are equally far: any of the farthest will do.
  if (members.length === 0) members.push(largest);
  return { members, outside: distance.length > members.length ? outside : Number.NEGATIVE_INFINITY };
}

/** Chooses among `members` while the farthest of them is farther than every row outside; at least one. */
function chooseWithin(
  rows: Rows,
  distance: Float64Array,
  members: readonly number[],
  outside: number,
  count: number,
  chosen: number[],
): void {
  const d = rows.channels;
  const local = pickRows(rows, members);
  const far = Float64Array.from(members, (i) => distance[i]!);
  let first = true;
  while (chosen.length < count) {
    let best = 0;
    for (let j = 1; j < far.length; j++) if (far[j]! > far[best]!) best = j;
    if (!(far[best]! > 0) || (!first && far[best]! < outside)) break;
    first = false;
    chosen.push(members[best]!);
    for (let j = 0; j < far.length; j++) {
      const s = squaredDistance(local.data, j * d, local.data, best * d, d);
      if (s < far[j]!) far[j] = s;
    }
    far[best] = 0;
  }
}

/**
 * Very sparse random projection (Li, Hastie and Church 2006) of bags that stand side by side: every output column sums
 * about sqrt(d) random input columns with random signs, scaled so that squared distances keep their mean.
 * @param channels of each bag
 * @returns per bag `[k, 1, c]`, k = min(to, d): the bags' rows times these, summed. Where `to` is not smaller than the
 * columns together nothing is lost: the bags then lie side by side.
 */
export function drawProjection(channels: readonly number[], to: number, random: Random): Rows[] {
  const d = channels.reduce((sum, c) => sum + c, 0);
  const k = Math.min(to, d);
  const out = channels.map((c) => zeros(k, 1, c));
  const share = 1 / Math.sqrt(d);
  const scale = 1 / Math.sqrt(to * share);
  let at = 0;
  if (to >= d) for (const { data, channels: c } of out) for (let j = 0; j < c; j++) data[at++ * c + j] = 1;
  for (let column = 0; column < k && to < d; column++) {
    for (const { data, channels: c } of out) {
      for (let j = 0; j < c; j++) {
        if (random.next() < share) data[column * c + j] = random.next() < 0.5 ? -scale : scale;
      }
    }
  }
  return out;
}

/** Bags of the same rows through a projection, `[n, 1, k]`; in plain loops, which skip what the projection leaves out. */
export function projectRows(bags: readonly Rows[], projection: readonly Rows[]): Rows {
  const n = bags[0]!.height * bags[0]!.width;
  const k = projection[0]!.height;
  const data = new Float32Array(n * k);
  for (const [b, { channels: c, data: from }] of bags.entries()) {
    for (const [at, weight] of projection[b]!.data.entries()) {
      if (weight === 0) continue;
      const [column, j] = [Math.floor(at / c), at % c];
      for (let i = 0; i < n; i++) data[i * k + column]! += weight * from[i * c + j]!;
    }
  }
  return { data, height: n, width: 1, channels: k };
}

/**
 * The published selection (ALGORITHM 3): a coreset of `share` of the rows for each `group` consecutive images; what is left
 * over at the end is dropped. First and last row (exclusive) and rows to keep, per group.
 */
export function groupedCoresets(
  images: number,
  cells: number,
  group = 4,
  share = 0.25,
): { from: number; to: number; keep: number }[] {
  const out: { from: number; to: number; keep: number }[] = [];
  for (let i = 0; i + group <= images; i += group) {
    out.push({ from: i * cells, to: (i + group) * cells, keep: Math.floor(group * cells * share) });
  }
  return out;
}
