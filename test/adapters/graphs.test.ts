import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headGraph, matmulGraph, nearestGraph } from '../../src/adapters/backbones/graphs.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { Tensor } from '../../src/app/ports.ts';
import { resizeBilinear } from '../../src/core/grid/resample.ts';

const TILE = 4;
const STAGES = [
  { name: 's4', channels: 3 },
  { name: 's8', channels: 5 },
] as const;

let host: InferenceHost;
beforeAll(async () => {
  host = await createInference({ threads: 1 });
  await host.load('matmul', { bytes: matmulGraph() });
  await host.load('nearest', { bytes: nearestGraph({ tile: TILE, block: 1 }) });
  await host.load('cosine', { bytes: nearestGraph({ tile: TILE, block: 1, index: false }) });
  await host.load('biased', { bytes: nearestGraph({ tile: TILE, block: 1, bias: true }) });
  await host.load('head', { bytes: headGraph(STAGES) });
  await host.load('three', { bytes: nearestGraph({ tile: TILE, block: 1, index: false, count: 3 }) });
});
afterAll(() => host[Symbol.asyncDispose]());

/** Whole numbers from -4 to 4: exact in float32, with plenty of ties. */
const integers = (n: number): fc.Arbitrary<Float32Array> =>
  fc.array(fc.integer({ min: -4, max: 4 }), { minLength: n, maxLength: n }).map((v) => Float32Array.from(v));

const matrix = (rows: number, columns: number): fc.Arbitrary<Tensor> =>
  integers(rows * columns).map((data) => ({ dims: [rows, columns], data }));

const size = fc.integer({ min: 1, max: 11 });
const pairs = fc.tuple(size, size, size).chain(([n, m, d]) => fc.tuple(matrix(n, d), matrix(m, d)));

function products(a: Tensor, b: Tensor): number[][] {
  const [n, d] = a.dims as [number, number];
  const m = b.dims[0]!;
  const at = (t: Tensor, row: number, k: number): number => Number(t.data[row * d + k]);
  const dot = (i: number, j: number): number =>
    Array.from({ length: d }, (_, k) => at(a, i, k) * at(b, j, k)).reduce((s, v) => s + v, 0);
  return Array.from({ length: n }, (_, i) => Array.from({ length: m }, (_, j) => dot(i, j)));
}

describe('products', () => {
  it('multiplies by the transposed rows', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([a, bT]) => {
        const [out] = await host.run([{ graph: 'matmul', feeds: { a, bT } }], [[0, 'product']]);
        expect([...out!.data].map((v) => Number(v) + 0)).toEqual(products(a, bT).flat());
      }),
      { numRuns: 30 },
    );
  });

  it('gives the three largest products in falling order, the last again where the bank has fewer', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([q, bank]) => {
        const [out] = await host.run([{ graph: 'three', feeds: { q, bank } }], [[0, 'cosine']]);
        const want = products(q, bank).flatMap((row) => {
          const falling = [...row].sort((a, b) => b - a);
          return [0, 1, 2].map((k) => falling[Math.min(k, falling.length - 1)]! + 0);
        });
        expect(out!.dims).toEqual([q.dims[0], 3]);
        expect([...out!.data].map((v) => Number(v) + 0)).toEqual(want);
      }),
      { numRuns: 30 },
    );
  });

  it('finds the nearest row, the first of equals, for any count of queries', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([q, bank]) => {
        const run = (graph: string, names: string[]): Promise<Tensor[]> =>
          host.run(
            [{ graph, feeds: { q, bank } }],
            names.map((n) => [0, n] as const),
          );
        const [cosine, index] = await run('nearest', ['cosine', 'index']);
        const best = products(q, bank).map((row) => Math.max(...row));
        expect([...cosine!.data].map((v) => Number(v) + 0)).toEqual(best.map((v) => v + 0));
        expect([...index!.data].map(Number)).toEqual(products(q, bank).map((row, i) => row.indexOf(best[i]!)));
        expect(cosine!.dims).toEqual([q.dims[0]]);
        expect((await run('cosine', ['cosine']))[0]!.data).toEqual(cosine!.data);
      }),
      { numRuns: 30 },
    );
  });

  it('adds a bias to the products with each row', async () => {
    const biased = pairs.chain(([q, bank]) => fc.tuple(fc.constant(q), fc.constant(bank), integers(bank.dims[0]!)));
    await fc.assert(
      fc.asyncProperty(biased, async ([q, bank, data]) => {
        const feeds = { q, bank, bias: { dims: [data.length], data } };
        const [cosine, index] = await host.run(
          [{ graph: 'biased', feeds }],
          [
            [0, 'cosine'],
            [0, 'index'],
          ],
        );
        const sums = products(q, bank).map((row) => row.map((v, j) => v + data[j]!));
        expect([...cosine!.data].map((v) => Number(v) + 0)).toEqual(sums.map((row) => Math.max(...row) + 0));
        expect([...index!.data].map(Number)).toEqual(sums.map((row) => row.indexOf(Math.max(...row))));
      }),
      { numRuns: 30 },
    );
  });
});

