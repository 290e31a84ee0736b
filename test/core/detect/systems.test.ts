/** The further detectors as detectors: learnt, packed, judged; on golden arrays where an image-text model would speak. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPrompts } from '../../../src/adapters/prompts.ts';
import { readTensors } from '../../../src/adapters/tensors.ts';
import { type Adapter, adaptersOf } from '../../../src/core/detect/adapters.ts';
import { aprilGan } from '../../../src/core/detect/aprilGan.ts';
import type { DetectContext, Detection, Detector, View } from '../../../src/core/detect/detector.ts';
import { DETECTORS } from '../../../src/core/detect/index.ts';
import { padim } from '../../../src/core/detect/padim.ts';
import { patchcore } from '../../../src/core/detect/patchcore.ts';
import type { PromptBook } from '../../../src/core/detect/prompts.ts';
import { bareScene } from '../../../src/core/detect/regions.ts';
import { spade } from '../../../src/core/detect/spade.ts';
import { winclip } from '../../../src/core/detect/winclip.ts';
import { winclipPlus } from '../../../src/core/detect/winclipPlus.ts';
import { LogsadError } from '../../../src/core/errors.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid, zeros } from '../../../src/core/grid/grid.ts';
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import { compileRules } from '../../../src/core/rules/index.ts';
import { absolute, relative } from '../../support/errors.ts';
import { npyFloats, npyRows } from '../../support/npy.ts';
import { type PlainImage, type PlainSight, runPlain } from '../../support/plainNeeds.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const SIDE = 64;
const STAGES = [
  { name: 's8', stride: 8, channels: 5 },
  { name: 's16', stride: 16, channels: 6 },
];
const file = (extra = '') =>
  compileRules(`schema: logsad/rules/v1\nproduct: glass-vial\n${extra}detectors: [patch]\n`, 'r.yaml').file;
const scene = (name: string, side = SIDE) =>
  bareScene(name, { imageWidth: side, imageHeight: side, box: [0, 0, 1, 1], width: side, height: side }, 4);

/** Smooth features that depend on the place, alike in all images, with noise; `odd` lifts one corner. */
function picture(random: Random, odd = false): PlainImage {
  const stages = Object.fromEntries(
    STAGES.map(({ name, stride, channels }): [string, FeatureGrid] => {
      const n = SIDE / stride;
      const out = zeros(n, n, channels);
      for (let i = 0; i < out.data.length; i++) {
        const [k, x, y] = [i % channels, Math.floor(i / channels) % n, Math.floor(i / channels / n)];
        const lifted = odd && x >= (3 * n) / 4 && y >= (3 * n) / 4 && k === 0 ? 3 : 0;
        out.data[i] =
          2 + Math.sin((k + 1) * (x / n + 0.3)) + Math.cos((k + 2) * (y / n)) + 0.05 * random.normal() + lifted;
      }
      return [name, out];
    }),
  );
  return { frame: { width: SIDE, height: SIDE }, stages };
}

const contextOf = (n: number, yaml = '', extra: Partial<DetectContext> = {}): DetectContext => ({
  file: file(yaml),
  images: Array.from({ length: n }, (_, i) => ({ frame: scene(`${i}`).frame, scene: scene(`${i}`) })),
  backbone: { id: 'made-up', stages: STAGES },
  groundChannels: [],
  masks: new Map(),
  ...extra,
});

/** Opens a model in the same session in which it judges: what is kept lives as long as a run. */
function* judged<M>(detector: Detector<unknown, M>, context: DetectContext, model: M) {
  yield* detector.open(model, 'test');
  return yield* detector.detect(context, model, 'test');
}

const dense = [patchcore, spade, padim] as unknown as readonly Detector<Record<string, unknown>, unknown>[];

