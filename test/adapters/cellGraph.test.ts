import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellGraph } from '../../src/adapters/backbones/cellGraph.ts';
import { nearestGraph } from '../../src/adapters/backbones/graphs.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { Tensor } from '../../src/app/ports.ts';
import { type CellSpec, cellRows, gridOf } from '../../src/core/detect/cells.ts';
import { placeRows, positions } from '../../src/core/detect/places.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';

const FRAME = { width: 64, height: 32 };
const STAGES = [
  { name: 's4', stride: 4, channels: 3 },
  { name: 's8', stride: 8, channels: 5 },
  { name: 's16', stride: 16, channels: 4 },
];
const random = createRandom(6);
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
const stages = STAGES.map((s) =>
  grid(
    floats((FRAME.width / s.stride) * (FRAME.height / s.stride) * s.channels),
    FRAME.height / s.stride,
    FRAME.width / s.stride,
    s.channels,
  ),
);
const scales = STAGES.map((s) => ({ mean: floats(s.channels), scale: floats(s.channels).map((v) => 0.5 + v * v) }));
const plain: CellSpec = {
  stages: ['s4', 's8', 's16'],
  stride: 8,
  side: null,
  alignCorners: false,
  neighbourhood: 1,
  standardise: false,
  places: 0,
};

let host: InferenceHost;
beforeAll(async () => {
  host = await createInference({ threads: 1 });
});
afterAll(() => host[Symbol.asyncDispose]());

describe('cellGraph computes what the plain path does', () => {
  it.each([
    ['averages finer stages and interpolates coarser ones', {}],
    ['averages neighbourhoods first', { neighbourhood: 3 }],
    ['z-scores channels before unit length', { standardise: true }],
    ['appends places after it', { places: 4 }],
    ['has a fixed grid with coinciding corners', { side: 7, alignCorners: true }],
    ['has a fixed grid with coinciding edges', { side: 9 }],
    ['keeps to the finest stage', { stride: 4, neighbourhood: 3, standardise: true, places: 4 }],
    ['averages by four', { stride: 16 }],
  ] as const)('%s', async (name, changes) => {
    const spec: CellSpec = { ...plain, ...changes };
    const size = gridOf(FRAME, spec);
    const frame = { imageWidth: 128, imageHeight: 64, box: [0, 0, 1, 1] as const, ...FRAME };
    const places =
      spec.places > 0
        ? placeRows('query', positions(frame, size, [0.1, 0.2, 0.9, 1]), { by: 'term', weight: 1.5 })
        : null;
    await host.load(name, { bytes: cellGraph(STAGES, spec) });
    const feeds: Record<string, Tensor> = {
      size: { dims: [2], data: BigInt64Array.of(BigInt(size.height), BigInt(size.width)) },
    };
    STAGES.forEach((s, i) => {
      const g = stages[i]!;
      feeds[s.name] = { dims: [1, g.height, g.width, g.channels], data: g.data };
      if (!spec.standardise) return;
      feeds[`mean_${s.name}`] = { dims: [s.channels], data: scales[i]!.mean };
      feeds[`scale_${s.name}`] = { dims: [s.channels], data: scales[i]!.scale };
    });
    if (places) feeds.places = { dims: [places.height, places.channels], data: places.data };
    const found = await host.run(
      [{ graph: name, feeds }],
      STAGES.map((s) => [0, `rows_${s.name}`] as const),
    );
    const expected = cellRows(stages, size, spec, scales, places);
    expected.forEach((rows, i) => {
      expect(found[i]!.dims).toEqual([size.width * size.height, rows.channels]);
      const worst = rows.data.reduce((m, v, k) => Math.max(m, Math.abs(v - Number(found[i]!.data[k]))), 0);
      expect(worst).toBeLessThan(1e-5);
    });
  });
});

describe('nearestGraph with a bias', () => {
  it('adds it to the products and can hide rows', async () => {
    await host.load('biased', { bytes: nearestGraph({ bias: true, tile: 2 }) });
    const q = { dims: [3, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1) };
    const bank = { dims: [3, 2], data: Float32Array.of(1, 0, 0, 1, 0.5, 0.5) };
    const bias = { dims: [3], data: Float32Array.of(-64, 0, 0.25) };
    const [cosine, index] = await host.run(
      [{ graph: 'biased', feeds: { q, bank, bias } }],
      [
        [0, 'cosine'],
        [0, 'index'],
      ],
    );
    expect([...cosine!.data]).toEqual([0.75, 1, 1.25]);
    expect([...index!.data].map(Number)).toEqual([2, 1, 2]);
  });
});
