/** The worst error of each golden of patch and interest matching, calibration, metrics and resampling. */
import { readFileSync } from 'node:fs';
import { nearestGraph } from '../../src/adapters/backbones/graphs.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import { paperScore, paperStatistics } from '../../src/core/calibrate.ts';
import { type CellSpec, cellRows, distanceMap, poolMap } from '../../src/core/detect/cells.ts';
import { greedyCover } from '../../src/core/detect/cover.ts';
import { type Matchable, matchInstances } from '../../src/core/detect/instances.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { matmul, unitRows } from '../../src/core/grid/linear.ts';
import { resizeNearest } from '../../src/core/grid/nearest.ts';
import { resizeBilinear, resizePositions } from '../../src/core/grid/resample.ts';
import { auprTrapezoid, auroc, averagePrecision, f1Max, rank } from '../../src/core/metrics/image.ts';
import { type PixelSample, pixelMetrics } from '../../src/core/metrics/pixel.ts';
import { npyFloats, npyGrid, npyInts, npyRows } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

const [STAGES, WIDE, SIDE] = [4, 16, 12];
const at = (...parts: string[]): string => sharedPath('golden', ...parts);
const json = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

/** Columns of one stage, which lie side by side in the goldens. */
function slice(cells: Float32Array, s: number): Float32Array {
  const total = STAGES * WIDE;
  const out = new Float32Array((cells.length / total) * WIDE);
  for (let i = 0; i * total < cells.length; i++)
    out.set(cells.subarray(i * total + s * WIDE, i * total + (s + 1) * WIDE), i * WIDE);
  return out;
}

async function patchErrors(): Promise<[string, number][]> {
  const expected = json('patch', 'expected.json');
  const raw = npyGrid(at('patch', 'query_raw.npy'));
  const spec: CellSpec = {
    stages: ['a', 'b', 'c', 'd'],
    stride: 1,
    side: SIDE,
    alignCorners: true,
    neighbourhood: 1,
    standardise: false,
    places: 0,
  };
  const stages = spec.stages.map((_, s) => grid(slice(raw.data, s), raw.height, raw.width, WIDE));
  const rows = cellRows(stages, { width: SIDE, height: SIDE }, spec);
  await using host = await createInference({ threads: 1 });
  await host.load('nearest', { bytes: nearestGraph({ bias: true }) });
  const bank = npyFloats(at('patch', 'bank_raw.npy')).data;
  const cosines: Float32Array[] = [];
  for (const [s, r] of rows.entries()) {
    const data = unitRows(slice(bank, s), WIDE);
    const m = data.length / WIDE;
    const feeds = {
      q: { dims: [SIDE * SIDE, WIDE], data: r.data },
      bank: { dims: [m, WIDE], data },
      bias: { dims: [m], data: new Float32Array(m) },
    };
    const [found] = await host.run([{ graph: 'nearest', feeds }], [[0, 'cosine']]);
    cosines.push(found!.data as Float32Array);
  }
  const distances = cosines.flatMap((c) => Array.from(c, (v) => 1 - v));
  const map = distanceMap(cosines, { width: SIDE, height: SIDE });
  const cover = coverOf();
  const { indices, cover_radius: radius } = expected.kcenter_start7_n20;
  return [
    ['patch: distance per stage (graph)', worst(distances, npyFloats(at('patch', 'stage_distance.npy')).data)],
    ['patch: map', worst(map.data, npyFloats(at('patch', 'map.npy')).data)],
    ['patch: score', Math.abs(poolMap(map, { pool: 'max' }) - expected.logsad.score)],
    ['patch: top 1 %', Math.abs(poolMap(map, { pool: 'topQ', q: 0.01 }) - expected.top_q.q01)],
    ['coreset: rows chosen otherwise', cover.indices.filter((v, i) => v !== indices[i]).length],
    ['coreset: radius', Math.abs(cover.radius - radius)],
  ];
}

function coverOf(): { readonly indices: readonly number[]; readonly radius: number } {
  const x = npyRows(at('patch', 'coreset_x.npy'));
  const steps = greedyCover(x, 20, 7);
  let next = steps.next();
  while (!next.done) {
    const { centres, bias } = next.value;
    const products = matmul(x.data, centres.data, x.channels);
    const largest = Float32Array.from({ length: x.height }, (_, i) =>
      bias.reduce((m, v, j) => Math.max(m, products[i * bias.length + j]! + v), Number.NEGATIVE_INFINITY),
    );
    next = steps.next(largest);
  }
  return { indices: [...next.value.indices], radius: next.value.radius };
}

