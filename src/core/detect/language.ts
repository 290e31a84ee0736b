/**
 * The half of WinCLIP that compares with words (its sections 4.1 and 4.2), shared by the zero-shot detector and WinCLIP+:
 * options, the two class vectors, and per view the image score and the map over windows.
 */
import { LogsadError } from '../errors.ts';
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, grid } from '../grid/grid.ts';
import type { GridSize } from './cells.ts';
import { type DetectContext, type Needs, type SeeSpec, textsAnswer, type View } from './detector.ts';
import { type ClassPrompts, classVectors, composePrompts, objectOf, type PromptList } from './prompts.ts';
import { meanOfScales, oneClassScores, textScores, WINCLIP, windowMap } from './windows.ts';

/** The rows of WinCLIP's Table 3: each adds to the one before it. */
const PROMPTS = ['one-class', 'two-class', 'states', 'ensemble'] as const;
const SCALES = ['image', 'small', 'mid'] as const;

export const LANGUAGE_OPTIONS = {
  prompts: {
    is: 'word',
    words: PROMPTS,
    default: 'ensemble',
    about: 'ensemble: states x templates (CPE); states: one template; two-class, one-class: CLIP-AC',
  },
  scales: {
    is: 'texts',
    words: ['all'],
    default: 'all',
    about: 'scales of the map: image, small (2 x 2 patches), mid (3 x 3), or all',
  },
  mean: {
    is: 'word',
    words: ['harmonic', 'arithmetic'],
    default: 'harmonic',
    about: 'how windows and scales are averaged',
  },
  crops: { is: 'boolean', default: true, about: 'multi-crop: the image score averages the four corner crops too' },
  temperature: { is: 'number', low: 1e-4, high: 10, default: WINCLIP.temperature, about: 'tau of the softmax' },
  average: {
    is: 'word',
    words: ['unit', 'raw'],
    default: 'unit',
    about: 'prompts are averaged with unit length, or as they come',
  },
  side: { is: 'number', low: 0, high: 2048, whole: true, default: 0, about: 'pixels of a tile; 0: of the model' },
} as const;

export interface LanguageOptions {
  readonly prompts: string;
  readonly scales: string | readonly string[];
  readonly mean: string;
  readonly crops: boolean;
  readonly temperature: number;
  readonly average: string;
  readonly side: number;
}

/** What of the options a learnt model needs; scales in the order image, small, mid. */
export interface Language {
  readonly scales: readonly (typeof SCALES)[number][];
  readonly harmonic: boolean;
  readonly crops: boolean;
  readonly temperature: number;
  readonly side: number | null;
  readonly oneClass: boolean;
}

/** Lists named in an option, checked against what there is. @throws LogsadError DETECTOR_OPTION */
export function namesOf<T extends string>(
  detector: string,
  option: string,
  given: string | readonly string[],
  known: readonly T[],
): readonly T[] {
  if (typeof given === 'string') return known;
  const odd = given.filter((g) => !(known as readonly string[]).includes(g));
  if (odd.length > 0)
    throw new LogsadError('DETECTOR_OPTION', {
      detector,
      option,
      expected: `all or a list of ${known.join(', ')}`,
      found: odd.join(', '),
      example: `${option}: [${known.join(', ')}]`,
    });
  return known.filter((k) => given.includes(k));
}

export function languageOf(detector: string, o: LanguageOptions): Language {
  return {
    scales: namesOf(detector, 'scales', o.scales, SCALES),
    harmonic: o.mean === 'harmonic',
    crops: o.crops,
    temperature: o.temperature,
    side: o.side > 0 ? o.side : null,
    oneClass: o.prompts === 'one-class',
  };
}

/** How an image must be seen; `memories`: window sizes that are wanted besides those of the scales. */
export function seeSpec({ scales, crops, side }: Language, memories: readonly number[] = []): SeeSpec {
  const sizes = WINCLIP.windows.filter((k, i) => scales.includes(SCALES[i + 1]!) || memories.includes(k));
  return { side, fit: 'tiles', windows: sizes, stages: false, crops };
}

/** A list of `prompts/`. @throws TypeError where none were handed over: the composer forgot them */
export function listOf(context: DetectContext, name: string): PromptList {
  const list = context.prompts?.[name];
  if (!list) throw new TypeError(`detector: no prompt list '${name}' was handed over`);
  return list;
}

function promptsFor(context: DetectContext, prompts: string): ClassPrompts {
  const object = objectOf(context.file);
  const plain = listOf(context, 'clip-ac');
  if (prompts === 'one-class' || prompts === 'two-class') return composePrompts(plain, object);
  const list = listOf(context, 'winclip');
  const templates = prompts === 'states' ? plain.templates : list.templates;
  return composePrompts({ ...list, templates }, object, context.file.states);
}

/** Unit class vectors, normal then anomalous, `[2, 1, d]`. */
export function* sayClasses(prompts: ClassPrompts, average: 'unit' | 'raw'): Needs<Rows> {
  const texts = textsAnswer(yield { do: 'say', prompts: [...prompts.normal, ...prompts.anomalous] });
  return classVectors(texts, [prompts.normal.length, prompts.anomalous.length], average);
}

/** The class vectors that the options of WinCLIP ask for. */
export function* classTexts(context: DetectContext, o: LanguageOptions): Needs<Rows> {
  return yield* sayClasses(promptsFor(context, o.prompts), o.average === 'raw' ? 'raw' : 'unit');
}

export const gridOfView = ({ patches }: View): GridSize => ({ width: patches.width, height: patches.height });

const single = (embedding: Float32Array): Rows => ({
  data: embedding,
  height: 1,
  width: 1,
  channels: embedding.length,
});

/**
 * Image score (mean over the view and its crops) and map of one view (ALGORITHM 8.3).
 * @param windows the sizes that `view.windows` has, in its order
 */
export function readView(
  view: View,
  texts: Rows,
  language: Language,
  windows: readonly number[],
): { score: number; map: FeatureGrid } {
  const ascore = (rows: Rows): Float64Array =>
    language.oneClass ? oneClassScores(rows, texts) : textScores(rows, texts, language.temperature);
  const [whole, ...crops] = [view.embedding, ...view.crops].map((e) => ascore(single(e))[0]!);
  const size = gridOfView(view);
  const maps: (FeatureGrid | number)[] = language.scales.includes('image') ? [whole!] : [];
  for (const [i, k] of WINCLIP.windows.entries()) {
    const at = windows.indexOf(k);
    if (!language.scales.includes(SCALES[i + 1]!) || at < 0) continue;
    maps.push(windowMap(ascore(view.windows[at]!), size, k, language.harmonic));
  }
  const score = [whole!, ...crops].reduce((s, v) => s + v, 0) / (1 + crops.length);
  return { score, map: maps.length > 0 ? meanOfScales(maps, size, language.harmonic) : constant(whole!, size) };
}

const constant = (v: number, { width, height }: GridSize): FeatureGrid =>
  grid(new Float32Array(width * height).fill(v), height, width);
