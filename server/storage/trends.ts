/** How verdicts and measurements move over time. Counts are over all of a time span, measurements over the newest verdicts. */
import type { Trends } from '../schemas.ts';
import { iso } from './columns.ts';
import type { Queryable } from './sql.ts';

export const TRENDS = {
  /** Newest verdicts whose measurements are read. */
  window: 1000,
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

/** Verdicts whose bodies are opened: those of the newest inspections that have one. */
const NEWEST = `newest AS MATERIALIZED (
  SELECT i.seq, i.created_at, r.body::jsonb AS body FROM inspections i JOIN results r ON r.inspection = i.id
  WHERE i.product = $1 AND r.body IS NOT NULL ORDER BY i.seq DESC LIMIT $2)`;

function fires(sql: Queryable, product: string): Promise<Trends['rules']> {
  return sql.query<Trends['rules'][number]>(
    `WITH ${NEWEST}
     SELECT v ->> 'rule' AS rule, max(v ->> 'kind') AS kind, max(v ->> 'severity') AS severity,
       count(DISTINCT seq)::int AS fired, (count(DISTINCT seq)::float8 / greatest(1, (SELECT count(*) FROM newest))) AS share
     FROM newest, jsonb_array_elements(body -> 'violations') v GROUP BY 1 ORDER BY 4 DESC, 1`,
    [product, TRENDS.window],
  );
}

/** Medians over the newest verdicts in equal parts, oldest first: measured numbers with a known centre and width. */
async function drift(sql: Queryable, product: string): Promise<Drift[]> {
  const rows = await sql.query<Omit<Drift, 'series'> & { readonly series: string }>(
    `WITH ${NEWEST}, parts AS (SELECT seq, created_at, body, ntile($3) OVER (ORDER BY seq) AS part FROM newest),
     found AS (
       SELECT part, created_at, m ->> 'rule' AS rule, m ->> 'kind' AS kind, m ->> 'quantity' AS quantity,
         (m ->> 'measured')::float8 AS v, (m #>> '{expected,low}')::float8 AS low, (m #>> '{expected,high}')::float8 AS high,
         (m #>> '{expected,centre}')::float8 AS centre
       FROM parts, jsonb_array_elements(body -> 'measurements') m
       WHERE jsonb_typeof(m -> 'measured') = 'number' AND m -> 'skipped' IS NULL
         AND jsonb_typeof(m #> '{expected,centre}') = 'number'),
     wide AS (SELECT *, greatest(coalesce(high - centre, centre - low), 1e-12) AS half FROM found
       WHERE coalesce(high, low) IS NOT NULL AND coalesce(high - centre, centre - low) > 0),
     series AS (SELECT rule, quantity, part, max(created_at) AS at, count(*)::int AS n,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS median FROM wide GROUP BY 1, 2, 3),
     told AS (SELECT rule, quantity, json_agg(json_build_object(
         'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'median', median, 'n', n) ORDER BY part)::text AS series
       FROM series GROUP BY 1, 2)
     SELECT rule, max(kind) AS kind, quantity, count(*)::int AS n,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY centre) AS centre, percentile_cont(0.5) WITHIN GROUP (ORDER BY low) AS low,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY high) AS high, percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS median,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (v - centre) / half) AS shift,
       (SELECT t.series FROM told t WHERE t.rule = wide.rule AND t.quantity = wide.quantity) AS series
     FROM wide GROUP BY rule, quantity HAVING count(*) >= $4
     ORDER BY abs(percentile_cont(0.5) WITHIN GROUP (ORDER BY (v - centre) / half)) DESC, rule, quantity LIMIT $5`,
    [product, TRENDS.window, TRENDS.points, TRENDS.least, TRENDS.listed],
  );
  return rows.map((r) => ({ ...r, series: JSON.parse(r.series) as Drift['series'] }));
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
  const [window] = await sql.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (SELECT 1 FROM inspections i JOIN results r ON r.inspection = i.id
     WHERE i.product = $1 AND r.body IS NOT NULL LIMIT $2) x`,
    [product, TRENDS.window],
  );
  const moved = await drift(sql, product);
  const affected = [...new Set(moved.filter((d) => Math.abs(d.shift) >= TRENDS.drifted).map((d) => d.rule))];
  return { product, bucket, buckets, window: window!.n, rules: await fires(sql, product), drift: moved, affected };
}
