/**
 * Separable resampling of grids `[h, w, c]`, centre-aligned: cell i of n covers [i/n, (i+1)/n]. The weights of one axis
 * are computed once and applied to every row, then to every column, as Pillow and torch do (golden/resize).
 *
 * Shrinking widens the filter by the scale (antialias) unless told otherwise. Uint8 grids take Pillow's arithmetic to the
 * bit: 22-bit fixed-point weights, rounding after each of the two passes. Float grids are not clamped: a cubic overshoots.
 */
import type { Axis } from './axis.ts';
import { CUBIC, covering, cubic, filtered, halfPixel, LINEAR, pointwise } from './axis.ts';
import type { Grid } from './grid.ts';

const RESAMPLE = {
  /** Bits behind the point of an 8-bit weight: 32 - 8 - 2, so that a sum of products fits an int32 (Pillow). */
  fixedBits: 22,
  /** DINOv2 resizes its position table by (n + offset) / g instead of n / g (its `interpolate_offset`). */
  dinov2Offset: 0.1,
  /** Up to this many channels a register per value is faster than walking the channels innermost. */
  fewChannels: 8,
} as const;

type Pixels = Float32Array | Uint8Array;
interface Pass {
  readonly source: Pixels;
  readonly target: Pixels;
  /** Independent lines before the axis, and values between two neighbours along it. */
  readonly lines: number;
  readonly stride: number;
  readonly length: number;
  readonly axis: Axis;
}

const FIXED_UNIT = 2 ** RESAMPLE.fixedBits;

/** Weights in units of 2^-22, rounded half away from zero. */
function fixedPoint(weights: Float64Array): Float64Array {
  return weights.map((w) => Math.trunc(w * FIXED_UNIT + (w < 0 ? -0.5 : 0.5)));
}

/** A fixed-point sum (which started at one half) as a byte. */
function byteOf(sum: number): number {
  return sum <= 0 ? 0 : Math.min(255, Math.floor(sum / FIXED_UNIT));
}

/** One register per value: for few channels. */
function passByValue({ source, target, lines, stride, length, axis }: Pass, fixed: boolean): void {
  const { size, taps, index, count } = axis;
  const weights = fixed ? fixedPoint(axis.weights) : axis.weights;
  const start = fixed ? FIXED_UNIT / 2 : 0;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < size; i++) {
      const end = i * taps + count[i]!;
      for (let c = 0; c < stride; c++) {
        const base = line * length * stride + c;
        let sum = start;
        for (let k = i * taps; k < end; k++) sum += weights[k]! * source[base + index[k]! * stride]!;
        target[(line * size + i) * stride + c] = fixed ? byteOf(sum) : sum;
      }
    }
  }
}

/** `passByValue` for three channels: every weight is read once for all of them. */
function passColours({ source, target, lines, length, axis }: Pass, fixed: boolean): void {
  const { size, taps, index, count } = axis;
  const weights = fixed ? fixedPoint(axis.weights) : axis.weights;
  const start = fixed ? FIXED_UNIT / 2 : 0;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < size; i++) {
      const end = i * taps + count[i]!;
      let r = start;
      let g = start;
      let b = start;
      for (let k = i * taps; k < end; k++) {
        const w = weights[k]!;
        const from = (line * length + index[k]!) * 3;
        r += w * source[from]!;
        g += w * source[from + 1]!;
        b += w * source[from + 2]!;
      }
      const out = (line * size + i) * 3;
      target[out] = fixed ? byteOf(r) : r;
      target[out + 1] = fixed ? byteOf(g) : g;
      target[out + 2] = fixed ? byteOf(b) : b;
    }
  }
}

/** Adds whole stretches of `stride` values: for many channels, and for columns of whole rows. */
function passByStretch({ source, target, lines, stride, length, axis }: Pass, fixed: boolean): void {
  const { size, taps, index, count } = axis;
  const weights = fixed ? fixedPoint(axis.weights) : axis.weights;
  const sums = new Float64Array(stride);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < size; i++) {
      sums.fill(fixed ? FIXED_UNIT / 2 : 0);
      const end = i * taps + count[i]!;
      for (let k = i * taps; k < end; k++) {
        const w = weights[k]!;
        const from = (line * length + index[k]!) * stride;
        for (let c = 0; c < stride; c++) sums[c]! += w * source[from + c]!;
      }
      const out = (line * size + i) * stride;
      if (fixed) for (let c = 0; c < stride; c++) target[out + c] = byteOf(sums[c]!);
      else target.set(sums, out);
    }
  }
}

function blank<T extends Pixels>(like: T, n: number): T {
  return (like instanceof Uint8Array ? new Uint8Array(n) : new Float32Array(n)) as T;
}

