import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { samInput } from '../../src/adapters/backbones/masks.ts';
import { createBackbones, type ModelRegistry } from '../../src/adapters/backbones/registry.ts';
import { createTokenise } from '../../src/adapters/backbones/tokens.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { ImageTextModel } from '../../src/app/ports.ts';
import { grid, type RgbImage } from '../../src/core/grid/grid.ts';
import { decodeRuns } from '../../src/core/grid/runs.ts';
import { chooseMasks, createEnlarger, samFrame } from '../../src/core/ground/sam.ts';
import { npyFloats, npyGrid, npyInts } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';
import { writeTinyManifest } from '../support/tinyModels.ts';

const LAYOUTS = ['tiny', 'tiny-immich'] as const;
const golden = (name: string): string => sharedPath('golden', name);
const largest = (found: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  expect(found.length).toBe(wanted.length);
  let error = 0;
  for (let i = 0; i < wanted.length; i++) error = Math.max(error, Math.abs(found[i]! - wanted[i]!));
  return error;
};

describe.skipIf(shared('golden/clip-tiny') === null)('foundation models (needs ../shared/golden)', () => {
  let home: string;
  let host: InferenceHost;
  let registry: ModelRegistry;
  const open = async (own: InferenceHost, change?: (t: string) => string): Promise<ModelRegistry> => {
    const manifest = await writeTinyManifest(await mkdtemp(join(home, 'manifest-')), change);
    return createBackbones(own, { manifests: [manifest], home });
  };
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'logsad-home-'));
    host = await createInference();
    registry = await open(host);
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });
  const words = async (set: string): Promise<ImageTextModel> => (await registry.imageText!(set))!;

  it('splits texts into the numbers of the reference tokenizer', async () => {
    const bytes = await readFile(golden('clip-tiny/tokenizer.json'));
    const config = await readFile(golden('clip-tiny/tokenizer_config.json'));
    const { prompts, ids } = JSON.parse(await readFile(golden('clip-tiny/golden/tokenizer.json'), 'utf8')) as {
      prompts: string[];
      ids: number[][];
    };
    const tokenise = createTokenise('clip', 'tokenizer.json', bytes, config);
    const short = prompts.flatMap((p, i) => (p.split(' ').length < 75 ? [i] : []));
    expect(short.length).toBeGreaterThan(10);
    for (const i of short) expect([...tokenise(prompts[i]!)], prompts[i]!).toEqual(ids[i]);
    const long = prompts.find((p) => p.split(' ').length >= 77)!;
    expect(() => tokenise(long)).toThrow(
      expect.objectContaining({ code: 'TEXT_TOO_LONG', message: expect.stringMatching(/reads 77 tokens, found \d+/) }),
    );
    expect(() => createTokenise('clip', 'a.json', Buffer.from('{'))).toThrow(/a\.json is no tokenizer/);
  });

  it.each(LAYOUTS)('%s: text embeddings, unit, kept on disk', async (set) => {
    const { prompts } = JSON.parse(await readFile(golden('clip-tiny/golden/tokenizer.json'), 'utf8')) as {
      prompts: string[];
    };
    const wanted = npyFloats(golden('clip-tiny/golden/text.embedding_l2.npy'));
    const texts = prompts.slice(0, wanted.shape[0]);
    const model = await words(set);
    const rows = await model.embed(texts);
    expect(largest(rows.data, wanted.data)).toBeLessThan(1e-5);
    const kept = (await readdir(join(home, 'prepared'))).filter((n) => n.endsWith('.text'));
    expect(kept.length).toBeGreaterThan(0);
    // Another start finds them without the tower; a damaged file is made anew.
    await using fresh = await createInference({ threads: 1 });
    const again = (await (await open(fresh)).imageText!(set))!;
    expect((await again.embed(texts)).data).toEqual(rows.data);
    for (const name of kept) await writeFile(join(home, 'prepared', name), 'cut');
    await using third = await createInference({ threads: 1 });
    expect((await (await (await open(third)).imageText!(set))!.embed(texts)).data).toEqual(rows.data);
  });

  it('a prepared graph is kept by digest, and made anew where it was cut', async () => {
    const size = { width: 96, height: 64 };
    const image = { dims: [1, 64, 96, 3], data: Uint8Array.from({ length: 64 * 96 * 3 }, (_, i) => (i * 31) % 251) };
    const tokens = async (own: InferenceHost, reg: ModelRegistry): Promise<Float32Array> => {
      const graph = await (await reg.imageText!('tiny'))!.at(size);
      const [out] = await own.run([{ graph, feeds: { image } }], [[0, 'tokens']]);
      expect(out!.dims).toEqual([1, 8, 12, 32]);
      return out!.data as Float32Array;
    };
    const first = await tokens(host, registry);
    for (const name of await readdir(join(home, 'prepared')))
      if (name.endsWith('.onnx')) await writeFile(join(home, 'prepared', name), 'cut short');
    await using fresh = await createInference({ threads: 1 });
    expect(await tokens(fresh, await open(fresh))).toEqual(first);
  });

  it('dense models of one set have stages at every size; sizes that no patch divides are refused', async () => {
    const backbone = await registry.dense('ground', 'tiny');
    expect(backbone.stages.map((s) => [s.name, s.stride, s.channels])).toEqual(
      ['q1', 'q2', 'q3', 'q4'].map((n) => [n, 14, 64]),
    );
    const graph = await backbone.at!({ width: 56, height: 42 });
    const image = { dims: [1, 42, 56, 3], data: new Uint8Array(42 * 56 * 3).fill(90) };
    const [q4] = await host.run([{ graph, feeds: { image } }], [[0, 'q4']]);
    expect(q4!.dims).toEqual([1, 3, 4, 64]);
    expect(() => backbone.at!({ width: 50, height: 42 })).toThrow(/50 x 42 is no multiple of 14/);
    expect(await registry.imageText!('embedded')).toBeNull();
    expect(await registry.masks!('embedded')).toBeNull();
  });

  const picture = (): RgbImage => npyGrid<Uint8Array>(golden('sam-tiny/golden/image.npy'));

  it('pictures enter SAM as the reference prepares them', () => {
    const { data, dims } = samInput(picture(), 128, {
      colour: 'rgb',
      range: 'unit',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    const wanted = npyFloats(golden('sam-tiny/golden/pixel_values.npy'));
    expect(dims).toEqual(wanted.shape);
    expect(largest(data as Float32Array, wanted.data)).toBeLessThan(1e-4);
  });

  it.each(LAYOUTS)('%s: automatic masks of the tiny SAM are those of the reference', async (set) => {
    const sam = (await registry.masks!(set))!;
    const found = await sam.propose(picture(), { pointsPerSide: 6, predictedIou: 0.7, stability: 0.8, batch: 10 });
    const { annotations } = JSON.parse(await readFile(golden('sam-tiny/golden/amg.json'), 'utf8')) as {
      annotations: { area: number; predicted_iou: number; stability_score: number }[];
    };
    expect(found).toHaveLength(annotations.length);
    for (const [i, a] of annotations.entries()) {
      expect(Math.abs(found[i]!.predictedIou - a.predicted_iou)).toBeLessThan(2e-5);
      expect(Math.abs(found[i]!.stability - a.stability_score)).toBeLessThan(1e-3);
      expect(Math.abs(found[i]!.area - a.area)).toBeLessThan(4);
    }
    const map = npyInts(golden('sam-tiny/golden/amg.label_map.npy')).data;
    const mask = decodeRuns(found[0]!.mask, 96, 120).data;
    expect([...mask].filter((v, i) => v !== (map[i]! > 0 ? 1 : 0)).length).toBeLessThan(4);
  });

  it.each(LAYOUTS)('%s: prompted at a point, the likeliest mask', async (set) => {
    const sam = (await registry.masks!(set))!;
    const { p1 } = JSON.parse(await readFile(golden('sam-tiny/golden/prompts.json'), 'utf8')) as {
      p1: { points: [number, number][]; iou: number[]; area: number[] };
    };
    const [mask] = await sam.at(picture(), p1.points);
    const best = p1.iou.indexOf(Math.max(...p1.iou.slice(1)));
    expect(Math.abs(mask!.predictedIou - p1.iou[best]!)).toBeLessThan(2e-5);
    expect(Math.abs(mask!.area - p1.area[best]!)).toBeLessThan(4);
  });

  it('both layouts of one SAM offer the same masks', async () => {
    const masks = await Promise.all(
      LAYOUTS.map(async (set) =>
        (await registry.masks!(set))!.propose(picture(), { pointsPerSide: 4, predictedIou: 0, stability: 0 }),
      ),
    );
    expect(masks[0]!.length).toBeGreaterThan(0);
    expect(masks[0]!.map((m) => m.prompt)).toEqual(masks[1]!.map((m) => m.prompt));
    masks[0]!.forEach((m, i) => {
      expect(Math.abs(m.area - masks[1]![i]!.area)).toBeLessThan(4);
    });
  });

  it('decoder logits alone give the golden masks', () => {
    const iou = npyFloats(golden('sam-tiny/golden/amg.iou.npy')).data;
    const { data } = npyFloats(golden('sam-tiny/golden/amg.low_res_logits.npy'));
    const offers = [...iou].map((predictedIou, i) => ({
      logits: grid(data.slice(i * 1024, (i + 1) * 1024), 32, 32),
      predictedIou,
      prompt: Math.floor(i / 3),
    }));
    const kept = chooseMasks(offers, createEnlarger(samFrame(96, 120, 128), 32), { predictedIou: 0.7, stability: 0.8 });
    expect(kept).toHaveLength(1);
  });

  it.each([
    ['another patch', (t: string) => t.replaceAll('patch: 8', 'patch: 16'), 'MODEL_LAYOUT', /patch 16.*found 8/],
    [
      'another width',
      (t: string) =>
        t.replaceAll('size: 64, positions: openclip, width: 64', 'size: 64, positions: openclip, width: 65'),
      'MODEL_LAYOUT',
      /width 65.*found 64/,
    ],
    [
      'another activation',
      (t: string) => t.replaceAll('activation: gelu', 'activation: quick-gelu'),
      'MODEL_LAYOUT',
      /quick-gelu.*found gelu/,
    ],
    [
      'the text tower as pictures',
      (t: string) =>
        t.replace(/path: onnx\/vision_model.onnx, part: vision, sha256: \w+/, () =>
          /path: onnx\/text_model.onnx, part: text, sha256: (\w+)/.exec(t)![0].replace('part: text', 'part: vision'),
        ),
      'MODEL_LAYOUT',
      /text_model\.onnx/,
    ],
    [
      'a changed file',
      (t: string) => t.replace(/sha256: .../, 'sha256: 000'),
      'MODEL_DIGEST',
      /vision_model\.onnx expected sha256 000/,
    ],
    [
      'no ONNX file',
      (t: string) =>
        t.replace(/path: onnx\/vision_model.onnx, part: vision, sha256: \w+/, () =>
          /path: tokenizer.json, part: tokenizer, sha256: (\w+)/.exec(t)![0].replace('part: tokenizer', 'part: vision'),
        ),
      'MODEL_INVALID',
      /tokenizer\.json is no ONNX file/,
    ],
  ] as const)('%s is refused, and says which file', async (_, change, code, message) => {
    await using own = await createInference({ threads: 1 });
    const reg = await open(own, change);
    const load = async () => (await reg.imageText!('tiny'))!.at({ width: 64, height: 64 });
    await expect(load()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/logsad models|put the files/),
    });
  });

  it('a text tower in the place of a mask decoder is refused', async () => {
    await using own = await createInference({ threads: 1 });
    const reg = await open(own, (t) =>
      t.replace(/path: onnx\/prompt_encoder_mask_decoder.onnx, part: decoder, sha256: \w+/, () =>
        /path: onnx\/vision_encoder.onnx, part: encoder, sha256: (\w+)/
          .exec(t)![0]
          .replace('part: encoder', 'part: decoder'),
      ),
    );
    await expect(reg.masks!('tiny')).rejects.toMatchObject({
      code: 'MODEL_LAYOUT',
      message: expect.stringMatching(/a SAM decoder/),
    });
  });
});
