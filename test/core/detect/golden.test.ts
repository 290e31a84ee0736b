import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellGraph } from '../../../src/adapters/backbones/cellGraph.ts';
import { nearestGraph } from '../../../src/adapters/backbones/graphs.ts';
import { createInference, type InferenceHost } from '../../../src/adapters/inference/host.ts';
import { type CellSpec, cellRows, distanceMap, poolMap, resizeMap } from '../../../src/core/detect/cells.ts';
import { greedyCover, groupedCoresets } from '../../../src/core/detect/cover.ts';
import { type Matchable, type MatchSettings, matchInstances } from '../../../src/core/detect/instances.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid } from '../../../src/core/grid/grid.ts';
import { matmul, unitRows } from '../../../src/core/grid/linear.ts';
import { resizeBilinear } from '../../../src/core/grid/resample.ts';
import { npyFloats, npyGrid, npyInts, npyRows } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const STAGES = 4;
const WIDE = 16;
const SIDE = 12;
/** golden/patch states none; float32 against float32 of another library. */
const TOLERANCE = 2e-6;

const spec: CellSpec = {
  stages: ['a', 'b', 'c', 'd'],
  stride: 1,
  side: SIDE,
  alignCorners: true,
  neighbourhood: 1,
  standardise: false,
  places: 0,
};
const golden = (name: string): string => sharedPath('golden', 'patch', name);

/** Columns s * 16 to s * 16 + 15 of every cell: stages lie side by side in the goldens. */
function slice(cells: Float32Array, s: number, total = STAGES * WIDE): Float32Array {
  const out = new Float32Array((cells.length / total) * WIDE);
  for (let i = 0; i * total < cells.length; i++)
    out.set(cells.subarray(i * total + s * WIDE, i * total + (s + 1) * WIDE), i * WIDE);
  return out;
}

const stagesOf = (raw: FeatureGrid): FeatureGrid[] =>
  spec.stages.map((_, s) => grid(slice(raw.data, s), raw.height, raw.width, WIDE));
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

