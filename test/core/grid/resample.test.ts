import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grid } from '../../../src/core/grid/grid.ts';
import { grid } from '../../../src/core/grid/grid.ts';
import { resizeNearest } from '../../../src/core/grid/nearest.ts';
import type { PositionRule } from '../../../src/core/grid/resample.ts';
import { downscaleArea, resizeBilinear, resizeCubic, resizePositions } from '../../../src/core/grid/resample.ts';
import { npyGrid } from '../../support/npy.ts';
import { readPng } from '../../support/png.ts';
import { shared, sharedPath } from '../../support/shared.ts';

function largestError(a: Grid<Float32Array | Uint8Array>, b: Grid<Float32Array | Uint8Array>): number {
  expect([a.height, a.width, a.channels]).toEqual([b.height, b.width, b.channels]);
  let worst = 0;
  for (let i = 0; i < a.data.length; i++) worst = Math.max(worst, Math.abs(a.data[i]! - b.data[i]!));
  return worst;
}

/** Relative to max(1, largest golden value), as golden/README.md states its tolerances. */
function relativeError(a: Grid, b: Grid): number {
  return largestError(a, b) / b.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
}

const file = (name: string): string => sharedPath('golden/resize', name);
const golden = (name: string): Grid => npyGrid(file(`${name}.npy`));
const floats = (image: Grid<Uint8Array>): Grid => ({ ...image, data: Float32Array.from(image.data, (v) => v / 255) });

/** torch computes its antialias weights in float32, we in float64. */
const TORCH_WEIGHTS = 1e-5;

describe.skipIf(shared('golden/resize') === null)('resampling against golden/resize (needs ../shared)', () => {
  it.each(['a', 'b'])('Pillow uint8 and torch float of image %s', (name) => {
    const image = readPng(file(`${name}.png`));
    const present = readdirSync(file('')).filter((f) => f.startsWith(`${name}.pil_`));
    expect(present.length).toBeGreaterThanOrEqual(2);
    for (const f of present) {
      const size = Number(/_(\d+)\.npy$/.exec(f)![1]);
      const resized = f.includes('bicubic') ? resizeCubic(image, size, size) : resizeBilinear(image, size, size);
      expect(largestError(resized, npyGrid<Uint8Array>(file(f))), f).toBe(0);
    }
    const unit = floats(image);
    expect(relativeError(resizeCubic(unit, 96, 96), golden(`${name}.torch_float_bicubic_96`))).toBeLessThan(
      TORCH_WEIGHTS,
    );
    expect(relativeError(resizeBilinear(unit, 96, 96), golden(`${name}.torch_float_bilinear_96`))).toBeLessThan(
      TORCH_WEIGHTS,
    );
  });

  it('half-pixel, corner-aligned and nearest conventions', () => {
    const input = golden('up.input_9x7');
    expect(relativeError(resizeBilinear(input, 20, 31), golden('up.half_pixel_20x31'))).toBeLessThan(2e-6);
    const aligned = resizeBilinear(input, 20, 31, { alignCorners: true });
    expect(relativeError(aligned, golden('up.align_corners_20x31'))).toBeLessThan(2e-6);
    expect(relativeError(resizeNearest(input, 20, 31, 'corner'), golden('up.nearest_20x31'))).toBe(0);
    expect(relativeError(resizeBilinear(input, 4, 3), golden('down.antialias_4x3'))).toBeLessThan(2e-6);
    const pointwise = resizeBilinear(input, 4, 3, { antialias: false });
    expect(relativeError(pointwise, golden('down.half_pixel_4x3'))).toBeLessThan(2e-6);
  });

  it.each(['plain', 'openclip', 'dinov2'] satisfies PositionRule[])('position tables by the rule of %s', (rule) => {
    const table = golden('pos.table8');
    for (const n of [5, 12, 16, 19]) {
      expect(relativeError(resizePositions(table, n, n, rule), golden(`pos.${rule}_${n}`)), `${n}`).toBeLessThan(2e-6);
    }
  });
});

const size = fc.integer({ min: 1, max: 24 });
const resizers = {
  bilinear: resizeBilinear,
  cubic: resizeCubic,
  area: downscaleArea,
  aligned: (g: Grid, h: number, w: number) => resizeBilinear(g, h, w, { alignCorners: true }),
  sharp: (g: Grid, h: number, w: number) => resizeCubic(g, h, w, { antialias: false }),
  nearest: (g: Grid, h: number, w: number) => resizeNearest(g, h, w),
} as const;

describe.each(Object.entries(resizers))('%s', (_, resize) => {
  it('keeps a constant constant', () => {
    fc.assert(
      fc.property(size, size, size, size, fc.float({ min: -9, max: 9, noNaN: true }), (h, w, h2, w2, value) => {
        const out = resize(grid(new Float32Array(h * w * 2).fill(value), h, w, 2), h2, w2);
        expect(out.data.length).toBe(h2 * w2 * 2);
        for (const v of out.data) expect(v).toBeCloseTo(value, 4);
      }),
      { numRuns: 50 },
    );
  });

  it('changes nothing at its own size', () => {
    const source = grid(
      Float32Array.from({ length: 60 }, (_v, i) => Math.sin(i)),
      4,
      5,
      3,
    );
    expect(resize(source, 4, 5).data).toEqual(source.data);
  });

  it('commutes with a transposition of the axes', () => {
    const [h, w, h2, w2] = [7, 11, 5, 16];
    const source = grid(
      Float32Array.from({ length: h * w }, (_v, i) => Math.sin(i * i)),
      h,
      w,
    );
    const turn = (g: Grid): Grid =>
      grid(
        Float32Array.from(g.data, (_v, i) => g.data[(i % g.height) * g.width + Math.floor(i / g.height)]!),
        g.width,
        g.height,
      );
    expect(largestError(turn(resize(source, h2, w2)), resize(turn(source), w2, h2))).toBeLessThan(1e-5);
  });
});

describe('conventions in small', () => {
  it('reads index 1 of an aligned 32 -> 64 upsample at 31/63 (ALGORITHM 15)', () => {
    const ramp = grid(
      Float32Array.from({ length: 32 }, (_, i) => i),
      1,
      32,
    );
    const aligned = resizeBilinear(ramp, 1, 64, { alignCorners: true }).data;
    expect(aligned[1]).toBeCloseTo(31 / 63, 6);
    expect(aligned[63]).toBeCloseTo(31, 5);
    expect(resizeBilinear(ramp, 1, 64).data[1]).toBeCloseTo(0.25, 6);
  });

  it('averages whole and fractional boxes', () => {
    const ramp = grid(Float32Array.of(0, 1, 2, 3, 4, 5), 1, 6);
    expect([...downscaleArea(ramp, 1, 3).data]).toEqual([0.5, 2.5, 4.5]);
    expect(downscaleArea(ramp, 1, 4).data[0]).toBeCloseTo((0 + 0.5 * 1) / 1.5, 6);
  });

  it('picks the middle of a block, or its corner', () => {
    const ramp = grid(
      Int32Array.from({ length: 14 }, (_, i) => i),
      1,
      14,
    );
    expect([...resizeNearest(ramp, 1, 2).data]).toEqual([3, 10]);
    expect([...resizeNearest(ramp, 1, 2, 'corner').data]).toEqual([0, 7]);
  });

  it('refuses an empty size', () => {
    expect(() => resizeBilinear(grid(new Float32Array(4), 2, 2), 0, 3)).toThrow(RangeError);
    expect(() => resizeNearest(grid(new Float32Array(4), 2, 2), 3, 0)).toThrow(RangeError);
  });
});
