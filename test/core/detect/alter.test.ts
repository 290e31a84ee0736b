import { describe, expect, it } from 'vitest';
import { ALTERATIONS, altered, blur } from '../../../src/core/detect/alter.ts';
import { createRandom } from '../../../src/core/grid/random.ts';

const random = createRandom(4);
const picture = (value: (i: number) => number, width = 12, height = 9) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => value(i)),
  width,
  height,
  channels: 3 as const,
});
const noise = picture(() => 60 + random.int(100));
const spread = (d: ArrayLike<number>): number => {
  const all = Array.from(d);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length;
};

describe('alterations', () => {
  it('soften, sharpen, darken and brighten', () => {
    const [soft, sharp, dark, bright] = ALTERATIONS.map((a) => altered(noise, a).data);
    expect(spread(soft!)).toBeLessThan(0.9 * spread(noise.data));
    expect(spread(sharp!)).toBeGreaterThan(1.2 * spread(noise.data));
    noise.data.forEach((v, i) => {
      expect(dark![i]).toBe(Math.round(v * 0.9));
      expect(bright![i]).toBe(Math.min(255, Math.round(v * 1.1)));
    });
  });

  it('focus leaves an even picture as it is, and a blur keeps the mean of a spot inside', () => {
    const even = picture(() => 77);
    expect(altered(even, 'soft').data).toEqual(even.data);
    expect(altered(even, 'sharp').data).toEqual(even.data);
    const spot = picture((i) => (Math.floor(i / 3) === 4 * 12 + 6 ? 200 : 0));
    const sum = (d: ArrayLike<number>): number => Array.from(d).reduce((a, b) => a + b, 0);
    expect(sum(blur(spot, 0.5))).toBeCloseTo(sum(spot.data), 2);
  });
});
