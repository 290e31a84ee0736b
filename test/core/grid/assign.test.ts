import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '../../../src/core/grid/assign.ts';
import { grid } from '../../../src/core/grid/grid.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { npyFloats } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const at = (name: string): string => sharedPath('golden/interest', name);

describe.skipIf(shared('golden/interest') === null)('assignment against golden/interest (needs ../shared)', () => {
  const golden = shared('golden/interest') === null ? {} : JSON.parse(readFileSync(at('expected.json'), 'utf8'));

  it.each(['N_lt_M', 'N_gt_M', 'N_eq_M', 'one_one'])('cost per stage and score of %s', (name) => {
    const { data, shape } = npyFloats(at(`${name}.cost.npy`));
    const [stages, n, m] = shape as [number, number, number];
    const costs: number[] = [];
    for (let s = 0; s < stages; s++) {
      const found = assign(grid(data.slice(s * n * m, (s + 1) * n * m), n, m));
      expect(found.pairs).toEqual(golden[name].assignment_per_stage[s]);
      costs.push(found.total / Math.min(n, m));
      expect(Math.abs(costs[s]! - golden[name].cost_per_stage[s])).toBeLessThan(1e-5);
    }
    expect(Math.abs(costs.reduce((a, b) => a + b) / stages - golden[name].score)).toBeLessThan(1e-5);
  });

  it('plain matrices, rectangular and tied', () => {
    const cases = Object.entries<{ cost: number[][]; total: number; pairs: number[][] }>(golden.assignment_only);
    expect(cases.length).toBeGreaterThan(4);
    for (const [name, { cost, total, pairs }] of cases) {
      const found = assign(cost);
      expect(found.total, name).toBeCloseTo(total, 10);
      if (!name.includes('ties')) expect(found.pairs, name).toEqual(pairs);
    }
  });
});

function greedyTotal(cost: readonly (readonly number[])[]): number {
  const rows = new Set(cost.keys());
  const columns = new Set(cost[0]!.keys());
  let total = 0;
  while (rows.size > 0 && columns.size > 0) {
    let best: [number, number] = [-1, -1];
    for (const i of rows) {
      for (const j of columns) if (best[0] < 0 || cost[i]![j]! < cost[best[0]]![best[1]]!) best = [i, j];
    }
    total += cost[best[0]]![best[1]]!;
    rows.delete(best[0]);
    columns.delete(best[1]);
  }
  return total;
}

const matrices = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })).chain(([n, m]) => {
  const value = fc.double({ min: -5, max: 5, noNaN: true });
  return fc.array(fc.array(value, { minLength: m, maxLength: m }), { minLength: n, maxLength: n });
});

describe('assignment', () => {
  it('costs no more than greedy, uses every row or column once, and does not care about order', () => {
    fc.assert(
      fc.property(matrices, fc.integer(), (cost, seed) => {
        const found = assign(cost);
        expect(found.pairs.length).toBe(Math.min(cost.length, cost[0]!.length));
        expect(new Set(found.pairs.map((p) => p[0])).size).toBe(found.pairs.length);
        expect(new Set(found.pairs.map((p) => p[1])).size).toBe(found.pairs.length);
        expect(found.total).toBeLessThanOrEqual(greedyTotal(cost) + 1e-9);
        expect(assign(createRandom(seed).shuffle(cost)).total).toBeCloseTo(found.total, 9);
        const turned = cost[0]!.map((_, j) => cost.map((row) => row[j]!));
        expect(assign(turned).total).toBeCloseTo(found.total, 9);
      }),
      { numRuns: 150 },
    );
  });

  it('beats greedy on the example of ALGORITHM 15', () => {
    const found = assign([
      [0.1, 0.2, 0.9],
      [0.15, 0.8, 0.9],
    ]);
    expect(found.pairs).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(found.total).toBeCloseTo(0.35, 12);
  });

  it('pairs nothing with nothing', () => {
    expect(assign([])).toEqual({ pairs: [], total: 0 });
    expect(assign([[], []])).toEqual({ pairs: [], total: 0 });
    expect(assign(grid(new Float32Array(0), 0, 3))).toEqual({ pairs: [], total: 0 });
  });

  it('refuses what has no answer', () => {
    expect(() => assign([[1, Number.NaN]])).toThrow(/row 0, column 1/);
    expect(() => assign([[Infinity]])).toThrow(RangeError);
    expect(() => assign([[1, 2], [3]])).toThrow(/row 1/);
  });
});
