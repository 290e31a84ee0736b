/** The worst error of each golden of patch and interest matching, calibration, metrics and resampling. */
import { nearestGraph } from '../../src/adapters/backbones/graphs.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import { paperScore, paperStatistics } from '../../src/core/calibrate.ts';
import { cellRows, distanceMap, poolMap } from '../../src/core/detect/cells.ts';
import { greedyCover } from '../../src/core/detect/cover.ts';
import { matchInstances } from '../../src/core/detect/instances.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { matmul, unitRows } from '../../src/core/grid/linear.ts';
import { resizeNearest } from '../../src/core/grid/nearest.ts';
import { resizeBilinear, resizePositions } from '../../src/core/grid/resample.ts';
import { auprTrapezoid, auroc, averagePrecision, f1Max, rank } from '../../src/core/metrics/image.ts';
import { GOOD_TRUTH, PixelStream, truthOf } from '../../src/core/metrics/stream.ts';
import { type PixelSample, pixelMetrics } from '../support/exactMetrics/pixel.ts';
import {
  GOLDEN_SPEC,
  goldenJson,
  goldenMatch,
  goldenPath,
  goldenStages,
  MATCHES,
  PAPER_MATCH,
  RANKINGS,
  SIDE,
  stageColumns,
  WIDE,
  worstDifference,
} from '../support/goldens.ts';
import { npyFloats, npyGrid, npyInts, npyRows } from '../support/npy.ts';
import { shared } from '../support/shared.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

async function patchErrors(): Promise<[string, number][]> {
  const expected = goldenJson('patch', 'expected.json');
  const rows = cellRows(goldenStages(), { width: SIDE, height: SIDE }, GOLDEN_SPEC);
  await using host = await createInference({ threads: 1 });
  await host.load('nearest', { bytes: nearestGraph({ bias: true }) });
  const bank = npyFloats(goldenPath('patch', 'bank_raw.npy')).data;
  const cosines: Float32Array[] = [];
  for (const [s, r] of rows.entries()) {
    const data = unitRows(stageColumns(bank, s), WIDE);
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
    [
      'patch: distance per stage (graph)',
      worstDifference(distances, npyFloats(goldenPath('patch', 'stage_distance.npy')).data),
    ],
    ['patch: map', worstDifference(map.data, npyFloats(goldenPath('patch', 'map.npy')).data)],
    ['patch: score', Math.abs(poolMap(map, { pool: 'max' }) - expected.logsad.score)],
    ['patch: top 1 %', Math.abs(poolMap(map, { pool: 'topQ', q: 0.01 }) - expected.top_q.q01)],
    ['coreset: rows chosen otherwise', cover.indices.filter((v, i) => v !== indices[i]).length],
    ['coreset: radius', Math.abs(cover.radius - radius)],
  ];
}

function coverOf(): { readonly indices: readonly number[]; readonly radius: number } {
  const x = npyRows(goldenPath('patch', 'coreset_x.npy'));
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
  const expected = goldenJson('interest', 'expected.json');
  const errors = MATCHES.map((name) => {
    const { query, references } = goldenMatch(name);
    return Math.abs(matchInstances(query, references, PAPER_MATCH).score - expected[name].score);
  });
  return Math.max(...errors);
}

function calibrationError(): number {
  const golden = goldenJson('calibration', 'expected.json');
  const statistics = ['structural', 'instance'].map((n) => paperStatistics(golden.validation_scores[n]));
  return Math.max(
    ...golden.cases.map((c: { structural: number; instance: number; rule_flag: boolean; score: number }) =>
      Math.abs(paperScore([c.structural, c.instance], statistics, c.rule_flag).score - c.score),
    ),
  );
}

function metricErrors(): [string, number][] {
  const golden = goldenJson('metrics', 'expected.json');
  const image = RANKINGS.map((name) => {
    const { labels, scores, auroc: area, average_precision, aupr_trapezoid, f1_max } = golden[name];
    const r = rank(labels, scores);
    return worstDifference(
      [auroc(r), averagePrecision(r), auprTrapezoid(r), f1Max(r).f1],
      [area, average_precision, aupr_trapezoid, f1_max.f1],
    );
  });
  const streamed: number[] = [];
  const pixel = ['map', 'map_tied'].map((name) => {
    const { data, shape } = npyFloats(goldenPath('metrics', `pixel.${name}.npy`));
    const [n, h, w] = shape as [number, number, number];
    const truth = npyInts(goldenPath('metrics', 'pixel.gt.npy')).data;
    const samples = Array.from(
      { length: n },
      (_, i): PixelSample => ({
        map: grid(data.slice(i * h * w, (i + 1) * h * w), h, w),
        truth: grid(Uint8Array.from(truth.subarray(i * h * w, (i + 1) * h * w)), h, w),
      }),
    );
    const e = golden.pixel[name];
    const stream = new PixelStream();
    for (const { map, truth: mask } of samples) {
      const good = mask!.data.every((v) => v === 0);
      stream.add(good ? 'good' : 'bad', map.data, good ? GOOD_TRUTH : truthOf([mask!], null));
    }
    const f = stream.figures();
    streamed.push(
      worstDifference(
        [f.auroc, f.ap, f.f1max, f.aupro],
        [e.pixel_auroc, e.pixel_ap, e.pixel_f1_max.f1, e.aupro['0.3'].exact_sorted],
      ),
    );
    const m = pixelMetrics(samples, [0.3, 0.05, 1]);
    return worstDifference(
      [m.auroc, m.averagePrecision, m.f1.f1, ...m.aupro],
      [e.pixel_auroc, e.pixel_ap, e.pixel_f1_max.f1, ...['0.3', '0.05', '1.0'].map((l) => e.aupro[l].exact_sorted)],
    );
  });
  return [
    ['metrics: image (scikit-learn)', Math.max(...image)],
    ['metrics: pixel and AUPRO, as `evaluate` streams them (levels of 1/4096)', Math.max(...streamed)],
    ['metrics: pixel and AUPRO, the exact sweep that tests compare the stream with', Math.max(...pixel)],
  ];
}

function resizeError(): number {
  const golden = (name: string) => npyGrid(goldenPath('resize', `${name}.npy`));
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
  const relative = pairs.map(
    ([a, b]) => worstDifference(a, b) / Array.from(b).reduce((m, v) => Math.max(m, Math.abs(v)), 1),
  );
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
