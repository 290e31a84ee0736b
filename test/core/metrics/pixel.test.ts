import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Grid, grid } from '../../../src/core/grid/grid.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { LOCO, saturationArea } from '../../../src/core/metrics/loco.ts';
import { auSpro, type DefectChannel, type LocoSample, saturatedOverlap } from '../../support/exactMetrics/loco.ts';
import { type PixelSample, pixelMetrics } from '../../support/exactMetrics/pixel.ts';
import { npyFloats, npyInts } from '../../support/npy.ts';
import { readFloatTiff, readPng } from '../../support/png.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const missing = shared('golden/metrics') === null;
const at = (name: string): string => sharedPath('golden/metrics', name);
const golden = missing ? {} : JSON.parse(readFileSync(at('expected.json'), 'utf8'));

function samplesOf(name: string): PixelSample[] {
  const { data, shape } = npyFloats(at(name));
  const [n, h, w] = shape as [number, number, number];
  const truth = npyInts(at('pixel.gt.npy')).data;
  return Array.from({ length: n }, (_, i) => ({
    map: grid(data.slice(i * h * w, (i + 1) * h * w), h, w),
    truth: grid(Uint8Array.from(truth.subarray(i * h * w, (i + 1) * h * w)), h, w),
  }));
}

describe.skipIf(missing)('pixel metrics against golden/metrics (needs ../shared)', () => {
  it.each(['map', 'map_tied'])('%s', (name) => {
    const expected = golden.pixel[name];
    const found = pixelMetrics(samplesOf(`pixel.${name}.npy`), [0.3, 0.05, 1]);
    expect(found.auroc).toBeCloseTo(expected.pixel_auroc, 9);
    expect(found.averagePrecision).toBeCloseTo(expected.pixel_ap, 9);
    expect(found.f1.f1).toBeCloseTo(expected.pixel_f1_max.f1, 9);
    expect(found.f1.threshold).toBe(expected.pixel_f1_max.threshold);
    expect(found.f1.precision).toBeCloseTo(expected.pixel_f1_max.precision, 9);
    ['0.3', '0.05', '1.0'].forEach((limit, i) => {
      expect(found.aupro[i], limit).toBeCloseTo(expected.aupro[limit].exact_sorted, 9);
    });
  });
});

interface DefectConfig {
  readonly pixel_value: number;
  readonly saturation_threshold: number;
  readonly relative_saturation: boolean;
}

function channelsOf(kind: string, id: string, config: readonly DefectConfig[]): DefectChannel[] {
  const folder = at(`loco/dataset/screw_bag/ground_truth/${kind}/${id}`);
  return readdirSync(folder).map((file) => {
    const mask = readPng(`${folder}/${file}`);
    const value = mask.data.find((v) => v !== 0);
    const { saturation_threshold, relative_saturation } = config.find((c) => c.pixel_value === value)!;
    return { mask, saturation: { threshold: saturation_threshold, relative: relative_saturation } };
  });
}

function locoSamples(kind: string): LocoSample[] {
  const config = JSON.parse(readFileSync(at('loco/dataset/screw_bag/defects_config.json'), 'utf8'));
  return ['good', kind].flatMap((folder) =>
    readdirSync(at(`loco/maps/screw_bag/test/${folder}`)).map((file) => ({
      map: readFloatTiff(at(`loco/maps/screw_bag/test/${folder}/${file}`)),
      channels: folder === 'good' ? [] : channelsOf(folder, file.replace('.tiff', ''), config),
    })),
  );
}

describe.skipIf(missing)('AU-sPRO against golden/metrics/loco (needs ../shared)', () => {
  it.each(['logical_anomalies', 'structural_anomalies'])('%s', (kind) => {
    const found = auSpro(locoSamples(kind));
    LOCO.limits.forEach((limit, i) => {
      const key = limit === 1 ? '1.0' : String(limit);
      expect(Math.abs(found[i]! - golden.loco.exact_sweep[kind][key]), `exact ${key}`).toBeLessThan(1e-9);
      const kit = golden.loco['kit_curve_max_distance_0.001'].auc_spro[kind][key];
      expect(Math.abs(found[i]! - kit), `kit ${key}`).toBeLessThan(1e-3);
    });
  });
});

describe('saturation', () => {
  it('counts whole pixels, at most the area (ALGORITHM 15)', () => {
    expect(saturatedOverlap(300, 1000, { threshold: 400, relative: false })).toBe(0.75);
    expect(saturatedOverlap(500, 1000, { threshold: 400, relative: false })).toBe(1);
    expect(saturationArea(1000, { threshold: 0.333, relative: true })).toBe(333);
    expect(saturationArea(100, { threshold: 900, relative: false })).toBe(100);
  });

  it('refuses a defect that cannot be hit, a NaN, and sizes that differ', () => {
    const map: Grid = grid(Float32Array.of(1, 2, 3, 4), 2, 2);
    const mask = grid(Uint8Array.of(1, 0, 0, 0), 2, 2);
    const channels = [{ mask, saturation: { threshold: 0.5, relative: true } }];
    expect(() => auSpro([{ map, channels }])).toThrow(/saturates at 0/);
    expect(() => pixelMetrics([{ map: grid(Float32Array.of(Number.NaN), 1, 1), truth: null }])).toThrow(/NaN/);
    expect(() => pixelMetrics([{ map, truth: grid(new Uint8Array(2), 1, 2) }])).toThrow(RangeError);
  });
});

describe('region overlap', () => {
  const truth = grid(
    Uint8Array.from({ length: 400 }, (_, i) => (i % 20 > 12 && i > 240 ? 1 : i < 3 ? 255 : 0)),
    20,
    20,
  );

  it('is 1 for a map that shows exactly the defects, about half the limit for noise', () => {
    const perfect = grid(
      Float32Array.from(truth.data, (v) => (v === 0 ? -1 : 2)),
      20,
      20,
    );
    expect(pixelMetrics([{ map: perfect, truth }]).aupro[0]).toBeCloseTo(0.5 + 0.5, 9);
    const random = createRandom(2);
    const noise = Array.from({ length: 60 }, () => ({
      map: grid(
        Float32Array.from(truth.data, () => random.normal()),
        20,
        20,
      ),
      truth,
    }));
    expect(Math.abs(pixelMetrics(noise).aupro[0]! - 0.15)).toBeLessThan(0.02);
  });

  it('weighs every defect the same, however small', () => {
    // Only the three-pixel defect is found: half of the overlap.
    const small = grid(
      Float32Array.from(truth.data, (_, i) => (i < 3 ? 1 : truth.data[i] === 0 ? 0 : -1)),
      20,
      20,
    );
    expect(pixelMetrics([{ map: small, truth }]).aupro[0]).toBeCloseTo(0.5, 9);
  });

  it('is undefined without a defect', () => {
    const map = grid(new Float32Array(4), 2, 2);
    expect(pixelMetrics([{ map, truth: null }]).aupro[0]).toBeNaN();
    expect(auSpro([{ map, channels: [] }], [0.05])[0]).toBeNaN();
  });
});
