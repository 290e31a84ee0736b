import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grid, type Mask } from '../../../src/core/grid/grid.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { auroc, rank } from '../../../src/core/metrics/image.ts';
import { bootstrapRanking } from '../../../src/core/metrics/imageIntervals.ts';
import { LEVELS, levelsOf, scoreOfLevel } from '../../../src/core/metrics/levels.ts';
import { LOCO } from '../../../src/core/metrics/loco.ts';
import { GOOD_TRUTH, PixelStream, truthOf } from '../../../src/core/metrics/stream.ts';
import { pixelMetrics } from '../../support/exactMetrics/pixel.ts';
import { npyFloats, npyInts } from '../../support/npy.ts';
import { readFloatTiff, readPng } from '../../support/png.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const missing = shared('golden/metrics') === null;
const at = (name: string): string => sharedPath('golden/metrics', name);
const golden = missing ? {} : JSON.parse(readFileSync(at('expected.json'), 'utf8'));

describe('levels', () => {
  it('order as the scores do and name a score no farther off than their width', () => {
    const scores = fc.array(fc.float({ noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(scores, (values) => {
        const data = Float32Array.from(values);
        const levels = levelsOf(data);
        for (let i = 1; i < data.length; i++) {
          if (data[i]! > data[i - 1]!) expect(levels[i]).toBeGreaterThanOrEqual(levels[i - 1]!);
          if (data[i]! === data[i - 1]!) expect(levels[i]).toBe(levels[i - 1]);
        }
        for (const [i, v] of data.entries()) {
          if (!Number.isFinite(v) || Math.abs(v) < 1e-30) continue;
          expect(Math.abs(scoreOfLevel(levels[i]!) - v)).toBeLessThanOrEqual(Math.abs(v) / 2 ** (23 - LEVELS.dropped));
        }
      }),
    );
    expect(() => levelsOf(Float32Array.of(0, Number.NaN))).toThrow(/score 1 is NaN/);
  });
});

describe.skipIf(missing)('streamed pixel metrics against golden/metrics (needs ../shared)', () => {
  it.each(['map', 'map_tied'])('%s, to a thousandth of what levels forget', (name) => {
    const { data, shape } = npyFloats(at(`pixel.${name}.npy`));
    const [n, h, w] = shape as [number, number, number];
    const truth = npyInts(at('pixel.gt.npy')).data;
    const stream = new PixelStream();
    for (let i = 0; i < n; i++) {
      const mask: Mask = grid(Uint8Array.from(truth.subarray(i * h * w, (i + 1) * h * w)), h, w);
      const good = mask.data.every((v) => v === 0);
      stream.add(
        good ? 'good' : 'bad',
        data.slice(i * h * w, (i + 1) * h * w),
        good ? GOOD_TRUTH : truthOf([mask], null),
      );
    }
    const found = stream.figures();
    const expected = golden.pixel[name];
    expect(found.auroc).toBeCloseTo(expected.pixel_auroc, 4);
    expect(found.ap).toBeCloseTo(expected.pixel_ap, 3);
    expect(found.f1max).toBeCloseTo(expected.pixel_f1_max.f1, 3);
    expect(found.aupro).toBeCloseTo(expected.aupro['0.3'].exact_sorted, 4);
    expect(found.spro).toBeNull();
    const i = stream.intervals(createRandom(1))!;
    expect(i.auroc.low).toBeLessThan(found.auroc + 0.01);
    expect(i.auroc.high).toBeGreaterThan(found.auroc - 0.01);
    expect(stream.intervals(createRandom(1))).toEqual(i);
  });

  it('AU-sPRO, both kinds and their mean', () => {
    const config = JSON.parse(readFileSync(at('loco/dataset/screw_bag/defects_config.json'), 'utf8')) as {
      pixel_value: number;
      saturation_threshold: number;
      relative_saturation: boolean;
    }[];
    const stream = new PixelStream();
    for (const folder of ['good', 'logical_anomalies', 'structural_anomalies']) {
      for (const file of readdirSync(at(`loco/maps/screw_bag/test/${folder}`))) {
        const map = readFloatTiff(at(`loco/maps/screw_bag/test/${folder}/${file}`));
        if (folder === 'good') {
          stream.add(folder, map.data, GOOD_TRUTH);
          continue;
        }
        const masks = at(`loco/dataset/screw_bag/ground_truth/${folder}/${file.replace('.tiff', '')}`);
        const read = readdirSync(masks).map((m) => readPng(`${masks}/${m}`));
        const saturations = read.map((m) => {
          const c = config.find((e) => e.pixel_value === m.data.find((v) => v !== 0))!;
          return { threshold: c.saturation_threshold, relative: c.relative_saturation };
        });
        stream.add(folder, map.data, truthOf(read, saturations));
      }
    }
    const { spro } = stream.figures();
    const exact = golden.loco.exact_sweep;
    for (const [k, limit] of LOCO.limits.entries()) {
      const key = limit === 1 ? '1.0' : String(limit);
      const both = ['logical_anomalies', 'structural_anomalies'].map((f) => {
        expect(Math.abs(spro!.folders[f]![k]! - exact[f][key]), `${f} ${key}`).toBeLessThan(1e-3);
        return exact[f][key] as number;
      });
      expect(Math.abs(spro!.mean[k]! - (both[0]! + both[1]!) / 2)).toBeLessThan(1e-3);
    }
  });
});

/** Bytes of all typed arrays that a value holds. */
function heldBy(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Map) return [...value.values()].reduce((n: number, v) => n + heldBy(v), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((n: number, v) => n + heldBy(v), 0);
}

describe('the stream', () => {
  const [h, w] = [24, 30];
  const image = (seed: number): { map: Float32Array; mask: Mask } => {
    const random = createRandom(seed);
    const mask = grid(
      Uint8Array.from({ length: h * w }, (_, i) => (i % w > 20 && i % w < 26 && i > 5 * w && i < 12 * w ? 255 : 0)),
      h,
      w,
    );
    return { map: Float32Array.from(mask.data, (v) => random.normal() + (v > 0 ? 1 : 0)), mask };
  };

  it('agrees with the exact sweep on any maps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 999 }), (n, seed) => {
        const stream = new PixelStream();
        const samples = Array.from({ length: n + 1 }, (_, i) => {
          const { map, mask } = image(seed + 1000 * i);
          stream.add(i === 0 ? 'good' : 'bad', map, i === 0 ? GOOD_TRUTH : truthOf([mask], null));
          return { map: grid(map, h, w), truth: i === 0 ? null : mask };
        });
        const exact = pixelMetrics(samples);
        const found = stream.figures();
        expect(found.auroc).toBeCloseTo(exact.auroc, 3);
        expect(found.ap).toBeCloseTo(exact.averagePrecision, 2);
        expect(found.aupro).toBeCloseTo(exact.aupro[0]!, 3);
        expect(found.images).toEqual({ good: 1, defective: n });
      }),
      { numRuns: 20 },
    );
  });

  it('keeps no map: more images cost no more than their few coarse counts', () => {
    const { map, mask } = image(1);
    const truth = truthOf([mask], [{ threshold: 1, relative: true }]);
    const bytesAfter = (n: number): number => {
      const stream = new PixelStream();
      for (let i = 0; i < n; i++) stream.add(i % 2 ? 'bad' : 'good', map, i % 2 ? truth : GOOD_TRUTH);
      return heldBy(stream);
    };
    const [two, forty] = [bytesAfter(2), bytesAfter(40)];
    expect(two).toBeGreaterThan(0);
    expect((forty - two) / 38).toBeLessThan(map.byteLength * 5);
    // What grows is sparse: a map a hundred times the size has hardly more coarse levels.
    const large = new PixelStream();
    large.add(
      'good',
      Float32Array.from({ length: 100 * map.length }, (_, i) => map[i % map.length]!),
      GOOD_TRUTH,
    );
    const small = new PixelStream();
    small.add('good', map, GOOD_TRUTH);
    expect(heldBy(large)).toBe(heldBy(small));
  });

  it('counts the last hit before saturation in part, as the exact sweep does', () => {
    const mask = grid(Uint8Array.of(1, 1, 0, 0), 2, 2);
    const stream = new PixelStream();
    stream.add('good', Float32Array.of(0, 0, 0, 0), GOOD_TRUTH);
    stream.add('bad', Float32Array.of(3, -1, 0, 0), truthOf([mask], [{ threshold: 0.5, relative: true }]));
    // One of two pixels saturates the defect: full overlap before the first false alarm.
    expect(stream.figures().spro!.folders.bad).toEqual([1, 1, 1, 1, 1]);
    expect(stream.figures().aupro).toBeCloseTo(0.5, 6);
  });

  it('refuses what it cannot measure', () => {
    const stream = new PixelStream();
    expect(() => truthOf([], null)).toThrow(/without a mask/);
    expect(() => truthOf([grid(new Uint8Array(4), 2, 2)], null)).toThrow(/is empty/);
    expect(() => truthOf([grid(Uint8Array.of(1), 1, 1)], [{ threshold: 0.5, relative: true }])).toThrow(
      /saturates at 0/,
    );
    expect(() => stream.add('bad', new Float32Array(3), truthOf([grid(Uint8Array.of(1), 1, 1)], null))).toThrow(
      /3 scores, a mask of 1 pixels/,
    );
    expect(stream.intervals(createRandom(1))).toBeNull();
    expect(stream.figures().auroc).toBeNaN();
  });
});

