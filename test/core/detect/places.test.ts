import { describe, expect, it } from 'vitest';
import { distanceMap } from '../../../src/core/detect/cells.ts';
import { PLACES, type Place, placeColumns, placeRows, positions, tilesOf } from '../../../src/core/detect/places.ts';
import type { Box } from '../../../src/core/scene.ts';

const frame = { imageWidth: 200, imageHeight: 100, box: [0, 0, 1, 1] as const, width: 64, height: 32 };
const size = { width: 8, height: 4 };
/** The product moved by two cells: cell 5 of the query is cell 3 of the bank. */
const here = positions(frame, size, [0.25, 0, 1, 1]);
const there = positions(frame, size, [0, 0, 0.75, 1]);

function products(place: Place): (i: number, j: number) => number {
  const query = placeRows('query', here, place);
  const bank = placeRows('bank', there, place);
  const c = placeColumns(place);
  expect([query.channels, bank.channels]).toEqual([c, c]);
  return (i, j) =>
    Array.from({ length: c }, (_, k) => query.data[i * c + k]! * bank.data[j * c + k]!).reduce((a, b) => a + b, 0);
}

describe('places', () => {
  it('a term subtracts half the weighted squared distance, wherever the product lies', () => {
    const product = products({ by: 'term', weight: 2 });
    expect(product(5, 3)).toBeCloseTo(0, 5);
    // Three cells along x: 3/8 of the long side.
    expect(product(5, 6)).toBeCloseTo(-(2 ** 2) * 0.5 * (3 / 8) ** 2, 5);
  });

  it.each([0.125, 0.2, 0.3])('a window of %f sees at least so far to either side and at most twice', (window) => {
    const product = products({ by: 'window', tiles: tilesOf([here, there], window) });
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j < 32; j++) {
        const d = [0, 1].map((k) => Math.abs(here.data[2 * i + k]! - there.data[2 * j + k]!));
        const far = Math.max(...d);
        if (far < window - 1e-6) expect(product(i, j)).toBeCloseTo(0, 9);
        if (far > 2 * window + 1e-6) expect(product(i, j)).toBe(PLACES.outside);
      }
    }
  });

  it('never cuts a picture into more tiles than a row has room for, and takes what lies outside to the nearest', () => {
    const tiles = tilesOf([here, there], 0.001);
    expect(tiles.columns * tiles.rows).toBeLessThanOrEqual(PLACES.tiles);
    const box: Box = [0.9, 0.9, 1, 1];
    const far = placeRows('query', positions(frame, size, box), { by: 'window', tiles });
    for (let i = 0; i < 32; i++)
      expect(far.data.subarray(i * far.channels, (i + 1) * far.channels).reduce((a, b) => a + b, 0)).toBe(1);
  });

  it('where no row may be compared the cell is as far as an orthogonal one', () => {
    expect([...distanceMap([Float32Array.of(PLACES.outside + 1, 0.25)], { width: 2, height: 1 }).data]).toEqual([
      1, 0.75,
    ]);
  });
});
