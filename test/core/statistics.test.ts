import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/grid/random.ts';
import {
  angleDifference,
  extentFactor,
  learnAngle,
  learnScalar,
  learnVector,
  mahalanobis,
  marginOf,
  median,
  normalCdf,
  probit,
  quantile,
  standardDeviation,
  studentQuantile,
} from '../../src/core/statistics.ts';

describe('location and spread', () => {
  it('quantiles as NumPy, type 7', () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(median([5, 1, 3])).toBe(3);
    expect(median([])).toBeNaN();
    expect(standardDeviation([1, 2, 3, 4])).toBeCloseTo(1.2909944);
  });

  it('sets one gross outlier of a hundred aside and names it', () => {
    const values = [...Array.from({ length: 99 }, (_, i) => 10 + (i % 10) * 0.01), 20];
    const learnt = learnScalar(values, { floor: 0.01 });
    expect(learnt.setAside).toEqual([99]);
    expect(marginOf(learnt, 20)).toBeGreaterThan(10);
    expect(learnt.high).toBeLessThan(11);
  });

  it('widens as n shrinks', () => {
    expect([4, 8, 16, 40, 150].map(extentFactor)).toEqual(
      [...[4, 8, 16, 40, 150].map(extentFactor)].sort((a, b) => b - a),
    );
    expect(extentFactor(4)).toBe(4);
    expect(extentFactor(100_000)).toBeCloseTo(1.15, 2);
  });

  it('holds on every normal it learnt from, outliers aside, and never below its floor', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.boolean(),
        (values, oneSided) => {
          const learnt = learnScalar(values, { floor: 0.5, oneSided });
          expect(learnt.tolerance).toBeGreaterThanOrEqual(2);
          values.forEach((v, i) => {
            if (!learnt.setAside.includes(i)) expect(marginOf(learnt, v)).toBeLessThanOrEqual(1);
          });
        },
      ),
      { seed: 1 },
    );
  });

  it('with an alarm rate fires on about that share of many normals', () => {
    const values = Array.from({ length: 2000 }, (_, i) => probit((i + 0.5) / 2000));
    for (const alarm of [0.2, 0.05, 0.01]) {
      const learnt = learnScalar(values, { floor: 1e-6, alarm });
      const fired = values.filter((v) => marginOf(learnt, v) > 1).length / values.length;
      expect(fired).toBeGreaterThan(alarm * 0.8);
      expect(fired).toBeLessThan(alarm * 1.2);
    }
    expect(learnScalar(values, { floor: 1e-6, alarm: 1e-6 }).tolerance).toBeGreaterThan(
      learnScalar(values, { floor: 1e-6, alarm: 0.01 }).tolerance,
    );
  });
});

describe('prediction', () => {
  it("has Student's quantiles of the tables", () => {
    // p = 0.99, from printed tables.
    const table = [
      [1, 31.821],
      [2, 6.965],
      [3, 4.541],
      [4, 3.747],
      [9, 2.821],
      [30, 2.457],
      [1e6, 2.3263],
    ] as const;
    for (const [df, t] of table) expect(studentQuantile(0.99, df) / t).toBeCloseTo(1, 1);
    expect(studentQuantile(0.99, 9)).toBeCloseTo(2.821, 2);
  });

  it('is exceeded by the next normal about as often as it says, at any n, and holds on every one seen', () => {
    const random = createRandom(5);
    for (const n of [8, 16, 40, 150]) {
      let above = 0;
      for (let i = 0; i < 3000; i++) {
        const values = Array.from({ length: n }, () => random.normal());
        const bounds = learnScalar(values, { floor: 1e-3, oneSided: true, predict: true });
        if (bounds.setAside.length === 0) expect(Math.max(...values)).toBeLessThanOrEqual(bounds.high);
        if (random.normal() > bounds.high) above++;
      }
      // One sided 1 % for scores with a spread known; the median absolute deviation of few is less sure of it.
      expect(above / 3000).toBeLessThan(n < 16 ? 0.04 : 0.02);
    }
  });

  it('is narrower than a bound that stands clear of all, and one bad normal of sixteen does not move it', () => {
    const random = createRandom(6);
    const values = Array.from({ length: 16 }, () => 1 + 0.1 * random.normal());
    const border = (v: readonly number[], predict: boolean) =>
      learnScalar(v, { floor: 0.01, oneSided: true, predict }).high;
    expect(border(values, true)).toBeLessThan(border(values, false));
    expect(border([...values.slice(1), 3], true)).toBeLessThan(1.2 * border(values, true));
  });
});

