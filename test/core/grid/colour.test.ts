import { describe, expect, it } from 'vitest';
import { deltaE76, deltaE2000, type Lab, labOf, rgbToLab } from '../../../src/core/grid/colour.ts';
import { grid } from '../../../src/core/grid/grid.ts';

describe('Lab', () => {
  it.each([
    [
      [255, 255, 255],
      [100, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [255, 0, 0],
      [53.24, 80.09, 67.2],
    ],
    [
      [0, 255, 0],
      [87.73, -86.18, 83.18],
    ],
    [
      [0, 0, 255],
      [32.3, 79.19, -107.86],
    ],
    [
      [119, 119, 119],
      [50.03, 0, 0],
    ],
  ] as const)('of sRGB %j is %j', ([r, g, b], expected) => {
    labOf(r, g, b).forEach((v, i) => {
      // Tables differ in the third decimal of the white point.
      expect(Math.abs(v - expected[i]!)).toBeLessThan(0.03);
    });
  });

  it('of an image agrees with that of single colours', () => {
    const values: number[] = [];
    for (let r = 0; r < 256; r += 15)
      for (let g = 0; g < 256; g += 17) for (let b = 0; b < 256; b += 15) values.push(r, g, b);
    for (let v = 0; v < 256; v++) values.push(v, v, v);
    const lab = rgbToLab(grid(Uint8Array.from(values), 1, values.length / 3, 3));
    let worst = 0;
    for (let i = 0; i < values.length; i += 3) {
      const [l, a, b] = labOf(values[i]!, values[i + 1]!, values[i + 2]!);
      worst = Math.max(
        worst,
        Math.abs(lab.data[i]! - l),
        Math.abs(lab.data[i + 1]! - a),
        Math.abs(lab.data[i + 2]! - b),
      );
    }
    expect(worst).toBeLessThan(0.02);
  });
});

describe('colour difference', () => {
  // Pairs published with the formula by Sharma, Wu and Dalal (2005): they reach every branch.
  const pairs: readonly (readonly [Lab, Lab, number])[] = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 3.1571, -77.2803], [50, 0, -82.7485], 2.8615],
    [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1],
    [[50, 0, 0], [50, -1, 2], 2.3669],
    [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
    [[50, 2.49, -0.001], [50, -2.49, 0.0011], 7.2195],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
    [[90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ];

  it.each(pairs)('CIEDE2000 of %j and %j', (p, q, expected) => {
    expect(Math.abs(deltaE2000(p, q) - expected)).toBeLessThan(1e-4);
    expect(deltaE2000(q, p)).toBeCloseTo(deltaE2000(p, q), 9);
    expect(deltaE2000(p, p)).toBe(0);
  });

  it('CIE 1976 is the distance', () => {
    expect(deltaE76([1, 2, 3], [4, 6, 15])).toBe(13);
  });
});
