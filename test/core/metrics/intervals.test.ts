import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betaQuantile, clopperPearson, incompleteBeta } from '../../../src/core/metrics/intervals.ts';

/** P(X >= k) for X binomial(n, p): the definition that the beta quantile inverts. */
function upperTail(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = k; i <= n; i++) {
    let log = i * Math.log(p) + (n - i) * Math.log1p(-p);
    for (let j = 1; j <= i; j++) log += Math.log((n - i + j) / j);
    sum += Math.exp(log);
  }
  return sum;
}

describe('Clopper-Pearson', () => {
  it.each([
    [0, 50, 0, 0.0711],
    [50, 50, 0.9289, 1],
    [0, 10, 0, 0.3085],
    [5, 10, 0.1871, 0.8129],
    [1, 20, 0.0013, 0.2487],
    [8, 100, 0.0352, 0.1516],
  ])('%i of %i: %f to %f', (hits, n, low, high) => {
    const found = clopperPearson(hits, n);
    expect(Math.abs(found.low - low)).toBeLessThan(6e-5);
    expect(Math.abs(found.high - high)).toBeLessThan(6e-5);
  });

  it('closes off 2.5 % of the binomial on either side', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.nat(), (n, draw) => {
        const hits = draw % (n + 1);
        const { low, high } = clopperPearson(hits, n);
        expect(low).toBeLessThanOrEqual(hits / n);
        expect(high).toBeGreaterThanOrEqual(hits / n);
        if (hits > 0) expect(upperTail(hits, n, low)).toBeCloseTo(0.025, 8);
        if (hits < n) expect(1 - upperTail(hits + 1, n, high)).toBeCloseTo(0.025, 8);
      }),
    );
  });

  it('knows nothing without trials and refuses what is no count', () => {
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(() => clopperPearson(3, 2)).toThrow(RangeError);
    expect(() => clopperPearson(0.5, 2)).toThrow(RangeError);
  });

  it('inverts the incomplete beta function, also for many trials', () => {
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 14);
    expect(incompleteBeta(0.5, 7, 7)).toBeCloseTo(0.5, 13);
    for (const [a, b] of [
      [2, 9],
      [500, 4],
      [40000, 60000],
    ] as const) {
      expect(incompleteBeta(betaQuantile(0.1, a, b), a, b)).toBeCloseTo(0.1, 9);
    }
  });
});
