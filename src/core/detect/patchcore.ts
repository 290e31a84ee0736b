/**
 * PatchCore (CVPR 2022; ALGORITHM 10): distance of every cell to the nearest of a coreset of the normals' cells, the image
 * score reweighted by how lonely that nearest row is. Beyond the paper: features of the installed dense backbone, unit per
 * stage; normals are judged with their own rows hidden and stand-ins shown, as in `patch`.
 */
import { bag, pickRows, type Rows, stack } from '../grid/cluster.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading } from '../scene.ts';
import { candidatesOf, chooseRows } from './bank.ts';
import type { CellSpec } from './cells.ts';
import { COVER, halfNorms, projectRows } from './cover.ts';
import {
  type DetectContext,
  type Detection,
  type Detector,
  type Learning,
  largestAnswer,
  type Needs,
} from './detector.ts';
import { distancesOf, reweighted } from './euclid.ts';
import {
  counted,
  countedCells,
  frameMap,
  gridOf,
  JOINED,
  JOINED_OPTIONS,
  joinedRows,
  joinedRowsOfAll,
  joinedSpec,
  largest,
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
  const { frame } = context.images[image]!;
  const size = gridOf(frame, model.spec);
  const bias = halfNorms(model.bank).map((v, r) => (usable(r) ? v : JOINED.hidden));
  const answer = largestAnswer(yield { do: 'nearest', query: { rows }, bank: { kept }, bias });
  const distances = counted(distancesOf(rows, answer[0]!), countedCells(context, image, size));
  const map = frameMap(distances, size, frame, model.smooth);
  const { score } = reweighted(rows, distances, model.bank, model.neighbours, usable);
  return { reading: { score, peak: largest(map.data) }, map };
}

function* learn(context: DetectContext, options: PatchcoreOptions, random: Random): Needs<Learning<PatchcoreModel>> {
  const spec = joinedSpec(context, options.stages, { side: null, neighbourhood: 3 });
  const perImage = yield* joinedRowsOfAll(context, spec);
  const cells = context.images.map(({ frame }, i) => countedCells(context, i, gridOf(frame, spec)));
  const candidates = candidatesOf(
    perImage.map((r) => [r]),
    cells,
    LIMITS.candidates,
  );
  const points = projectRows(candidates.stages, COVER.projected, random);
  const found = yield* chooseRows(points, candidates.sources, options.bank, random.int(points.height), LIMITS.hidden);
  const all = candidates.stages[0]!;
  const model: PatchcoreModel = {
    spec,
    neighbours: options.neighbours,
    smooth: options.smooth,
    bank: pickRows(all, found.indices),
    sources: Int32Array.from(found.indices, (i) => candidates.sources[i]!),
  };
  if (context.images.length < 2) return { model, readings: [null] };
  // Behind the bank stand the rows of other images that would have been chosen in the place of each.
  const bank = found.substitutes ? stack([model.bank, pickRows(all, found.substitutes)]) : model.bank;
  const m = model.bank.height;
  const name = 'patchcore/own';
  yield { do: 'keep', name, rows: bank };
  const readings: DetectorReading[] = [];
  for (const [i, rows] of perImage.entries()) {
    const usable = (r: number): boolean => (r < m ? model.sources[r] !== i : model.sources[r - m] === i);
    readings.push((yield* judge(context, i, rows, { ...model, bank }, name, usable)).reading);
  }
  yield { do: 'drop', name };
  return { model, readings };
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
    const rows = yield* joinedRows(0, model.spec);
    const usable = (r: number): boolean => model.sources[r] !== context.without;
    return yield* judge(context, 0, rows, model, `${prefix}/bank`, usable);
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
