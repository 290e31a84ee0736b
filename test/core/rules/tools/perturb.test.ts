import { describe, expect, it } from 'vitest';
import { grid, type RgbImage } from '../../../../src/core/grid/grid.ts';
import { brightened, cropped, PERTURBATIONS, turned } from '../../../../src/core/rules/tools/perturb.ts';

const SIDE = 41;
const image = grid(new Uint8Array(3 * SIDE * SIDE), SIDE, SIDE, 3);
for (let y = 0; y < SIDE; y++)
  for (let x = 0; x < SIDE; x++)
    image.data.fill(Math.hypot(x - 20, y - 9) < 3 ? 200 : 100, 3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3);
const bright = (i: RgbImage): [number, number] => {
  let [sx, sy, n] = [0, 0, 0];
  for (let p = 0; p < i.width * i.height; p++)
    if (i.data[3 * p]! > 150) [sx, sy, n] = [sx + (p % i.width), sy + Math.floor(p / i.width), n + 1];
  return [sx / n, sy / n];
};

describe('small changes of a picture', () => {
  it('scale and clip', () => {
    expect(brightened(image, 1.07).data[0]).toBe(107);
    expect(Math.max(...brightened(image, 1.5).data)).toBe(255);
  });

  it('turn clockwise about the middle, by the angle', () => {
    const [x, y] = bright(turned(image, 90));
    expect(x).toBeCloseTo(31, 0);
    expect(y).toBeCloseTo(20, 0);
    expect(turned(image, 0).data).toEqual(image.data);
    const small = bright(turned(image, 10));
    expect(small[0]).toBeCloseTo(20 + 11 * Math.sin((10 * Math.PI) / 180), 0);
  });

  it('cut the same share off every side', () => {
    const cut = cropped(image, 0.1);
    expect([cut.width, cut.height, cut.data.length]).toEqual([33, 33, 3 * 33 * 33]);
    expect(bright(cut)).toEqual([bright(image)[0] - 4, bright(image)[1] - 4]);
  });

  it('are five, and leave the given picture alone', () => {
    const before = image.data.slice();
    expect(PERTURBATIONS.map((p) => p.apply(image).data.length > 0)).toEqual([true, true, true, true, true]);
    expect(image.data).toEqual(before);
  });
});
