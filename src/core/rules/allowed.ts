/** Whole numbers that must take one of a few values: learnt sets, stated bounds, and a graded margin. */
import type { Expectation } from '../scene.ts';
import { LEARN, MARGIN } from './constants.ts';
import type { Complaint } from './kind.ts';

export interface CountBounds {
  readonly equals?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly oneOf?: readonly number[];
}

/** Which counts are right; null in `set` means any from `low` to `high`. */
export interface AllowedCounts {
  readonly set: readonly number[] | null;
  readonly low: number;
  readonly high: number | null;
}

/** Settings and bounds are immutable and asked for with every Scene: what is made of them is made once. */
const stated = new WeakMap<CountBounds, AllowedCounts | null>();
const expectations = new WeakMap<AllowedCounts, Expectation>();

export function statedCounts(p: CountBounds): AllowedCounts | null {
  let known = stated.get(p);
  if (known === undefined) {
    known = readCounts(p);
    stated.set(p, known);
  }
  return known;
}

function readCounts(p: CountBounds): AllowedCounts | null {
  if (p.equals !== undefined) return { set: [p.equals], low: p.equals, high: p.equals };
  if (p.oneOf !== undefined) {
    const set = [...new Set(p.oneOf)].sort((a, b) => a - b);
    return { set, low: set[0]!, high: set[set.length - 1]! };
  }
  if (p.atLeast === undefined && p.atMost === undefined) return null;
  return { set: null, low: p.atLeast ?? 0, high: p.atMost ?? null };
}

/** Values that at least `countShare` of the normals show, and at least one of them (a slip must not widen the rule). */
export function learntCounts(values: readonly number[]): AllowedCounts | null {
  if (values.length === 0) return null;
  const votes = new Map<number, number>();
  for (const v of values) votes.set(v, (votes.get(v) ?? 0) + 1);
  const set = [...votes]
    .filter(([, n]) => n >= LEARN.countShare * values.length)
    .map(([v]) => v)
    .sort((a, b) => a - b);
  return { set, low: set[0]!, high: set[set.length - 1]! };
}

export function isAllowed(a: AllowedCounts, k: number): boolean {
  return a.set ? a.set.includes(k) : k >= a.low && (a.high === null || k <= a.high);
}

export function expectedCounts(a: AllowedCounts): Expectation {
  let known = expectations.get(a);
  if (known === undefined) {
    known = describeCounts(a);
    expectations.set(a, known);
  }
  return known;
}

function describeCounts(a: AllowedCounts): Expectation {
  const { set, low, high } = a;
  const text = set
    ? set.length === 1
      ? String(set[0])
      : `${set.slice(0, -1).join(', ')} or ${set[set.length - 1]}`
    : high === null
      ? `at least ${low}`
      : low === 0
        ? `at most ${high}`
        : `${low} to ${high}`;
  return { low, high, centre: set?.length === 1 ? set[0]! : null, text };
}

/** The name of a part after a number: "1 pin", "15 pins". Names are the file's own words; only their endings change. */
export function named(number: string, name: string): string {
  if (number === '1') return `${number} ${name}`;
  const plural = /(s|x|z|ch|sh)$/.test(name)
    ? `${name}es`
    : /[^aeiou]y$/.test(name)
      ? `${name.slice(0, -1)}ies`
      : `${name}s`;
  return `${number} ${plural}`;
}

/** How sure the parts counted and refused are: likeness values in tolerance units (1 = border). */
export interface Evidence {
  /** Of the counted ones, largest (least sure) first. */
  readonly counted: readonly number[];
  /** Of the refused candidates, smallest (nearly admitted) first. */
  readonly refused: readonly number[];
}

/** Margin of lacking `m` parts: grows with how far the m-th best candidate is from being admitted. */
function lacking(m: number, e: Evidence): number {
  const d = e.refused[m - 1];
  const far = d === undefined ? MARGIN.gross : Math.min(MARGIN.gross, MARGIN.candidateSlope * Math.max(0, d - 1));
  return 1 + far + MARGIN.perPart * (m - 1);
}

