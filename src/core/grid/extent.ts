/** Size and direction of regions: principal axes, projections, trimmed boxes, contact. In cells unless `unit` says more. */
import type { RunLengths } from '../scene.ts';
import type { LabelGrid, Mask } from './grid.ts';
import type { CellBox, Moments } from './regions.ts';
import { areaOf, forEachSpan } from './runs.ts';

/** Width and height of one cell in the unit that lengths are wanted in. */
export type CellSize = readonly [number, number];
const CELLS: CellSize = [1, 1];

export interface Shape {
  /** Angle of the principal axis from +x towards +y, radians in [-pi/2, pi/2). */
  readonly orientation: number;
  /** Full extents along and across the principal axis of the ellipse with the same second moments: 4 sqrt(eigenvalue). */
  readonly length: number;
  readonly width: number;
}

/** Principal axis and extents. A region without direction (disc, square) has orientation 0. */
export function shapeOf(moments: Moments, unit: CellSize = CELLS): Shape {
  const [ux, uy] = unit;
  const xx = moments.covariance[0] * ux * ux;
  const xy = moments.covariance[1] * ux * uy;
  const yy = moments.covariance[2] * uy * uy;
  const mean = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  // Rounding alone must not make up a direction.
  const round = half <= 1e-9 * mean;
  const angle = round ? 0 : Math.atan2(2 * xy, xx - yy) / 2;
  return {
    orientation: angle >= Math.PI / 2 ? angle - Math.PI : angle,
    length: 4 * Math.sqrt(mean + half),
    width: 4 * Math.sqrt(Math.max(0, mean - half)),
  };
}

/** Smallest and largest projection of the cells (their full area) on the direction `angle`. NaN for an empty mask. */
export function projection(
  runs: RunLengths,
  width: number,
  angle: number,
  unit: CellSize = CELLS,
): readonly [number, number] {
  const dx = Math.cos(angle) * unit[0];
  const dy = Math.sin(angle) * unit[1];
  let low = Infinity;
  let high = -Infinity;
  forEachSpan(runs, width, (row, from, to) => {
    const a = from * dx;
    const b = to * dx;
    const y = row * dy;
    low = Math.min(low, Math.min(a, b) + Math.min(y, y + dy));
    high = Math.max(high, Math.max(a, b) + Math.max(y, y + dy));
  });
  return low <= high ? [low, high] : [Number.NaN, Number.NaN];
}

function trimmed(histogram: Float64Array, total: number, share: number): [number, number] {
  const enough = Math.max(1, share * total);
  let low = 0;
  for (let sum = histogram[0]!; sum < enough; sum += histogram[++low]!);
  let high = histogram.length - 1;
  for (let sum = histogram[high]!; sum < enough; sum += histogram[--high]!);
  return [low, high + 1];
}

/**
 * The box without thin protrusions: per axis, whole rows or columns at either end are cut while they hold less than
 * `share` of the area together (0.01 = the 1 to 99 % range). `[0, 0, 0, 0]` for an empty mask.
 */
export function trimmedBox(runs: RunLengths, width: number, height: number, share = 0.01): CellBox {
  const total = areaOf(runs);
  if (total === 0) return [0, 0, 0, 0];
  const steps = new Float64Array(width + 1);
  const rows = new Float64Array(height);
  forEachSpan(runs, width, (row, from, to) => {
    rows[row]! += to - from;
    steps[from]! += 1;
    steps[to]! -= 1;
  });
  const columns = new Float64Array(width);
  for (let x = 0, level = 0; x < width; x++) {
    level += steps[x]!;
    columns[x] = level;
  }
  const [x0, x1] = trimmed(columns, total, share);
  const [y0, y1] = trimmed(rows, total, share);
  return [x0, y0, x1, y1];
}

/**
 * Quantile box of a mask `[x0, y0, x1, y1]` in cells, with fractions: where the cumulated cells pass `share` and
 * `1 - share`. `origin`: where the mask's cell (0, 0) lies in the grid that the box is wanted in.
 */
export function quantileBox(
  mask: Mask,
  share: number,
  origin: readonly [number, number] = [0, 0],
): [number, number, number, number] {
  const { width, height, data } = mask;
  const columns = new Float64Array(width);
  const rows = new Float64Array(height);
  let total = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!data[i]) continue;
      columns[x]!++;
      rows[y]!++;
      total++;
    }
  }
  const at = (histogram: Float64Array, target: number, start: number): number => {
    let sum = 0;
    for (let i = 0; i < histogram.length; i++) {
      const h = histogram[i]!;
      if (h > 0 && sum + h >= target) return start + i + (target - sum) / h;
      sum += h;
    }
    return start + histogram.length;
  };
  const low = share * total;
  const high = (1 - share) * total;
  const [x, y] = origin;
  return [at(columns, low, x), at(rows, low, y), at(columns, high, x), at(rows, high, y)];
}

export interface Contact {
  /** Two neighbouring labels, a < b. */
  readonly a: number;
  readonly b: number;
  /** Length of the shared border. */
  readonly length: number;
}

/** Shared borders (cell edges) of all pairs of different labels, background included, ordered by a, then b. */
export function contacts(labels: LabelGrid, unit: CellSize = CELLS): Contact[] {
  const { data, width, height } = labels;
  const found = new Map<number, Map<number, number>>();
  const add = (p: number, q: number, length: number): void => {
    const a = Math.min(p, q);
    const b = Math.max(p, q);
    const row = found.get(a) ?? new Map<number, number>();
    found.set(a, row);
    row.set(b, (row.get(b) ?? 0) + length);
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (x + 1 < width && data[i] !== data[i + 1]) add(data[i]!, data[i + 1]!, unit[1]);
      if (y + 1 < height && data[i] !== data[i + width]) add(data[i]!, data[i + width]!, unit[0]);
    }
  }
  return [...found]
    .flatMap(([a, row]) => [...row].map(([b, length]) => ({ a, b, length })))
    .sort((p, q) => p.a - q.a || p.b - q.b);
}
