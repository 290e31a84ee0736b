/**
 * Rectangular assignment (ALGORITHM 5, Eq. 2-3): the cheapest one-to-one pairing of min(n, m) rows and columns. The
 * library maximises unless told otherwise, and answers NaN or an empty input with a silent -1: both are guarded here.
 */
import { linearSumAssignment } from 'linear-sum-assignment';
import type { Grid } from './grid.ts';

export interface Assignment {
  /** `[row, column]`, ascending in rows; min(n, m) of them. */
  readonly pairs: readonly (readonly [number, number])[];
  /** Sum of the costs of the pairs; 0 for none. */
  readonly total: number;
}

/** A cost matrix: a grid of n*m values with `height` rows, or rows of equal length. */
export type CostMatrix = Grid<Float32Array> | Grid<Float64Array> | readonly ArrayLike<number>[];

function rowsOf(cost: CostMatrix): Float64Array[] {
  if (!('data' in cost)) return cost.map((row) => Float64Array.from(row));
  const m = cost.width * cost.channels;
  return Array.from({ length: cost.height }, (_, i) => Float64Array.from(cost.data.subarray(i * m, (i + 1) * m)));
}

/**
 * Minimum-cost assignment of a cost matrix `[n, m]`, any shape; none for n = 0 or m = 0.
 * @throws RangeError on a cost that is not finite, or on rows of different length.
 */
export function assign(cost: CostMatrix): Assignment {
  const rows = rowsOf(cost);
  const m = rows[0]?.length ?? 0;
  rows.forEach((row, i) => {
    if (row.length !== m) throw new RangeError(`assign: row ${i} has ${row.length} costs, row 0 has ${m}`);
    const bad = row.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) throw new RangeError(`assign: the cost of row ${i}, column ${bad} is ${row[bad]}`);
  });
  if (rows.length === 0 || m === 0) return { pairs: [], total: 0 };
  const { rowAssignments } = linearSumAssignment(rows, { maximaze: false });
  const pairs: [number, number][] = [];
  let total = 0;
  for (let i = 0; i < rows.length; i++) {
    const j = rowAssignments[i]!;
    if (j < 0) continue;
    pairs.push([i, j]);
    total += rows[i]![j]!;
  }
  return { pairs, total };
}
