import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grid, type Mask } from '../../../src/core/grid/grid.ts';
import {
  closing,
  dilate,
  distanceTo,
  erode,
  fillHoles,
  type Kernel,
  opening,
} from '../../../src/core/grid/morphology.ts';
import { contours, perimeter, signedArea } from '../../../src/core/grid/outlines.ts';
import { components } from '../../../src/core/grid/regions.ts';
import { around, draw, masks } from '../../support/masks.ts';

const kernels: fc.Arbitrary<Kernel> = fc.oneof(
  fc.record({ shape: fc.constant('square' as const), radius: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ shape: fc.constant('disc' as const), radius: fc.integer({ min: 0, max: 8 }).map((r) => r / 2) }),
);

/** Every cell against every kernel cell; outside the grid counts for nothing. */
function brute(mask: Mask, { shape, radius }: Kernel, dilating: boolean): Uint8Array {
  const inKernel = (dx: number, dy: number): boolean => shape === 'square' || dx * dx + dy * dy <= radius * radius;
  return mask.data.map((_, i) => {
    const hit = around(mask, i, Math.ceil(radius), inKernel).some((c) => (mask.data[c] !== 0) === dilating);
    return hit === dilating ? 1 : 0;
  });
}

describe('morphology', () => {
  it('dilates and erodes as the definition says', () => {
    fc.assert(
      fc.property(masks(), kernels, (mask, kernel) => {
        expect(dilate(mask, kernel).data).toEqual(brute(mask, kernel, true));
        expect(erode(mask, kernel).data).toEqual(brute(mask, kernel, false));
      }),
      { numRuns: 300 },
    );
  });

  it('opening takes away only, closing adds only, and both are idempotent', () => {
    fc.assert(
      fc.property(masks(), kernels, (mask, kernel) => {
        const open = opening(mask, kernel);
        const closed = closing(mask, kernel);
        mask.data.forEach((v, i) => {
          expect(open.data[i]!).toBeLessThanOrEqual(v);
          expect(closed.data[i]!).toBeGreaterThanOrEqual(v);
        });
        expect(opening(open, kernel).data).toEqual(open.data);
        expect(closing(closed, kernel).data).toEqual(closed.data);
      }),
      { numRuns: 150 },
    );
  });

  it('does not erode from the border of the grid', () => {
    expect(
      erode(
        draw(5, 5, () => true),
        { shape: 'square', radius: 2 },
      ).data.every((v) => v === 1),
    ).toBe(true);
    expect(() =>
      dilate(
        draw(2, 2, () => true),
        { shape: 'square', radius: 1.5 },
      ),
    ).toThrow(RangeError);
  });

  it('fills enclosed holes, not bays, and small ones only where told so', () => {
    const ring = draw(12, 12, (x, y) => x > 1 && y > 1 && x < 11 && y < 11 && !(x > 3 && y > 3 && x < 8 && y < 8));
    expect(fillHoles(ring).data.reduce((a, b) => a + b)).toBe(100);
    expect(fillHoles(ring, 24).data).toEqual(ring.data);
    const bay = draw(6, 6, (x, y) => y > 2 || x < 1 || x > 5);
    expect(fillHoles(bay).data).toEqual(bay.data);
  });

  it('measures exact distances, also between oblong cells', () => {
    fc.assert(
      fc.property(masks(), fc.constantFrom(1, 2, 0.5), (mask, ux) => {
        const found = distanceTo(mask, ux, 1);
        mask.data.forEach((_, i) => {
          let best = Infinity;
          mask.data.forEach((v, j) => {
            const dx = ((i % mask.width) - (j % mask.width)) * ux;
            const dy = Math.floor(i / mask.width) - Math.floor(j / mask.width);
            if (v !== 0) best = Math.min(best, Math.hypot(dx, dy));
          });
          if (best === Infinity) expect(found.data[i]).toBe(Infinity);
          else expect(found.data[i]).toBeCloseTo(best, 5);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('outlines', () => {
  it('enclose exactly the mask: one outer border per region, one inner per hole', () => {
    fc.assert(
      fc.property(masks(), (mask) => {
        const polygons = contours(mask);
        expect(polygons.reduce((sum, p) => sum + signedArea(p), 0)).toBe(mask.data.reduce((a, b) => a + b, 0));
        const outer = polygons.filter((p) => signedArea(p) > 0);
        expect(outer.length).toBe(components(mask).regions.length);
        let edges = 0;
        const at = (x: number, y: number): number =>
          x < 0 || y < 0 || x >= mask.width || y >= mask.height ? 0 : mask.data[y * mask.width + x]!;
        for (let y = 0; y <= mask.height; y++) {
          for (let x = 0; x <= mask.width; x++)
            edges += Math.abs(at(x, y) - at(x - 1, y)) + Math.abs(at(x, y) - at(x, y - 1));
        }
        expect(polygons.reduce((sum, p) => sum + perimeter(p), 0)).toBe(edges);
      }),
      { numRuns: 300 },
    );
  });

  it('go round clockwise without corners on straight stretches', () => {
    const mask = draw(6, 8, (x, y) => x > 2 && x < 5 && y > 1 && y < 3);
    expect(contours(mask)).toEqual([
      [
        [5, 1],
        [5, 3],
        [2, 3],
        [2, 1],
      ],
    ]);
    expect(perimeter(contours(mask)[0]!, 0.5, 2)).toBe(2 * (3 * 0.5 + 2 * 2));
  });

  it('can be simplified, and can follow one label', () => {
    const disc = draw(60, 60, (x, y) => (x - 30) ** 2 + (y - 30) ** 2 <= 400);
    const [full] = contours(disc);
    const [few] = contours(disc, { tolerance: 1 });
    expect(few!.length).toBeLessThan(full!.length / 3);
    expect(Math.abs(signedArea(few!) / signedArea(full!) - 1)).toBeLessThan(0.05);
    const labels = grid(Int32Array.of(1, 2, 2, 1), 2, 2);
    expect(contours(labels, { value: 2 })).toHaveLength(1);
    expect(signedArea(contours(labels, { value: 2 })[0]!)).toBe(2);
    expect(
      contours(
        draw(3, 3, (x, y) => x < 1 && y < 1),
        { tolerance: 5 },
      )[0],
    ).toHaveLength(4);
  });
});