function interestError(): number {
  const expected = json('interest', 'expected.json');
  const instances = (cells: string, masks: string): Matchable[] => {
    const rows = npyRows(at('interest', `${cells}_cells.npy`));
    const mask = npyInts(at('interest', `${masks}_masks.npy`));
    return Array.from({ length: mask.shape[0]! }, (_, n) => {
      const sums = new Float32Array(rows.channels);
      for (let i = 0; i < 64; i++)
        if (mask.data[n * 64 + i])
          for (let k = 0; k < rows.channels; k++) sums[k]! += rows.data[i * rows.channels + k]!;
      const stages = Array.from({ length: STAGES }, (_, s) => unitRows(sums.slice(s * WIDE, (s + 1) * WIDE), WIDE));
      return { interest: 'any', stages, x: 0, y: 0, area: 1 };
    });
  };
  const errors = ['N_lt_M', 'N_gt_M', 'N_eq_M', 'N_zero', 'one_one'].map((name) => {
    const references = [0, 1].map((r) => ({ image: `${r}`, instances: instances(`ref${r}`, `${name}.ref${r}`) }));
    const { score } = matchInstances(instances('query', `${name}.query`), references, {
      reduce: 'pooled',
      unmatched: null,
      perInterest: false,
      position: 0,
      area: 0,
      perStage: true,
    });
    return Math.abs(score - expected[name].score);
  });
  return Math.max(...errors);
}

function calibrationError(): number {
  const golden = json('calibration', 'expected.json');
  const statistics = ['structural', 'instance'].map((n) => paperStatistics(golden.validation_scores[n]));
  return Math.max(
    ...golden.cases.map((c: { structural: number; instance: number; rule_flag: boolean; score: number }) =>
      Math.abs(paperScore([c.structural, c.instance], statistics, c.rule_flag).score - c.score),
    ),
  );
}

function metricErrors(): [string, number][] {
  const golden = json('metrics', 'expected.json');
  const names = [
    'continuous',
    'tied_0.1',
    'heavy_ties',
    'rule_flag_block',
    'constant',
    'perfect',
    'inverted',
    'one_positive',
  ];
  const image = names.map((name) => {
    const { labels, scores, auroc: area, average_precision, aupr_trapezoid, f1_max } = golden[name];
    const r = rank(labels, scores);
    return worst(
      [auroc(r), averagePrecision(r), auprTrapezoid(r), f1Max(r).f1],
      [area, average_precision, aupr_trapezoid, f1_max.f1],
    );
  });
  const pixel = ['map', 'map_tied'].map((name) => {
    const { data, shape } = npyFloats(at('metrics', `pixel.${name}.npy`));
    const [n, h, w] = shape as [number, number, number];
    const truth = npyInts(at('metrics', 'pixel.gt.npy')).data;
    const samples = Array.from(
      { length: n },
      (_, i): PixelSample => ({
        map: grid(data.slice(i * h * w, (i + 1) * h * w), h, w),
        truth: grid(Uint8Array.from(truth.subarray(i * h * w, (i + 1) * h * w)), h, w),
      }),
    );
    const e = golden.pixel[name];
    const m = pixelMetrics(samples, [0.3, 0.05, 1]);
    return worst(
      [m.auroc, m.averagePrecision, m.f1.f1, ...m.aupro],
      [e.pixel_auroc, e.pixel_ap, e.pixel_f1_max.f1, ...['0.3', '0.05', '1.0'].map((l) => e.aupro[l].exact_sorted)],
    );
  });
  return [
    ['metrics: image (scikit-learn)', Math.max(...image)],
    ['metrics: pixel and AUPRO', Math.max(...pixel)],
  ];
}

function resizeError(): number {
  const golden = (name: string) => npyGrid(at('resize', `${name}.npy`));
  const input = golden('up.input_9x7');
  const pairs: (readonly [ArrayLike<number>, ArrayLike<number>])[] = [
    [resizeBilinear(input, 20, 31).data, golden('up.half_pixel_20x31').data],
    [resizeBilinear(input, 20, 31, { alignCorners: true }).data, golden('up.align_corners_20x31').data],
    [resizeNearest(input, 20, 31, 'corner').data, golden('up.nearest_20x31').data],
    [resizeBilinear(input, 4, 3).data, golden('down.antialias_4x3').data],
    [resizeBilinear(input, 4, 3, { antialias: false }).data, golden('down.half_pixel_4x3').data],
  ];
  for (const rule of ['plain', 'openclip', 'dinov2'] as const) {
    for (const n of [5, 12, 16, 19])
      pairs.push([resizePositions(golden('pos.table8'), n, n, rule).data, golden(`pos.${rule}_${n}`).data]);
  }
  const relative = pairs.map(([a, b]) => worst(a, b) / Array.from(b).reduce((m, v) => Math.max(m, Math.abs(v)), 1));
  return Math.max(...relative);
}

export const bench: Bench = {
  name: 'goldens',
  summary: 'worst error of each golden of issue B (needs ../shared/golden)',
  async run() {
    if (shared('golden') === null) return console.log('skipped: ../shared/golden is not on this machine');
    const rows: [string, number][] = [
      ...(await patchErrors()),
      ['interest: score', interestError()],
      ['calibration: score', calibrationError()],
      ...metricErrors(),
      ['resize: feature maps and position tables, relative', resizeError()],
    ];
    console.log(
      table(
        ['golden', 'worst error'],
        rows.map(([name, v]) => [name, v === 0 ? '0' : v.toExponential(1)]),
      ),
    );
  },
};
