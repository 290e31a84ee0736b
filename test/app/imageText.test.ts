/**
 * Detectors that need an image-text model, through the real child, with a model made up here: patch tokens are patch
 * colours in a fixed random basis, and "anomalous" texts point where bright red patches lie. What is proved is the
 * plumbing: tiles, windows, memories, adapters, files, stale models; the arithmetic is proved on goldens elsewhere.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import { type DetectorsInput, learnDetectors, openDetectors } from '../../src/app/detect.ts';
import type { Deps } from '../../src/app/learn.ts';
import type { Backbones, ImageTextModel, Inference, Tensor } from '../../src/app/ports.ts';
import { trainOnImages } from '../../src/app/trainOnImages.ts';
import { bareScene } from '../../src/core/detect/regions.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import type { RgbImage } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { compileRules } from '../../src/core/rules/index.ts';

const [WIDTH, HEIGHT, PATCH, SIDE, D] = [160, 96, 8, 48, 6];

/** Mean colour of every patch minus the common grey, `[n][3]`. */
function colours({ data, width, height }: RgbImage): number[][] {
  const [nx, ny] = [width / PATCH, height / PATCH];
  return Array.from({ length: nx * ny }, (_, p) => {
    const sum = [0, 0, 0];
    for (let i = 0; i < PATCH * PATCH; i++) {
      const [x, y] = [(p % nx) * PATCH + (i % PATCH), Math.floor(p / nx) * PATCH + Math.floor(i / PATCH)];
      for (let c = 0; c < 3; c++) sum[c]! += data[3 * (y * width + x) + c]! / (255 * PATCH * PATCH);
    }
    return sum;
  });
}

const embedded = (rows: readonly (readonly number[])[]): Rows => ({
  data: Float32Array.from(rows.flatMap(([r, g, b]) => [1, r! - g!, g! - b!, r!, g!, b!])),
  height: rows.length,
  width: 1,
  channels: D,
});

const GRAPH = 'made-up';
const PROMISED = { headGraph: '', multiple: PATCH, dimension: D, stages: ['a', 'b', 'c', 'd'] } as const;

/** The model as the port wants it; its graphs are names that `inference` below computes. */
const model = (digest = 'one'): ImageTextModel => ({
  ...PROMISED,
  id: 'made-up',
  digest,
  size: SIDE,
  patch: PATCH,
  graph: GRAPH,
  stages: PROMISED.stages.map((name) => ({ name, stride: PATCH, channels: D })),
  at: async () => GRAPH,
  windows: async () => GRAPH,
  async embed(prompts) {
    const anomalous = (p: string): boolean => /damaged|broken|with (flaw|defect|damage)|scratched/.test(p);
    return embedded(prompts.map((p) => (anomalous(p) ? [0.95, 0.1, 0.1] : [0.5, 0.5, 0.5])));
  },
});

/** The real child, but for programs of the made-up model. */
const inferenceWith = (host: InferenceHost): Inference => ({
  threads: 1,
  load: (id, source) => host.load(id, source),
  put: (name, tensor) => host.put(name, tensor),
  drop: (name) => host.drop(name),
  async run(steps, fetch, options) {
    if (steps[0]!.graph !== GRAPH) return host.run(steps, fetch, options);
    const { dims, data } = steps[0]!.feeds.image as Tensor;
    const all = colours({ data: data as Uint8Array, height: dims[1]!, width: dims[2]!, channels: 3 });
    const n = dims[2]! / PATCH;
    const mean = (list: readonly number[]): number[] =>
      [0, 1, 2].map((c) => list.reduce((s, i) => s + all[i]![c]!, 0) / list.length);
    return fetch.map(([step, name]): Tensor => {
      if (name !== 'embedding') return { dims: [1, n, n, D], data: embedded(all).data };
      if (step === 0) return { dims: [1, D], data: embedded([mean(all.map((_, i) => i))]).data };
      const windows = steps[step]!.feeds.windows as Tensor;
      const count = windows.dims[1]!;
      const rows = Array.from({ length: windows.dims[0]! }, (_, w) =>
        mean(
          Array.from((windows.data as BigInt64Array).subarray(w * count + 1, (w + 1) * count), (t) => Number(t) - 1),
        ),
      );
      return { dims: [rows.length, D], data: embedded(rows).data };
    });
  },
  [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
});

/** Grey with a little noise; `red` paints a square. */
function picture(seed: number, red = false): RgbImage {
  const random = createRandom(seed);
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    const odd = red && x >= 112 && x < 136 && y >= 32 && y < 64;
    const v = 120 + random.int(12);
    data.set(odd ? [240, 30, 30] : [v, v, v], 3 * i);
  }
  return { data, height: HEIGHT, width: WIDTH, channels: 3 };
}

const scene = (name: string) =>
  bareScene(name, { imageWidth: WIDTH, imageHeight: HEIGHT, box: [0, 0, 1, 1], width: WIDTH, height: HEIGHT }, 8);
const fileWith = (detectors: string) =>
  compileRules(`schema: logsad/rules/v1\nproduct: plate\nstates: [scratched]\ndetectors: [${detectors}]\n`, 'r.yaml')
    .file;

let host: InferenceHost;
let backbones: Backbones;
beforeAll(async () => {
  host = await createInference({ threads: 1 });
  backbones = createBackbones(host);
});
afterAll(() => host[Symbol.asyncDispose]());

const depsWith = (m: ImageTextModel | null, images: object = {}): Deps =>
  ({
    images,
    inference: inferenceWith(host),
    backbones: { ...backbones, imageText: async () => m },
  }) as unknown as Deps;

