/**
 * What surrounds a SAM decoder (ALGORITHM 4.1 D): where to prompt, how its small logits become masks of the picture, and
 * which masks are kept (predicted IoU, stability, overlap, small regions). Reference outputs: golden/sam-tiny. The
 * networks run elsewhere; their outputs come in as plain grids.
 */
import type { Axis } from '../grid/axis.ts';
import { emptyMask, type FeatureGrid, grid, type Mask } from '../grid/grid.ts';
import { components, maskOf } from '../grid/regions.ts';
import { resizeBilinear } from '../grid/resample.ts';
import { encodeRuns } from '../grid/runs.ts';
import type { RunLengths } from '../scene.ts';

/** The defaults of SAM's automatic mask generator, as LogSAD uses them. */
export const SAM = {
  /** Prompts per side of the grid. 32 are published; the decoder's time follows their square. */
  pointsPerSide: 32,
  /** Prompts of one decoder call. */
  batch: 64,
  /** Predicted IoU a mask must exceed. */
  predictedIou: 0.88,
  /** Stability a mask must reach, and the shift of the threshold that it is measured by. */
  stability: 0.95,
  stabilityOffset: 1,
  /** Boxes that overlap a better one by more are dropped. */
  overlap: 0.7,
  /** Holes and islands below this many pixels are removed; 0 leaves them. */
  minRegion: 0,
} as const;

export interface SamOptions {
  readonly pointsPerSide?: number;
  readonly batch?: number;
  readonly predictedIou?: number;
  readonly stability?: number;
  readonly stabilityOffset?: number;
  readonly overlap?: number;
  readonly minRegion?: number;
}

/** `[x0, y0, x1, y1]`, first and last pixel of a mask (no +1), as SAM counts. */
export type PixelBox = readonly [number, number, number, number];

/** A mask that a decoder offers. */
export interface OfferedMask {
  /** Logits at the decoder's own size, `[m, m]`. */
  readonly logits: FeatureGrid;
  readonly predictedIou: number;
  /** Index of the prompt it answers. */
  readonly prompt: number;
}

export interface KeptMask {
  readonly mask: RunLengths;
  readonly area: number;
  readonly box: PixelBox;
  readonly predictedIou: number;
  readonly stability: number;
  readonly prompt: number;
}

/** How a picture lies in SAM's square input: resized so that its long side fills it, padded below and right. */
export interface SamFrame {
  readonly side: number;
  readonly height: number;
  readonly width: number;
  /** Of the resized picture inside the square. */
  readonly innerHeight: number;
  readonly innerWidth: number;
}

export function samFrame(height: number, width: number, side: number): SamFrame {
  const scale = side / Math.max(height, width);
  const scaled = (n: number): number => Math.floor(n * scale + 0.5);
  return { side, height, width, innerHeight: scaled(height), innerWidth: scaled(width) };
}

/** Prompts `[x, y]` in pixels of the picture: centres of an n x n grid, row by row. */
export function promptGrid(n: number, { height, width }: { height: number; width: number }): [number, number][] {
  return Array.from({ length: n * n }, (_, i) => [
    (((i % n) + 0.5) * width) / n,
    ((Math.floor(i / n) + 0.5) * height) / n,
  ]);
}

/** A point of the picture in the square input. */
export const toSquare = ([x, y]: readonly [number, number], f: SamFrame): [number, number] => [
  (x * f.innerWidth) / f.width,
  (y * f.innerHeight) / f.height,
];

/**
 * Both of SAM's bilinear steps along one axis (low to the square, its inner part to the picture) as one: the steps are
 * linear, so their product is taken once per picture instead of a square of logits per mask.
 */
function composed(low: number, side: number, inner: number, out: number): Axis {
  const identity = grid(new Float32Array(low * low), low, 1, low);
  for (let i = 0; i < low; i++) identity.data[i * low + i] = 1;
  const square = resizeBilinear(identity, side, 1, { antialias: false });
  const cut = grid(square.data.slice(0, inner * low), inner, 1, low);
  const { data } = resizeBilinear(cut, out, 1, { antialias: false });
  const count = new Int32Array(out);
  for (let i = 0; i < out; i++) for (let k = 0; k < low; k++) if (data[i * low + k] !== 0) count[i]!++;
  const taps = count.reduce((m, c) => Math.max(m, c), 1);
  const axis = { size: out, taps, count, index: new Int32Array(out * taps), weights: new Float64Array(out * taps) };
  for (let i = 0; i < out; i++) {
    let at = i * taps;
    for (let k = 0; k < low; k++) {
      if (data[i * low + k] === 0) continue;
      axis.index[at] = k;
      axis.weights[at++] = data[i * low + k]!;
    }
  }
  return axis;
}

/** From a decoder's logits `[m, m]` to those of the picture `[height, width]`. */
export function createEnlarger(f: SamFrame, low: number): (logits: FeatureGrid) => FeatureGrid {
  const rows = composed(low, f.side, f.innerHeight, f.height);
  const columns = composed(low, f.side, f.innerWidth, f.width);
  return ({ data }) => {
    const wide = new Float32Array(low * f.width);
    for (let y = 0; y < low; y++) {
      for (let x = 0; x < f.width; x++) {
        let sum = 0;
        for (let k = x * columns.taps, end = k + columns.count[x]!; k < end; k++)
          sum += columns.weights[k]! * data[y * low + columns.index[k]!]!;
        wide[y * f.width + x] = sum;
      }
    }
    const out = new Float32Array(f.height * f.width);
    for (let y = 0; y < f.height; y++) {
      for (let k = y * rows.taps, end = k + rows.count[y]!; k < end; k++) {
        const w = rows.weights[k]!;
        const from = rows.index[k]! * f.width;
        for (let x = 0; x < f.width; x++) out[y * f.width + x]! += w * wide[from + x]!;
      }
    }
    return grid(out, f.height, f.width);
  };
}

