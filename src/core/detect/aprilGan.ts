/**
 * APRIL-GAN (VAND 2023; ALGORITHM 9): the adapted patch tokens of four stages against two texts (zero-shot), plus the
 * distance of the raw tokens to those of some normals (few-shot). The published image score scales the largest few-shot
 * value over the whole test set, which no single image can know: here the largest value that a normal reaches without
 * itself stands for 1.
 */
import { LogsadError } from '../errors.ts';
import { bag, type Rows, stack } from '../grid/cluster.ts';
import type { FeatureGrid } from '../grid/grid.ts';
import { unitRows } from '../grid/linear.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading } from '../scene.ts';
import { type Adapter, APRIL, adapterLogits, adapterMap, memoryMap, withBias } from './adapters.ts';
import {
  type DetectContext,
  type Detector,
  type Learning,
  largestAnswer,
  type Needs,
  productsAnswer,
  type SeeSpec,
  type View,
  viewsAnswer,
} from './detector.ts';
import { JOINED, largest } from './joined.ts';
import { listOf, sayClasses } from './language.ts';
import { type Options, readOptions } from './options.ts';
import { composePrompts, objectOf } from './prompts.ts';
import { textScores, WINCLIP } from './windows.ts';

const OPTIONS = {
  adapters: {
    is: 'word',
    words: [''],
    other: true,
    default: '',
    about: 'file of the linear layers, .pth or .safetensors, beside the rule file',
  },
  references: {
    is: 'number',
    low: 0,
    high: 1000,
    whole: true,
    default: 4,
    about: 'normals kept in the memory, drawn by the seed; 0: zero-shot',
  },
  side: { is: 'number', low: 16, high: 2048, whole: true, default: APRIL.side, about: 'pixels of the square' },
} as const;
export type AprilGanOptions = Options<typeof OPTIONS>;

export interface AprilGanModel {
  readonly side: number;
  readonly texts: Rows;
  readonly adapters: readonly Adapter[];
  /** Unit raw tokens of the references per stage; none for zero-shot. */
  readonly memory: readonly Rows[];
  readonly sources: Int32Array;
  /** Largest few-shot value that a normal reaches without itself. */
  readonly scale: number;
}

const specOf = (side: number): SeeSpec => ({ side, fit: 'warp', windows: [], stages: true, crops: false });

const tokensOf = ({ data, channels }: FeatureGrid, unit: boolean): Rows => ({
  data: unit ? unitRows(data, channels) : data,
  height: data.length / channels,
  width: 1,
  channels,
});

function checkFit(adapters: readonly Adapter[], view: View, texts: Rows, path: string): void {
  const found = adapters.map((a) => `[${a.weight.height}, ${a.weight.channels}]`).join(', ');
  const wanted = view.stages.map((s) => `[${texts.channels}, ${s.channels}]`).join(', ');
  if (found !== wanted)
    throw new LogsadError('ADAPTERS_INVALID', { path, reason: `its layers are ${found}, the model needs ${wanted}` });
}

interface Read {
  readonly text: number;
  readonly map: FeatureGrid;
  /** Largest value of the few-shot map, null without a memory to compare with. */
  readonly few: number | null;
}

function* read(view: View, model: AprilGanModel, kept: string, without: number | undefined): Needs<Read> {
  const { width, height } = view.stages[0]!;
  const size = { width: view.side, height: view.side };
  const embedding = { data: view.embedding, height: 1, width: 1, channels: view.embedding.length };
  const text = textScores(embedding, model.texts, WINCLIP.temperature)[0]!;
  const logits: Float32Array[] = [];
  for (const [s, stage] of view.stages.entries()) {
    const a = { rows: tokensOf(stage, false) };
    const products = productsAnswer(yield { do: 'products', a, b: { kept: `${kept}/fc${s}` } });
    logits.push(adapterLogits(withBias(products, model.adapters[s]!.bias), model.texts));
  }
  const zero = adapterMap(logits, { width, height }, size);
  const bias = Float32Array.from(model.sources, (s) => (s === without ? JOINED.hidden : 0));
  if (!bias.includes(0)) return { text, map: zero, few: null };
  const cosines: Float32Array[] = [];
  for (const [s, stage] of view.stages.entries()) {
    const query = { rows: tokensOf(stage, true) };
    cosines.push(largestAnswer(yield { do: 'nearest', query, bank: { kept: `${kept}/memory${s}` }, bias })[0]!);
  }
  const few = memoryMap(cosines, { width, height }, size);
  const both = { ...zero, data: zero.data.map((v, i) => v + few.data[i]!) };
  return { text, map: both, few: largest(few.data) };
}

