import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  associationDistance,
  meanOfScales,
  textScores,
  windowCells,
  windowMap,
  windowTokens,
} from '../../../src/core/detect/windows.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid } from '../../../src/core/grid/grid.ts';
import { matmul, unitRows } from '../../../src/core/grid/linear.ts';
import { resizeBilinear } from '../../../src/core/grid/resample.ts';
import { relative } from '../../support/errors.ts';
import { npyFloats, npyInts, npyRows } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const SIZE = { width: 15, height: 15 };
const golden = (name: string): string => sharedPath('golden', 'winclip', name);
const floats = (name: string): Float32Array => npyFloats(golden(name)).data;

/** Largest relative errors by what was compared; printed at the end. */
const worst: Record<string, number> = {};
function near(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  const error = relative(got, want);
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThan(tolerance);
}

/** Smallest distance of every row to all rows of all references. */
function associated(rows: Rows, references: Float32Array): Float32Array {
  const d = rows.channels;
  const products = matmul(unitRows(rows.data, d), unitRows(references, d), d);
  const m = references.length / d;
  return Float32Array.from({ length: rows.height }, (_, i) =>
    associationDistance(products.subarray(i * m, (i + 1) * m).reduce((a, b) => Math.max(a, b))),
  );
}

describe.skipIf(shared('golden/winclip') === null)('golden/winclip (needs ../shared/golden)', () => {
  it.each([2, 3])('windows of side %i cover the patches as stored', (k) => {
    const { data, shape } = npyInts(golden(`masks_k${k}_15x15.npy`));
    const windows = windowCells(SIZE, k);
    expect(shape).toEqual([k * k, windows.length]);
    // The stored indices are one-based: row 0 of the tokens is the class.
    const base = Math.min(...data);
    windows.forEach((cells, w) => {
      expect([...cells].map((c) => c + base)).toEqual(
        Array.from({ length: k * k }, (_, i) => data[i * windows.length + w]),
      );
    });
    const tokens = npyInts(golden(`clip-tiny.window_tokens_k${k}.npy`));
    expect(windowTokens({ width: 8, height: 8 }, k).flatMap((t) => [...t])).toEqual([...tokens.data]);
  });

  it.each([
    ['tau001', 0.01, 1e-4],
    ['tau007', 0.07, 1e-5],
  ] as const)('zero-shot, %s', (name, tau, tolerance) => {
    const expected = JSON.parse(readFileSync(golden('expected.json'), 'utf8'))[name];
    const texts = npyRows(golden('text.npy'));
    const image = { data: floats('image_embedding.npy'), height: 1, width: 1, channels: 24 };
    const score = textScores(image, texts, tau)[0]!;
    near(`${name} image`, [score], [expected.image_zero_shot], tolerance);
    const maps = [2, 3].map((k) => {
      const scores = textScores(npyRows(golden(`window_k${k}.npy`)), texts, tau);
      near(`${name} windows`, scores, floats(`${name}.window_scores_k${k}.npy`), tolerance);
      const map = windowMap(scores, SIZE, k);
      near(`${name} harmonic`, map.data, floats(`${name}.harmonic_k${k}.npy`), tolerance);
      return map;
    });
    const zero = meanOfScales([score, ...maps], SIZE);
    near(`${name} map`, zero.data, floats(`${name}.zero_shot_map.npy`), tolerance);
    const few = grid(floats('few.map.npy'), 15, 15);
    const arithmetic = meanOfScales([zero, few], SIZE, false);
    near(`${name} fused`, arithmetic.data, floats(`${name}.fused_arithmetic.npy`), tolerance);
    near(
      `${name} fused`,
      meanOfScales([zero, few], SIZE, true).data.map((v) => v / 2),
      floats(`${name}.fused_harmonic.npy`),
      tolerance,
    );
    const up = resizeBilinear(arithmetic, 60, 60, { antialias: false });
    near(`${name} fused up`, up.data, floats(`${name}.fused_arithmetic_up60.npy`), tolerance);
    const most = few.data.reduce((a, b) => Math.max(a, b));
    near(`${name} few-shot image`, [(score + most) / 2], [expected.image_few_shot], tolerance);
  });

  it('few-shot: three memories', () => {
    const patch = associated(npyRows(golden('patch_tokens.npy')), floats('ref_patch_tokens.npy'));
    near('few patch', patch, floats('few.patch.npy'), 1e-5);
    const maps: FeatureGrid[] = [2, 3].map((k) => {
      const distance = associated(npyRows(golden(`window_k${k}.npy`)), floats(`ref_window_k${k}.npy`));
      near('few windows', distance, floats(`few.window_distance_k${k}.npy`), 1e-5);
      const map = windowMap(distance, SIZE, k);
      near('few harmonic', map.data, floats(`few.harmonic_k${k}.npy`), 1e-5);
      return map;
    });
    near('few map', meanOfScales([...maps, grid(patch, 15, 15)], SIZE, false).data, floats('few.map.npy'), 1e-5);
  });

  it('worst relative errors', () => {
    const figures = Object.entries(worst).map(([k, v]) => `${k} ${v.toExponential(1)}`);
    process.stdout.write(`golden/winclip: ${figures.join(', ')}\n`);
    expect(Object.keys(worst).length).toBeGreaterThan(10);
  });
});

describe('windows by hand (ALGORITHM 15)', () => {
  it('harmonic aggregation of four windows on nine cells', () => {
    const map = windowMap([1, 0.75, 0.5, 0.25], { width: 3, height: 3 }, 2);
    const want = [1, 0.857143, 0.75, 0.666667, 0.48, 0.375, 0.5, 0.333333, 0.25];
    for (const [i, v] of want.entries()) expect(map.data[i]).toBeCloseTo(v, 6);
  });

  it('one window that scores exactly 0 makes its cells 0, not NaN', () => {
    const map = windowMap([0, 0.75, 0.5, 0.25], { width: 3, height: 3 }, 2);
    expect([map.data[0], map.data[4]]).toEqual([0, 0]);
    expect([...map.data].some(Number.isNaN)).toBe(false);
  });

  it('two texts at two temperatures', () => {
    const query = grid(Float32Array.of(1, 0, 0), 1, 1, 3);
    const texts = grid(Float32Array.of(0, 1, 0, 1, 1, 0), 2, 1, 3);
    expect(textScores(query, texts, 1)[0]).toBeCloseTo(0.669762, 6);
    expect(textScores(query, texts, 0.01)[0]).toBeCloseTo(1, 12);
  });

  it('reference association', () => {
    const queries = grid(Float32Array.of(1, 0, 0, 0, 1, 0), 2, 1, 3);
    const got = associated(queries, Float32Array.of(0, 1, 0, 1, 1, 0));
    expect(got[0]).toBeCloseTo(0.146447, 6);
    expect(got[1]).toBeCloseTo(0, 6);
  });
});
