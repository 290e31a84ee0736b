/** What ../shared/golden says of matching and metrics, read once for the tests and for the table of worst errors. */
import { readFileSync } from 'node:fs';
import type { CellSpec } from '../../src/core/detect/cells.ts';
import type { Matchable, MatchSettings } from '../../src/core/detect/instances.ts';
import { type FeatureGrid, grid } from '../../src/core/grid/grid.ts';
import { unitRows } from '../../src/core/grid/linear.ts';
import { npyGrid, npyInts, npyRows } from './npy.ts';
import { sharedPath } from './shared.ts';

/** Stages of the goldens, channels of each, cells per side of the common grid. */
export const [STAGES, WIDE, SIDE] = [4, 16, 12];

/** How golden/patch makes its rows. */
export const GOLDEN_SPEC: CellSpec = {
  stages: ['a', 'b', 'c', 'd'],
  stride: 1,
  side: SIDE,
  alignCorners: true,
  neighbourhood: 1,
  standardise: false,
  places: 0,
};

/** Cases of golden/interest, and how LogSAD matches them. */
export const MATCHES = ['N_lt_M', 'N_gt_M', 'N_eq_M', 'N_zero', 'one_one'] as const;
export const PAPER_MATCH: MatchSettings = {
  reduce: 'pooled',
  unmatched: null,
  perInterest: false,
  position: 0,
  area: 0,
  perStage: true,
};

/** Cases of golden/metrics with one score per image. */
export const RANKINGS = [
  'continuous',
  'tied_0.1',
  'heavy_ties',
  'rule_flag_block',
  'constant',
  'perfect',
  'inverted',
  'one_positive',
] as const;

export const goldenPath = (...parts: string[]): string => sharedPath('golden', ...parts);
export const goldenJson = (...parts: string[]) => JSON.parse(readFileSync(goldenPath(...parts), 'utf8'));

export const worstDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

/** Columns of one stage, which lie side by side in the goldens. */
export function stageColumns(cells: Float32Array, s: number): Float32Array {
  const total = STAGES * WIDE;
  const out = new Float32Array((cells.length / total) * WIDE);
  for (let i = 0; i * total < cells.length; i++)
    out.set(cells.subarray(i * total + s * WIDE, i * total + (s + 1) * WIDE), i * WIDE);
  return out;
}

/** Raw features of the query of golden/patch, per stage. */
export function goldenStages(): FeatureGrid[] {
  const raw = npyGrid(goldenPath('patch', 'query_raw.npy'));
  return GOLDEN_SPEC.stages.map((_, s) => grid(stageColumns(raw.data, s), raw.height, raw.width, WIDE));
}

/** Instances of golden/interest: the mean of the jointly normalised cells over each mask, per stage, unit length. */
export function goldenInstances(cells: string, masks: string): Matchable[] {
  const rows = npyRows(goldenPath('interest', `${cells}_cells.npy`));
  const mask = npyInts(goldenPath('interest', `${masks}_masks.npy`));
  return Array.from({ length: mask.shape[0]! }, (_, n) => {
    const sums = new Float32Array(rows.channels);
    for (let i = 0; i < 64; i++)
      if (mask.data[n * 64 + i]) for (let k = 0; k < rows.channels; k++) sums[k]! += rows.data[i * rows.channels + k]!;
    const stages = Array.from({ length: STAGES }, (_, s) => unitRows(sums.slice(s * WIDE, (s + 1) * WIDE), WIDE));
    return { interest: 'any', stages, x: 0, y: 0, area: 1 };
  });
}

/** The query of a case of golden/interest and the two references it is matched against. */
export function goldenMatch(name: string): {
  query: Matchable[];
  references: { image: string; instances: Matchable[] }[];
} {
  return {
    query: goldenInstances('query', `${name}.query`),
    references: [0, 1].map((r) => ({ image: `${r}`, instances: goldenInstances(`ref${r}`, `${name}.ref${r}`) })),
  };
}
