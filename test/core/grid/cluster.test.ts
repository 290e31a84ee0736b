import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kMeans, kMeansFrom, nearestCentres, pickRows, type Rows } from '../../../src/core/grid/cluster.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { kCenterGreedy } from '../../support/kCenterGreedy.ts';
import { npyInts, npyRows } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const at = (name: string): string => sharedPath('golden/segment', name);
const rowsOf = (values: readonly (readonly number[])[]): Rows => ({
  data: Float32Array.from(values.flat()),
  height: values.length,
  width: 1,
  channels: values[0]!.length,
});
const worst = (a: Float32Array, b: Float32Array): number => a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

describe.skipIf(shared('golden/segment') === null)('k-means against golden/segment (needs ../shared)', () => {
  it('assigns by Euclidean distance, not by cosine', () => {
    const found = nearestCentres(npyRows(at('kmeans.features.npy')), npyRows(at('kmeans.assign_centres.npy')));
    expect(found.labels).toEqual(npyInts(at('kmeans.assign_labels.npy')).data);
  });

  it('moves, stops and predicts as published', () => {
    const golden = JSON.parse(readFileSync(at('kmeans.json'), 'utf8'));
    const rows = npyRows(at('kmeans.features.npy'));
    const initial = pickRows(rows, golden.initial_rows);
    expect(worst(initial.data, npyRows(at('kmeans.initial_centres.npy')).data)).toBe(0);
    const once = kMeansFrom(rows, initial, { maxIterations: 1 });
    expect(worst(once.centres.data, npyRows(at('kmeans.centres_after_1.npy')).data)).toBeLessThan(1e-6);
    const found = kMeansFrom(rows, initial);
    expect(found.iterations).toBe(golden.iterations);
    found.shifts.forEach((s, i) => {
      expect(Math.abs(s / golden.squared_total_shift[i] - 1) < 1e-4 || s < 1e-9, `shift ${i}: ${s}`).toBe(true);
    });
    expect(worst(found.centres.data, npyRows(at('kmeans.final_centres.npy')).data)).toBeLessThan(1e-6);
    expect(found.labels).toEqual(npyInts(at('kmeans.final_labels.npy')).data);
    expect(nearestCentres(rows, found.centres).labels).toEqual(npyInts(at('kmeans.predict_labels.npy')).data);
  });
});

describe('k-means', () => {
  const blobs = (): Rows => {
    const random = createRandom(5);
    return rowsOf(
      Array.from({ length: 90 }, (_, i) => [(i % 3) * 10 + random.normal(), (i % 3) * -7 + random.normal()]),
    );
  };

  it('finds separated groups, the same ones for the same seed', () => {
    const a = kMeans(blobs(), 3, createRandom(1));
    for (let i = 0; i < 90; i++) expect(a.labels[i]).toBe(a.labels[i % 3]);
    expect(new Set(a.labels).size).toBe(3);
    expect(kMeans(blobs(), 3, createRandom(1)).centres.data).toEqual(a.centres.data);
  });

  it('gives an empty cluster the worst served row', () => {
    const rows = rowsOf([[0], [1], [9]]);
    const found = kMeansFrom(rows, rowsOf([[0], [500]]));
    expect([...found.centres.data].sort((p, q) => p - q)).toEqual([0.5, 9]);
  });

  it('survives fewer distinct rows than centres, and refuses more centres than rows', () => {
    const found = kMeans(rowsOf([[2], [2], [2]]), 2, createRandom(0));
    expect([...found.centres.data]).toEqual([2, 2]);
    expect(() => kMeans(rowsOf([[2]]), 2, createRandom(0))).toThrow(RangeError);
  });
});

describe('k-center greedy', () => {
  it.skipIf(shared('golden/patch') === null)('agrees with golden/patch (needs ../shared)', () => {
    const golden = JSON.parse(readFileSync(sharedPath('golden/patch/expected.json'), 'utf8'));
    const rows = npyRows(sharedPath('golden/patch/coreset_x.npy'));
    const found = kCenterGreedy(rows, 20, 7);
    expect([...found.indices]).toEqual(golden.kcenter_start7_n20.indices);
    expect(found.radius).toBeCloseTo(golden.kcenter_start7_n20.cover_radius, 5);
  });

  it('takes the farthest row each time', () => {
    const rows = rowsOf([[0], [1], [10], [4]]);
    expect([...kCenterGreedy(rows, 3, 0).indices]).toEqual([0, 2, 3]);
    expect(kCenterGreedy(rows, 3, 0).radius).toBe(1);
  });

  it('stops when nothing is left to represent', () => {
    const found = kCenterGreedy(rowsOf([[3], [3], [5]]), 3, 0);
    expect([...found.indices]).toEqual([0, 2]);
    expect(found.radius).toBe(0);
    expect(() => kCenterGreedy(rowsOf([[3]]), 1, 1)).toThrow(RangeError);
  });
});
