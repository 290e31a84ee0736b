/** The few measurements that need pixels: masks of instances joined on the grid of the scene. */

import { emptyMask, type Mask } from '../grid/grid.ts';
import { components } from '../grid/regions.ts';
import { forEachSpan } from '../grid/runs.ts';
import type { Instance } from '../scene.ts';
import type { SceneView } from './view.ts';

/** All instances on one mask, `[grid.height, grid.width]`. */
export function maskOfInstances(view: SceneView, list: readonly Instance[]): Mask {
  const { width, height } = view.scene.grid;
  const mask = emptyMask(height, width);
  for (const i of list) {
    forEachSpan(i.mask, width, (row, x0, x1) => mask.data.fill(1, row * width + x0, row * width + x1));
  }
  return mask;
}

/** Area of one cell as a fraction of the image. */
export function cellShare(view: SceneView): number {
  const [x0, y0, x1, y1] = view.scene.frame.box;
  return ((x1 - x0) * (y1 - y0)) / (view.scene.grid.width * view.scene.grid.height);
}

/** Areas of the 8-connected pieces of all instances together, largest first, as fractions of the image. */
export function piecesOf(view: SceneView, list: readonly Instance[]): number[] {
  // Scenes written by hand may have no masks: then every instance is a piece.
  if (list.some((i) => i.mask.length === 0)) return list.map((i) => i.area).sort((a, b) => b - a);
  const cell = cellShare(view);
  return components(maskOfInstances(view, list))
    .regions.map((r) => r.area * cell)
    .sort((a, b) => b - a);
}

/** Share of the cells' line that `at` lies on, as a first and a last column (or row), the last exclusive. */
function strip(view: SceneView, axis: 'x' | 'y', at: number, width: number): [number, number] {
  const [x0, y0, x1, y1] = view.scene.frame.box;
  const [low, high, cells] = axis === 'x' ? [x0, x1, view.scene.grid.width] : [y0, y1, view.scene.grid.height];
  const scale = cells / (high - low);
  const middle = (at - low) * scale;
  const half = (width * scale) / 2;
  const from = half < 0.5 ? Math.floor(middle) : Math.round(middle - half);
  const first = Math.min(cells - 1, Math.max(0, from));
  return [first, Math.min(cells, Math.max(first + 1, half < 0.5 ? first + 1 : Math.round(middle + half)))];
}

/**
 * 8-connected runs that a strip across the image meets, in their order along it: how far each reaches along the strip,
 * as a fraction of the image. `width` 0 is one row or column of cells.
 */
export function runsAlong(
  view: SceneView,
  list: readonly Instance[],
  axis: 'x' | 'y',
  at: number,
  width: number,
): number[] {
  const mask = maskOfInstances(view, list);
  const [from, to] = strip(view, axis, at, width);
  const across = to - from;
  const along = axis === 'x' ? mask.height : mask.width;
  const cut = axis === 'x' ? emptyMask(along, across) : emptyMask(across, along);
  for (let a = 0; a < along; a++) {
    for (let c = 0; c < across; c++) {
      if (axis === 'x') cut.data[a * across + c] = mask.data[a * mask.width + from + c]!;
      else cut.data[c * along + a] = mask.data[(from + c) * mask.width + a]!;
    }
  }
  const [low, high] = axis === 'x' ? [1, 3] : [0, 2];
  const { box } = view.scene.frame;
  const cell = (box[high]! - box[low]!) / along;
  return components(cut)
    .regions.map((r) => ({ start: r.box[low]!, thick: (r.box[high]! - r.box[low]!) * cell }))
    .sort((a, b) => a.start - b.start)
    .map((r) => r.thick);
}

/** Cells before and after a line across the axis, and the overlap (IoU) of the mask with its mirror image. */
export function halves(
  view: SceneView,
  list: readonly Instance[],
  axis: 'x' | 'y',
  line: number,
): { before: number; after: number; overlap: number } {
  const mask = maskOfInstances(view, list);
  const [x0, y0, x1, y1] = view.scene.frame.box;
  const cells = axis === 'x' ? mask.width : mask.height;
  const middle = axis === 'x' ? ((line - x0) / (x1 - x0)) * cells : ((line - y0) / (y1 - y0)) * cells;
  let before = 0;
  let after = 0;
  let both = 0;
  for (let i = 0; i < mask.data.length; i++) {
    if (!mask.data[i]) continue;
    const x = i % mask.width;
    const y = (i - x) / mask.width;
    const a = axis === 'x' ? x : y;
    if (a + 0.5 < middle) before++;
    else after++;
    const twin = Math.round(2 * middle - a - 1);
    if (twin < 0 || twin >= cells) continue;
    if (mask.data[axis === 'x' ? y * mask.width + twin : twin * mask.width + x]) both++;
  }
  const all = before + after;
  return { before, after, overlap: all === 0 ? 0 : both / (2 * all - both) };
}

