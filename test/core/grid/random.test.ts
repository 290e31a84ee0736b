import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';

const draw = (seed: number, n: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => random.next());
};

describe('random', () => {
  it('repeats for a seed and differs between close seeds', () => {
    expect(draw(1, 20)).toEqual(draw(1, 20));
    expect(new Set([...draw(0, 5), ...draw(1, 5), ...draw(2, 5)]).size).toBe(15);
  });

  it('is uniform in [0, 1)', () => {
    const values = draw(7, 20000);
    const bins = new Array<number>(10).fill(0);
    for (const v of values) bins[Math.floor(v * 10)]!++;
    // Chi squared with 9 degrees of freedom: 27.9 at 0.1 %.
    expect(bins.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
  });

  it('is normal with mean 0 and deviation 1', () => {
    const random = createRandom(11);
    const values = Array.from({ length: 20000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length).toBeCloseTo(1, 1);
    expect(values.filter((v) => Math.abs(v) < 1.96).length / values.length).toBeCloseTo(0.95, 2);
  });

  it('shuffles without loss and picks what is there', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const random = createRandom(3);
    const shuffled = random.shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort()).toEqual(items);
    const seen = new Set(Array.from({ length: 200 }, () => random.pick(items)));
    expect(seen.size).toBe(8);
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.int(1.5)).toThrow(RangeError);
  });
});
