import { expect, it } from 'vitest';
import { driftOf, firesOf, type Opened, TRENDS } from '../../../server/storage/trends.ts';

const expected = { low: 8, high: 14, centre: 10, text: '' };
const base = { kind: 'extent', interests: [], margin: 0, violated: false, instances: [] };
/** The `n`th verdict, oldest first: `width` grows by one, `dots` is constant, `names` is no number. */
const verdict = (n: number, fired: readonly string[] = []) =>
  ({
    at: `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`,
    violations: [...fired, ...fired].map((rule) => ({
      ...base,
      rule,
      quantity: 'q',
      measured: n,
      expected,
      severity: 'reject',
    })),
    measurements: [
      { ...base, rule: 'width', quantity: 'w', measured: n, expected },
      { ...base, rule: 'dots', quantity: 'd', measured: 11, expected: { ...expected, high: null } },
      { ...base, rule: 'names', quantity: 't', measured: 'red', expected },
      { ...base, rule: 'never', quantity: 'w', measured: n, expected, skipped: 'guard' },
      { ...base, rule: 'exact', quantity: 'w', measured: n, expected: { ...expected, low: 10, high: 10 } },
    ],
  }) as unknown as Opened;

it('drift is the median distance from the centre in tolerances, with medians over equal parts of the time', () => {
  const verdicts = Array.from({ length: 2 * TRENDS.points }, (_, n) => verdict(n));
  const [dots, width, ...none] = driftOf(verdicts);
  expect(none).toEqual([]);
  // Median of 0..23 is 11.5: 1.5 beyond the centre, and a tolerance is 4.
  expect(width).toMatchObject({
    rule: 'width',
    quantity: 'w',
    n: 24,
    median: 11.5,
    shift: 0.375,
    low: 8,
    high: 14,
    centre: 10,
  });
  expect(width!.series).toHaveLength(TRENDS.points);
  expect(width!.series[0]).toEqual({ at: '2026-01-01T00:00:01.000Z', median: 0.5, n: 2 });
  expect(width!.series.at(-1)).toEqual({ at: '2026-01-01T00:00:23.000Z', median: 22.5, n: 2 });
  expect(dots).toMatchObject({ rule: 'dots', shift: 0.5, high: null });
  expect(driftOf(verdicts.slice(0, TRENDS.least - 1))).toEqual([]);
});

it('a rule fires once per part, however many violations it names', () => {
  expect(firesOf([verdict(0, ['a']), verdict(1, ['b', 'a']), verdict(2), verdict(3, ['c'])])).toEqual([
    { rule: 'a', kind: 'extent', severity: 'reject', fired: 2, share: 0.5 },
    { rule: 'b', kind: 'extent', severity: 'reject', fired: 1, share: 0.25 },
    { rule: 'c', kind: 'extent', severity: 'reject', fired: 1, share: 0.25 },
  ]);
  expect(firesOf([])).toEqual([]);
});