describe('head', () => {
  const wave = (n: number, step: number): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => 3 * Math.sin(step * i + 1));
  const rows = 6;
  const columns = 4;
  const K = 2;
  const feeds = (): Record<string, Tensor> => {
    const all: Record<string, Tensor> = {};
    STAGES.forEach(({ name, channels: c }, s) => {
      const [h, w] = [rows >> s, columns >> s];
      all[name] = { dims: [1, h, w, c], data: wave(h * w * c, 0.37 + s) };
      all[`mean_${name}`] = { dims: [c], data: wave(c, 1.1) };
      all[`scale_${name}`] = { dims: [c], data: wave(c, 0.1).map((v) => 1 + v * v) };
      all[`weight_${name}`] = { dims: [c, K], data: wave(c * K, 0.7) };
    });
    return all;
  };

  /** The formula of the docstring, position by position. */
  function expected(all: Record<string, Tensor>, name: string): Float32Array {
    const x = all[name]!.data as Float32Array;
    const [mean, scale, weight] = ['mean', 'scale', 'weight'].map((p) => all[`${p}_${name}`]!.data as Float32Array);
    const c = mean!.length;
    const out = new Float32Array((x.length / c) * K);
    for (let p = 0; p < x.length / c; p++) {
      const z = Array.from({ length: c }, (_, k) => (x[p * c + k]! - mean![k]!) * scale![k]!);
      const length = Math.hypot(...z) / Math.sqrt(c);
      for (let j = 0; j < K; j++) for (let k = 0; k < c; k++) out[p * K + j]! += (z[k]! / length) * weight![k * K + j]!;
    }
    return out;
  }

  const close = (found: Tensor, wanted: Float32Array): void => {
    expect(found.data).toHaveLength(wanted.length);
    wanted.forEach((v, i) => {
      expect(Number(found.data[i])).toBeCloseTo(v, 4);
    });
  };

  it('projects z-scored positions of equal length, and sums the stages on the finest grid', async () => {
    const all = feeds();
    const [s4, s8, sum] = await host.run(
      [{ graph: 'head', feeds: all }],
      ['logit_s4', 'logit_s8', 'logits'].map((n) => [0, n] as const),
    );
    close(s4!, expected(all, 's4'));
    close(s8!, expected(all, 's8'));
    const coarse = { data: expected(all, 's8'), height: rows / 2, width: columns / 2, channels: K };
    const fine = resizeBilinear(coarse, rows, columns, { antialias: false }).data;
    close(
      sum!,
      expected(all, 's4').map((v, i) => v + fine[i]!),
    );
    expect(sum!.dims).toEqual([1, rows, columns, K]);
  });

  it('gives a position without any feature the logit zero', async () => {
    const all = feeds();
    all.mean_s4 = { dims: [3], data: new Float32Array(3) };
    all.s4 = { dims: [1, rows, columns, 3], data: new Float32Array(rows * columns * 3) };
    const [logit] = await host.run([{ graph: 'head', feeds: all }], [[0, 'logit_s4']]);
    expect([...logit!.data].every((v) => Number(v) === 0)).toBe(true);
  });
});