/** Margin of having `s` parts too many: grows with how sure the least sure of them are. */
function surplus(s: number, e: Evidence): number {
  const l = e.counted[s - 1] ?? 0;
  return 1 + MARGIN.gross * (1 - Math.min(1, l)) + MARGIN.perPart * (s - 1);
}

/**
 * Graded margin of a count of k: above 1 exactly when k is not allowed. A wrong count is as grave as the cheapest change
 * of evidence that would make it right; a right count grades by how near the evidence is to making it wrong.
 */
export function countMargin(k: number, allowed: AllowedCounts, e: Evidence): number {
  const reach = Math.max(k, e.counted.length + e.refused.length, allowed.high ?? allowed.low) + 1;
  if (isAllowed(allowed, k)) {
    let nearest = 0;
    for (let m = 1; k + m <= reach; m++) {
      if (isAllowed(allowed, k + m)) continue;
      const d = e.refused[m - 1];
      if (d !== undefined) nearest = Math.max(nearest, 1 / Math.max(1, d));
      break;
    }
    for (let s = 1; s <= k; s++) {
      if (isAllowed(allowed, k - s)) continue;
      nearest = Math.max(nearest, Math.min(1, e.counted[s - 1] ?? 0));
      break;
    }
    return Math.min(nearest, 1);
  }
  let margin: number = MARGIN.cap;
  for (let m = 1; k + m <= reach; m++) {
    if (!isAllowed(allowed, k + m)) continue;
    margin = Math.min(margin, lacking(m, e));
    break;
  }
  for (let s = 1; s <= k; s++) {
    if (!isAllowed(allowed, k - s)) continue;
    margin = Math.min(margin, surplus(s, e));
    break;
  }
  return Math.min(MARGIN.cap, Math.max(margin, 1 + 1e-9));
}

/**
 * Margin of a number of pieces by their sizes, largest first: surplus pieces are as grave as they are large against the
 * largest, missing ones are gross; a right number grades by how nearly its smallest piece is a speck.
 */
export function piecesMargin(sizes: readonly number[], allowed: AllowedCounts): number {
  const k = sizes.length;
  const largest = Math.max(sizes[0] ?? 0, Number.MIN_VALUE);
  if (isAllowed(allowed, k)) return k === 0 ? 0 : MARGIN.held * (1 - Math.sqrt(sizes[k - 1]! / largest));
  for (let keep = k - 1; keep >= 0; keep--) {
    if (!isAllowed(allowed, keep)) continue;
    const share = keep === 0 ? 1 : Math.min(1, sizes[keep]! / largest);
    return 1 + MARGIN.gross * Math.sqrt(share) + MARGIN.perPart * (k - keep - 1);
  }
  return 1 + MARGIN.gross;
}

/** Bounds that contradict each other, or that every scene satisfies. */
export function checkCounts(p: CountBounds): Complaint[] {
  const out: Complaint[] = [];
  const stated = ['equals', 'oneOf', 'atLeast', 'atMost'].filter((k) => p[k as keyof CountBounds] !== undefined);
  const exclusive = stated.filter((k) => k === 'equals' || k === 'oneOf');
  if (exclusive.length > 0 && stated.length > 1) {
    const extra = stated.find((k) => k !== exclusive[0])!;
    out.push({
      path: [extra],
      code: 'CONTRADICTION',
      message: `${extra} beside ${exclusive[0]}: one of them alone decides`,
      expected: 'either equals, or oneOf, or atLeast and atMost',
      example: 'equals: 3',
    });
  }
  if (p.atLeast !== undefined && p.atMost !== undefined && p.atLeast > p.atMost) {
    out.push({
      path: ['atLeast'],
      code: 'CONTRADICTION',
      message: `atLeast ${p.atLeast} is above atMost ${p.atMost}: no count satisfies both`,
      expected: 'atLeast no larger than atMost',
      example: `atLeast: ${p.atMost}\natMost: ${p.atLeast}`,
    });
  }
  if (p.atLeast === 0 && p.atMost === undefined) {
    out.push({
      path: ['atLeast'],
      code: 'VACUOUS',
      message: 'atLeast 0 holds for every image',
      expected: 'a bound that some image can break',
      example: 'atLeast: 1',
    });
  }
  return out;
}
