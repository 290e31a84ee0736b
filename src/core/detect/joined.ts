/**
 * What PatchCore, SPADE and PaDiM share: unit rows of all stages side by side on one grid (so that squared distances add up
 * over the stages), options, cells that are never scored, and maps brought to the frame and smoothed.
 */
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, grid, type Mask } from '../grid/grid.ts';
import { resizeBilinear } from '../grid/resample.ts';
import { gaussianSmooth } from '../grid/smooth.ts';
import { shapesMask } from '../ground/place.ts';
import type { DetectorReading } from '../scene.ts';
import { type CellSpec, type GridSize, gridOf } from './cells.ts';
import { halfNorms } from './cover.ts';
import { type DetectContext, type Detection, largestAnswer, type Needs, rowsAnswer } from './detector.ts';
import { distancesOf } from './euclid.ts';
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

/** Joined rows of images of the context, in one need: whoever waits sees one progress. */
export function* joinedRows(images: readonly number[], spec: CellSpec): Needs<Rows[]> {
  const of = images.map((image) => ({ image, spec, scales: [], places: null }));
  return rowsAnswer(yield { do: 'rows', of }).map(besides);
}

/** Cells of an image that count, null for all: what the rule file ignores is left out. */
export function countedCells(context: DetectContext, image: number, size: GridSize): Mask | null {
  const { file, masks } = context;
  const ignored = shapesMask(file.ignore, file, context.images[image]!.frame, size.height, size.width, masks);
  return ignored && { ...ignored, data: ignored.data.map((v) => 1 - v) };
}

/**
 * Euclidean distances of one image's cells to the kept rows of `bank`, those that are not `usable` hidden: to the nearest,
 * the second nearest and so on, `count` of them, one value per cell each.
 */
export function* nearestDistances(
  rows: Rows,
  { bank, kept, usable }: { bank: Rows; kept: string; usable: (r: number) => boolean },
  count = 1,
): Needs<Float32Array[]> {
  const bias = halfNorms(bank).map((v, r) => (usable(r) ? v : JOINED.hidden));
  const answer = largestAnswer(yield { do: 'nearest', query: { rows }, bank: { kept }, bias, count });
  return answer.map((products) => distancesOf(rows, products));
}

/** Distances per cell, those of cells that do not count 0, and the map over the frame that they make. */
export function mapped(
  context: DetectContext,
  image: number,
  values: Float32Array,
  { spec, smooth }: { readonly spec: CellSpec; readonly smooth: number },
): { readonly distances: Float32Array; readonly map: FeatureGrid } {
  const { frame } = context.images[image]!;
  const size = gridOf(frame, spec);
  const cells = countedCells(context, image, size);
  const distances = cells ? values.map((v, i) => (cells.data[i] ? v : 0)) : values;
  return { distances, map: frameMap(distances, size, frame, smooth) };
}

/** Readings of the normals themselves, against rows that are kept for as long as that takes. */
export function* ownReadings(
  name: string,
  rows: Rows,
  images: number,
  judge: (image: number) => Needs<Detection>,
): Needs<DetectorReading[]> {
  yield { do: 'keep', name, rows };
  const readings: DetectorReading[] = [];
  for (let i = 0; i < images; i++) readings.push((yield* judge(i)).reading);
  yield { do: 'drop', name };
  return readings;
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
