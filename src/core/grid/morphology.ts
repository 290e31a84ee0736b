/**
 * Erosion, dilation, holes and distances of masks. Cells outside the grid neither erode nor dilate (as OpenCV's default
 * border), so a region that touches the border is not eaten from there.
 */
import type { Grid, Mask } from './grid.ts';
import { components, maskOf } from './regions.ts';

/**
 * `square`: (2 radius + 1)^2 cells, radius a whole number. `disc`: cells whose centre lies within `radius` (any number).
 * A published "5x5" kernel is `{ shape: 'square', radius: 2 }`.
 */
export interface Kernel {
  readonly shape: 'square' | 'disc';
  readonly radius: number;
}

function complement(mask: Mask): Mask {
  return { ...mask, data: mask.data.map((v) => (v === 0 ? 1 : 0)) };
}

/** Dilation by 2 radius + 1 cells along one axis: a sliding count, no work per kernel cell. */
function spread(mask: Mask, radius: number, along: 'rows' | 'columns'): Mask {
  const { data, width, height } = mask;
  const out = new Uint8Array(data.length);
  const [lines, n, step, lineStep] = along === 'rows' ? [height, width, 1, width] : [width, height, width, 1];
  for (let line = 0; line < lines; line++) {
    const base = line * lineStep;
    let hits = 0;
    for (let i = -radius; i < n; i++) {
      const enters = i + radius;
      const leaves = i - radius - 1;
      if (enters < n && data[base + enters * step] !== 0) hits++;
      if (leaves >= 0 && data[base + leaves * step] !== 0) hits--;
      if (i >= 0 && hits > 0) out[base + i * step] = 1;
    }
  }
  return { data: out, height, width, channels: 1 };
}

/** Cells within reach of a set cell. @throws RangeError on a square kernel whose radius is no whole number. */
export function dilate(mask: Mask, { shape, radius }: Kernel): Mask {
  if (shape === 'disc') {
    const squared = squaredDistance(mask.data, mask.height, mask.width, 1, 1);
    const data = new Uint8Array(squared.length);
    for (let i = 0; i < data.length; i++) data[i] = squared[i]! <= radius * radius ? 1 : 0;
    return { ...mask, data };
  }
  if (!Number.isInteger(radius) || radius < 0) throw new RangeError(`morphology: ${radius} is no radius of a square`);
  return spread(spread(mask, radius, 'rows'), radius, 'columns');
}

/** Set cells with no unset cell within reach. @throws RangeError as `dilate`. */
export function erode(mask: Mask, kernel: Kernel): Mask {
  return complement(dilate(complement(mask), kernel));
}

/** Erosion, then dilation: removes what the kernel does not fit into. */
export function opening(mask: Mask, kernel: Kernel): Mask {
  return dilate(erode(mask, kernel), kernel);
}

/** Dilation, then erosion: closes gaps that the kernel does not fit into. */
export function closing(mask: Mask, kernel: Kernel): Mask {
  return erode(dilate(mask, kernel), kernel);
}

/** Sets enclosed background (not 4-connected to the border), optionally only holes of at most `maxArea` cells. */
export function fillHoles(mask: Mask, maxArea = Infinity): Mask {
  const { height, width } = mask;
  const holes = maskOf(components(complement(mask), { connectivity: 4 }), ({ box: [x0, y0, x1, y1], area }) => {
    return area <= maxArea && x0 > 0 && y0 > 0 && x1 < width && y1 < height;
  });
  return { ...mask, data: mask.data.map((v, i) => (v !== 0 || holes.data[i] !== 0 ? 1 : 0)) };
}

/**
 * Euclidean distance of every cell centre to the nearest set cell's centre, `[h, w, 1]`; Infinity where none is set.
 * `cellWidth`, `cellHeight`: size of a cell in the wanted unit. Exact, O(cells).
 */
export function distanceTo(mask: Mask, cellWidth = 1, cellHeight = 1): Grid<Float32Array> {
  const squared = squaredDistance(mask.data, mask.height, mask.width, cellWidth, cellHeight);
  return { data: new Float32Array(squared.map(Math.sqrt)), height: mask.height, width: mask.width, channels: 1 };
}

/**
 * Squared distances by the lower envelope of parabolas (Felzenszwalb and Huttenlocher, "Distance transforms of sampled
 * functions", 2012): down and up the columns first, then one envelope per row.
 */
function squaredDistance(set: Uint8Array, height: number, width: number, ux: number, uy: number): Float64Array {
  const out = new Float64Array(height * width);
  for (let x = 0; x < width; x++) {
    let run = Infinity;
    for (let y = 0; y < height; y++) {
      run = set[y * width + x] !== 0 ? 0 : run + uy;
      out[y * width + x] = run;
    }
    run = Infinity;
    for (let y = height - 1; y >= 0; y--) {
      run = set[y * width + x] !== 0 ? 0 : run + uy;
      const d = Math.min(run, out[y * width + x]!);
      out[y * width + x] = d * d;
    }
  }
  for (let y = 0; y < height; y++) envelope(out.subarray(y * width, (y + 1) * width), ux);
  return out;
}

/** In place: for every x the least of f(p) + ((x - p) ux)^2 over all p. Rows are short, so scratch is cheap. */
function envelope(row: Float64Array, ux: number): void {
  const f = row.slice();
  const apex = new Int32Array(f.length);
  // Parabola k is the lowest from column border[k] to border[k + 1].
  const border = new Float64Array(f.length);
  let top = -1;
  for (let q = 0; q < f.length; q++) {
    if (f[q] === Infinity) continue;
    let meets = -Infinity;
    while (top >= 0) {
      const p = apex[top]!;
      meets = ((f[q]! - f[p]!) / (ux * ux) + q * q - p * p) / (2 * (q - p));
      if (meets > border[top]!) break;
      top--;
    }
    if (top < 0) meets = -Infinity;
    apex[++top] = q;
    border[top] = meets;
  }
  if (top < 0) return;
  for (let x = 0, k = 0; x < f.length; x++) {
    while (k < top && border[k + 1]! < x) k++;
    const dx = (x - apex[k]!) * ux;
    row[x] = dx * dx + f[apex[k]!]!;
  }
}
