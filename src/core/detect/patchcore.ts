/**
 * PatchCore (CVPR 2022; ALGORITHM 10): distance of every cell to the nearest of a coreset of the normals' cells, the image
 * score reweighted by how lonely that nearest row is. Beyond the paper: features of the installed dense backbone, unit per
 * stage; normals are judged with their own rows hidden and stand-ins shown, as in `patch`.
 */
import { bag, pickRows, type Rows } from '../grid/cluster.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import { candidateCells, chooseRows, projectCandidates, rowsOfCandidates } from './bank.ts';
import { type CellSpec, gridOf } from './cells.ts';
import { COVER, drawProjection } from './cover.ts';
import type { DetectContext, Detection, Detector, Learning, Needs, RowsOf } from './detector.ts';
import { reweighted } from './euclid.ts';
import {
  besides,
  countedCells,
  JOINED_OPTIONS,
  joinedRows,
  joinedSpec,
  largest,
  mapped,
  nearestDistances,
  ownReadings,
} from './joined.ts';
import { type Options, readOptions } from './options.ts';

const OPTIONS = {
  ...JOINED_OPTIONS,
  bank: {
    is: 'number',
    low: 1,
    high: 1e6,
    whole: true,
    default: 4096,
    about: 'rows of the coreset (the paper keeps 25, 10 or 1 % of the cells)',
  },
  neighbours: {
    is: 'number',
    low: 1,
    high: 100,
    whole: true,
    default: 9,
    about: 'rows around the nearest one that weigh the image score; 1: no reweighting',
  },
} as const;
export type PatchcoreOptions = Options<typeof OPTIONS>;

/** More candidate cells than this are thinned evenly; products with a hidden row of the cover stay below all others. */
const LIMITS = { candidates: 2 ** 19, hidden: -64 } as const;

export interface PatchcoreModel {
  readonly spec: CellSpec;
  readonly neighbours: number;
  readonly smooth: number;
  readonly bank: Rows;
  /** Which normal each row came from. */
  readonly sources: Int32Array;
}

/** Judges the rows of one image against the usable rows of a kept bank. */
function* judge(
  context: DetectContext,
  image: number,
  rows: Rows,
  model: Pick<PatchcoreModel, 'spec' | 'neighbours' | 'smooth' | 'bank'>,
  kept: string,
  usable: (r: number) => boolean,
): Needs<Detection> {
  const [nearest] = yield* nearestDistances(rows, { bank: model.bank, kept, usable });
  const { distances, map } = mapped(context, image, nearest!, model);
  const { score } = reweighted(rows, distances, model.bank, model.neighbours, usable);
  return { reading: { score, peak: largest(map.data) }, map };
}

function* learn(context: DetectContext, options: PatchcoreOptions, random: Random): Needs<Learning<PatchcoreModel>> {
  const spec = joinedSpec(context, options.stages, { side: null, neighbourhood: 3 });
  const sizes = context.images.map(({ frame }) => gridOf(frame, spec));
  const scored = sizes.map((size, i) => countedCells(context, i, size));
  const counts = sizes.map(({ width, height }) => width * height);
  const candidates = candidateCells(counts, scored, LIMITS.candidates);
  const rowsOf = (image: number, only: Int32Array): RowsOf => ({ image, spec, scales: [], places: null, only });
  const channels = spec.stages.map((name) => context.backbone!.stages.find((s) => s.name === name)!.channels);
  const projection = drawProjection(channels, COVER.projected, random);
  const points = yield* projectCandidates(candidates, rowsOf, projection);
  const found = yield* chooseRows(points, candidates.sources, options.bank, random.int(points.height), LIMITS.hidden);
  // Behind the bank stand the rows of other images that would have been chosen in the place of each.
  const both = Int32Array.from([...found.indices, ...(found.substitutes ?? [])]);
  const bank = besides(yield* rowsOfCandidates(candidates, rowsOf, both, channels));
  const model: PatchcoreModel = {
    spec,
    neighbours: options.neighbours,
    smooth: options.smooth,
    bank: pickRows(bank, [...found.indices.keys()]),
    sources: Int32Array.from(found.indices, (i) => candidates.sources[i]!),
  };
  if (context.images.length < 2) return { model, readings: [null] };
  const m = model.bank.height;
  const name = 'patchcore/own';
  const one = function* (i: number): Needs<Detection> {
    const usable = (r: number): boolean => (r < m ? model.sources[r] !== i : model.sources[r - m] === i);
    const [rows] = yield* joinedRows([i], spec);
    return yield* judge(context, i, rows!, { ...model, bank }, name, usable);
  };
  return { model, readings: yield* ownReadings(name, bank, context.images.length, one) };
}

export const patchcore: Detector<PatchcoreOptions, PatchcoreModel> = {
  name: 'patchcore',
  dense: true,
  options: (given) => readOptions('patchcore', OPTIONS, given),
  learn,
  *open(model, prefix) {
    yield { do: 'keep', name: `${prefix}/bank`, rows: model.bank };
  },
  *detect(context, model, prefix) {
    const [rows] = yield* joinedRows([0], model.spec);
    const usable = (r: number): boolean => model.sources[r] !== context.without;
    return yield* judge(context, 0, rows!, model, `${prefix}/bank`, usable);
  },
  pack({ bank, sources, ...rest }): ProfileSection {
    return {
      facts: { ...rest, channels: bank.channels },
      arrays: { bank: bank.data, sources: Float32Array.from(sources) },
    };
  },
  unpack({ facts, arrays }) {
    const { channels, ...rest } = facts as Omit<PatchcoreModel, 'bank' | 'sources'> & { channels: number };
    return { ...rest, bank: bag(arrays.bank!, channels), sources: Int32Array.from(arrays.sources!) };
  },
};