describe.skipIf(shared('golden/patch') === null)('golden/patch: LogSAD matching (needs ../shared/golden)', () => {
  const expected = JSON.parse(shared('golden/patch') ? readFileSync(golden('expected.json'), 'utf8') : '{}');
  let host: InferenceHost;
  beforeAll(async () => {
    host = await createInference({ threads: 1 });
    await host.load('nearest', { bytes: nearestGraph({ bias: true }) });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  function check(cosines: readonly Float32Array[], indices: readonly ArrayLike<number>[]): void {
    const distance = npyFloats(golden('stage_distance.npy')).data;
    const nearest = npyInts(golden('stage_nn_index.npy')).data;
    const cells = SIDE * SIDE;
    cosines.forEach((c, s) => {
      expect(
        worst(
          c.map((v) => 1 - v),
          distance.subarray(s * cells, (s + 1) * cells),
        ),
      ).toBeLessThan(TOLERANCE);
      expect([...Array.from(indices[s]!)]).toEqual([...nearest.subarray(s * cells, (s + 1) * cells)]);
    });
    const map = distanceMap(cosines, { width: SIDE, height: SIDE });
    expect(worst(map.data, npyFloats(golden('map.npy')).data)).toBeLessThan(TOLERANCE);
    expect(poolMap(map, { pool: 'max' })).toBeCloseTo(expected.logsad.score, 6);
    expect(map.data.indexOf(Math.max(...map.data))).toBe(expected.logsad.argmax);
    expect(poolMap(map, { pool: 'topQ', q: 0.01 })).toBeCloseTo(expected.top_q.q01, 6);
    expect(poolMap(map, { pool: 'topQ', q: 0.05 })).toBeCloseTo(expected.top_q.q05, 6);
  }

  const bank = (s: number): Float32Array => unitRows(slice(npyFloats(golden('bank_raw.npy')).data, s), WIDE);

  it('plain loops: interpolation, unit length, nearest neighbour, mean, pools', () => {
    const rows = cellRows(stagesOf(npyGrid(golden('query_raw.npy'))), { width: SIDE, height: SIDE }, spec);
    const products = rows.map((r, s) => matmul(r.data, bank(s), WIDE));
    const m = bank(0).length / WIDE;
    const indices = products.map((p) =>
      Array.from({ length: SIDE * SIDE }, (_, i) =>
        p.subarray(i * m, (i + 1) * m).reduce((b, v, j, all) => (v > all[b]! ? j : b), 0),
      ),
    );
    check(
      products.map((p, s) => Float32Array.from(indices[s]!, (j, i) => p[i * m + j]!)),
      indices,
    );
  });

  it('the generated graphs: cells and search in the child', async () => {
    const raw = stagesOf(npyGrid(golden('query_raw.npy')));
    const stages = spec.stages.map((name) => ({ name, stride: 2, channels: WIDE }));
    await host.load('cells', { bytes: cellGraph(stages, spec) });
    const feeds = Object.fromEntries(
      raw.map((g, s) => [spec.stages[s]!, { dims: [1, g.height, g.width, WIDE], data: g.data }]),
    );
    const size = { dims: [2], data: BigInt64Array.of(BigInt(SIDE), BigInt(SIDE)) };
    const m = bank(0).length / WIDE;
    const bias = { dims: [m], data: new Float32Array(m) };
    const steps = [
      { graph: 'cells', feeds: { ...feeds, size } },
      ...spec.stages.map((name, s) => ({
        graph: 'nearest',
        feeds: { q: { step: 0, output: `rows_${name}` }, bank: { dims: [m, WIDE], data: bank(s) }, bias },
      })),
    ];
    const found = await host.run(
      steps,
      spec.stages.flatMap(
        (_, s) =>
          [
            [1 + s, 'cosine'],
            [1 + s, 'index'],
          ] as const,
      ),
    );
    check(
      spec.stages.map((_, s) => found[2 * s]!.data as Float32Array),
      spec.stages.map((_, s) => Int32Array.from(found[2 * s + 1]!.data as BigInt64Array, Number)),
    );
  });

  it('the joint length of the stages cancels, as the golden normalises jointly first', () => {
    const rows = cellRows(stagesOf(npyGrid(golden('query_raw.npy'))), { width: SIDE, height: SIDE }, spec);
    const joint = npyFloats(golden('query_up_l2.npy')).data;
    rows.forEach((r, s) => {
      expect(worst(r.data, unitRows(slice(joint, s), WIDE))).toBeLessThan(TOLERANCE);
    });
  });

  it('the fast mode is another map: distances on the native grid, then interpolated', () => {
    const native: CellSpec = { ...spec, side: 6 };
    const rows = cellRows(stagesOf(npyGrid(golden('query_raw.npy'))), { width: 6, height: 6 }, native);
    const m = bank(0).length / WIDE;
    const cosines = rows.map((r, s) => {
      const p = matmul(r.data, bank(s), WIDE);
      return Float32Array.from({ length: 36 }, (_, i) => Math.max(...p.subarray(i * m, (i + 1) * m)));
    });
    const map = distanceMap(cosines, { width: 6, height: 6 });
    expect(worst(map.data, npyFloats(golden('map_native.npy')).data)).toBeLessThan(TOLERANCE);
    const up = resizeBilinear(map, SIDE, SIDE, { alignCorners: true });
    expect(worst(up.data, npyFloats(golden('map_native_up.npy')).data)).toBeLessThan(TOLERANCE);
    expect(poolMap(map, { pool: 'max' })).toBeCloseTo(expected.fast_mode.score, 6);
    expect(resizeMap(map, { width: 24, height: 24 }).data).toHaveLength(576);
  });

  it.each([4096, 16, 1])('the coreset of the golden through products, front %i', (front) => {
    const rows = npyRows(golden('coreset_x.npy'));
    const steps = greedyCover(rows, 20, 7, front);
    let next = steps.next();
    while (!next.done) {
      const { centres, bias } = next.value;
      const products = matmul(rows.data, centres.data, rows.channels);
      next = steps.next(
        Float32Array.from({ length: rows.height }, (_, i) =>
          Math.max(...bias.map((b, j) => products[i * bias.length + j]! + b)),
        ),
      );
    }
    const { indices, cover_radius: radius } = expected.kcenter_start7_n20;
    expect([...next.value.indices]).toEqual(indices);
    expect(next.value.radius).toBeCloseTo(radius, 4);
  });

  it('the published coreset per four images', () => {
    const {
      images,
      cells_per_image: cells,
      batches,
      rows_per_batch: rows,
      images_used: used,
      total_rows: total,
    } = expected.logsad_batch_rule;
    const groups = groupedCoresets(images, cells);
    expect(groups).toHaveLength(batches);
    expect(groups.every((g) => g.keep === rows)).toBe(true);
    expect(groups.at(-1)!.to).toBe(used * cells);
    expect(groups.reduce((n, g) => n + g.keep, 0)).toBe(total);
  });
});

describe.skipIf(shared('golden/interest') === null)(
  'golden/interest: instance matching (needs ../shared/golden)',
  () => {
    const path = (name: string): string => sharedPath('golden', 'interest', name);
    const expected = JSON.parse(shared('golden/interest') ? readFileSync(path('expected.json'), 'utf8') : '{}');
    const paper: MatchSettings = {
      reduce: 'pooled',
      unmatched: null,
      perInterest: false,
      position: 0,
      area: 0,
      perStage: true,
    };

    /** Mean of the jointly normalised cells over each mask, per stage, unit length. */
    function instances(cells: string, masks: string): Matchable[] {
      const rows: Rows = npyRows(path(`${cells}_cells.npy`));
      const mask = npyInts(path(`${masks}_masks.npy`));
      return Array.from({ length: mask.shape[0]! }, (_, n) => {
        const sums = new Float32Array(rows.channels);
        for (let i = 0; i < 64; i++)
          if (mask.data[n * 64 + i])
            for (let k = 0; k < rows.channels; k++) sums[k]! += rows.data[i * rows.channels + k]!;
        const stages = Array.from({ length: STAGES }, (_, s) => unitRows(sums.slice(s * WIDE, (s + 1) * WIDE), WIDE));
        return { interest: 'any', stages, x: 0, y: 0, area: 1 };
      });
    }

    it.each(['N_lt_M', 'N_gt_M', 'N_eq_M', 'N_zero', 'one_one'])('%s', (name) => {
      const query = instances('query', `${name}.query`);
      const references = [0, 1].map((r) => ({ image: `${r}`, instances: instances(`ref${r}`, `${name}.ref${r}`) }));
      const match = matchInstances(query, references, paper);
      expect(match.score).toBeCloseTo(expected[name].score, 5);
      if (expected[name].assignment_per_stage) expect(match.perStage).toEqual(expected[name].assignment_per_stage);
    });
  },
);
