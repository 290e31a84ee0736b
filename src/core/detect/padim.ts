/**
 * PaDiM (2020; ALGORITHM 10): a Gaussian per place over the normals on randomly chosen channels, the Mahalanobis distance
 * to it as the map, its largest value as the score. Needs aligned products and more normals than it is worth below ten.
 */
import { LogsadError } from '../errors.ts';
import { bag, type Rows } from '../grid/cluster.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import type { CellSpec } from './cells.ts';
import type { DetectContext, Detection, Detector, Learning, Needs } from './detector.ts';
import { JOINED_OPTIONS, joinedRows, joinedSpec, largest, mapped } from './joined.ts';
import { type Options, readOptions } from './options.ts';
import { fitPlaces, leftOutAgain, leftOutDistances, type PlaceGaussians, placeDistances } from './placeGaussians.ts';

const OPTIONS = {
  ...JOINED_OPTIONS,
  channels: {
    is: 'number',
    low: 1,
    high: 550,
    whole: true,
    default: 50,
    about: 'channels drawn at random (the paper takes 100 to 550); memory grows with the square',
  },
  side: {
    is: 'number',
    low: 8,
    high: 128,
    whole: true,
    default: 56,
    about: 'cells per side, each with a Gaussian of its own',
  },
} as const;
export type PadimOptions = Options<typeof OPTIONS>;

/** Fewer normals have no spread. */
const LEAST = 2;

export interface PadimModel {
  readonly spec: CellSpec;
  readonly smooth: number;
  /** Columns of the joined rows that are used. */
  readonly columns: readonly number[];
  readonly places: PlaceGaussians;
}

function chosen(rows: Rows, columns: readonly number[]): Rows {
  const [c, d] = [rows.channels, columns.length];
  const data = new Float32Array(rows.height * d);
  for (let i = 0; i < rows.height; i++) for (let k = 0; k < d; k++) data[i * d + k] = rows.data[i * c + columns[k]!]!;
  return bag(data, d);
}

function detection(
  context: DetectContext,
  image: number,
  distances: Float32Array,
  model: Pick<PadimModel, 'spec' | 'smooth'>,
): Detection {
  const { map } = mapped(context, image, distances, model);
  return { reading: { score: largest(map.data) }, map };
}

function* learn(context: DetectContext, options: PadimOptions, random: Random): Needs<Learning<PadimModel>> {
  const n = context.images.length;
  if (n < LEAST) throw new LogsadError('DETECTOR_NORMALS', { detector: 'padim', needed: LEAST, found: n });
  const spec = joinedSpec(context, options.stages, { side: options.side, neighbourhood: 1 });
  const all = yield* joinedRows([...context.images.keys()], spec);
  const columns = random
    .shuffle(Array.from({ length: all[0]!.channels }, (_, k) => k))
    .slice(0, options.channels)
    .sort((a, b) => a - b);
  const images = all.map((rows) => chosen(rows, columns));
  const model: PadimModel = { spec, smooth: options.smooth, columns, places: fitPlaces(images) };
  const left = leftOutDistances(images);
  return { model, readings: images.map((_, i) => left && detection(context, i, left[i]!, model).reading) };
}

export const padim: Detector<PadimOptions, PadimModel> = {
  name: 'padim',
  dense: true,
  options: (given) => readOptions('padim', OPTIONS, given),
  learn,
  *open() {},
  *detect(context, model) {
    const [found] = yield* joinedRows([0], model.spec);
    const rows = chosen(found!, model.columns);
    // A normal seen again is judged by the Gaussians of the others; of two normals no other spread is left.
    const distances =
      context.without === undefined ? placeDistances(rows, model.places) : leftOutAgain(rows, model.places);
    return distances ? detection(context, 0, distances, model) : { reading: { score: 0 }, map: null };
  },
  pack({ places, ...rest }): ProfileSection {
    return { facts: { ...rest, n: places.n }, arrays: { means: places.means.data, factors: places.factors.data } };
  },
  unpack({ facts, arrays }) {
    const { n, ...rest } = facts as Omit<PadimModel, 'places'> & { n: number };
    const d = rest.columns.length;
    return { ...rest, places: { n, means: bag(arrays.means!, d), factors: bag(arrays.factors!, (d * (d + 1)) / 2) } };
  },
};