describe('bootstrapRanking', () => {
  const labels = Array.from({ length: 60 }, (_, i) => i % 2 === 0);
  const random = createRandom(3);
  const scores = labels.map((bad) => random.normal() + (bad ? 1.2 : 0));

  it('lies around the figure, narrows with n, and is the same for the same seed', () => {
    const found = bootstrapRanking(labels, scores, createRandom(0))!;
    const value = auroc(rank(labels, scores));
    expect(found.auroc.low).toBeLessThan(value);
    expect(found.auroc.high).toBeGreaterThan(value);
    expect(bootstrapRanking(labels, scores, createRandom(0))).toEqual(found);
    const four = [0, 1, 2, 3].flatMap(() => scores);
    const more = bootstrapRanking(
      four.map((_, i) => labels[i % 60]!),
      four,
      createRandom(0),
    )!;
    expect(more.auroc.high - more.auroc.low).toBeLessThan(0.7 * (found.auroc.high - found.auroc.low));
  });

  it('is [1, 1] where the classes are apart, and null where one is empty', () => {
    expect(bootstrapRanking([true, false], [2, 1], createRandom(0))).toEqual({
      auroc: { low: 1, high: 1 },
      ap: { low: 1, high: 1 },
      f1max: { low: 1, high: 1 },
    });
    expect(bootstrapRanking([true], [1], createRandom(0))).toBeNull();
  });
});
