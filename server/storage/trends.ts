/** How verdicts and measurements move over time. Counts are over all of a time span, measurements over the newest verdicts. */
import type { InspectionResult } from '../../src/index.ts';
import type { Trends } from '../schemas.ts';
import { iso } from './columns.ts';
import type { Queryable } from './sql.ts';

export const TRENDS = {
  /** Newest verdicts whose measurements are read. */
  window: 1000,
  /** Read so many at a time: some milliseconds each, in which nobody else is answered. */
  page: 25,
  /** Points of a series. */
  points: 12,
  /** Measurements that are listed. */
  listed: 60,
  /** A measurement that moved by so many tolerances has drifted. */
  drifted: 0.5,
  /** Fewer values tell nothing of a drift. */
  least: 5,
} as const;

type Drift = Trends['drift'][number];

const COUNTS = `count(*)::int AS total,
  (count(*) FILTER (WHERE r.verdict = 'pass'))::int AS pass, (count(*) FILTER (WHERE r.verdict = 'review'))::int AS review,
  (count(*) FILTER (WHERE r.verdict = 'reject'))::int AS reject, (count(*) FILTER (WHERE i.state = 'failed'))::int AS failed`;

type Found = Pick<InspectionResult, 'violations' | 'measurements'>;
/** A verdict that was opened, with the time of its inspection. */
export interface Opened extends Found {
  readonly at: string;
}

/** The newest verdicts, oldest first; read in pages, so that nobody else waits while a thousand are opened. */
async function newest(sql: Queryable, product: string): Promise<Opened[]> {
  const out: Opened[] = [];
  let before: string | null = null;
  for (let left: number = TRENDS.window; left > 0; ) {
    const asked: number = Math.min(TRENDS.page, left);
    const rows: { seq: string; at: string; body: string }[] = await sql.query(
      `SELECT i.seq::text AS seq, ${iso('i.created_at', 'at')}, r.body FROM inspections i JOIN results r ON r.inspection = i.id
       WHERE i.product = $1 AND r.body IS NOT NULL AND ($2::bigint IS NULL OR i.seq < $2) ORDER BY i.seq DESC LIMIT $3`,
      [product, before, asked],
    );
    for (const { at, body } of rows) {
      // The rest of a body is let go at once: a thousand of them would be some tens of megabytes.
      const { violations, measurements } = JSON.parse(body) as Found;
      out.push({ at, violations, measurements });
    }
    if (rows.length < asked) break;
    before = rows.at(-1)!.seq;
    left -= asked;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return out.reverse();
}

/** How often each rule fired, the most frequent first. */
export function firesOf(verdicts: readonly Opened[]): Trends['rules'] {
  const rules = new Map<string, { kind: string; severity: 'reject' | 'warn'; fired: number }>();
  for (const { violations } of verdicts) {
    const seen = new Set<string>();
    for (const { rule, kind, severity } of violations) {
      if (seen.has(rule)) continue;
      seen.add(rule);
      // What a rule is now is what its newest violation says.
      rules.set(rule, { kind, severity, fired: (rules.get(rule)?.fired ?? 0) + 1 });
    }
  }
  return [...rules]
    .map(([rule, r]) => ({ rule, ...r, share: r.fired / verdicts.length }))
    .sort((a, b) => b.fired - a.fired || (a.rule < b.rule ? -1 : 1));
}

interface Point {
  readonly part: number;
  readonly at: string;
  readonly kind: string;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly centre: number;
  /** Distance from the centre in tolerances. */
  readonly shift: number;
}

const middle = (values: readonly number[]): number => {
  const v = [...values].sort((a, b) => a - b);
  return (v[(v.length - 1) >> 1]! + v[v.length >> 1]!) / 2;
};
const middleOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((v) => v !== null);
  return known.length > 0 ? middle(known) : null;
};

/** Measured numbers with a known centre and width, by rule and quantity; `part` is the place among equal parts of the verdicts. */
function pointsOf(verdicts: readonly Opened[]): Map<string, Point[]> {
  const points = new Map<string, Point[]>();
  verdicts.forEach(({ at, measurements }, i) => {
    const part = Math.floor((i * TRENDS.points) / verdicts.length);
    for (const { rule, kind, quantity, measured, expected, skipped } of measurements) {
      const { low, high, centre } = expected;
      if (typeof measured !== 'number' || skipped !== undefined || centre === null) continue;
      const half = high !== null ? high - centre : low !== null ? centre - low : 0;
      if (half <= 0) continue;
      const key = JSON.stringify([rule, quantity]);
      const shift = (measured - centre) / half;
      const point = { part, at, kind, value: measured, low, high, centre, shift };
      const known = points.get(key);
      if (known) known.push(point);
      else points.set(key, [point]);
    }
  });
  return points;
}

/** Medians over equal parts of the verdicts, oldest first; what is farthest from the normals comes first. */
export function driftOf(verdicts: readonly Opened[]): Drift[] {
  const all = [...pointsOf(verdicts)].filter(([, points]) => points.length >= TRENDS.least);
  const drifts = all.map(([key, points]) => {
    const [rule, quantity] = JSON.parse(key) as [string, string];
    const parts = [...new Set(points.map((p) => p.part))].map((part) => points.filter((p) => p.part === part));
    return {
      ...{ rule, kind: points.at(-1)!.kind, quantity, n: points.length },
      centre: middle(points.map((p) => p.centre)),
      low: middleOf(points.map((p) => p.low)),
      high: middleOf(points.map((p) => p.high)),
      median: middle(points.map((p) => p.value)),
      shift: middle(points.map((p) => p.shift)),
      series: parts.map((p) => ({ at: p.at(-1)!.at, median: middle(p.map((x) => x.value)), n: p.length })),
    };
  });
  const name = (d: Drift): string => `${d.rule} ${d.quantity}`;
  return drifts
    .sort((a, b) => Math.abs(b.shift) - Math.abs(a.shift) || (name(a) < name(b) ? -1 : 1))
    .slice(0, TRENDS.listed);
}

export async function trends(
  sql: Queryable,
  product: string,
  { days, bucket }: { readonly days: number; readonly bucket: 'hour' | 'day' },
): Promise<Trends> {
  const buckets = await sql.query<Trends['buckets'][number]>(
    `SELECT ${iso('b.at', 'at')}, b.total, b.pass, b.review, b.reject, b.failed FROM (
       SELECT date_trunc($3, i.created_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS at, ${COUNTS} FROM inspections i LEFT JOIN results r ON r.inspection = i.id
       WHERE i.product = $1 AND i.created_at > now() - make_interval(days => $2) GROUP BY 1) b ORDER BY b.at`,
    [product, days, bucket],
  );
  const verdicts = await newest(sql, product);
  const drift = driftOf(verdicts);
  const affected = [...new Set(drift.filter((d) => Math.abs(d.shift) >= TRENDS.drifted).map((d) => d.rule))];
  return { product, bucket, buckets, window: verdicts.length, rules: firesOf(verdicts), drift, affected };
}