describe('normal distribution', () => {
  it('has the quantiles of the tables', () => {
    expect(probit(0.975)).toBeCloseTo(1.959963984540054, 8);
    expect(probit(1e-9)).toBeCloseTo(-5.997807015, 6);
    expect(normalCdf(-7)).toBeCloseTo(1.279812543885835e-12, 20);
    expect(normalCdf(7)).toBeCloseTo(1, 11);
  });
});

describe('angles', () => {
  it('wrap around the period', () => {
    expect(angleDifference(179, 1, 180)).toBeCloseTo(-2);
    expect(angleDifference(1, 179, 180)).toBeCloseTo(2);
    const learnt = learnAngle([178, 179, 1, 2], { floor: 1 }, 180);
    expect(Math.abs(angleDifference(learnt.centre, 0, 180))).toBeLessThan(1);
    expect(learnt.tolerance).toBeLessThan(30);
  });
  it('turn with their data', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 20 }),
        fc.double({ min: 0, max: 180, noNaN: true }),
        (values, turn) => {
          const a = learnAngle(values, { floor: 1 }, 180);
          const b = learnAngle(
            values.map((v) => v + turn),
            { floor: 1 },
            180,
          );
          expect(Math.abs(angleDifference(b.centre, a.centre + turn, 180))).toBeLessThan(1e-6);
          expect(b.tolerance).toBeCloseTo(a.tolerance, 6);
        },
      ),
      { seed: 2 },
    );
  });
});

describe('vectors', () => {
  const line = Array.from({ length: 60 }, (_, i) => [i * 0.1, i * 0.1 + (i % 3) * 0.01]);
  it('see a departure across the direction of spread that neither axis shows', () => {
    const learnt = learnVector(line, [0.01, 0.01], {});
    const along = mahalanobis([4, 4], learnt.centre, learnt.precision) / learnt.tolerance;
    const across = mahalanobis([5, 1], learnt.centre, learnt.precision) / learnt.tolerance;
    expect(along).toBeLessThan(1);
    expect(across).toBeGreaterThan(1);
    expect(across).toBeGreaterThan(4 * along);
  });
  it('shrink towards the diagonal where n is small', () => {
    const few = learnVector(
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      [0.1, 0.1],
      {},
    );
    expect(Math.abs(few.precision[0]![1]!)).toBeLessThan(0.8 * few.precision[0]![0]!);
    expect(Number.isFinite(few.tolerance)).toBe(true);
  });
  it('set a gross outlier aside before it can stretch the covariance', () => {
    // Two axes of about unit spread, the first normal far off in one of them.
    const values = Array.from({ length: 60 }, (_, i) => [Math.sin(7 * i) * 1.4, Math.cos(11 * i) * 1.4]);
    values[0] = [60, 0];
    const learnt = learnVector(values, [0.01, 0.01], {});
    expect(learnt.setAside).toEqual([0]);
    const margin = (v: number[]): number => mahalanobis(v, learnt.centre, learnt.precision) / learnt.tolerance;
    expect(margin([12, 0])).toBeGreaterThan(1);
    expect(margin([0, 12])).toBeGreaterThan(1);
    for (const v of values.slice(1)) expect(margin(v)).toBeLessThan(1);
  });
  it('hold on what they learnt from', () => {
    const learnt = learnVector(line, [0.01, 0.01], {});
    line.forEach((v, i) => {
      if (!learnt.setAside.includes(i))
        expect(mahalanobis(v, learnt.centre, learnt.precision)).toBeLessThanOrEqual(learnt.tolerance);
    });
  });
});
