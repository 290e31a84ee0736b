/**
 * Euclidean distances by matrix products, and the scores that PatchCore and SPADE make of them (ALGORITHM 10): a bank's
 * bias of -|b|^2 / 2 turns the largest product with a query into the smallest distance. Proved on golden/patch.
 */
import type { Rows } from '../grid/cluster.ts';
import { squaredDistance } from '../grid/linear.ts';
import { halfNorms } from './cover.ts';

/** Distance of every query to its nearest row, from the largest products that `nearest` gave with `halfNorms(bank)` as bias. */
export function distancesOf(query: Rows, largest: Float32Array): Float32Array {
  const norms = halfNorms(query);
  return largest.map((v, i) => Math.sqrt(Math.max(0, -2 * (norms[i]! + v))));
}

const distance = (a: Rows, i: number, b: Rows, j: number): number =>
  Math.sqrt(squaredDistance(a.data, i * a.channels, b.data, j * b.channels, a.channels));

/** The `count` rows of a bank nearest to one row, nearest first, the lower index of equals; `usable` leaves some out. */
export function nearestRows(
  row: Rows,
  at: number,
  bank: Rows,
  count: number,
  usable: (r: number) => boolean = () => true,
): { index: number; distance: number }[] {
  const best: { index: number; distance: number }[] = [];
  for (let j = 0; j < bank.height; j++) {
    if (!usable(j)) continue;
    const d = distance(row, at, bank, j);
    if (best.length === count && d >= best[count - 1]!.distance) continue;
    const place = best.findIndex((b) => d < b.distance);
    best.splice(place < 0 ? best.length : place, 0, { index: j, distance: d });
    if (best.length > count) best.pop();
  }
  return best;
}

export interface Reweighted {
  /** Distance of the worst patch. */
  readonly worst: number;
  readonly weight: number;
  readonly score: number;
}

/**
 * PatchCore's image score: p* the patch with the largest distance, m* its nearest row, N the `neighbours` rows nearest to
 * m* (m* among them): w = 1 - exp |p* - m*| / sum over N of exp |p* - m|, score = w |p* - m*|. With fewer than two
 * neighbours the distance itself, as the official repository has it. Sums are taken relative to the largest exponent.
 */
export function reweighted(
  query: Rows,
  distances: ArrayLike<number>,
  bank: Rows,
  neighbours: number,
  usable?: (r: number) => boolean,
): Reweighted {
  let at = 0;
  for (let i = 1; i < distances.length; i++) if (distances[i]! > distances[at]!) at = i;
  const nearest = nearestRows(query, at, bank, 1, usable)[0];
  if (!nearest) return { worst: 0, weight: 1, score: 0 };
  const worst = nearest.distance;
  if (neighbours < 2) return { worst, weight: 1, score: worst };
  const around = nearestRows(bank, nearest.index, bank, neighbours, usable);
  const far = around.map((r) => distance(query, at, bank, r.index));
  const most = Math.max(...far);
  const sum = far.reduce((s, d) => s + Math.exp(d - most), 0);
  const weight = 1 - Math.exp(worst - most) / sum;
  return { worst, weight, score: weight * worst };
}

/** Mean row: the global feature by which SPADE compares images, `[1, 1, d]`. */
export function meanRow(rows: Rows): Rows {
  const d = rows.channels;
  const sum = new Float64Array(d);
  for (let i = 0; i < rows.data.length; i++) sum[i % d]! += rows.data[i]!;
  return { data: Float32Array.from(sum, (v) => v / rows.height), height: 1, width: 1, channels: d };
}