/** Cells of an instance that have a neighbour (4) outside it, as cell coordinates, at most about `BORDER`. */
function borderOf(view: SceneView, instance: Instance): [number, number][] {
  const { width, height } = view.scene.grid;
  const mask = maskOfInstances(view, [instance]);
  const out: [number, number][] = [];
  forEachSpan(instance.mask, width, (y, xa, xb) => {
    for (let x = xa; x < xb; x++) {
      const i = y * width + x;
      const edge =
        x === 0 ||
        y === 0 ||
        x === width - 1 ||
        y === height - 1 ||
        !mask.data[i - 1] ||
        !mask.data[i + 1] ||
        !mask.data[i - width] ||
        !mask.data[i + width];
      if (edge) out.push([x, y]);
    }
  });
  const step = Math.max(1, Math.ceil(out.length / BORDER));
  return step === 1 ? out : out.filter((_, i) => i % step === 0);
}

/** Border cells looked at per instance: 1500 against 1500 are compared in a few milliseconds. */
const BORDER = 1500;

/** Free space between two instances in long-side units: 0 where their masks meet, box gap where there are no masks. */
export function gapBetween(view: SceneView, a: Instance, b: Instance): number {
  const dx = Math.max(0, a.box[0] - b.box[2], b.box[0] - a.box[2]) * view.unitX;
  const dy = Math.max(0, a.box[1] - b.box[3], b.box[1] - a.box[3]) * view.unitY;
  const boxes = Math.hypot(dx, dy);
  if (a.mask.length === 0 || b.mask.length === 0) return boxes;
  const [x0, y0, x1, y1] = view.scene.frame.box;
  const cw = ((x1 - x0) / view.scene.grid.width) * view.unitX;
  const ch = ((y1 - y0) / view.scene.grid.height) * view.unitY;
  const others = borderOf(view, b);
  let best = Number.POSITIVE_INFINITY;
  for (const [x, y] of borderOf(view, a)) {
    for (const [u, v] of others) {
      // Cells have a size: neighbours, also across a corner, are no distance apart.
      const gx = Math.max(0, Math.abs(x - u) - 1) * cw;
      const gy = Math.max(0, Math.abs(y - v) - 1) * ch;
      best = Math.min(best, gx * gx + gy * gy);
    }
  }
  return Math.sqrt(best);
}

/**
 * Share of the image that each list of instances covers per cell of a `rows` x `columns` division of the frame, cells
 * row by row, lists within a cell; with `rest`, a last bin per cell for what none covers.
 */
export function areasPerCell(
  view: SceneView,
  lists: readonly (readonly Instance[])[],
  rows: number,
  columns: number,
  rest: boolean,
): number[] {
  const bins = lists.length + (rest ? 1 : 0);
  const out = new Array<number>(rows * columns * bins).fill(0);
  const whole = rows === 1 && columns === 1;
  const { width, height } = view.scene.grid;
  const cell = cellShare(view);
  lists.forEach((list, b) => {
    for (const i of list) {
      if (whole || i.mask.length === 0) {
        const [x, y] = i.centroid;
        const at = Math.min(rows - 1, Math.floor(y * rows)) * columns + Math.min(columns - 1, Math.floor(x * columns));
        out[at * bins + b]! += i.area;
        continue;
      }
      forEachSpan(i.mask, width, (row, x0, x1) => {
        const r = Math.min(rows - 1, Math.floor(((row + 0.5) * rows) / height));
        for (let x = x0; x < x1; x++) {
          const c = Math.min(columns - 1, Math.floor(((x + 0.5) * columns) / width));
          out[(r * columns + c) * bins + b]! += cell;
        }
      });
    }
  });
  if (rest) {
    for (let k = 0; k < rows * columns; k++) {
      let covered = 0;
      for (let b = 0; b < lists.length; b++) covered += out[k * bins + b]!;
      out[k * bins + lists.length] = Math.max(0, 1 / (rows * columns) - covered);
    }
  }
  return out;
}