/** Rows first, then columns; an axis whose size stays is left alone, as Pillow does. */
function apply<T extends Pixels>(grid: Grid<T>, rows: Axis | null, columns: Axis | null): Grid<T> {
  const { height, width, channels } = grid;
  const fixed = grid.data instanceof Uint8Array;
  let data = grid.data;
  if (columns) {
    const target = blank(data, height * columns.size * channels);
    const few = channels === 3 ? passColours : passByValue;
    const pass = channels <= RESAMPLE.fewChannels ? few : passByStretch;
    pass({ source: data, target, lines: height, stride: channels, length: width, axis: columns }, fixed);
    data = target;
  }
  const w = columns?.size ?? width;
  if (rows) {
    const target = blank(data, rows.size * w * channels);
    passByStretch({ source: data, target, lines: 1, stride: w * channels, length: height, axis: rows }, fixed);
    data = target;
  }
  return { data, height: rows?.size ?? height, width: w, channels };
}

type MakeAxis = (source: number, target: number) => Axis;

function resize<T extends Pixels>(grid: Grid<T>, height: number, width: number, make: MakeAxis): Grid<T> {
  if (
    !(
      Number.isInteger(height) &&
      Number.isInteger(width) &&
      height > 0 &&
      width > 0 &&
      grid.height > 0 &&
      grid.width > 0
    )
  ) {
    throw new RangeError(`resize: cannot resize [${grid.height}, ${grid.width}] to [${height}, ${width}]`);
  }
  const rows = height === grid.height ? null : make(grid.height, height);
  const columns = width === grid.width ? null : make(grid.width, width);
  return apply(grid, rows, columns);
}

export interface BilinearOptions {
  /** Widen the filter when shrinking. Default true. */
  readonly antialias?: boolean;
  /** First and last centres of source and target coincide (ALGORITHM 1.4); implies no antialias. Default false. */
  readonly alignCorners?: boolean;
}

/** Bilinear resize to `[height, width, c]`. The grid itself where the size stays. @throws RangeError on an empty size. */
export function resizeBilinear<T extends Pixels>(
  grid: Grid<T>,
  height: number,
  width: number,
  options: BilinearOptions = {},
): Grid<T> {
  if (options.alignCorners) {
    return resize(grid, height, width, (source, target) =>
      pointwise(source, target, LINEAR, (i) => (target > 1 ? (i * (source - 1)) / (target - 1) : 0)),
    );
  }
  if (options.antialias === false) return resize(grid, height, width, halfPixel(LINEAR));
  return resize(grid, height, width, (source, target) => filtered(source, target, LINEAR));
}

export interface CubicOptions {
  /** Default true: Pillow, also when enlarging (renormalised at the border). False: torch without antialias (clamped). */
  readonly antialias?: boolean;
  /** Kernel parameter; default -0.5 with antialias, -0.75 without. */
  readonly a?: number;
}

/** Bicubic resize to `[height, width, c]`; see `CubicOptions`. @throws RangeError on an empty size. */
export function resizeCubic<T extends Pixels>(
  grid: Grid<T>,
  height: number,
  width: number,
  options: CubicOptions = {},
): Grid<T> {
  const antialias = options.antialias ?? true;
  const kernel = cubic(options.a ?? (antialias ? CUBIC.smooth : CUBIC.sharp));
  const make: MakeAxis = antialias ? (source, target) => filtered(source, target, kernel) : halfPixel(kernel);
  return resize(grid, height, width, make);
}

/** Mean of the source area that each target cell covers (exact also for fractional scales). For shrinking. */
export function downscaleArea<T extends Pixels>(grid: Grid<T>, height: number, width: number): Grid<T> {
  return resize(grid, height, width, covering);
}

/** Rules by which models resize their learned position table. */
export type PositionRule = 'plain' | 'openclip' | 'dinov2';

/**
 * Resizes a position table `[g, g, D]` (without class row) to `[height, width, D]`. openclip: antialiased cubic a = -0.5;
 * plain: cubic a = -0.75, clamped; dinov2: plain, but read at a scale of (n + 0.1) / g. The table itself at its own size.
 */
export function resizePositions(
  table: Grid<Float32Array>,
  height: number,
  width: number,
  rule: PositionRule,
): Grid<Float32Array> {
  if (rule === 'openclip') return resizeCubic(table, height, width);
  if (rule === 'plain') return resizeCubic(table, height, width, { antialias: false });
  const kernel = cubic(CUBIC.sharp);
  const axis: MakeAxis = (source, target) =>
    pointwise(source, target, kernel, (i) => ((i + 0.5) * source) / (target + RESAMPLE.dinov2Offset) - 0.5);
  if (height === table.height && width === table.width) return table;
  return apply(table, axis(table.height, height), axis(table.width, width));
}
