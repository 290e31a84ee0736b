import fc from 'fast-check';
import { grid, type Mask } from '../../src/core/grid/grid.ts';

/** The cells whose centre fulfils `inside`. */
export function draw(height: number, width: number, inside: (x: number, y: number) => boolean): Mask {
  const data = Uint8Array.from({ length: height * width }, (_, i) =>
    inside((i % width) + 0.5, Math.floor(i / width) + 0.5) ? 1 : 0,
  );
  return grid(data, height, width);
}

/** Small masks from sparse to full, of any shape. */
export function masks(most = 12): fc.Arbitrary<Mask> {
  const side = fc.integer({ min: 1, max: most });
  return fc.tuple(side, side, fc.integer({ min: 0, max: 10 })).chain(([h, w, share]) =>
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: h * w, maxLength: h * w }).map((values) =>
      grid(
        Uint8Array.from(values, (v) => (v < share ? 1 : 0)),
        h,
        w,
      ),
    ),
  );
}

/** Indices of the cells around cell `i` (itself included) whose offset `fits`, as far as they lie in the grid. */
export function around(mask: Mask, i: number, reach: number, fits: (dx: number, dy: number) => boolean): number[] {
  const [x, y] = [i % mask.width, Math.floor(i / mask.width)];
  const found: number[] = [];
  for (let ny = Math.max(0, y - reach); ny <= Math.min(mask.height - 1, y + reach); ny++) {
    for (let nx = Math.max(0, x - reach); nx <= Math.min(mask.width - 1, x + reach); nx++) {
      if (fits(nx - x, ny - y)) found.push(ny * mask.width + nx);
    }
  }
  return found;
}
