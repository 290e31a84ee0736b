/**
 * SPADE (2020; ALGORITHM 10): the K normal images whose mean features are nearest give the image score (their mean
 * distance) and a gallery of cells; a cell scores its mean distance to the kappa nearest of them.
 */
import { bag, type Rows, stack } from '../grid/cluster.ts';
import type { ProfileSection } from '../profile.ts';
import type { CellSpec } from './cells.ts';
import type { DetectContext, Detection, Detector, Learning, Needs } from './detector.ts';
import { meanRow, nearestRows } from './euclid.ts';
import { JOINED_OPTIONS, joinedRows, joinedSpec, largest, mapped, nearestDistances, ownReadings } from './joined.ts';
import { type Options, readOptions } from './options.ts';

const OPTIONS = {
  ...JOINED_OPTIONS,
  images: {
    is: 'number',
    low: 1,
    high: 1000,
    whole: true,
    default: 50,
    about: 'K: nearest normal images that judge, all where there are fewer',
  },
  neighbours: {
    is: 'number',
    low: 1,
    high: 16,
    whole: true,
    default: 1,
    about: 'kappa: nearest cells whose mean distance a cell scores',
  },
  side: {
    is: 'number',
    low: 8,
    high: 128,
    whole: true,
    default: 32,
    about: 'cells per side; every normal is kept whole, 4 bytes x cells x channels each',
  },
} as const;
export type SpadeOptions = Options<typeof OPTIONS>;

export interface SpadeModel {
  readonly spec: CellSpec;
  readonly images: number;
  readonly neighbours: number;
  readonly smooth: number;
  /** Mean row per normal, and the cells of all normals below one another. */
  readonly globals: Rows;
  readonly gallery: Rows;
}

function* judge(
  context: DetectContext,
  image: number,
  rows: Rows,
  model: SpadeModel,
  kept: string,
  without?: number,
): Needs<Detection> {
  const nearest = nearestRows(meanRow(rows), 0, model.globals, model.images, (i) => i !== without);
  const judging = new Set(nearest.map((n) => n.index));
  const cells = model.gallery.height / model.globals.height;
  const usable = (r: number): boolean => judging.has(Math.floor(r / cells));
  const each = yield* nearestDistances(rows, { bank: model.gallery, kept, usable }, model.neighbours);
  const mean = each[0]!.map((_, i) => each.reduce((s, e) => s + e[i]!, 0) / each.length);
  const { map } = mapped(context, image, mean, model);
  const score = nearest.reduce((s, n) => s + n.distance, 0) / Math.max(1, nearest.length);
  return { reading: { score, peak: largest(map.data) }, map };
}

function* learn(context: DetectContext, options: SpadeOptions): Needs<Learning<SpadeModel>> {
  const spec = joinedSpec(context, options.stages, { side: options.side, neighbourhood: 1 });
  const perImage = yield* joinedRows([...context.images.keys()], spec);
  const model: SpadeModel = {
    spec,
    images: options.images,
    neighbours: options.neighbours,
    smooth: options.smooth,
    globals: stack(perImage.map(meanRow)),
    gallery: stack(perImage),
  };
  if (perImage.length < 2) return { model, readings: [null] };
  const name = 'spade/own';
  const one = (i: number): Needs<Detection> => judge(context, i, perImage[i]!, model, name, i);
  return { model, readings: yield* ownReadings(name, model.gallery, perImage.length, one) };
}

export const spade: Detector<SpadeOptions, SpadeModel> = {
  name: 'spade',
  dense: true,
  options: (given) => readOptions('spade', OPTIONS, given),
  learn,
  *open(model, prefix) {
    yield { do: 'keep', name: `${prefix}/gallery`, rows: model.gallery };
  },
  *detect(context, model, prefix) {
    const [rows] = yield* joinedRows([0], model.spec);
    return yield* judge(context, 0, rows!, model, `${prefix}/gallery`, context.without);
  },
  pack({ globals, gallery, ...rest }): ProfileSection {
    return {
      facts: { ...rest, channels: globals.channels },
      arrays: { globals: globals.data, gallery: gallery.data },
    };
  },
  unpack({ facts, arrays }) {
    const { channels, ...rest } = facts as Omit<SpadeModel, 'globals' | 'gallery'> & { channels: number };
    return { ...rest, globals: bag(arrays.globals!, channels), gallery: bag(arrays.gallery!, channels) };
  },
};
