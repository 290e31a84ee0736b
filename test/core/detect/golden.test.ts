import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellGraph } from '../../../src/adapters/backbones/cellGraph.ts';
import { nearestGraph } from '../../../src/adapters/backbones/graphs.ts';
import { createInference, type InferenceHost } from '../../../src/adapters/inference/host.ts';
import { type CellSpec, cellRows, distanceMap, poolMap, resizeMap } from '../../../src/core/detect/cells.ts';
import { greedyCover, groupedCoresets } from '../../../src/core/detect/cover.ts';
import { matchInstances } from '../../../src/core/detect/instances.ts';
import { matmul, unitRows } from '../../../src/core/grid/linear.ts';
import { resizeBilinear } from '../../../src/core/grid/resample.ts';
import {
  GOLDEN_SPEC,
  goldenJson,
  goldenMatch,
  goldenPath,
  goldenStages,
  MATCHES,
  PAPER_MATCH,
  SIDE,
  stageColumns,
  WIDE,
  worstDifference,
} from '../../support/goldens.ts';
import { npyFloats, npyInts, npyRows } from '../../support/npy.ts';
import { shared } from '../../support/shared.ts';

/** golden/patch states none; float32 against float32 of another library. */
const TOLERANCE = 2e-6;

const patch = (name: string): string => goldenPath('patch', name);

describe.skipIf(shared('golden/patch') === null)('golden/patch: LogSAD matching (needs ../shared/golden)', () => {
  const expected = shared('golden/patch') ? goldenJson('patch', 'expected.json') : {};
  let host: InferenceHost;
  beforeAll(async () => {
    host = await createInference({ threads: 1 });
    await host.load('nearest', { bytes: nearestGraph({ bias: true }) });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  function check(cosines: readonly Float32Array[], indices: readonly ArrayLike<number>[]): void {
    const distance = npyFloats(patch('stage_distance.npy')).data;
    const nearest = npyInts(patch('stage_nn_index.npy')).data;
    const cells = SIDE * SIDE;
    cosines.forEach((c, s) => {
      expect(
        worstDifference(
          c.map((v) => 1 - v),
          distance.subarray(s * cells, (s + 1) * cells),
        ),
      ).toBeLessThan(TOLERANCE);
      expect([...Array.from(indices[s]!)]).toEqual([...nearest.subarray(s * cells, (s + 1) * cells)]);
    });
    const map = distanceMap(cosines, { width: SIDE, height: SIDE });
    expect(worstDifference(map.data, npyFloats(patch('map.npy')).data)).toBeLessThan(TOLERANCE);
    expect(poolMap(map, { pool: 'max' })).toBeCloseTo(expected.logsad.score, 6);
    expect(map.data.indexOf(Math.max(...map.data))).toBe(expected.logsad.argmax);
    expect(poolMap(map, { pool: 'topQ', q: 0.01 })).toBeCloseTo(expected.top_q.q01, 6);
    expect(poolMap(map, { pool: 'topQ', q: 0.05 })).toBeCloseTo(expected.top_q.q05, 6);
  }

  const bank = (s: number): Float32Array => unitRows(stageColumns(npyFloats(patch('bank_raw.npy')).data, s), WIDE);

  it('plain loops: interpolation, unit length, nearest neighbour, mean, pools', () => {
    const rows = cellRows(goldenStages(), { width: SIDE, height: SIDE }, GOLDEN_SPEC);
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
    const raw = goldenStages();
    const stages = GOLDEN_SPEC.stages.map((name) => ({ name, stride: 2, channels: WIDE }));
    await host.load('cells', { bytes: cellGraph(stages, GOLDEN_SPEC) });
    const feeds = Object.fromEntries(
      raw.map((g, s) => [GOLDEN_SPEC.stages[s]!, { dims: [1, g.height, g.width, WIDE], data: g.data }]),
    );
    const size = { dims: [2], data: BigInt64Array.of(BigInt(SIDE), BigInt(SIDE)) };
    const m = bank(0).length / WIDE;
    const bias = { dims: [m], data: new Float32Array(m) };
    const steps = [
      { graph: 'cells', feeds: { ...feeds, size } },
      ...GOLDEN_SPEC.stages.map((name, s) => ({
        graph: 'nearest',
        feeds: { q: { step: 0, output: `rows_${name}` }, bank: { dims: [m, WIDE], data: bank(s) }, bias },
      })),
    ];
    const found = await host.run(
      steps,
      GOLDEN_SPEC.stages.flatMap(
        (_, s) =>
          [
            [1 + s, 'cosine'],
            [1 + s, 'index'],
          ] as const,
      ),
    );
    check(
      GOLDEN_SPEC.stages.map((_, s) => found[2 * s]!.data as Float32Array),
      GOLDEN_SPEC.stages.map((_, s) => Int32Array.from(found[2 * s + 1]!.data as BigInt64Array, Number)),
    );
  });

  it('the joint length of the stages cancels, as the golden normalises jointly first', () => {
    const rows = cellRows(goldenStages(), { width: SIDE, height: SIDE }, GOLDEN_SPEC);
    const joint = npyFloats(patch('query_up_l2.npy')).data;
    rows.forEach((r, s) => {
      expect(worstDifference(r.data, unitRows(stageColumns(joint, s), WIDE))).toBeLessThan(TOLERANCE);
    });
  });

  it('the fast mode is another map: distances on the native grid, then interpolated', () => {
    const native: CellSpec = { ...GOLDEN_SPEC, side: 6 };
    const rows = cellRows(goldenStages(), { width: 6, height: 6 }, native);
    const m = bank(0).length / WIDE;
    const cosines = rows.map((r, s) => {
      const p = matmul(r.data, bank(s), WIDE);
      return Float32Array.from({ length: 36 }, (_, i) => Math.max(...p.subarray(i * m, (i + 1) * m)));
    });
    const map = distanceMap(cosines, { width: 6, height: 6 });
    expect(worstDifference(map.data, npyFloats(patch('map_native.npy')).data)).toBeLessThan(TOLERANCE);
    const up = resizeBilinear(map, SIDE, SIDE, { alignCorners: true });
    expect(worstDifference(up.data, npyFloats(patch('map_native_up.npy')).data)).toBeLessThan(TOLERANCE);
    expect(poolMap(map, { pool: 'max' })).toBeCloseTo(expected.fast_mode.score, 6);
    expect(resizeMap(map, { width: 24, height: 24 }).data).toHaveLength(576);
  });

  it.each([4096, 16, 1])('the coreset of the golden through products, front %i', (front) => {
    const rows = npyRows(patch('coreset_x.npy'));
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
    const expected = shared('golden/interest') ? goldenJson('interest', 'expected.json') : {};

    it.each(MATCHES)('%s', (name) => {
      const { query, references } = goldenMatch(name);
      const match = matchInstances(query, references, PAPER_MATCH);
      expect(match.score).toBeCloseTo(expected[name].score, 5);
      if (expected[name].assignment_per_stage) expect(match.perStage).toEqual(expected[name].assignment_per_stage);
    });
  },
);
