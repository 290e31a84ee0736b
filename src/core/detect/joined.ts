/**
 * What PatchCore, SPADE and PaDiM share: unit rows of all stages side by side on one grid (so that squared distances add up
 * over the stages), options, cells that are never scored, and maps brought to the frame and smoothed.
 */
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, grid, type Mask } from '../grid/grid.ts';
import { resizeBilinear } from '../grid/resample.ts';
import { gaussianSmooth } from '../grid/smooth.ts';
import { shapesMask } from '../ground/place.ts';
import { type CellSpec, type GridSize, gridOf } from './cells.ts';
import { type DetectContext, type Needs, rowsAnswer } from './detector.ts';
import { DENSE_OPTIONS } from './options.ts';

/** Options of every detector on joined rows. */
export const JOINED_OPTIONS = {
  ...DENSE_OPTIONS,
  smooth: {
    is: 'number',
    low: 0,
    high: 64,
    default: 4,
    about: 'standard deviation of the smoothing of the map, in pixels of the frame',
  },
} as const;

/** Pixels per cell, and how far below every product a hidden row is pushed (rows have a squared length of the stages). */
export const JOINED = { stride: 8, hidden: -1e4 } as const;

/** How rows are made: on a grid of `side` cells, or of `JOINED.stride` pixels where `side` is null. */
export function joinedSpec(
  context: DetectContext,
  stages: string | readonly string[],
  { side, neighbourhood }: { side: number | null; neighbourhood: 1 | 3 },
): CellSpec {
  const all = context.backbone!.stages;
  const used = all.filter((s) => typeof stages === 'string' || stages.includes(s.name));
  return {
    stages: used.map((s) => s.name),
    stride: Math.max(JOINED.stride, Math.min(...used.map((s) => s.stride))),
    side,
    alignCorners: false,
    neighbourhood,
    standardise: false,
    places: 0,
  };
}

/** Bags of the same rows side by side, `[n, 1, sum of channels]`. */
export function besides(bags: readonly Rows[]): Rows {
  if (bags.length === 1) return bags[0]!;
  const c = bags.reduce((sum, b) => sum + b.channels, 0);
  const n = bags[0]!.height;
  const data = new Float32Array(n * c);
  let at = 0;
  for (const { channels, data: from } of bags) {
    for (let i = 0; i < n; i++) data.set(from.subarray(i * channels, (i + 1) * channels), i * c + at);
    at += channels;
  }
  return { data, height: n, width: 1, channels: c };
}

/** Joined rows of one image. */
export function* joinedRows(image: number, spec: CellSpec): Needs<Rows> {
  const rows = rowsAnswer(yield { do: 'rows', of: [{ image, spec, scales: [], places: null }] });
  return besides(rows[0]!);
}

/** Joined rows of all images of the context, in one need: whoever waits sees one progress. */
export function* joinedRowsOfAll(context: DetectContext, spec: CellSpec): Needs<Rows[]> {
  const of = context.images.map((_, image) => ({ image, spec, scales: [], places: null }));
  return rowsAnswer(yield { do: 'rows', of }).map(besides);
}

/** Cells of an image that count, null for all: what the rule file ignores is left out. */
export function countedCells(context: DetectContext, image: number, size: GridSize): Mask | null {
  const { file, masks } = context;
  const ignored = shapesMask(file.ignore, file, context.images[image]!.frame, size.height, size.width, masks);
  return ignored && { ...ignored, data: ignored.data.map((v) => 1 - v) };
}

/** Values of cells that do not count become 0. */
export function counted(values: Float32Array, cells: Mask | null): Float32Array {
  return cells ? values.map((v, i) => (cells.data[i] ? v : 0)) : values;
}

/** Values per cell as a map at the size of the frame: bilinear, then a Gaussian of `sigma` pixels. */
export function frameMap(values: Float32Array, size: GridSize, frame: GridSize, sigma: number): FeatureGrid {
  const map = grid(values, size.height, size.width);
  return gaussianSmooth(resizeBilinear(map, frame.height, frame.width, { antialias: false }), sigma);
}

export const largest = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > most) most = values[i]!;
  return most;
};

export { gridOf };
