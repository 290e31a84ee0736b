/**
 * Connected regions and their shape. Everything is measured in cells: cell (x, y) covers [x, x + 1) x [y, y + 1), its
 * centre is (x + 0.5, y + 0.5). Cells need not be square in the image: `shapeOf` and its kin take the size of a cell.
 */
import type { RunLengths } from '../scene.ts';
import type { LabelGrid, Mask } from './grid.ts';
import { encodeRuns, forEachSpan } from './runs.ts';

/** `[x0, y0, x1, y1]` in cells, x1 and y1 exclusive. */
export type CellBox = readonly [number, number, number, number];

/** Zeroth to second moments of a set of cells. */
export interface Moments {
  /** Number of cells. */
  readonly area: number;
  /** Mean of the cell centres; NaN for no cell. */
  readonly centroid: readonly [number, number];
  /** Central second moments `[xx, xy, yy]` of the area (each cell adds its own 1/12), in cells squared. */
  readonly covariance: readonly [number, number, number];
  readonly box: CellBox;
}

export interface Region extends Moments {
  /** Its value in `Components.labels`, from 1 on, in the order of first cells. */
  readonly id: number;
  /** The value its cells had. */
  readonly value: number;
  /** Row-major index of its first cell. */
  readonly first: number;
}

export interface Components {
  /** 0 = background, otherwise `Region.id`. */
  readonly labels: LabelGrid;
  readonly regions: readonly Region[];
}

/** Exact sums over horizontal spans; everything that `Moments` needs. */
class Sums {
  n = 0;
  x = 0;
  y = 0;
  xx = 0;
  xy = 0;
  yy = 0;
  x0 = Infinity;
  y0 = Infinity;
  x1 = 0;
  y1 = 0;

  add(row: number, from: number, to: number): void {
    const n = to - from;
    const y = row + 0.5;
    const mid = (from + to) / 2;
    this.n += n;
    this.x += n * mid;
    this.y += n * y;
    // A solid span of length n around its middle has variance n^2 / 12, its cells' own width included.
    this.xx += n * (mid * mid + (n * n) / 12);
    this.xy += n * mid * y;
    this.yy += n * (y * y + 1 / 12);
    if (from < this.x0) this.x0 = from;
    if (to > this.x1) this.x1 = to;
    if (row < this.y0) this.y0 = row;
    if (row >= this.y1) this.y1 = row + 1;
  }

  moments(): Moments {
    const { n } = this;
    const cx = this.x / n;
    const cy = this.y / n;
    if (n === 0) return { area: 0, centroid: [NaN, NaN], covariance: [0, 0, 0], box: [0, 0, 0, 0] };
    return {
      area: n,
      centroid: [cx, cy],
      covariance: [this.xx / n - cx * cx, this.xy / n - cx * cy, this.yy / n - cy * cy],
      box: [this.x0, this.y0, this.x1, this.y1],
    };
  }
}

/** Horizontal runs of equal value, as parallel arrays; `rowStart[y]` is the first run of row y. */
interface RunTable {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly value: Int32Array;
  readonly rowStart: Int32Array;
  readonly count: number;
}

function runTable(cells: Mask | LabelGrid, background: number): RunTable {
  const { data, width, height } = cells;
  const most = height * width;
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  const value = new Int32Array(most);
  const rowStart = new Int32Array(height + 1);
  let count = 0;
  for (let y = 0; y < height; y++) {
    rowStart[y] = count;
    const base = y * width;
    for (let x = 0; x < width; ) {
      const v = data[base + x]!;
      const start = x;
      do x++;
      while (x < width && data[base + x] === v);
      if (v === background) continue;
      from[count] = start;
      to[count] = x;
      value[count++] = v;
    }
  }
  rowStart[height] = count;
  return { from, to, value, rowStart, count };
}

function find(parent: Int32Array, i: number): number {
  while (parent[i] !== i) {
    parent[i] = parent[parent[i]!]!;
    i = parent[i]!;
  }
  return i;
}

