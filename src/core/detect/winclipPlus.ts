/**
 * WinCLIP+ (CVPR 2023, section 4.3; ALGORITHM 8.4): besides the words, the distance to the nearest of the normals' windows
 * and patches in three memories. M = (M_patch + M_small + M_mid) / 3, image score = (ascore0 + max M) / 2.
 */
import { bag, type Rows, stack } from '../grid/cluster.ts';
import { type FeatureGrid, grid } from '../grid/grid.ts';
import { unitRows } from '../grid/linear.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading } from '../scene.ts';
import {
  type DetectContext,
  type Detection,
  type Detector,
  type Learning,
  largestAnswer,
  type Needs,
  type View,
  viewsAnswer,
} from './detector.ts';
import { JOINED, largest } from './joined.ts';
import {
  classTexts,
  gridOfView,
  LANGUAGE_OPTIONS,
  type Language,
  languageOf,
  namesOf,
  readView,
  seeSpec,
} from './language.ts';
import { type Options, readOptions } from './options.ts';
import { associationDistance, joinTiles, meanOfScales, WINCLIP, windowMap } from './windows.ts';

const MEMORIES = ['patch', 'small', 'mid'] as const;
type Kind = (typeof MEMORIES)[number];

const OPTIONS = {
  ...LANGUAGE_OPTIONS,
  references: {
    is: 'number',
    low: 1,
    high: 10_000,
    whole: true,
    default: 8,
    about: 'normals kept in the memories, drawn by the seed (the paper: 1 to 8)',
  },
  memories: { is: 'texts', words: ['all'], default: 'all', about: 'memories: patch, small, mid, or all' },
  fuse: {
    is: 'word',
    words: ['arithmetic', 'harmonic'],
    default: 'arithmetic',
    about: 'how the maps of words and memories are averaged (the paper gives no formula)',
  },
} as const;
export type WinclipPlusOptions = Options<typeof OPTIONS>;

interface Memory {
  readonly kind: Kind;
  /** Unit rows of all references below one another, and how many each normal gave. */
  readonly rows: Rows;
  /** Index of the normal each row came from. */
  readonly sources: Int32Array;
}

export interface WinclipPlusModel {
  readonly language: Language;
  readonly texts: Rows;
  readonly memories: readonly Memory[];
  readonly harmonicFusion: boolean;
}

const sideOf = (kind: Kind): number => (kind === 'small' ? WINCLIP.windows[0] : WINCLIP.windows[1]);
const specOf = (language: Language, kinds: readonly Kind[]) =>
  seeSpec(language, kinds.filter((k) => k !== 'patch').map(sideOf));

/** Unit rows of one kind in a view. */
function rowsOf(view: View, kind: Kind, windows: readonly number[]): Rows {
  const { data, channels } = kind === 'patch' ? view.patches : view.windows[windows.indexOf(sideOf(kind))]!;
  return bag(unitRows(data, channels), channels);
}

/** The map of one view against the memories, without the rows of one normal; null where no row is left. */
function* associate(
  view: View,
  model: WinclipPlusModel,
  windows: readonly number[],
  kept: string,
  without: number | undefined,
): Needs<FeatureGrid | null> {
  const size = gridOfView(view);
  const maps: FeatureGrid[] = [];
  for (const { kind, sources } of model.memories) {
    const bias = Float32Array.from(sources, (s) => (s === without ? JOINED.hidden : 0));
    if (!bias.includes(0)) return null;
    const query = { rows: rowsOf(view, kind, windows) };
    const answer = largestAnswer(yield { do: 'nearest', query, bank: { kept: `${kept}/${kind}` }, bias });
    const distances = answer[0]!.map(associationDistance);
    maps.push(
      kind === 'patch'
        ? grid(distances, size.height, size.width)
        : windowMap(distances, size, sideOf(kind), model.language.harmonic),
    );
  }
  return meanOfScales(maps, size, false);
}

