/**
 * The arithmetic of WinCLIP (CVPR 2023): windows over the grid of patches, scores of two texts, harmonic aggregation,
 * reference association, tiles of a picture that is no square. Everything is plain numbers; which model saw the windows
 * does not matter here. Proved on golden/winclip.
 */
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, type RgbImage, zeros } from '../grid/grid.ts';
import { dot } from '../grid/linear.ts';
import { resizeBilinear, resizeCubic } from '../grid/resample.ts';
import type { GridSize } from './cells.ts';

export const WINCLIP = {
  /** Sides of the two window scales in patches (small, mid). */
  windows: [2, 3],
  /** CLIP's learnt logit scale of 100; the paper gives no number (anomalib 0.07). */
  temperature: 0.01,
  /** Tiles of a long picture overlap by at least 1 - this share of their side. */
  tileStride: 0.8,
  /** Side of the four corner crops of multi-crop, as a share of the view's side. */
  crop: 0.8,
} as const;

/** Indices into the `height * width` patches of every window of side `k`, stride 1, row-major: `[windows][k * k]`. */
export function windowCells({ height, width }: GridSize, k: number): Int32Array[] {
  const out: Int32Array[] = [];
  for (let y = 0; y + k <= height; y++) {
    for (let x = 0; x + k <= width; x++) {
      out.push(Int32Array.from({ length: k * k }, (_, i) => (y + Math.floor(i / k)) * width + x + (i % k)));
    }
  }
  return out;
}

/** Token rows of every window: the class token (row 0), then its patches. `[windows][1 + k * k]`. */
export function windowTokens(size: GridSize, k: number): Int32Array[] {
  return windowCells(size, k).map((cells) => Int32Array.from([0, ...cells.map((c) => c + 1)]));
}

/** softmax([cos(f, normal), cos(f, anomalous)] / tau)[anomalous] of unit or other rows; ascore0 of the paper's Eq. 2. */
export function textScores(rows: Rows, texts: Rows, temperature: number): Float64Array {
  const d = rows.channels;
  const n = rows.height * rows.width;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const length = Math.sqrt(dot(rows.data, i * d, rows.data, i * d, d)) || 1;
    const [normal, anomalous] = [0, 1].map((k) => {
      const own = Math.sqrt(dot(texts.data, k * d, texts.data, k * d, d)) || 1;
      return dot(rows.data, i * d, texts.data, k * d, d) / length / own;
    });
    out[i] = 1 / (1 + Math.exp((normal! - anomalous!) / temperature));
  }
  return out;
}

/** 1 - cosine to the normal text alone, halved into 0..1: the one-class row of WinCLIP's Table 3. */
export function oneClassScores(rows: Rows, normal: Rows): Float64Array {
  const d = rows.channels;
  return Float64Array.from({ length: rows.height * rows.width }, (_, i) => {
    const length = Math.sqrt(dot(rows.data, i * d, rows.data, i * d, d)) || 1;
    return (1 - dot(rows.data, i * d, normal.data, 0, d) / length) / 2;
  });
}

/** Mean of the values, harmonic where one zero makes it zero; never NaN. */
function meanOf(sum: number, n: number, harmonic: boolean): number {
  return harmonic ? n / sum : sum / n;
}

/**
 * Eq. 3: per patch the harmonic mean of the scores of all windows that cover it. `[h, w, 1]`.
 * @param harmonic false: the arithmetic mean (ablation, Table 8)
 */
export function windowMap(scores: ArrayLike<number>, size: GridSize, k: number, harmonic = true): FeatureGrid {
  const { height, width } = size;
  const sums = new Float64Array(height * width);
  const counts = new Int32Array(height * width);
  windowCells(size, k).forEach((cells, w) => {
    for (const c of cells) {
      sums[c]! += harmonic ? 1 / scores[w]! : scores[w]!;
      counts[c]!++;
    }
  });
  const out = zeros(height, width);
  for (let i = 0; i < out.data.length; i++) out.data[i] = meanOf(sums[i]!, counts[i]!, harmonic);
  return out;
}