function inputOf(detectors: string, extra: Partial<DetectorsInput> = {}): DetectorsInput {
  return {
    file: fileWith(detectors),
    masks: new Map(),
    groundChannels: [],
    scenes: [0, 1, 2, 3].map((i) => scene(`${i}`)),
    calibration: [scene('4')],
    pixels: async (i) => picture(i),
    set: 'cpu',
    seed: 1,
    ...extra,
  };
}

async function judged(input: DetectorsInput, deps: Deps) {
  const learnt = await learnDetectors(input, deps);
  const open = await openDetectors(input, learnt.sections, deps);
  const [good, bad] = [
    await open.detect(picture(50), scene('good')),
    await open.detect(picture(51, true), scene('bad')),
  ];
  return { learnt, good, bad };
}

describe('detectors on an image-text model', () => {
  it.each([
    ['winclip', 'winclip'],
    ['winclip', '{ name: winclip, prompts: states, crops: false, side: 96 }'],
    ['winclip-plus', '{ name: winclip-plus, references: 3 }'],
  ])('%s: %s', async (name, spec) => {
    const { learnt, good, bad } = await judged(inputOf(spec), depsWith(model()));
    expect(learnt.readings.map((r) => typeof r[name]?.score)).toEqual(Array(5).fill('number'));
    expect(learnt.backbones[name]).toEqual({ id: 'made-up', digest: 'one' });
    expect(bad[name]!.reading.score).toBeGreaterThan(good[name]!.reading.score);
    // The picture is no square: tiles along the long edge make one map, brightest where the square is.
    const { map } = bad[name]!;
    expect(map!.width / map!.height).toBeCloseTo(WIDTH / HEIGHT, 1);
    const at = map!.data.indexOf(Math.max(...map!.data));
    const [x, y] = [((at % map!.width) + 0.5) / map!.width, (Math.floor(at / map!.width) + 0.5) / map!.height];
    expect([x > 0.6 && x < 0.92, y > 0.2 && y < 0.8]).toEqual([true, true]);
  });

  it('adapters trained on masks serve april-gan', async () => {
    const truth = picture(0, true);
    const mask = { ...truth, data: truth.data.map((_, i) => (truth.data[i - (i % 3)]! > 200 ? 255 : 0)) };
    const files: Record<string, RgbImage> = { 'mask.png': mask };
    for (let i = 0; i < 8; i++) files[`${i}.png`] = picture(60 + i, i % 2 === 0);
    const deps = depsWith(model(), { read: async (path: string) => ({ pixels: files[path]! }) });
    const images = Array.from({ length: 8 }, (_, i) => ({
      name: `${i}`,
      path: `${i}.png`,
      masks: i % 2 === 0 ? ['mask.png'] : [],
    }));
    const { adapters, losses } = await trainOnImages(
      {
        file: fileWith('{ name: april-gan, adapters: x, side: 96 }'),
        images,
        set: 'cpu',
        seed: 1,
        epochs: 12,
        batch: 2,
      },
      deps,
    );
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(adapters).toHaveLength(4);
    const spec = '{ name: april-gan, adapters: a.safetensors, side: 96, references: 2 }';
    const { good, bad, learnt } = await judged(
      inputOf(spec, { adapters: new Map([['a.safetensors', adapters]]) }),
      deps,
    );
    expect(bad['april-gan']!.reading.score).toBeGreaterThan(good['april-gan']!.reading.score);
    expect(bad['april-gan']!.reading.peak).toBeGreaterThan(good['april-gan']!.reading.peak!);
    expect(learnt.readings.every((r) => Number.isFinite(r['april-gan']!.score))).toBe(true);
    const none = trainOnImages(
      { file: fileWith('winclip'), images: images.filter((i) => i.masks.length === 0), set: 'cpu', seed: 1 },
      deps,
    );
    await expect(none).rejects.toMatchObject({ code: 'DATASET_LAYOUT' });
  }, 60_000);

  it('without a model the error says what to type', async () => {
    const fault = learnDetectors(inputOf('winclip', { set: 'embedded' }), depsWith(null));
    await expect(fault).rejects.toMatchObject({
      code: 'DETECTOR_NEEDS_MODEL',
      fix: expect.stringContaining('logsad models pull --set cpu'),
    });
    await expect(fault).rejects.toThrow("the set 'embedded'");
  });

  it('a profile of another model is stale', async () => {
    const input = inputOf('winclip');
    const learnt = await learnDetectors(input, depsWith(model('one')));
    const fault = openDetectors(input, learnt.sections, depsWith(model('two')));
    await expect(fault).rejects.toMatchObject({ code: 'PROFILE_STALE' });
  });
});

describe('dense detectors through the child', () => {
  it.each([
    'patchcore',
    '{ name: spade, side: 20, neighbours: 2 }',
    '{ name: padim, side: 20, channels: 8 }',
  ])('%s', async (spec) => {
    const name = /patchcore|spade|padim/.exec(spec)![0];
    const { learnt, good, bad } = await judged(inputOf(spec, { set: 'embedded' }), depsWith(null));
    expect(bad[name]!.reading.score).toBeGreaterThan(good[name]!.reading.score);
    expect(learnt.readings.every((r) => Number.isFinite(r[name]!.score))).toBe(true);
    const { map } = bad[name]!;
    expect([map!.width, map!.height]).toEqual([WIDTH, HEIGHT]);
    const at = map!.data.indexOf(Math.max(...map!.data));
    expect((at % WIDTH) / WIDTH).toBeGreaterThan(0.6);
  }, 60_000);
});