function* judge(
  views: readonly View[],
  model: WinclipPlusModel,
  kept: string,
  without: number | undefined,
): Needs<Detection | null> {
  const { windows } = specOf(
    model.language,
    model.memories.map((m) => m.kind),
  );
  const scores: number[] = [];
  const tiles: { x: number; y: number; of: View['of']; map: FeatureGrid }[] = [];
  for (const view of views) {
    const words = readView(view, model.texts, model.language, windows);
    const memory = yield* associate(view, model, windows, kept, without);
    if (!memory) return null;
    scores.push((words.score + largest(memory.data)) / 2);
    const map = meanOfScales([words.map, memory], gridOfView(view), model.harmonicFusion);
    tiles.push({ x: view.x, y: view.y, of: view.of, map });
  }
  const map = joinTiles(tiles, views[0]!.side);
  const score = scores.reduce((a, b) => a + b) / scores.length;
  return { reading: { score, peak: largest(map.data) }, map };
}

function* keep(model: WinclipPlusModel, prefix: string): Needs<void> {
  for (const { kind, rows } of model.memories) yield { do: 'keep', name: `${prefix}/${kind}`, rows };
}

function* learn(
  context: DetectContext,
  options: WinclipPlusOptions,
  random: Random,
): Needs<Learning<WinclipPlusModel>> {
  const language = languageOf('winclip-plus', options);
  const kinds = namesOf('winclip-plus', 'memories', options.memories, MEMORIES);
  const texts = yield* classTexts(context, options);
  const spec = specOf(language, kinds);
  const n = context.images.length;
  const views: (readonly View[])[] = [];
  for (let image = 0; image < n; image++) views.push(viewsAnswer(yield { do: 'see', image, ...spec }));
  const all = Array.from({ length: n }, (_, i) => i);
  const references = random
    .shuffle(all)
    .slice(0, options.references)
    .sort((a, b) => a - b);
  const memories = kinds.map((kind): Memory => {
    const bags = references.flatMap((i) => views[i]!.map((v) => ({ i, rows: rowsOf(v, kind, spec.windows) })));
    const sources = Int32Array.from(bags.flatMap((b) => Array.from({ length: b.rows.height }, () => b.i)));
    return { kind, rows: stack(bags.map((b) => b.rows)), sources };
  });
  const model = { language, texts, memories, harmonicFusion: options.fuse === 'harmonic' };
  const own = 'winclip-plus/own';
  yield* keep(model, own);
  const readings: (DetectorReading | null)[] = [];
  for (const [i, v] of views.entries()) readings.push((yield* judge(v, model, own, i))?.reading ?? null);
  for (const kind of kinds) yield { do: 'drop', name: `${own}/${kind}` };
  return { model, readings };
}

interface Facts extends Omit<WinclipPlusModel, 'texts' | 'memories'> {
  readonly channels: number;
  readonly memories: readonly { readonly kind: Kind; readonly channels: number }[];
}

export const winclipPlus: Detector<WinclipPlusOptions, WinclipPlusModel> = {
  name: 'winclip-plus',
  dense: false,
  imageText: true,
  options: (given) => {
    const options = readOptions('winclip-plus', OPTIONS, given);
    languageOf('winclip-plus', options);
    namesOf('winclip-plus', 'memories', options.memories, MEMORIES);
    return options;
  },
  learn,
  open: keep,
  *detect(context, model, prefix) {
    const kinds = model.memories.map((m) => m.kind);
    const views = viewsAnswer(yield { do: 'see', image: 0, ...specOf(model.language, kinds) });
    const found = yield* judge(views, model, prefix, context.without);
    return found ?? { reading: { score: 0 }, map: null };
  },
  pack({ texts, memories, ...rest }): ProfileSection {
    const arrays: Record<string, Float32Array> = { texts: texts.data };
    for (const { kind, rows, sources } of memories) {
      arrays[kind] = rows.data;
      arrays[`${kind}Sources`] = Float32Array.from(sources);
    }
    const kinds = memories.map(({ kind, rows }) => ({ kind, channels: rows.channels }));
    return { facts: { ...rest, channels: texts.channels, memories: kinds } satisfies Facts, arrays };
  },
  unpack({ facts, arrays }) {
    const { channels, memories, ...rest } = facts as Facts;
    return {
      ...rest,
      texts: bag(arrays.texts!, channels),
      memories: memories.map(
        ({ kind, channels: c }): Memory => ({
          kind,
          rows: bag(arrays[kind]!, c),
          sources: Int32Array.from(arrays[`${kind}Sources`]!),
        }),
      ),
    };
  },
};