/** Mean over scales of maps of one size, harmonic as the paper or arithmetic; numbers stand for constant maps. */
export function meanOfScales(scales: readonly (FeatureGrid | number)[], size: GridSize, harmonic = true): FeatureGrid {
  const out = zeros(size.height, size.width);
  for (let i = 0; i < out.data.length; i++) {
    let sum = 0;
    for (const s of scales) {
      const v = typeof s === 'number' ? s : s.data[i]!;
      sum += harmonic ? 1 / v : v;
    }
    out.data[i] = meanOf(sum, scales.length, harmonic);
  }
  return out;
}

/** Largest cosine with a reference as the distance of reference association, (1 - cos) / 2 (ALGORITHM 8.4). */
export const associationDistance = (cosine: number): number => Math.max(0, (1 - cosine) / 2);

/** Left or top edges of tiles of side `side` along a line: evenly spread, overlapping by a fifth of the side or more. */
export function tileStarts(length: number, side: number): number[] {
  if (length <= side) return [0];
  const n = Math.ceil((length - side) / (WINCLIP.tileStride * side)) + 1;
  return Array.from({ length: n }, (_, i) => Math.round((i * (length - side)) / (n - 1)));
}

/** A square part of a picture as the model sees it; `x` and `y` in pixels of the resized picture of `of`. */
export interface Cut {
  readonly picture: RgbImage;
  readonly x: number;
  readonly y: number;
  /** Size of the whole picture after resizing. */
  readonly of: GridSize;
}

function crop(image: RgbImage, x: number, y: number, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let r = 0; r < height; r++) {
    const from = ((y + r) * image.width + x) * 3;
    data.set(image.data.subarray(from, from + 3 * width), r * width * 3);
  }
  return { data, height, width, channels: 3 };
}

/**
 * Squares of `side` pixels: `tiles` brings the short edge to `side` and slides along the long one (WinCLIP, ALGORITHM
 * 1.2), `warp` distorts the whole picture into one square (APRIL-GAN, 1.3). Bicubic, antialiased.
 */
export function cutSquares(image: RgbImage, side: number, fit: 'tiles' | 'warp'): Cut[] {
  const square = { width: side, height: side };
  if (fit === 'warp') return [{ picture: resizeCubic(image, side, side), x: 0, y: 0, of: square }];
  const factor = side / Math.min(image.width, image.height);
  const of = {
    width: Math.max(side, Math.round(image.width * factor)),
    height: Math.max(side, Math.round(image.height * factor)),
  };
  const resized = resizeCubic(image, of.height, of.width);
  return tileStarts(of.height, side).flatMap((y) =>
    tileStarts(of.width, side).map((x) => ({ picture: crop(resized, x, y, side, side), x, y, of })),
  );
}

/** The four corner squares of a view at the view's own size, for multi-crop. */
export function cornerCrops(view: RgbImage): RgbImage[] {
  const side = Math.round(WINCLIP.crop * view.width);
  const far = view.width - side;
  return [
    [0, 0],
    [far, 0],
    [0, far],
    [far, far],
  ].map(([x, y]) => resizeCubic(crop(view, x!, y!, side, side), view.height, view.width));
}

/** Where a map lies in the whole: as `Cut`, without the picture. */
export type Placed = Pick<Cut, 'x' | 'y' | 'of'> & { readonly map: FeatureGrid };

/** Maps of tiles brought to `side` pixels (bilinear) and averaged where tiles overlap: a map of the whole picture. */
export function joinTiles(tiles: readonly Placed[], side: number): FeatureGrid {
  const { width, height } = tiles[0]!.of;
  const out = zeros(height, width);
  const counts = new Uint8Array(width * height);
  for (const { map, x, y } of tiles) {
    const { data } = resizeBilinear(map, side, side, { antialias: false });
    for (let v = 0; v < side; v++) {
      for (let u = 0; u < side; u++) {
        const at = (y + v) * width + x + u;
        out.data[at]! += data[v * side + u]!;
        counts[at]!++;
      }
    }
  }
  for (let i = 0; i < counts.length; i++) if (counts[i]! > 1) out.data[i]! /= counts[i]!;
  return out;
}
