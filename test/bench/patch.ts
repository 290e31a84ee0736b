/**
 * What patch matching costs on this machine: `npm run bench -- patch [quick]`. Features are random unit rows, so that
 * nothing but the sizes matters; the parts of the full inspection are the demo's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '../../src/adapters/backbones/onnx.ts';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import type { Inference, Tensor } from '../../src/app/ports.ts';
import { createRunner } from '../../src/app/runner.ts';
import { files, images } from '../../src/compose.ts';
import { chooseRows } from '../../src/core/detect/bank.ts';
import { COVER } from '../../src/core/detect/cover.ts';
import { PATCH } from '../../src/core/detect/patchModel.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import { createRandom, type Random } from '../../src/core/grid/random.ts';
import { generateDemo } from '../../src/demo/dataset.ts';
import * as logsad from '../../src/index.ts';
import type { Bench } from './main.ts';
import { median, table, timed } from './support.ts';

/** Cells of a 320 x 640 frame at stride 8, and channels of two stages: the sizes of a bottle. */
const CELLS = 3200;
const CHANNELS = [32, 88] as const;
const NORMALS = 150;
const BANK = 4096;
const TILE = 256;

function unitBag(random: Random, n: number, d: number): Rows {
  const data = new Float32Array(n * d);
  for (let at = 0; at < data.length; at += d) {
    let norm = 0;
    for (let k = at; k < at + d; k++) {
      data[k] = random.next() - 0.5;
      norm += data[k]! ** 2;
    }
    for (let k = at; k < at + d; k++) data[k]! /= Math.sqrt(norm);
  }
  return { data, height: n, width: 1, channels: d };
}

const tensor = (r: Rows): Tensor => ({ dims: [r.height, r.channels], data: r.data });

/** One product of a tile of queries with a bank, of which a single number leaves the runtime: the rate there is to reach. */
function productGraph(): Uint8Array {
  const b = new GraphBuilder();
  const a = b.input('a', 'float32', ['n', 'k']);
  const bank = b.input('bank', 'float32', ['m', 'k']);
  const product = b.node('Gemm', [a, bank], { transB: 1 });
  b.output(b.node('Slice', [product, b.ints(0, 0), b.ints(1, 1), b.ints(0, 1)], {}, 'corner'), 'float32', [1, 1]);
  return b.toBytes('product');
}

/** Milliseconds of the bare products of `cells` queries with the resident bank `name`, tile by tile, in one program. */
async function plainProducts(inference: Inference, tile: string, bank: string, cells: number): Promise<number> {
  const tiles = Math.ceil(cells / TILE);
  const feeds = { a: { resident: tile }, bank: { resident: bank } };
  const steps = Array.from({ length: tiles }, () => ({ graph: 'product', feeds }));
  const fetch = steps.map((_, i) => [i, 'corner'] as const);
  return timed(7, () => inference.run(steps, fetch));
}

async function bankGrowth(
  inference: Inference,
  nearest: string,
  sizes: readonly number[],
  random: Random,
): Promise<string> {
  const d = CHANNELS[1];
  await inference.put('q', tensor(unitBag(random, CELLS, d)));
  await inference.put('tile', tensor(unitBag(random, TILE, d)));
  const rows: (string | number)[][] = [];
  for (const m of sizes) {
    await inference.put('bank', tensor(unitBag(random, m, d)));
    const steps = [{ graph: nearest, feeds: { q: { resident: 'q' }, bank: { resident: 'bank' } } }];
    const search = await timed(7, () => inference.run(steps, [[0, 'cosine']]));
    const plain = await plainProducts(inference, 'tile', 'bank', CELLS);
    const rate = (2 * CELLS * m * d) / search / 1e6;
    rows.push([m, search.toFixed(1), rate.toFixed(0), plain.toFixed(1), `${((100 * plain) / search).toFixed(0)} %`]);
  }
  return table(['rows of the bank', 'search ms', 'GFLOP/s', 'bare products ms', 'share of their rate'], rows);
}

/** The choice alone: features reach it as `COVER.projected` numbers per cell, multiplied beside the backbone. */
async function coreset(runner: ReturnType<typeof createRunner>, normals: number, random: Random): Promise<string> {
  const points = unitBag(random, normals * CELLS, COVER.projected);
  const sources = Int32Array.from({ length: normals * CELLS }, (_, i) => Math.floor(i / CELLS));
  const start = performance.now();
  const { radius } = await runner(chooseRows(points, sources, BANK, 0, PATCH.hidden));
  const seconds = (performance.now() - start) / 1000;
  const bank = (4 * BANK * CHANNELS.reduce((a: number, b) => a + b, 0)) / normals / 1024;
  const held = (4 * CELLS * COVER.projected) / 1024;
  return table(
    [
      'normals',
      'candidates',
      'greedy k-center and substitutes s',
      'radius',
      'KiB held per normal',
      'KiB of bank per normal',
    ],
    [[normals, normals * CELLS, seconds.toFixed(1), radius.toFixed(3), held.toFixed(0), bank.toFixed(1)]],
  );
}

