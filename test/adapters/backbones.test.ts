import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertTfjs } from '../../src/adapters/backbones/centernet.ts';
import { GraphBuilder } from '../../src/adapters/backbones/onnx.ts';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { DenseBackbone, Tensor } from '../../src/app/ports.ts';
import { npyFloats, npyGrid } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';

/** Tolerance of golden/centernet: relative to max(1, max|golden|), elementwise. */
const TOLERANCE = 1e-5;
const MODELS = dirname(createRequire(import.meta.url).resolve('@vladmandic/human')).replace(/dist$/, 'models');

let host: InferenceHost;
let folder: string;
beforeAll(async () => {
  host = await createInference();
  folder = await mkdtemp(join(tmpdir(), 'logsad-models-'));
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function taps(backbone: DenseBackbone, image: Tensor): Promise<Map<string, Tensor>> {
  const names = backbone.stages.map((s) => s.name);
  const out = await host.run(
    [{ graph: backbone.graph, feeds: { image } }],
    names.map((n) => [0, n] as const),
  );
  return new Map(names.map((n, i) => [n, out[i]!]));
}

/** Worst error of an NHWC tap against a golden `[c, h', w']` that holds every `step`-th row and column. */
function worst(tap: Tensor, golden: { data: Float32Array; shape: readonly number[] }, step: number): number {
  const [, , width, channels] = tap.dims as [number, number, number, number];
  const [c, h, w] = golden.shape as [number, number, number];
  expect(tap.dims).toEqual([1, h * step, w * step, c]);
  let error = 0;
  let largest = 1;
  golden.data.forEach((v, i) => {
    const [k, y, x] = [Math.floor(i / (h * w)), step * (Math.floor(i / w) % h), step * (i % w)];
    largest = Math.max(largest, Math.abs(v));
    error = Math.max(error, Math.abs(v - Number(tap.data[(y * width + x) * channels + k])));
  });
  return error / largest;
}

const golden = shared('golden/centernet');
describe.skipIf(golden === null)('goldens (skipped without ../shared/golden/centernet)', () => {
  it.each([
    ['centernet', ''],
    ['ppocr-det', 'ppocr/'],
  ] as const)('the taps of %s', async (id, sub) => {
    const backbone = await createBackbones(host).model(id);
    expect(backbone).toMatchObject({ id, multiple: 32, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    for (const name of ['a', 'b']) {
      const { data, height, width } = npyGrid<Uint8Array>(sharedPath('golden/centernet', `${name}.rgb.npy`));
      const found = await taps(backbone, { dims: [1, height, width, 3], data });
      for (const [stage, tap] of found) {
        const even = sub !== '' && name === 'b' && stage !== 's16';
        const file = `${sub}${name}.tap_${stage}${even ? '.even' : ''}.npy`;
        expect(worst(tap, npyFloats(sharedPath('golden/centernet', file)), even ? 2 : 1), file).toBeLessThan(TOLERANCE);
      }
    }
  });
});

describe('the registry', () => {
  it('loads a model once for all who ask', async () => {
    const backbones = createBackbones(host);
    const [a, b] = await Promise.all([backbones.dense('ground', 'embedded'), backbones.dense('ground', 'embedded')]);
    expect(a).toBe(b);
  });

  it('names the sets it knows', async () => {
    const fault = createBackbones(host).dense('ground', 'no-such-set');
    await expect(fault).rejects.toMatchObject({
      code: 'MODEL_SET_UNKNOWN',
      message: expect.stringContaining('embedded'),
    });
  });

  const real = fileURLToPath(new URL('../support/sharedModels.yaml', import.meta.url));
  it.skipIf(shared('models') === null)(
    'reads tokens as a grid, normalised as stated (skipped without ../shared/models)',
    async () => {
      const backbone = await createBackbones(host, { manifests: [real] }).dense('match', 'shared-vit');
      const [h, w] = [32, 48];
      const data = Uint8Array.from({ length: h * w * 3 }, (_, i) => (i * 7919) % 256);
      const found = (await taps(backbone, { dims: [1, h, w, 3], data })).get('b6')!;
      await host.load('vit', { path: sharedPath('models/vit_tiny_patch16_dyn_fp32.onnx') });
      const planar = Float32Array.from(
        { length: data.length },
        (_, i) => (data[(i % (h * w)) * 3 + Math.floor(i / (h * w))]! / 255 - 0.5) / 0.5,
      );
      const [tokens] = await host.run(
        [{ graph: 'vit', feeds: { pixel_values: { dims: [1, 3, h, w], data: planar } } }],
        [[0, 'tokens_b6']],
      );
      expect(found.dims).toEqual([1, 2, 3, 192]);
      const wanted = (tokens!.data as Float32Array).subarray(192);
      expect(Math.max(...wanted.map((v, i) => Math.abs(v - Number(found.data[i]))))).toBeLessThan(1e-4);
    },
  );

  it.skipIf(shared('models') === null)(
    'refuses a model whose stages are not as stated (skipped without ../shared/models)',
    async () => {
      const fault = createBackbones(host, { manifests: [real] }).dense('match', 'shared-squeezenet');
      await expect(fault).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(/'s4' yields \[1, 15, 23, 128\].*\[1, 16, 24, 128\]/),
      });
    },
  );
});

describe('a model brought from a folder', () => {
  /** Mean over 2 x 2 pixels of each channel. */
  function poolingOnnx(): Uint8Array {
    const b = new GraphBuilder();
    b.input('pixels', 'float32', [1, 3, 'h', 'w']);
    b.output(b.node('AveragePool', ['pixels'], { kernel_shape: [2, 2], strides: [2, 2] }, 'pooled'));
    return b.toBytes();
  }

  async function brought(name: string, change: (text: string) => string = (t) => t): Promise<string> {
    const own = join(folder, name);
    await mkdir(own);
    await writeFile(join(own, 'pool.onnx'), poolingOnnx());
    const sha256 = createHash('sha256').update(poolingOnnx()).digest('hex');
    const text = `schema: logsad/models/v1
sets: { mine: { ground: pool } }
models:
  pool:
    title: pooling
    role: dense
    format: onnx
    source: { folder: . }
    files: [{ path: pool.onnx, sha256: ${sha256} }]
    licence: { weights: none }
    preprocessing: { colour: bgr, range: unit, mean: [0.5, 0.25, 0], std: [0.5, 1, 2] }
    multiple: 4
    input: pixels
    stages: [{ name: s2, output: pooled, stride: 2, channels: 3 }]
`;
    await writeFile(join(own, 'manifest.yaml'), change(text));
    return join(own, 'manifest.yaml');
  }

  /** A host of its own per case: a graph keeps its id for the life of a host. */
  async function loading(manifest: string): Promise<DenseBackbone> {
    await using own = await createInference({ threads: 1 });
    return await createBackbones(own, { manifests: [manifest] }).dense('ground', 'mine');
  }

  it('is prepared as stated: colour order, range, mean, deviation', async () => {
    const backbone = await createBackbones(host, { manifests: [await brought('good')] }).dense('ground', 'mine');
    const pixel = [51, 102, 255];
    const data = Uint8Array.from({ length: 16 * 3 }, (_, i) => pixel[i % 3]!);
    const out = (await taps(backbone, { dims: [1, 4, 4, 3], data })).get('s2')!;
    expect(out.dims).toEqual([1, 2, 2, 3]);
    const wanted = [(1 - 0.5) / 0.5, 0.4 - 0.25, 0.2 / 2];
    out.data.forEach((v: number | bigint, i: number) => {
      expect(Number(v)).toBeCloseTo(wanted[i % 3]!, 5);
    });
  });

  it('has a digest that changes with its preparation', async () => {
    const digests = [await brought('one'), await brought('two', (t) => t.replace('std: [0.5', 'std: [0.6'))].map(
      async (m) => (await loading(m)).digest,
    );
    const [one, two] = await Promise.all(digests);
    expect(one).not.toBe(two);
  });

  it.each([
    ['another file', 'MODEL_DIGEST', (t: string) => t.replace(/sha256: .../, 'sha256: 000'), /expected sha256 000/],
    ['a missing file', 'MODEL_MISSING', (t: string) => t.replace('pool.onnx', 'none.onnx'), /none\.onnx/],
    [
      'a missing package',
      'MODEL_MISSING',
      (t: string) => t.replace('{ folder: . }', '{ package: no-such-package, version: 1.0.0 }'),
      /no-such-package/,
    ],
    ['a wrong tap', 'MODEL_TAP', (t: string) => t.replace('output: pooled', 'output: poled'), /'poled'/],
    ['a wrong input', 'MODEL_TAP', (t: string) => t.replace('input: pixels', 'input: image0'), /'image0'/],
    [
      'wrong channels',
      'MODEL_INVALID',
      (t: string) => t.replace('channels: 3', 'channels: 4'),
      /\[1, 4, 6, 3\].*\[1, 4, 6, 4\]/,
    ],
    ['the wrong format', 'MODEL_INVALID', (t: string) => t.replace('format: onnx', 'format: tfjs'), /two files/],
    ['another role', 'MODEL_ROLE', (t: string) => t.replace('ground: pool', 'ground: ppocr-rec'), /text-recognition/],
  ] as const)('is refused with %s', async (name, code, change, message) => {
    await expect(loading(await brought(name, change))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe('converting a TensorFlow.js graph', () => {
  const tap = 'tower_0/MobilenetV3/expanded_conv_2/add';
  const read = async (): Promise<[Buffer, Buffer]> => [
    await readFile(join(MODELS, 'centernet.json')),
    await readFile(join(MODELS, 'centernet.bin')),
  ];

  it('takes no more than the taps need', async () => {
    const [json, bin] = await read();
    expect(convertTfjs('m', json, bin, [tap]).nodes.length).toBeLessThan(40);
  });

  it.each([
    ['an unknown operation', (j: string) => j.replaceAll('"Relu6"', '"Erf"'), 'MODEL_UNSUPPORTED_OP', /'Erf'.*/],
    [
      'another padding',
      (j: string) => j.replaceAll('"U0FNRQ=="', '"VkFMSUQ="'),
      'MODEL_UNSUPPORTED_OP',
      /VALID: expected SAME/,
    ],
    [
      'a missing weight',
      (j: string) => j.replaceAll('"tower_0/MobilenetV3/Conv/Conv2D_weights","shape"', '"gone","shape"'),
      'MODEL_INVALID',
      /Conv2D_weights/,
    ],
    ['cut JSON', (j: string) => j.slice(0, 500), 'MODEL_INVALID', /not a TensorFlow/],
  ] as const)('refuses %s', async (_, change, code, message) => {
    const [json, bin] = await read();
    const changed = Buffer.from(change(JSON.stringify(JSON.parse(json.toString()))));
    const convert = (): unknown => convertTfjs('m', changed, bin, [tap]);
    expect(convert).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('refuses weights of another length and taps that do not exist', async () => {
    const [json, bin] = await read();
    expect(() => convertTfjs('m', json, bin.subarray(0, bin.length - 2), [tap])).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
    expect(() => convertTfjs('m', json, bin, ['nowhere'])).toThrow(expect.objectContaining({ code: 'MODEL_TAP' }));
  });
});