/** Zero-shot the global embedding alone decides; few-shot it and the worst place have the same say. */
function readingOf({ text, map, few }: Read, scale: number): DetectorReading {
  return { score: few === null ? text : 0.5 * (text + few / scale), peak: largest(map.data) };
}

function* keep(model: AprilGanModel, prefix: string): Needs<void> {
  for (const [s, a] of model.adapters.entries()) yield { do: 'keep', name: `${prefix}/fc${s}`, rows: a.weight };
  for (const [s, rows] of model.memory.entries()) yield { do: 'keep', name: `${prefix}/memory${s}`, rows };
}

function* learn(context: DetectContext, options: AprilGanOptions, random: Random): Needs<Learning<AprilGanModel>> {
  const adapters = context.adapters?.get(options.adapters);
  if (!adapters) throw new LogsadError('ADAPTERS_INVALID', { path: options.adapters, reason: 'it was not read' });
  const { file } = context;
  const texts = yield* sayClasses(composePrompts(listOf(context, 'april-gan'), objectOf(file), file.states), 'unit');
  const n = context.images.length;
  const references = random
    .shuffle(Array.from({ length: n }, (_, i) => i))
    .slice(0, options.references)
    .sort((a, b) => a - b);
  const bags: Rows[][] = [];
  const sources: number[] = [];
  for (const image of references) {
    const view = viewsAnswer(yield { do: 'see', image, ...specOf(options.side) })[0]!;
    checkFit(adapters, view, texts, options.adapters);
    bags.push(view.stages.map((s) => tokensOf(s, true)));
    for (let i = 0; i < bags[0]![0]!.height; i++) sources.push(image);
  }
  const memory = bags.length > 0 ? bags[0]!.map((_, s) => stack(bags.map((b) => b[s]!))) : [];
  const model = { side: options.side, texts, adapters, memory, sources: Int32Array.from(sources), scale: 1 };
  const own = 'april-gan/own';
  yield* keep(model, own);
  const found: Read[] = [];
  for (let image = 0; image < n; image++) {
    const view = viewsAnswer(yield { do: 'see', image, ...specOf(options.side) })[0]!;
    checkFit(adapters, view, texts, options.adapters);
    found.push(yield* read(view, model, own, image));
  }
  for (const s of adapters.keys()) yield { do: 'drop', name: `${own}/fc${s}` };
  for (const s of memory.keys()) yield { do: 'drop', name: `${own}/memory${s}` };
  const scale = Math.max(...found.map((f) => f.few ?? 0)) || 1;
  // A lone reference has nothing to be compared with but itself.
  const readings = found.map((f) => (memory.length > 0 && f.few === null ? null : readingOf(f, scale)));
  return { model: { ...model, scale }, readings };
}

interface Facts extends Pick<AprilGanModel, 'side' | 'scale'> {
  readonly channels: number;
  readonly widths: readonly number[];
}

export const aprilGan: Detector<AprilGanOptions, AprilGanModel> = {
  name: 'april-gan',
  dense: false,
  imageText: true,
  options: (given) => {
    const options = readOptions('april-gan', OPTIONS, given);
    if (options.adapters !== '') return options;
    throw new LogsadError('DETECTOR_OPTION', {
      detector: 'april-gan',
      option: 'adapters',
      expected: 'a file of trained linear layers beside the rule file (make one with: logsad adapters train)',
      found: 'none',
      example: 'adapters: adapters.safetensors',
    });
  },
  learn,
  open: keep,
  *detect(context, model, prefix) {
    const view = viewsAnswer(yield { do: 'see', image: 0, ...specOf(model.side) })[0]!;
    const found = yield* read(view, model, prefix, context.without);
    return { reading: readingOf(found, model.scale), map: found.map };
  },
  pack({ texts, adapters, memory, sources, side, scale }): ProfileSection {
    const arrays: Record<string, Float32Array> = { texts: texts.data, sources: Float32Array.from(sources) };
    adapters.forEach(({ weight, bias }, s) => {
      arrays[`weight${s}`] = weight.data;
      arrays[`bias${s}`] = bias;
    });
    memory.forEach((rows, s) => {
      arrays[`memory${s}`] = rows.data;
    });
    const widths = adapters.map((a) => a.weight.channels);
    return { facts: { side, scale, channels: texts.channels, widths } satisfies Facts, arrays };
  },
  unpack({ facts, arrays }) {
    const { side, scale, channels, widths } = facts as Facts;
    return {
      side,
      scale,
      texts: bag(arrays.texts!, channels),
      adapters: widths.map((c, s) => ({ weight: bag(arrays[`weight${s}`]!, c), bias: arrays[`bias${s}`]! })),
      memory: arrays.memory0 ? widths.map((c, s) => bag(arrays[`memory${s}`]!, c)) : [],
      sources: Int32Array.from(arrays.sources!),
    };
  },
};
