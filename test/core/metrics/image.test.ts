import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auprTrapezoid, auroc, averagePrecision, f1Max, rank, rocCurve } from '../../../src/core/metrics/image.ts';
import { type LocoKind, locoAuroc } from '../../support/exactMetrics/loco.ts';
import { goldenJson, RANKINGS } from '../../support/goldens.ts';
import { shared } from '../../support/shared.ts';

const missing = shared('golden/metrics') === null;
const golden = missing ? {} : goldenJson('metrics', 'expected.json');

describe.skipIf(missing)('image metrics against golden/metrics (needs ../shared)', () => {
  it.each(RANKINGS)('%s equals scikit-learn', (name) => {
    const { labels, scores, auroc: area, average_precision, aupr_trapezoid, f1_max } = golden[name];
    const ranked = rank(labels, scores);
    expect(auroc(ranked)).toBeCloseTo(area, 12);
    expect(averagePrecision(ranked)).toBeCloseTo(average_precision, 12);
    expect(auprTrapezoid(ranked)).toBeCloseTo(aupr_trapezoid, 12);
    const best = f1Max(ranked);
    expect(best.f1).toBeCloseTo(f1_max.f1, 12);
    expect(best.threshold).toBe(f1_max.threshold);
    expect(best.precision).toBeCloseTo(f1_max.precision, 5);
    expect(best.recall).toBeCloseTo(f1_max.recall, 12);
  });

  it('LOCO convention: per kind, mean of the two, and pooled', () => {
    const split = golden.loco_split;
    const names: readonly LocoKind[] = ['good', 'logical', 'structural'];
    const found = locoAuroc(
      split.kinds.map((k: number) => names[k]!),
      split.scores,
    );
    expect(found.logical).toBeCloseTo(split.auroc_logical, 12);
    expect(found.structural).toBeCloseTo(split.auroc_structural, 12);
    expect(found.mean).toBeCloseTo(split.loco_mean, 12);
    expect(found.pooled).toBeCloseTo(split.pooled, 12);
  });
});

const samples = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -20, max: 20 })), { minLength: 2, maxLength: 60 });

describe('AUROC', () => {
  it('counts ordered pairs, ties half', () => {
    fc.assert(
      fc.property(samples, (drawn) => {
        const ranked = rank(
          drawn.map((d) => d[0]),
          drawn.map((d) => d[1]),
        );
        const of = (positive: boolean): number[] => drawn.filter((d) => d[0] === positive).map((d) => d[1]);
        const wins = of(true).flatMap((p) => of(false).map((q) => (p > q ? 1 : p === q ? 0.5 : 0)));
        if (wins.length === 0) expect(auroc(ranked)).toBeNaN();
        else expect(auroc(ranked)).toBeCloseTo(wins.reduce((a: number, b) => a + b, 0) / wins.length, 12);
      }),
    );
  });

  it('depends on the order of the scores only, and turns round with the labels', () => {
    fc.assert(
      fc.property(samples, (drawn) => {
        const labels = drawn.map((d) => d[0]);
        fc.pre(labels.includes(true) && labels.includes(false));
        const scores = drawn.map((d) => d[1]);
        const area = auroc(rank(labels, scores));
        expect(
          auroc(
            rank(
              labels,
              scores.map((s) => Math.exp(s / 10) + s),
            ),
          ),
        ).toBe(area);
        expect(
          auroc(
            rank(
              labels.map((l) => !l),
              scores,
            ),
          ),
        ).toBeCloseTo(1 - area, 12);
        const curve = rocCurve(rank(labels, scores));
        expect(curve[0]).toMatchObject({ falsePositiveRate: 0, truePositiveRate: 0 });
        expect(curve.at(-1)).toMatchObject({ falsePositiveRate: 1, truePositiveRate: 1 });
        let under = 0;
        curve.forEach((point, i) => {
          const last = curve[i - 1] ?? point;
          under +=
            ((point.falsePositiveRate - last.falsePositiveRate) * (point.truePositiveRate + last.truePositiveRate)) / 2;
        });
        expect(under).toBeCloseTo(area, 12);
      }),
    );
  });

  it('refuses NaN and ragged input', () => {
    expect(() => rank([0, 1], [1, Number.NaN])).toThrow(/score 1 is NaN/);
    expect(() => rank([0, 1], [1])).toThrow(RangeError);
  });

  it('finds no F1 without positives', () => {
    expect(f1Max(rank([0, 0], [1, 2]))).toEqual({ f1: 0, threshold: Infinity, precision: 0, recall: 0 });
  });
});
