/**
 * From what the backbone saw to the features of the pixel head: per stage channel z-scores and unit norm per position,
 * Lab colour with its quadratic terms, position, colour-word memberships (FINDINGS 2.2-2.3).
 */
import { labOf } from '../grid/colour.ts';
import { type FeatureGrid, type Grid, type RgbImage, zeros } from '../grid/grid.ts';
import { GROUND } from './constants.ts';

/** What the models say about one frame. All grids cover the same frame. */
export interface FrameFeatures {
  /** Raw backbone stages, finest first, `[h/s, w/s, c]`. */
  readonly stages: readonly FeatureGrid[];
  /** CIE Lab averaged over each cell of the finest stage, `[gh, gw, 3]`. */
  readonly lab: FeatureGrid;
}

/** Channel statistics of one stage over the exemplar images. */
export interface StageScale {
  readonly mean: Float32Array;
  /** Reciprocal standard deviation. */
  readonly scale: Float32Array;
}

export const COLOUR_TERMS = 9;
export const POSITION_TERMS = 4;

/** Lab of every cell of a `[gh, gw]` grid: mean sRGB over the cell's pixels, then converted. */
export function cellLab(image: RgbImage, gh: number, gw: number): FeatureGrid {
  const out = zeros(gh, gw, 3);
  const { data, width, height } = image;
  for (let gy = 0; gy < gh; gy++) {
    const y0 = Math.floor((gy * height) / gh);
    const y1 = Math.max(y0 + 1, Math.floor(((gy + 1) * height) / gh));
    for (let gx = 0; gx < gw; gx++) {
      const x0 = Math.floor((gx * width) / gw);
      const x1 = Math.max(x0 + 1, Math.floor(((gx + 1) * width) / gw));
      let r = 0;
      let g = 0;
      let b = 0;
      for (let y = y0; y < y1; y++) {
        for (let i = (y * width + x0) * 3, end = (y * width + x1) * 3; i < end; i += 3) {
          r += data[i]!;
          g += data[i + 1]!;
          b += data[i + 2]!;
        }
      }
      const n = (y1 - y0) * (x1 - x0);
      const at = (gy * gw + gx) * 3;
      const value = labOf(Math.round(r / n), Math.round(g / n), Math.round(b / n));
      out.data[at] = value[0];
      out.data[at + 1] = value[1];
      out.data[at + 2] = value[2];
    }
  }
  return out;
}

/** Channel mean and reciprocal standard deviation of one stage over several images. */
export function stageScale(grids: readonly FeatureGrid[]): StageScale {
  const c = grids[0]!.channels;
  const sum = new Float64Array(c);
  const square = new Float64Array(c);
  let n = 0;
  for (const g of grids) {
    n += g.height * g.width;
    for (let i = 0; i < g.data.length; i += c) {
      for (let k = 0; k < c; k++) {
        const v = g.data[i + k]!;
        sum[k]! += v;
        square[k]! += v * v;
      }
    }
  }
  const mean = new Float32Array(c);
  const scale = new Float32Array(c);
  for (let k = 0; k < c; k++) {
    mean[k] = sum[k]! / n;
    scale[k] = 1 / Math.sqrt(Math.max(1e-8, square[k]! / n - (sum[k]! / n) ** 2));
  }
  return { mean, scale };
}

/** Per position: z-score, then unit norm times sqrt(c), so that every stage weighs by its channel count. */
export function normaliseStage(stage: FeatureGrid, { mean, scale }: StageScale): FeatureGrid {
  const c = stage.channels;
  const out = zeros(stage.height, stage.width, c);
  const root = Math.sqrt(c);
  for (let i = 0; i < stage.data.length; i += c) {
    let norm = 0;
    for (let k = 0; k < c; k++) {
      const v = (stage.data[i + k]! - mean[k]!) * scale[k]!;
      out.data[i + k] = v;
      norm += v * v;
    }
    const f = root / Math.sqrt(Math.max(1e-12, norm));
    for (let k = 0; k < c; k++) out.data[i + k]! *= f;
  }
  return out;
}

/** The nine colour terms of one Lab value, scaled to about unit range and weighted, written to `out` at `at`. */
export function colourTerms(l: number, a: number, b: number, out: Float64Array | Float32Array, at: number): void {
  const w = GROUND.colourWeight;
  const x = l / 25 - 1.5;
  const y = a / 20;
  const z = b / 20;
  out[at] = w * x;
  out[at + 1] = w * y;
  out[at + 2] = w * z;
  out[at + 3] = w * x * x;
  out[at + 4] = w * y * y;
  out[at + 5] = w * z * z;
  out[at + 6] = w * x * y;
  out[at + 7] = w * x * z;
  out[at + 8] = w * y * z;
}

/** x, y, x^2, y^2 of a cell centre in [-1, 1], weighted. */
export function positionTerms(x: number, y: number, out: Float64Array | Float32Array, at: number): void {
  const w = GROUND.positionWeight;
  out[at] = w * x;
  out[at + 1] = w * y;
  out[at + 2] = w * x * x;
  out[at + 3] = w * y * y;
}

/** Bilinear half-pixel sample of a stage at the centre of cell (x, y) of a `[gh, gw]` grid, added to `out` at `at`. */
export function sampleStage(
  stage: Grid<Float32Array>,
  x: number,
  y: number,
  gw: number,
  gh: number,
  out: Float64Array | Float32Array,
  at: number,
): void {
  const { width, height, channels: c, data } = stage;
  const sx = Math.min(width - 1, Math.max(0, ((x + 0.5) * width) / gw - 0.5));
  const sy = Math.min(height - 1, Math.max(0, ((y + 0.5) * height) / gh - 0.5));
  const x0 = Math.floor(sx);
  const y0 = Math.floor(sy);
  const x1 = Math.min(width - 1, x0 + 1);
  const y1 = Math.min(height - 1, y0 + 1);
  const fx = sx - x0;
  const fy = sy - y0;
  const corners: readonly [number, number][] = [
    [(y0 * width + x0) * c, (1 - fx) * (1 - fy)],
    [(y0 * width + x1) * c, fx * (1 - fy)],
    [(y1 * width + x0) * c, (1 - fx) * fy],
    [(y1 * width + x1) * c, fx * fy],
  ];
  for (let k = 0; k < c; k++) out[at + k] = 0;
  for (const [from, weight] of corners) {
    if (weight === 0) continue;
    for (let k = 0; k < c; k++) out[at + k]! += weight * data[from + k]!;
  }
}
