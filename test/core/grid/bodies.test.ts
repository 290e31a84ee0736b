import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodiesOf } from '../../../src/core/grid/bodies.ts';
import { emptyMask, type Mask } from '../../../src/core/grid/grid.ts';

const NECK = 0.7;

/** Discs (x, y, radius) and bars [x0, y0, x1, y1) in a grid of 80 x 60. */
function drawn(discs: readonly (readonly [number, number, number])[], bars: readonly number[][] = []): Mask {
  const m = emptyMask(60, 80);
  for (let y = 0; y < 60; y++) {
    for (let x = 0; x < 80; x++) {
      const inDisc = discs.some(([cx, cy, r]) => (x - cx) ** 2 + (y - cy) ** 2 <= r * r);
      const inBar = bars.some(([x0, y0, x1, y1]) => x >= x0! && x < x1! && y >= y0! && y < y1!);
      if (inDisc || inBar) m.data[y * 80 + x] = 1;
    }
  }
  return m;
}

const count = (m: Mask, neck = NECK): number => Math.max(0, ...bodiesOf(m, neck).data);

describe('bodies of a region', () => {
  it.each([
    ['nothing', drawn([]), 0],
    ['one disc', drawn([[30, 30, 12]]), 1],
    [
      'two discs that touch',
      drawn([
        [25, 30, 12],
        [46, 30, 12],
      ]),
      2,
    ],
    [
      'three in a row, of different sizes',
      drawn([
        [15, 30, 10],
        [32, 30, 8],
        [50, 30, 12],
      ]),
      3,
    ],
    ['a head with a shaft', drawn([[20, 30, 10]], [[28, 26, 70, 35]]), 1],
    ['a bar', drawn([], [[5, 20, 75, 31]]), 1],
    ['a bar at the edge of the grid', drawn([], [[0, 0, 80, 9]]), 1],
    [
      'two bars that cross',
      drawn(
        [],
        [
          [5, 25, 75, 33],
          [36, 2, 44, 58],
        ],
      ),
      1,
    ],
  ])('%s', (_, mask, n) => {
    expect(count(mask)).toBe(n);
  });

  it('cuts two discs in the middle between them', () => {
    const m = drawn([
      [25, 30, 12],
      [47, 30, 12],
    ]);
    const { data } = bodiesOf(m, NECK);
    const areas = [1, 2].map((k) => data.filter((v) => v === k).length);
    expect(Math.abs(areas[0]! - areas[1]!)).toBeLessThan(0.06 * areas[0]!);
    expect(data[30 * 80 + 25]).not.toBe(data[30 * 80 + 47]);
  });

  it('labels the cells of the mask and no others, whatever the mask; no cut at neck 0', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 48, maxLength: 48 }), (bits) => {
        const m: Mask = { ...emptyMask(6, 8), data: Uint8Array.from(bits, Number) };
        const { data } = bodiesOf(m, NECK);
        expect([...data].map((v) => Number(v > 0))).toEqual([...m.data]);
        const mirror = (a: ArrayLike<number>) => Array.from(a, (_, i) => a[Math.floor(i / 8) * 8 + 7 - (i % 8)]!);
        expect(count({ ...m, data: Uint8Array.from(mirror(m.data)) }, 0)).toBe(count(m, 0));
      }),
    );
  });

  it('cuts touching discs wherever they lie', () => {
    const at = fc.tuple(fc.integer({ min: 14, max: 34 }), fc.integer({ min: 14, max: 45 }));
    fc.assert(
      fc.property(at, fc.integer({ min: 19, max: 22 }), ([x, y], apart) => {
        const side = drawn([
          [x, y, 11],
          [x + apart, y, 11],
        ]);
        expect(count(side)).toBe(2);
      }),
      { numRuns: 30 },
    );
  });
});
