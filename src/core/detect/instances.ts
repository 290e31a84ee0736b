/**
 * The cheapest one-to-one assignment of instances (Eq. 2-3, ALGORITHM 5), and what the paper lacks: a cost for what stays
 * unmatched, terms for position and area, the best single normal instead of all pooled.
 */
import { assign } from '../grid/assign.ts';
import { mean } from '../statistics.ts';

export const INTEREST = {
  /** Score of an image without instances (the published default). */
  nothing: 1,
  /** The unmatched cost lies this many standard deviations above the mean of matched pairs of normals (ALGORITHM 5). */
  unmatchedSigmas: 3,
  /** Smallest learnt unmatched cost: normals that hardly differ must not make a missing part a trifle. */
  unmatchedLeast: 0.1,
  /** Largest learnt unmatched cost: two unit vectors cannot differ more than this where they have anything in common. */
  unmatchedMost: 1,
  /** A pair of different interests costs this many times the unmatched cost: never worth it. */
  foreign: 4,
} as const;

/** An instance as it is matched. */
export interface Matchable {
  readonly interest: string;
  /** Unit vector per stage. */
  readonly stages: readonly Float32Array[];
  /** Long-side units. */
  readonly x: number;
  readonly y: number;
  readonly area: number;
}

/** The instances of one normal. */
export interface Reference {
  readonly image: string;
  readonly instances: readonly Matchable[];
}

export interface MatchSettings {
  readonly reduce: 'best' | 'pooled';
  /** Null: what stays unmatched is free, and the mean is over min(n, m) pairs (paper). */
  readonly unmatched: number | null;
  readonly perInterest: boolean;
  readonly position: number;
  readonly area: number;
  /** One assignment per stage (paper) instead of one on the mean over stages. */
  readonly perStage: boolean;
}

export interface Match {
  readonly score: number;
  /** `[query, reference]` of the pooled list or of the best normal; null for no partner. Costs are means over stages. */
  readonly pairs: readonly {
    readonly query: number | null;
    readonly reference: Matchable | null;
    readonly image: string;
    readonly cost: number;
  }[];
  /** Pairs per stage, where each stage has its own assignment. */
  readonly perStage: readonly (readonly (readonly [number, number])[])[];
}

function cosineCost(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!;
  return 1 - dot;
}

function terms(a: Matchable, b: Matchable, s: MatchSettings): number {
  const apart = s.position === 0 ? 0 : s.position * Math.hypot(a.x - b.x, a.y - b.y);
  const ratio = s.area === 0 ? 0 : s.area * Math.abs(Math.log(Math.max(1e-9, a.area) / Math.max(1e-9, b.area)));
  return apart + ratio;
}

/** Costs `[n][m]` per stage; pairs of different interests are out of the question where `perInterest` asks so. */
function costs(query: readonly Matchable[], refs: readonly Matchable[], s: MatchSettings): Float64Array[][] {
  const stages = query[0]!.stages.length;
  const foreign = INTEREST.foreign * (s.unmatched ?? INTEREST.unmatchedMost);
  return Array.from({ length: stages }, (_, k) =>
    query.map((a) =>
      Float64Array.from(refs, (b) => {
        if (s.perInterest && a.interest !== b.interest) return foreign;
        return cosineCost(a.stages[k]!, b.stages[k]!) + terms(a, b, s);
      }),
    ),
  );
}

function meanOver(stages: readonly Float64Array[][]): Float64Array[] {
  return stages[0]!.map((row, i) => row.map((_, j) => mean(stages.map((s) => s[i]![j]!))));
}

/** Cost, pairs and what stays alone of one assignment; rows and columns may stay alone for `c` each where it is given. */
function assignWith(
  cost: Float64Array[],
  m: number,
  c: number | null,
  columnsCount: boolean,
): { total: number; pairs: (readonly [number, number])[] } {
  if (c === null) return assign(cost) as { total: number; pairs: (readonly [number, number])[] };
  const n = cost.length;
  // Every row gets a column of its own to stay alone in; a column left over is free or costs c besides.
  const bonus = columnsCount ? c : 0;
  const wide = cost.map((row, i) =>
    Float64Array.from({ length: m + n }, (_, j) =>
      j < m ? row[j]! - bonus : j - m === i ? c : INTEREST.foreign * (c + 1),
    ),
  );
  const { pairs, total } = assign(wide);
  return { total: total + bonus * m, pairs: pairs.filter(([, j]) => j < m) };
}

function matchOne(
  query: readonly Matchable[],
  refs: readonly Matchable[],
  s: MatchSettings,
  columnsCount: boolean,
): Match {
  const [n, m] = [query.length, refs.length];
  if (n === 0 || m === 0) return { score: n === m ? 0 : (s.unmatched ?? INTEREST.nothing), pairs: [], perStage: [] };
  const stages = costs(query, refs, s);
  const joint = meanOver(stages);
  const per = (s.perStage ? stages : [joint]).map((c) => assignWith(c, m, s.unmatched, columnsCount));
  const over = s.unmatched === null ? Math.min(n, m) : columnsCount ? Math.max(n, m) : n;
  const score = mean(per.map((a) => a.total / over));
  const pairs: Match['pairs'][number][] = per[0]!.pairs.map(([i, j]) => ({
    query: i,
    reference: refs[j]!,
    image: '',
    cost: joint[i]![j]!,
  }));
  const alone = s.unmatched ?? 0;
  const [rows, columns] = [new Set(per[0]!.pairs.map(([i]) => i)), new Set(per[0]!.pairs.map(([, j]) => j))];
  for (let i = 0; i < n; i++) if (!rows.has(i)) pairs.push({ query: i, reference: null, image: '', cost: alone });
  if (columnsCount)
    for (let j = 0; j < m; j++)
      if (!columns.has(j)) pairs.push({ query: null, reference: refs[j]!, image: '', cost: alone });
  return { score, pairs, perStage: per.map((a) => a.pairs) };
}

/** The instances of an image against normals. Without instances the score is `INTEREST.nothing` (golden/interest). */
export function matchInstances(
  query: readonly Matchable[],
  references: readonly Reference[],
  settings: MatchSettings,
): Match {
  if (query.length === 0 && settings.unmatched === null) return { score: INTEREST.nothing, pairs: [], perStage: [] };
  if (settings.reduce === 'pooled') {
    const all = references.flatMap((r) => r.instances);
    const images = new Map(references.flatMap((r) => r.instances.map((i) => [i, r.image] as const)));
    const match = matchOne(query, all, settings, false);
    return { ...match, pairs: match.pairs.map((p) => ({ ...p, image: p.reference ? images.get(p.reference)! : '' })) };
  }
  let best: Match | null = null;
  for (const r of references) {
    const match = matchOne(query, r.instances, settings, settings.unmatched !== null);
    if (!best || match.score < best.score)
      best = { ...match, pairs: match.pairs.map((p) => ({ ...p, image: r.image })) };
  }
  return best ?? { score: INTEREST.nothing, pairs: [], perStage: [] };
}