/** Pixels above the threshold raised by `offset`, as a share of those above the threshold lowered by it; 0 of none. */
export function stabilityOf({ data }: FeatureGrid, offset: number = SAM.stabilityOffset): number {
  let inner = 0;
  let outer = 0;
  for (const v of data) {
    if (v > offset) inner++;
    if (v > -offset) outer++;
  }
  return outer === 0 ? 0 : inner / outer;
}

export function maskOfLogits(logits: FeatureGrid): Mask {
  const out = emptyMask(logits.height, logits.width);
  for (let i = 0; i < out.data.length; i++) out.data[i] = logits.data[i]! > 0 ? 1 : 0;
  return out;
}

/** First and last set column and row; all zeros for an empty mask, as published. */
export function boxOfMask({ data, width, height }: Mask): PixelBox {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!data[y * width + x]) continue;
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, y);
      y1 = y;
    }
  }
  return x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1, y1];
}

function overlapOf(a: PixelBox, b: PixelBox): number {
  const area = (box: PixelBox): number => (box[2] - box[0]) * (box[3] - box[1]);
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(0, w) * Math.max(0, h);
  return shared / (area(a) + area(b) - shared);
}

/** Greedy suppression: indices kept, best first (the first of equals); a box that overlaps a kept one by more than `most` goes. */
export function suppress(boxes: readonly PixelBox[], scores: readonly number[], most: number): number[] {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept: number[] = [];
  for (const i of order) if (!kept.some((k) => overlapOf(boxes[k]!, boxes[i]!) > most)) kept.push(i);
  return kept;
}

/** Fills holes below `least` pixels, then removes islands below it; where all islands are small the largest stays. */
export function withoutSmallRegions(mask: Mask, least: number): { mask: Mask; changed: boolean } {
  const data = Uint8Array.from(mask.data);
  const holes = components({ ...mask, data: data.map((v) => (v ? 0 : 1)) });
  const filled = maskOf(holes, (r) => r.area < least);
  let changed = false;
  for (let i = 0; i < data.length; i++) {
    if (!filled.data[i]) continue;
    data[i] = 1;
    changed = true;
  }
  const islands = components({ ...mask, data });
  const small = islands.regions.filter((r) => r.area < least);
  if (small.length === 0) return { mask: { ...mask, data }, changed };
  const largest = islands.regions.reduce((a, b) => (b.area > a.area ? b : a));
  const all = small.length === islands.regions.length;
  return { mask: maskOf(islands, (r) => (all ? r.id === largest.id : r.area >= least)), changed: true };
}

interface Found {
  readonly pixels: Mask;
  readonly box: PixelBox;
  readonly predictedIou: number;
  readonly stability: number;
  readonly prompt: number;
}

/**
 * The masks kept of all that were offered, best first (ALGORITHM 4.1 D).
 * @param enlarge see `createEnlarger`; called only for masks of enough predicted IoU
 */
export function chooseMasks(
  offered: readonly OfferedMask[],
  enlarge: (logits: FeatureGrid) => FeatureGrid,
  options: SamOptions = {},
): KeptMask[] {
  const o = { ...SAM, ...options };
  const found = offered.flatMap(({ logits, predictedIou, prompt }): Found[] => {
    if (!(predictedIou > o.predictedIou)) return [];
    const large = enlarge(logits);
    const stability = stabilityOf(large, o.stabilityOffset);
    if (stability < o.stability) return [];
    const pixels = maskOfLogits(large);
    return [{ pixels, box: boxOfMask(pixels), predictedIou, stability, prompt }];
  });
  const boxes = (list: readonly Found[]): PixelBox[] => list.map((f) => f.box);
  let kept = suppress(
    boxes(found),
    found.map((f) => f.predictedIou),
    o.overlap,
  ).map((i) => found[i]!);
  if (o.minRegion > 0) {
    const cleaned = kept.map((f) => {
      const { mask, changed } = withoutSmallRegions(f.pixels, o.minRegion);
      return { found: { ...f, pixels: mask, box: boxOfMask(mask) }, changed };
    });
    // Masks that needed no cleaning win over their cleaned twins.
    const better = cleaned.map((c) => (c.changed ? 0 : 1));
    kept = suppress(boxes(cleaned.map((c) => c.found)), better, o.overlap).map((i) => cleaned[i]!.found);
  }
  return kept.map(({ pixels, ...rest }) => ({
    ...rest,
    mask: encodeRuns(pixels.data),
    area: pixels.data.reduce((n, v) => n + v, 0),
  }));
}

/**
 * Of the masks offered for each prompt the one of highest predicted IoU (masks prompted at points, ALGORITHM 4.1); a prompt
 * whose best mask is empty gives none.
 */
export function bestPerPrompt(
  offered: readonly OfferedMask[],
  enlarge: (logits: FeatureGrid) => FeatureGrid,
): KeptMask[] {
  const best = new Map<number, OfferedMask>();
  for (const o of offered) {
    const known = best.get(o.prompt);
    if (!known || o.predictedIou > known.predictedIou) best.set(o.prompt, o);
  }
  return [...best.values()].flatMap(({ logits, predictedIou, prompt }) => {
    const large = enlarge(logits);
    const pixels = maskOfLogits(large);
    const area = pixels.data.reduce((n, v) => n + v, 0);
    if (area === 0) return [];
    const mask = encodeRuns(pixels.data);
    return [{ mask, area, box: boxOfMask(pixels), predictedIou, stability: stabilityOf(large), prompt }];
  });
}