describe.each(dense.map((d) => [d.name, d] as const))('%s', (name, detector) => {
  const random = createRandom(5);
  const normals = Array.from({ length: 8 }, () => picture(random));
  const given = { stages: ['s8', 's16'], ...(name === 'patchcore' ? { bank: 60 } : { side: 8 }) };
  const options = detector.options(given, file()) as Record<string, unknown>;
  const learnt = runPlain(detector.learn(contextOf(8), options, createRandom(1)), normals);
  const judge = (image: PlainImage, context = contextOf(1), model: unknown = learnt.model): Detection =>
    runPlain(judged(detector as Detector<unknown, unknown>, context, model), [image]);

  it('a defect scores above every normal, and its place is the brightest of the map', () => {
    const good = judge(picture(createRandom(99)));
    const { reading, map } = judge(picture(createRandom(98), true));
    const most = Math.max(...learnt.readings.map((r) => r!.score));
    expect(reading.score).toBeGreaterThan(1.2 * most);
    expect(good.reading.score).toBeLessThan(1.5 * most);
    expect([map!.width, map!.height]).toEqual([SIDE, SIDE]);
    const at = map!.data.indexOf(Math.max(...map!.data));
    expect([at % SIDE >= 40, Math.floor(at / SIDE) >= 40]).toEqual([true, true]);
  });

  it('a normal seen again is not compared with itself', () => {
    for (const [i, image] of normals.entries()) {
      const again = judge(image, contextOf(1, '', { without: i })).reading.score;
      const itself = judge(image).reading.score;
      expect(again).toBeGreaterThan(itself);
      // What it scored at learning; patchcore's bank then also held what would have stood in its place.
      if (name === 'patchcore') expect(again).toBeGreaterThanOrEqual(learnt.readings[i]!.score);
      else expect(Math.abs(again / learnt.readings[i]!.score - 1)).toBeLessThan(1e-3);
    }
  });

  it('a stored model judges alike', () => {
    const stored = JSON.parse(JSON.stringify(detector.pack(learnt.model).facts)) as unknown;
    const again = detector.unpack({ facts: stored, arrays: detector.pack(learnt.model).arrays });
    const image = picture(createRandom(7), true);
    expect(judge(image, contextOf(1), again)).toEqual(judge(image));
  });

  it('what the rule file ignores scores nothing', () => {
    const ignoring = contextOf(1, 'ignore: [{ box: [0.5, 0.5, 1, 1] }]\n');
    const { map } = judge(picture(createRandom(98), true), ignoring);
    expect(map!.data[SIDE * SIDE - 1]).toBeLessThan(1e-3);
  });

  it('a single normal has no reading, and nothing breaks', () => {
    const alone = () => runPlain(detector.learn(contextOf(1), options, createRandom(1)), normals.slice(0, 1));
    if (name === 'padim') expect(alone).toThrow(/at least 2 normals/);
    else expect(alone().readings).toEqual([null]);
  });

  it('unknown and impossible options are refused by name', () => {
    expect(() => detector.options({ bogus: 1 }, file())).toThrow(LogsadError);
    expect(() => detector.options({ smooth: -1 }, file())).toThrow(/smooth/);
  });
});

describe('leave-one-out', () => {
  const random = createRandom(11);
  const normals = Array.from({ length: 5 }, () => picture(random));
  it.each([
    ['spade', spade, 1e-5],
    ['padim', padim, 2e-3],
  ] as const)('%s judges a normal as a model learnt without it would', (_, found, tolerance) => {
    const detector = found as unknown as Detector<Record<string, unknown>, unknown>;
    const options = detector.options(
      { stages: ['s8', 's16'], side: 8, ...(detector.name === 'padim' ? { channels: 3 } : {}) },
      file(),
    ) as Record<string, unknown>;
    const { readings } = runPlain(detector.learn(contextOf(5), options, createRandom(1)), normals);
    for (const [i, image] of normals.entries()) {
      const others = normals.filter((_n, j) => j !== i);
      const { model } = runPlain(detector.learn(contextOf(4), options, createRandom(1)), others);
      const alone = runPlain(judged(detector as Detector<unknown, unknown>, contextOf(1), model), [image]);
      expect(Math.abs(readings[i]!.score / alone.reading.score - 1)).toBeLessThan(tolerance);
    }
  });
});

// --- image-text ------------------------------------------------------------------------------------------------------

const g = (folder: string, name: string): string => sharedPath('golden', folder, name);
const square = (rows: Float32Array, c: number, h: number, w: number): FeatureGrid => grid(rows, h, w, c);
const bag = (data: Float32Array, channels: number): Rows => ({
  data,
  height: data.length / channels,
  width: 1,
  channels,
});
const worst: Record<string, number> = {};
function near(what: string, error: number, tolerance: number): void {
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThan(tolerance);
}

