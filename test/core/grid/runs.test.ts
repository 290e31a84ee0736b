import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areaOf,
  cellsOf,
  containment,
  decodeRuns,
  difference,
  encodeRuns,
  forEachSpan,
  intersection,
  intersectionArea,
  overlap,
  union,
} from '../../../src/core/grid/runs.ts';
import { masks } from '../../support/masks.ts';

const pairs = masks().chain((a) =>
  fc
    .array(fc.boolean(), { minLength: a.data.length, maxLength: a.data.length })
    .map((cells) => ({ a, b: { ...a, data: Uint8Array.from(cells, Number) } })),
);
const ones = (data: Uint8Array): number => data.reduce((n, v) => n + v, 0);

describe('run lengths', () => {
  it('round trip, start with zeros and hold no empty run inside', () => {
    fc.assert(
      fc.property(masks(), (mask) => {
        const runs = encodeRuns(mask.data);
        expect(decodeRuns(runs, mask.height, mask.width)).toEqual(mask);
        expect(cellsOf(runs)).toBe(mask.data.length);
        expect(areaOf(runs)).toBe(ones(mask.data));
        expect(runs.slice(1).every((r) => r > 0)).toBe(true);
        expect(runs[0] === 0).toBe(mask.data[0] === 1);
      }),
    );
  });

  it('combine as the cells do, without decoding', () => {
    fc.assert(
      fc.property(pairs, ({ a, b }) => {
        const [p, q] = [encodeRuns(a.data), encodeRuns(b.data)];
        const both = a.data.map((v, i) => v & b.data[i]!);
        const either = a.data.map((v, i) => v | b.data[i]!);
        expect(intersection(p, q)).toEqual(encodeRuns(both));
        expect(union(p, q)).toEqual(encodeRuns(either));
        expect(difference(p, q)).toEqual(encodeRuns(a.data.map((v, i) => (v === 1 && b.data[i] === 0 ? 1 : 0))));
        expect(intersectionArea(p, q)).toBe(ones(both));
        expect(overlap(p, q)).toBe(ones(either) === 0 ? 0 : ones(both) / ones(either));
        expect(containment(p, q)).toBe(ones(a.data) === 0 ? 0 : ones(both) / ones(a.data));
      }),
      { numRuns: 200 },
    );
  });

  it('split into spans of single rows', () => {
    fc.assert(
      fc.property(masks(), (mask) => {
        const data = new Uint8Array(mask.data.length);
        forEachSpan(encodeRuns(mask.data), mask.width, (row, from, to) => {
          expect(from).toBeLessThan(to);
          expect(to).toBeLessThanOrEqual(mask.width);
          data.fill(1, row * mask.width + from, row * mask.width + to);
        });
        expect(data).toEqual(mask.data);
      }),
    );
  });

  it('accept the empty mask and refuse masks that do not fit', () => {
    expect(encodeRuns(new Uint8Array(0))).toEqual([0]);
    expect(encodeRuns(Uint8Array.of(1, 1))).toEqual([0, 2]);
    expect(() => decodeRuns([3, 2], 2, 3)).toThrow(RangeError);
    expect(() => union([4], [5])).toThrow(RangeError);
  });
});