/** What nothing can save: one run of the backbone, and the bare products with a bank per stage. */
async function floorOf(
  engine: logsad.Engine,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<{ backbone: number; products: number }> {
  const { inference } = engine;
  const random = createRandom(2);
  const { graph, stages } = await engine.backbones.model('centernet');
  const image = { dims: [1, height, width, 3], data: new Uint8Array(height * width * 3).fill(90) };
  const last = stages.at(-1)!.name;
  const backbone = await timed(15, () => inference.run([{ graph, feeds: { image } }], [[0, last]]));
  await inference.load('product', { bytes: productGraph() });
  let products = 0;
  for (const channels of CHANNELS) {
    await inference.put('floor/tile', tensor(unitBag(random, TILE, channels)));
    await inference.put('floor/bank', tensor(unitBag(random, BANK, channels)));
    products += await plainProducts(inference, 'floor/tile', 'floor/bank', (width * height) / 64);
  }
  for (const name of ['floor/tile', 'floor/bank']) await inference.drop(name);
  return { backbone, products };
}

/** Every detector on drawn parts, one part after the other. */
async function fullInspection(train: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
  try {
    for await (const f of generateDemo({ train, validation: 0, good: 6, logical: 0, structural: 0 }, images))
      await files.writeAtomic(join(folder, f.path), f.bytes);
    const rules = join(folder, 'rules.yaml');
    const text = (await files.readText(rules)).replace(/^detectors:.*\n/m, '');
    const list = '[{ name: patch, backbone: centernet, stages: [s8, s16] }, interest, composition]';
    await files.writeAtomic(rules, new TextEncoder().encode(`${text}\ndetectors: ${list}\n`));
    await using engine = await logsad.openEngine();
    const product = await logsad.loadRules(rules);
    const { normals, exemplars } = await logsad.gatherNormals(join(folder, 'train/good'), product.compiled.file);
    const { profile } = await engine.learn(product, { normals, exemplars });
    const inspector = await engine.inspector(product, profile);
    const { test } = await files.openDataset(folder);
    const each: number[] = [];
    const laps: Record<string, number[]> = {};
    for (const part of [...test, ...test, ...test]) {
      const from = performance.now();
      const { timings } = await inspector.inspect(part);
      each.push(performance.now() - from);
      for (const [lap, ms] of Object.entries(timings)) laps[lap] = [...(laps[lap] ?? []), ms];
    }
    const many = [...test, ...test, ...test];
    const from = performance.now();
    for await (const item of logsad.inspectAll(inspector, many)) if ('error' in item) throw item.error;
    const rate = (1000 * many.length) / (performance.now() - from);
    const middle = median(each.slice(test.length));
    const decode = median(laps.decode!.slice(test.length));
    const { backbone, products } = await floorOf(engine, (await inspector.inspect(test[0]!)).scene.frame);
    const floor = decode + backbone + products;
    const names = Object.keys(laps);
    const head = [
      'ms a part',
      'parts/s',
      'parts/s in a batch',
      ...names,
      'backbone alone',
      'products alone',
      'floor',
      'times its floor',
    ];
    const row = [
      middle,
      1000 / middle,
      rate,
      ...names.map((l) => median(laps[l]!.slice(test.length))),
      backbone,
      products,
      floor,
    ];
    return table(head, [[...row.map((v) => v.toFixed(1)), (middle / floor).toFixed(2)]]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = {
  name: 'patch',
  summary: 'search in a growing bank, coreset, inspection with all detectors',
  long: true,
  async run(args) {
    const quick = args.includes('quick');
    const random = createRandom(1);
    {
      await using inference = await createInference();
      const backbones = createBackbones(inference);
      await inference.load('product', { bytes: productGraph() });
      const nearest = await backbones.nearest({ bias: false });
      console.log(await bankGrowth(inference, nearest, quick ? [1024, 4096] : [1024, 4096, 16384, 65536], random));
      const runner = createRunner({ inference, backbones }, null, () => Promise.reject(new TypeError('no picture')));
      console.log(`\n${await coreset(runner, quick ? 15 : NORMALS, random)}`);
    }
    console.log(`\n${await fullInspection(quick ? 6 : 30)}`);
  },
};
