import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contacts, projection, shapeOf, trimmedBox } from '../../../src/core/grid/extent.ts';
import { grid, labelGrid, type Mask } from '../../../src/core/grid/grid.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { components, maskOf, momentsOfMask, momentsOfRuns, runsOf } from '../../../src/core/grid/regions.ts';
import { encodeRuns } from '../../../src/core/grid/runs.ts';
import { around, draw, masks } from '../../support/masks.ts';

/** Flood fill, the slow and obvious way: lists of cells in order of first cells. */
function flood(mask: Mask, connectivity: 4 | 8): number[][] {
  const seen = new Set<number>();
  const found: number[][] = [];
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 0 || seen.has(i)) continue;
    const cells: number[] = [];
    const open = [i];
    seen.add(i);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      cells.push(at);
      for (const next of around(mask, at, 1, (dx, dy) => connectivity === 8 || dx === 0 || dy === 0)) {
        if (seen.has(next) || mask.data[next] === 0) continue;
        seen.add(next);
        open.push(next);
      }
    }
    found.push(cells.sort((a, b) => a - b));
  }
  return found;
}

describe('components', () => {
  it.each([4, 8] as const)('partition the mask as a flood fill does (%i-connected)', (connectivity) => {
    fc.assert(
      fc.property(masks(), (mask) => {
        const found = components(mask, { connectivity });
        const expected = flood(mask, connectivity);
        expect(found.regions.length).toBe(expected.length);
        expect(maskOf(found).data).toEqual(mask.data);
        found.regions.forEach((region, i) => {
          const cells = expected[i]!;
          expect([...found.labels.data.keys()].filter((c) => found.labels.data[c] === region.id)).toEqual(cells);
          expect([region.id, region.area, region.first, region.value]).toEqual([i + 1, cells.length, cells[0], 1]);
          const xs = cells.map((c) => c % mask.width);
          const ys = cells.map((c) => Math.floor(c / mask.width));
          expect(region.box).toEqual([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
          expect(region.centroid[0]).toBeCloseTo(xs.reduce((a, b) => a + b) / cells.length + 0.5, 9);
          expect(region.centroid[1]).toBeCloseTo(ys.reduce((a, b) => a + b) / cells.length + 0.5, 9);
          expect(runsOf(found, region)).toEqual(encodeRuns(maskOf(found, (r) => r === region).data));
        });
      }),
      { numRuns: 150 },
    );
  });

  it('keep neighbouring labels apart and leave the named background out', () => {
    const labels = labelGrid(2, 4, -1);
    labels.data.set([3, 3, 0, -1, 3, 0, 0, 7]);
    const found = components(labels, { background: -1 });
    expect(found.regions.map((r) => [r.value, r.area])).toEqual([
      [3, 3],
      [0, 3],
      [7, 1],
    ]);
    expect([...found.labels.data]).toEqual([1, 1, 2, 0, 1, 2, 2, 3]);
  });

  it('find nothing in nothing', () => {
    expect(components(grid(new Uint8Array(6), 2, 3)).regions).toEqual([]);
    expect(components(grid(new Uint8Array(0), 0, 0)).regions).toEqual([]);
  });

  it('take a few milliseconds on noise of 448 x 448', () => {
    const random = createRandom(3);
    const mask = grid(
      Uint8Array.from({ length: 448 * 448 }, () => (random.next() < 0.5 ? 1 : 0)),
      448,
      448,
    );
    components(mask);
    const start = performance.now();
    components(mask);
    // Worst case, on a machine that does other things too.
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('moments and extents', () => {
  it('of a rectangle are those of the continuous rectangle', () => {
    const m = momentsOfMask(draw(20, 30, (x, y) => x > 5 && x < 17 && y > 8 && y < 12));
    expect(m.area).toBe(48);
    expect(m.box).toEqual([5, 8, 17, 12]);
    expect(m.centroid).toEqual([11, 10]);
    expect(m.covariance[0]).toBeCloseTo(12, 9);
    expect(m.covariance[1]).toBeCloseTo(0, 9);
    expect(m.covariance[2]).toBeCloseTo(16 / 12, 9);
    expect(shapeOf(m).length).toBeCloseTo(4 * Math.sqrt(12), 9);
  });

  it('follow the direction of an ellipse', () => {
    for (const angle of [-1.5, -0.6, 0, 0.4, 1.2]) {
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const mask = draw(120, 120, (x, y) => {
        const [u, v] = [(x - 60) * c + (y - 60) * s, (y - 60) * c - (x - 60) * s];
        return (u / 40) ** 2 + (v / 12) ** 2 <= 1;
      });
      const m = momentsOfMask(mask);
      const shape = shapeOf(m);
      expect(shape.orientation).toBeCloseTo(angle, 2);
      expect(Math.abs(shape.length - 80)).toBeLessThan(0.5);
      expect(Math.abs(shape.width - 24)).toBeLessThan(0.3);
      const [low, high] = projection(encodeRuns(mask.data), 120, angle);
      expect(Math.abs(high - low - 80)).toBeLessThan(2);
    }
  });

  it('measure in units when cells are not square', () => {
    // The same ellipse, sampled with cells twice as wide as high.
    const mask = draw(160, 80, (x, y) => ((x * 2 - 80) / 50) ** 2 + ((y - 80) / 20) ** 2 <= 1);
    const shape = shapeOf(momentsOfMask(mask), [2, 1]);
    expect(Math.abs(shape.length - 100)).toBeLessThan(1);
    expect(Math.abs(shape.width - 40)).toBeLessThan(1);
  });

  it('give a disc no direction and an empty mask no extent', () => {
    const disc = momentsOfMask(draw(41, 41, (x, y) => (x - 20.5) ** 2 + (y - 20.5) ** 2 <= 300));
    expect(shapeOf(disc).orientation).toBe(0);
    const nothing = momentsOfRuns([12], 4);
    expect(nothing.area).toBe(0);
    expect(nothing.centroid[0]).toBeNaN();
    expect(projection([12], 4, 0.3)[0]).toBeNaN();
    expect(trimmedBox([12], 4, 3)).toEqual([0, 0, 0, 0]);
  });

  it('trim a whisker off the box but not a plain rectangle', () => {
    const body = draw(40, 60, (x, y) => x > 10 && x < 40 && y > 10 && y < 30);
    expect(trimmedBox(encodeRuns(body.data), 60, 40)).toEqual([10, 10, 40, 30]);
    const whisker = draw(
      40,
      60,
      (x, y) => (x > 10 && x < 40 && y > 10 && y < 30) || (y > 20 && y < 21 && x > 40 && x < 45),
    );
    expect(momentsOfMask(whisker).box).toEqual([10, 10, 45, 30]);
    expect(trimmedBox(encodeRuns(whisker.data), 60, 40)).toEqual([10, 10, 40, 30]);
  });

  it('measure shared borders', () => {
    const labels = labelGrid(2, 3);
    labels.data.set([1, 1, 2, 1, 0, 2]);
    expect(contacts(labels, [1, 10])).toEqual([
      { a: 0, b: 1, length: 11 },
      { a: 0, b: 2, length: 10 },
      { a: 1, b: 2, length: 10 },
    ]);
  });
});
