/** The published patch matching (ALGORITHM 3) from photographs to a score, through the real models. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellRows } from '../../src/core/detect/cells.ts';
import { matmul } from '../../src/core/grid/linear.ts';
import { compileRules, type Engine, generateDemo, type ImageRef, images, openEngine } from '../../src/index.ts';

const STAGES = ['s4', 's8', 's16'];
const SIDE = 64;
const RULES = `schema: logsad/rules/v1
product: sensor-kit
frame: { fit: warp, size: 256 }
detectors: [{ name: patch, preset: paper, backbone: centernet, stages: [${STAGES.join(', ')}] }]
scoring: paper
`;

let folder = '';
let engine: Engine;
const normals: ImageRef[] = [];
const tests: ImageRef[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-paper-'));
  engine = await openEngine();
  const drawn = { width: 256, train: 5, validation: 0, good: 1, logical: 0, structural: 1 };
  for await (const { path, bytes } of generateDemo(drawn, images)) {
    if (!path.endsWith('.jpg')) continue;
    const ref = { name: path, path: join(folder, path.replaceAll('/', '-')) };
    await writeFile(ref.path, bytes);
    (path.startsWith('train') ? normals : tests).push(ref);
  }
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Rows of a picture by the plain path: 64 x 64 cells with coinciding corners, unit length, nothing else. */
async function rowsOf(image: ImageRef) {
  const backbone = await engine.backbones.model('centernet');
  const { pixels } = await images.read(image.path, { size: { width: 256, height: 256 }, kernel: 'cubic' });
  const found = await engine.inference.run(
    [{ graph: backbone.graph, feeds: { image: { dims: [1, 256, 256, 3], data: pixels.data } } }],
    STAGES.map((s) => [0, s] as const),
  );
  const grids = found.map((t) => ({
    data: t.data as Float32Array,
    height: t.dims[1]!,
    width: t.dims[2]!,
    channels: t.dims[3]!,
  }));
  const spec = {
    stages: STAGES,
    stride: 8,
    side: SIDE,
    alignCorners: true,
    neighbourhood: 1 as const,
    standardise: false,
    places: 0,
  };
  return cellRows(grids, { width: SIDE, height: SIDE }, spec);
}

describe('the paper preset end to end', () => {
  it('four shots: all 4 x 4,096 cells are the bank, the score is the largest mean distance', async () => {
    const product = { path: 'rules.yaml', compiled: compileRules(RULES, 'rules.yaml') };
    const four = normals.slice(0, 4);
    const { profile } = await engine.learn(product, { normals: four });
    const facts = profile.sections.patch!.facts as { model: { spec: object; pool: object } };
    expect(facts.model.spec).toMatchObject({ side: SIDE, alignCorners: true, neighbourhood: 1, standardise: false });
    expect(facts.model.pool).toEqual({ pool: 'max' });
    expect(profile.sections.patch!.arrays.sources).toHaveLength(4 * SIDE * SIDE);
    const inspector = await engine.inspector(product, profile);
    const query = await rowsOf(tests[1]!);
    const bank = await Promise.all(four.map(rowsOf));
    // A row of cells by plain products: all of them would take a minute.
    const { result, maps } = await inspector.inspectWithMaps(tests[1]!);
    const { data } = maps.patch!.map;
    expect(result.detectors.patch!.score).toBeCloseTo(Math.max(...data), 6);
    for (const row of [7, 31]) {
      const mean = new Float64Array(SIDE);
      for (const [s, q] of query.entries()) {
        const some = q.data.subarray(row * SIDE * q.channels, (row + 1) * SIDE * q.channels);
        const best = new Float64Array(SIDE).fill(-1);
        for (const image of bank) {
          const products = matmul(some, image[s]!.data, q.channels);
          for (let i = 0; i < products.length; i++) {
            const cell = Math.floor(i / (SIDE * SIDE));
            best[cell] = Math.max(best[cell]!, products[i]!);
          }
        }
        for (let i = 0; i < SIDE; i++) mean[i]! += (1 - best[i]!) / STAGES.length;
      }
      for (let i = 0; i < SIDE; i++) expect(data[row * SIDE + i]!).toBeCloseTo(mean[i]!, 4);
    }
  });

  it('full data: a coreset of a quarter per four images, the rest of the division left out', async () => {
    const product = { path: 'rules.yaml', compiled: compileRules(RULES, 'rules.yaml') };
    const { profile } = await engine.learn(product, { normals });
    const sources = profile.sections.patch!.arrays.sources!;
    expect(sources).toHaveLength(SIDE * SIDE);
    expect(new Set(sources)).toEqual(new Set([0, 1, 2, 3]));
  });
});