describe.skipIf(shared('golden/winclip') === null)(
  'image-text detectors on golden arrays (needs ../shared/golden)',
  () => {
    const none = { frame: { width: SIDE, height: SIDE }, stages: {} };
    const books = readPrompts();
    const part = (name: string, i: number): Float32Array => {
      const { data, shape } = npyFloats(g('winclip', name));
      const each = data.length / shape[0]!;
      return data.slice(i * each, (i + 1) * each);
    };
    const view = (patches: Float32Array, two: Float32Array, three: Float32Array): View => ({
      embedding: npyFloats(g('winclip', 'image_embedding.npy')).data,
      windows: [bag(two, 24), bag(three, 24)],
      patches: square(patches, 32, 15, 15),
      stages: [],
      x: 0,
      y: 0,
      of: { width: 60, height: 60 },
      side: 60,
      crops: [],
    });
    const query = (): View =>
      view(
        npyFloats(g('winclip', 'patch_tokens.npy')).data,
        npyFloats(g('winclip', 'window_k2.npy')).data,
        npyFloats(g('winclip', 'window_k3.npy')).data,
      );
    const references = (): View[] =>
      [0, 1].map((i) =>
        view(part('ref_patch_tokens.npy', i), part('ref_window_k2.npy', i), part('ref_window_k3.npy', i)),
      );
    /** Class vectors as the embeddings of two prompts. */
    const texts = (folder: string) => npyRows(g(folder, 'text.npy'));
    const run = (
      detector: Detector<never, unknown>,
      given: object,
      normals: readonly View[],
      book: PromptBook,
      prompts: Rows,
    ) => {
      const options = detector.options(given as Record<string, unknown>, file()) as never;
      const sight: PlainSight = { views: normals.map((v) => [v]), say: () => prompts };
      const context = contextOf(normals.length, '', { prompts: book });
      const images = normals.map(() => none);
      const { model, readings } = runPlain(detector.learn(context, options, createRandom(1)), images, sight);
      const facts = JSON.parse(JSON.stringify(detector.pack(model).facts)) as unknown;
      const stored = detector.unpack({ facts, arrays: detector.pack(model).arrays });
      const seeing: PlainSight = { ...sight, views: [[query()]] };
      const found = runPlain(judged(detector as Detector<unknown, unknown>, contextOf(1), stored), [none], seeing);
      return { found, readings };
    };

    it.each([
      ['tau001', 0.01, 1e-4],
      ['tau007', 0.07, 1e-5],
    ] as const)('winclip and winclip-plus, %s', async (name, temperature, tolerance) => {
      const expected = JSON.parse(readFileSync(g('winclip', 'expected.json'), 'utf8'))[name];
      const given = { prompts: 'two-class', temperature };
      const book = await books;
      const zero = run(winclip as unknown as Detector<never, unknown>, given, [query()], book, texts('winclip'));
      near(`winclip ${name}`, Math.abs(zero.found.reading.score / expected.image_zero_shot - 1), tolerance);
      const few = run(winclipPlus as unknown as Detector<never, unknown>, given, references(), book, texts('winclip'));
      near(`winclip-plus ${name}`, Math.abs(few.found.reading.score / expected.image_few_shot - 1), tolerance);
      const up = npyFloats(g('winclip', `${name}.fused_arithmetic_up60.npy`)).data;
      near(`winclip-plus map ${name}`, relative(few.found.map!.data, up), tolerance);
      expect(few.readings.every((r) => r !== null && Number.isFinite(r.score))).toBe(true);
    });

    it('a lone reference has no reading of its own; ablations run and differ', async () => {
      const book = await books;
      const plus = winclipPlus as unknown as Detector<never, unknown>;
      const one = run(plus, { prompts: 'two-class' }, references().slice(0, 1), book, texts('winclip'));
      expect(one.readings).toEqual([null]);
      const scores = [
        {},
        { memories: ['patch'] },
        { memories: ['patch', 'mid'] },
        { scales: ['image'] },
        { scales: ['small', 'mid'] },
        { mean: 'arithmetic' },
        { prompts: 'one-class' },
      ].map((o) => {
        const { reading, map } = run(plus, { prompts: 'two-class', ...o }, references(), book, texts('winclip')).found;
        expect([...map!.data].every(Number.isFinite)).toBe(true);
        return `${reading.score}/${reading.peak}`;
      });
      expect(new Set(scores).size).toBe(scores.length);
    });

    it('april-gan: zero-shot and few-shot maps, score, layers that do not fit', async () => {
      const expected = JSON.parse(readFileSync(g('aprilgan', 'native.expected.json'), 'utf8'));
      const adapters = adaptersOf(
        readTensors(readFileSync(g('aprilgan', 'adapters.pth')), 'adapters.pth'),
      ) as Adapter[];
      const tokens = ['stage2', 'stage4', 'stage6', 'stage8_stock'].map((s) => {
        const { data } = npyFloats(sharedPath('golden', 'clip-tiny', 'golden', `native.${s}.npy`));
        return square(data.slice(64), 64, 8, 8);
      });
      const base = {
        embedding: npyFloats(sharedPath('golden', 'clip-tiny', 'golden', 'native.cls_embedding_stock.npy')).data,
        windows: [],
        patches: zeros(8, 8, 1),
        x: 0,
        y: 0,
        of: { width: 64, height: 64 },
        side: 64,
        crops: [],
      };
      const seen: View = { ...base, stages: tokens };
      const memory = [0, 1, 2, 3].map((s) => square(npyFloats(g('aprilgan', `native.memory${s}.npy`)).data, 64, 5, 8));
      const book = await books;
      const go = (references: number, layers: readonly Adapter[] = adapters): Detection => {
        const options = aprilGan.options({ adapters: 'a.pth', references, side: 64 }, file());
        const extra = { prompts: book, adapters: new Map([['a.pth', layers]]) };
        const sight: PlainSight = { views: [[{ ...base, stages: memory }]], say: () => sayLike(texts('aprilgan')) };
        const { model } = runPlain(aprilGan.learn(contextOf(1, '', extra), options, createRandom(1)), [none], sight);
        const facts = JSON.parse(JSON.stringify(aprilGan.pack(model).facts)) as unknown;
        const stored = aprilGan.unpack({ facts, arrays: aprilGan.pack(model).arrays });
        return runPlain(judged(aprilGan as unknown as Detector, contextOf(1), stored), [none], {
          ...sight,
          views: [[seen]],
        });
      };
      const zero = go(0);
      near(
        'april-gan zero-shot map',
        absolute(zero.map!.data, npyFloats(g('aprilgan', 'native.zero_shot_map.npy')).data),
        1e-4,
      );
      near('april-gan text', Math.abs(zero.reading.score - expected.text_probability), 1e-4);
      const few = go(1);
      near('april-gan final map', absolute(few.map!.data, npyFloats(g('aprilgan', 'native.final_map.npy')).data), 1e-4);
      near('april-gan score', Math.abs(few.reading.score - 0.5 * (expected.text_probability + expected.max_few)), 1e-4);
      expect(() => go(1, adapters.slice(1))).toThrow(/the model needs \[32, 64\]/);
      expect(() => aprilGan.options({}, file())).toThrow(/adapters/);
    });

    it('worst errors of the detectors', () => {
      const figures = Object.entries(worst).map(([k, v]) => `${k} ${v.toExponential(1)}`);
      process.stdout.write(`detectors on golden arrays: ${figures.join(', ')}\n`);
      expect(Object.keys(worst)).toHaveLength(10);
    });
  },
);

/** Two class vectors as the embeddings of all 245 normal and 175 anomalous prompts. */
function sayLike(texts: Rows): Rows {
  const d = texts.channels;
  const data = new Float32Array((245 + 175) * d);
  for (let i = 0; i < 420; i++) data.set(texts.data.subarray(i < 245 ? 0 : d, i < 245 ? d : 2 * d), i * d);
  return { data, height: 420, width: 1, channels: d };
}

describe('the list of detectors', () => {
  it('every name once; image-text ones are no dense ones', () => {
    const names = DETECTORS.map((d) => d.name);
    expect(new Set(names).size).toBe(names.length);
    for (const d of DETECTORS) expect(d.dense && d.imageText).toBeFalsy();
  });
});
