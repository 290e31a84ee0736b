/**
 * What the foundation models' graphs cost: `npm run bench -- foundation`. Contenders take turns, and the fastest of many
 * runs counts, so that other work on the machine weighs on all alike. ViT-Ti/16 is a real model of ../shared/models; CLIP and
 * SAM are the tiny graphs of ../shared/golden, whose calls cost more than their sums: ratios of real ones are larger.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOnnx } from '../../src/adapters/backbones/onnx.ts';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import { readPrompts } from '../../src/adapters/prompts.ts';
import { shared, sharedPath } from '../support/shared.ts';
import { tinyManifest } from '../support/tinyModels.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

const SIDE = 224;
const ROUNDS = 5;
const VIT = 'vit_tiny_patch16_dyn_fp32.onnx';

/** Milliseconds of each contender: the fastest of `rounds`, in turns, after one warm-up. */
async function race(rounds: number, contenders: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const best = contenders.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, run] of contenders.entries()) {
      const start = performance.now();
      await run();
      if (round > 0) best[i] = Math.min(best[i]!, performance.now() - start);
    }
  }
  return best;
}

const row = (what: string, [ours, other]: readonly number[]): (string | number)[] => [
  what,
  ours!.toFixed(1),
  other!.toFixed(1),
  (ours! / other!).toFixed(3),
];

const vitEntry = (folder: string, sha256: string): string => `  vit:
    title: ViT-Ti/16
    role: dense
    format: onnx
    source: { folder: ${JSON.stringify(folder)} }
    files: [{ path: ${VIT}, part: vision, sha256: ${sha256} }]
    licence: { weights: unknown }
    preprocessing: { colour: rgb, range: unit, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
    transformer: { patch: 16, size: 224, positions: plain, width: 192, activation: gelu }
`;

type Registry = ReturnType<typeof createBackbones>;

/** The same picture through the prepared graph (preparation and four stages) and through the file as it is. */
async function preparedAgainstStock(host: InferenceHost, registry: Registry): Promise<(string | number)[]> {
  const backbone = await registry.model('vit');
  const graph = await backbone.at!({ width: SIDE, height: SIDE });
  const { inputs, outputs } = readOnnx(readFileSync(sharedPath('models', VIT)));
  await host.load('stock', { path: sharedPath('models', VIT) });
  const image = { dims: [1, SIDE, SIDE, 3], data: new Uint8Array(SIDE * SIDE * 3).fill(90) };
  const pixels = { dims: [1, 3, SIDE, SIDE], data: new Float32Array(3 * SIDE * SIDE).fill(-0.3) };
  // Four stages of the one, the tokens of the same four blocks of the other.
  const taps = outputs.map((o) => o.name).filter((n) => /^tokens_b\d+$/.test(n));
  const found = await race(40, [
    () =>
      host.run(
        [{ graph, feeds: { image } }],
        backbone.stages.map((s) => [0, s.name] as const),
      ),
    () =>
      host.run(
        [{ graph: 'stock', feeds: { [inputs[0]!.name]: pixels } }],
        taps.map((t) => [0, t] as const),
      ),
  ]);
  const what = `ViT-Ti/16 at ${SIDE} px, ${taps.length} stages: prepared (from bytes) against the file as it is (from floats)`;
  return row(what, found);
}

async function masksAgainstNaive(registry: Registry): Promise<(string | number)[]> {
  const sam = (await registry.masks!('tiny'))!;
  const data = Uint8Array.from({ length: 96 * 128 * 3 }, (_, i) => (i * 7919) % 251);
  const image = { data, width: 128, height: 96, channels: 3 };
  const points = Array.from({ length: 64 }, (_, i): [number, number] => [(i % 8) * 16 + 8, (i >> 3) * 12 + 6]);
  const found = await race(ROUNDS, [
    () => sam.at(image, points),
    async () => {
      for (const p of points) await sam.at(image, [p]);
    },
  ]);
  return row('tiny SAM, 64 prompts: encoder once and prompts in batches, against one call per prompt', found);
}

async function textsAgainstEmbedding(registry: Registry, open: () => Registry): Promise<(string | number)[]> {
  const { templates } = (await readPrompts())['imagenet-80']!;
  const texts = templates.map((t) => t.replaceAll('{}', 'brass nut'));
  const own = (await registry.imageText!('tiny'))!;
  await own.embed(texts);
  // Other starts with the same home, their models loaded before the clock runs: embeddings come from disk.
  const starts = await Promise.all(Array.from({ length: ROUNDS + 1 }, () => open().imageText!('tiny')));
  let fresh = 0;
  const found = await race(ROUNDS, [
    async () => starts.pop()!.embed(texts),
    async () => own.embed(texts.map((t) => `${t} ${fresh++}`)),
  ]);
  return row('80 templates of a word, tiny CLIP: found by digest, against embedded', found);
}

export const bench: Bench = {
  name: 'foundation',
  summary: 'prepared graph against stock, masks in batches against one by one, texts by digest (needs ../shared)',
  async run() {
    const [models, golden] = [shared('models'), shared('golden')];
    if (models === null || golden === null) return console.log('skipped: ../shared is not on this machine');
    const home = mkdtempSync(join(tmpdir(), 'logsad-foundation-'));
    await using host = await createInference();
    try {
      const sha256 = createHash('sha256')
        .update(readFileSync(join(models, VIT)))
        .digest('hex');
      writeFileSync(join(home, 'manifest.yaml'), tinyManifest() + vitEntry(models, sha256));
      const open = (): Registry => createBackbones(host, { home, manifests: [join(home, 'manifest.yaml')] });
      const registry = open();
      const rows = [
        await preparedAgainstStock(host, registry),
        await masksAgainstNaive(registry),
        await textsAgainstEmbedding(registry, open),
      ];
      console.log(table(['what', 'ms', 'other ms', 'ratio'], rows));
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
};