/** Joins touching runs of equal value in neighbouring rows; the root of a set is its first run. */
function joinRuns(runs: RunTable, height: number, reach: number): Int32Array {
  const { from, to, value, rowStart } = runs;
  const parent = new Int32Array(runs.count);
  for (let i = 0; i < parent.length; i++) parent[i] = i;
  for (let y = 1; y < height; y++) {
    let above = rowStart[y - 1]!;
    const end = rowStart[y]!;
    for (let r = end; r < rowStart[y + 1]!; r++) {
      while (above < end && to[above]! + reach <= from[r]!) above++;
      for (let a = above; a < end && from[a]! < to[r]! + reach; a++) {
        if (value[a] !== value[r]) continue;
        const p = find(parent, a);
        const q = find(parent, r);
        if (p < q) parent[q] = p;
        else parent[p] = q;
      }
    }
  }
  return parent;
}

export interface ComponentOptions {
  /** Neighbours that connect: with the diagonal ones (8, default) or without (4). */
  readonly connectivity?: 4 | 8;
  /** Value of cells that belong to no region. Default 0. */
  readonly background?: number;
}

/** Connected regions of equal value, numbered by their first cell in row-major order. One pass over the cells' runs. */
export function components(cells: Mask | LabelGrid, options: ComponentOptions = {}): Components {
  const { width, height } = cells;
  const runs = runTable(cells, options.background ?? 0);
  const parent = joinRuns(runs, height, options.connectivity === 4 ? 0 : 1);
  const id = new Int32Array(runs.count);
  const sums: Sums[] = [];
  const roots: { value: number; first: number }[] = [];
  const data = new Int32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let r = runs.rowStart[y]!; r < runs.rowStart[y + 1]!; r++) {
      const root = find(parent, r);
      if (root === r) {
        id[r] = sums.push(new Sums());
        roots.push({ value: runs.value[r]!, first: y * width + runs.from[r]! });
      } else id[r] = id[root]!;
      sums[id[r]! - 1]!.add(y, runs.from[r]!, runs.to[r]!);
      data.fill(id[r]!, y * width + runs.from[r]!, y * width + runs.to[r]!);
    }
  }
  const regions = sums.map((s, i) => ({ id: i + 1, ...roots[i]!, ...s.moments() }));
  return { labels: { data, height, width, channels: 1 }, regions };
}

/** The cells of all regions that `keep` accepts. */
export function maskOf({ labels, regions }: Components, keep: (region: Region) => boolean = () => true): Mask {
  const wanted = new Uint8Array(regions.length + 1);
  for (const r of regions) wanted[r.id] = keep(r) ? 1 : 0;
  const data = new Uint8Array(labels.data.length);
  for (let i = 0; i < data.length; i++) data[i] = wanted[labels.data[i]!]!;
  return { data, height: labels.height, width: labels.width, channels: 1 };
}

/** One region as run lengths. Reads only the region's box. */
export function runsOf({ labels }: Components, region: Region): number[] {
  const [x0, y0, x1, y1] = region.box;
  const w = labels.width;
  const runs = [0];
  let at = 0;
  let on = false;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const inside = x < x1 && labels.data[y * w + x] === region.id;
      if (inside === on) continue;
      runs[runs.length - 1] = y * w + x - at;
      runs.push(0);
      at = y * w + x;
      on = inside;
    }
  }
  runs[runs.length - 1] = labels.height * w - at;
  return mergeEmpty(runs);
}

/** Joins the runs on both sides of an empty one (a region that reaches from the end of a row into the next). */
function mergeEmpty(runs: readonly number[]): number[] {
  const out = [runs[0]!];
  for (let i = 1; i < runs.length; i++) {
    if (runs[i] === 0 && i + 1 < runs.length) out[out.length - 1]! += runs[++i]!;
    else if (runs[i] !== 0) out.push(runs[i]!);
  }
  return out;
}

/** Moments of an instance's mask of `width` columns. */
export function momentsOfRuns(runs: RunLengths, width: number): Moments {
  const sums = new Sums();
  forEachSpan(runs, width, (row, from, to) => sums.add(row, from, to));
  return sums.moments();
}

/** Moments of the non-zero cells. */
export function momentsOfMask(mask: Mask): Moments {
  return momentsOfRuns(encodeRuns(mask.data), mask.width);
}
