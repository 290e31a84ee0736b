/** The options and the model of patch matching, which rows of its bank count, and its place in a profile. */
import { bag, type Rows } from '../grid/cluster.ts';
import type { ProfileSection } from '../profile.ts';
import type { CellScale, CellSpec, Pool } from './cells.ts';
import { DENSE_OPTIONS, type Options } from './options.ts';
import type { Place } from './places.ts';

export const PATCH = {
  /** Pixels per cell of the common grid; coarser stages are interpolated, finer ones averaged. */
  stride: 8,
  /** More candidate cells than this are thinned evenly before the coreset: 150 normals of 40 x 80 cells stay whole. */
  candidates: 2 ** 19,
  /** Normals whose raw stages give the channel statistics. */
  scaleImages: 8,
  /** Added to the product with a row that must not be used; cosines and positional terms stay far above. */
  hidden: -64,
  /** Cells per side of the published grid, and its share of rows kept (ALGORITHM 3). */
  paperSide: 64,
  /** A variant with fewer normals is matched against the whole bank. */
  variantMinN: 8,
} as const;

export const PATCH_OPTIONS = {
  pool: {
    is: 'word',
    words: ['max', 'topQ'],
    default: 'topQ',
    about: 'largest distance, or mean of the largest share q',
  },
  q: { is: 'number', low: 0.0001, high: 1, default: 0.01, about: 'the share of topQ' },
  ...DENSE_OPTIONS,
  bank: { is: 'number', low: 1, high: 1e6, whole: true, default: 4096, about: 'rows of the bank' },
  position: {
    is: 'word',
    words: ['free', 'term', 'window'],
    default: 'free',
    about:
      'window: cells are compared with those near the same place of the product alone; term: the farther, the less alike',
  },
  window: {
    is: 'number',
    low: 0.02,
    high: 1,
    default: 0.1,
    about: 'how far at least a window reaches to either side, in long sides; at most twice as far',
  },
  weight: {
    is: 'number',
    low: 0,
    high: 100,
    default: 1,
    about: 'weight of the positional term: half its square per long side squared',
  },
  neighbourhood: {
    is: 'number',
    low: 1,
    high: 3,
    whole: true,
    default: 1,
    about: 'side of the averaged neighbourhood, 1 or 3',
  },
  standardise: { is: 'boolean', default: true, about: 'z-score channels by the normals' },
  region: { is: 'word', words: [''], other: true, default: '', about: 'score this region alone' },
  variants: {
    is: 'boolean',
    default: true,
    about: 'match each variant against its own rows, where it has enough normals',
  },
  alter: {
    is: 'boolean',
    default: true,
    about: 'also look at some normals in slightly other focus and light, and leave room for it in the border',
  },
  preset: { is: 'word', words: ['', 'paper'], default: '', about: 'paper: exactly ALGORITHM 3' },
} as const;
export type PatchOptions = Options<typeof PATCH_OPTIONS>;

export interface PatchModel {
  readonly spec: CellSpec;
  readonly scales: readonly CellScale[];
  /** Per stage `[m, 1, c (+ 4)]`. */
  readonly bank: readonly Rows[];
  /** Which normal each row came from. */
  readonly sources: Int32Array;
  /** Variant of each normal, where variants have banks of their own. */
  readonly variants: readonly (string | null)[] | null;
  readonly pool: Pool;
  readonly place: Place | null;
  readonly region: string;
  /** Distance of the worst served candidate to the bank in the projected space: how finely the bank covers the normals. */
  readonly radius: number;
}

/** What `preset: paper` fixes. */
export const PAPER: Partial<Record<keyof PatchOptions, string | number | boolean>> = {
  pool: 'max',
  position: 'free',
  neighbourhood: 1,
  standardise: false,
  variants: false,
  alter: false,
};

/** What is added to every bank row: hides the rows of one normal, and those of other variants where this one has enough. */
export function biasOf(
  model: Pick<PatchModel, 'sources' | 'variants'>,
  variant: string | null,
  without?: number,
): Float32Array {
  const { sources, variants } = model;
  const bias = new Float32Array(sources.length);
  const same = variants && variant !== null ? variants.filter((v, i) => v === variant && i !== without).length : 0;
  const own = same >= PATCH.variantMinN;
  for (let r = 0; r < bias.length; r++) {
    const source = sources[r]!;
    if (source === without || (own && variants![source] !== variant)) bias[r] = PATCH.hidden;
  }
  return bias;
}

interface Facts extends Omit<PatchModel, 'scales' | 'bank' | 'sources'> {
  readonly channels: readonly number[];
}

export function packPatch({ scales, bank, sources, ...rest }: PatchModel): ProfileSection {
  const arrays: Record<string, Float32Array> = { sources: Float32Array.from(sources) };
  bank.forEach((rows, s) => {
    arrays[`bank${s}`] = rows.data;
  });
  scales.forEach(({ mean, scale }, s) => {
    arrays[`mean${s}`] = mean;
    arrays[`scale${s}`] = scale;
  });
  return { facts: { ...rest, channels: bank.map((b) => b.channels) } satisfies Facts, arrays };
}

export function unpackPatch({ facts, arrays }: ProfileSection): PatchModel {
  const { channels, ...rest } = facts as Facts;
  const bank = channels.map((c, s) => bag(arrays[`bank${s}`]!, c));
  const scales = rest.spec.standardise
    ? channels.map((_, s) => ({ mean: arrays[`mean${s}`]!, scale: arrays[`scale${s}`]! }))
    : [];
  return { ...rest, bank, scales, sources: Int32Array.from(arrays.sources!) };
}
