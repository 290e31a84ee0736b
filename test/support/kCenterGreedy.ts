/** Greedy k-center by its definition, which the coreset of the product (core/detect/cover.ts) is compared with. */
import type { Coreset } from '../../src/core/detect/cover.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import { squaredDistance } from '../../src/core/grid/linear.ts';

/**
 * Greedy k-center coreset (PatchCore): each step takes the row farthest from all rows taken so far, the first of equals.
 * Stops early when every row is represented exactly. @throws RangeError when `start` is no row.
 */
export function kCenterGreedy(rows: Rows, count: number, start: number): Coreset {
  const n = rows.height * rows.width;
  const d = rows.channels;
  if (!(start >= 0 && start < n)) throw new RangeError(`coreset: start ${start} is none of ${n} rows`);
  const distance = new Float64Array(n).fill(Infinity);
  const indices: number[] = [];
  let next = start;
  let radius = Infinity;
  while (indices.length < Math.min(count, n) && radius > 0) {
    indices.push(next);
    const last = next;
    radius = -1;
    for (let i = 0; i < n; i++) {
      const s = squaredDistance(rows.data, i * d, rows.data, last * d, d);
      if (s < distance[i]!) distance[i] = s;
      if (distance[i]! > radius) {
        radius = distance[i]!;
        next = i;
      }
    }
  }
  return { indices: Int32Array.from(indices), radius: Math.sqrt(radius) };
}
