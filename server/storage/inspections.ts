/** Inspections and what came of them. A result is written once: the first one stands, whoever computes it again. */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import type { Batch, Fault, Inspection, Judged, ProductMetrics } from '../schemas.ts';
import { found, iso, type Page, type PageRequest, page, parsed } from './columns.ts';
import { first, type Queryable, type Value } from './sql.ts';

type BatchRow = Static<typeof Batch>;

export interface NewInspection {
  readonly product: string;
  readonly name: string;
  readonly image: string;
  readonly batch: string | null;
  readonly rules: number;
  readonly profile: number;
  readonly author: string;
}

export interface StoredImage {
  readonly digest: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly type: string;
}

/**
 * A row that is there counts as new: retention, should it be about to take it out, waits and then leaves it. One that is
 * new already is not even locked, so that many may send the same picture. Call it before the product is locked.
 */
export async function putImage(tx: Queryable, i: StoredImage): Promise<void> {
  await tx.query(
    `INSERT INTO images (digest, bytes, width, height, type)
     SELECT $1::text, $2::int, $3::int, $4::int, $5::text
     WHERE NOT EXISTS (SELECT 1 FROM images WHERE digest = $1 AND created_at > now() - interval '1 hour')
     ON CONFLICT (digest) DO UPDATE SET created_at = now()`,
    [i.digest, i.bytes, i.width, i.height, i.type],
  );
}

/** @throws LogsadError NOT_FOUND */
export async function getImage(sql: Queryable, digest: string): Promise<StoredImage> {
  const row = await first<StoredImage>(sql, 'SELECT digest, bytes, width, height, type FROM images WHERE digest = $1', [
    digest,
  ]);
  return found(row, 'this image');
}

export async function addInspection(tx: Queryable, n: NewInspection, id: string = randomUUID()): Promise<string> {
  await tx.query(
    `INSERT INTO inspections (id, product, name, image, batch, state, rules_version, profile_version, author)
     VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8)`,
    [id, n.product, n.name, n.image, n.batch, n.rules, n.profile, n.author],
  );
  return id;
}

/** What a reviewer said last of the whole part `i` and nobody took back. */
export const REVIEW = `(SELECT v.verdict FROM reviews v WHERE v.inspection = i.id AND v.violation IS NULL AND v.undone_at IS NULL
   ORDER BY v.seq DESC LIMIT 1)`;
/** Inspections that have one: few among many, so this is where looking for them starts. */
export const REVIEWED = `i.id IN (SELECT inspection FROM reviews WHERE violation IS NULL AND undone_at IS NULL)`;
const INSPECTION = `i.seq::int AS seq, i.id::text AS id, i.product, i.name, i.image, i.batch::text AS batch, i.state,
  i.rules_version AS rules, i.profile_version AS profile, r.verdict, r.score, r.unit, r.p, r.cause, r.error,
  ${REVIEW} AS review,
  ${REVIEW.replace('v.verdict', 'v.id::text')} AS "reviewId",
  i.author, ${iso('i.created_at', 'createdAt')}, ${iso('i.finished_at', 'finishedAt')}`;
const FROM = 'FROM inspections i LEFT JOIN results r ON r.inspection = i.id';

interface Row extends Omit<Inspection, 'error'> {
  readonly seq: number;
  readonly error: string | null;
}
const shape = ({ seq: _, error, ...rest }: Row): Inspection => ({ ...rest, error: parsed<Fault>(error) });

/** @throws LogsadError NOT_FOUND */
export async function getInspection(sql: Queryable, id: string): Promise<Inspection> {
  return shape(found(await first<Row>(sql, `SELECT ${INSPECTION} ${FROM} WHERE i.id = $1`, [id]), `inspection ${id}`));
}

/** With its result as it is stored, null while there is none. @throws LogsadError NOT_FOUND */
export async function getInspected(
  sql: Queryable,
  id: string,
): Promise<{ inspection: Inspection; body: string | null }> {
  const row = await first<Row & { body: string | null }>(sql, `SELECT ${INSPECTION}, r.body ${FROM} WHERE i.id = $1`, [
    id,
  ]);
  const { body, ...rest } = found(row, `inspection ${id}`);
  return { inspection: shape(rest), body };
}

export interface InspectionFilter {
  readonly product?: string;
  readonly batch?: string;
  readonly state?: string;
  readonly verdict?: string;
  readonly review?: string;
  /** A rule that is the first cause. */
  readonly rule?: string;
  /** ISO times. */
  readonly from?: string;
  readonly to?: string;
}

/** Newest first; the cursor is the number of the last one shown. */
export async function listInspections(
  sql: Queryable,
  filter: InspectionFilter,
  { limit, after }: PageRequest,
): Promise<Page<Inspection>> {
  const values: Value[] = [limit + 1];
  const where: string[] = [];
  const add = (condition: string, value: Value | undefined): void => {
    if (value === undefined) return;
    values.push(value);
    where.push(condition.replace('?', `$${values.length}`));
  };
  add('i.product = ?', filter.product);
  add('i.batch = ?', filter.batch);
  add('i.state = ?', filter.state);
  add('r.verdict = ?', filter.verdict);
  add('r.cause LIKE ?', filter.rule === undefined ? undefined : `${filter.rule.replaceAll(/[\\%_]/g, '\\$&')}: %`);
  add('i.created_at >= ?::timestamptz', filter.from);
  add('i.created_at < ?::timestamptz', filter.to);
  add('i.seq < ?', after ?? undefined);
  if (filter.review === 'none') where.push(`NOT (${REVIEWED})`);
  else if (filter.review !== undefined) {
    where.push(REVIEWED);
    add(`${REVIEW} = ?`, filter.review);
  }
  const inner = `SELECT ${INSPECTION} ${FROM} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY i.seq DESC`;
  return page(await sql.query<Row>(`${inner} LIMIT $1`, values), limit, shape);
}

/** What a worker needs; null where nothing is left to do. */
export interface Work {
  readonly id: string;
  readonly product: string;
  readonly name: string;
  readonly image: string;
  readonly rules: number;
  readonly profile: number;
  readonly attempts: number;
}

export async function beginInspection(sql: Queryable, id: string): Promise<Work | null> {
  const row = await first<Work>(
    sql,
    `UPDATE inspections SET state = 'running' WHERE id = $1 AND state IN ('queued', 'running')
     RETURNING id::text AS id, product, name, image, rules_version AS rules, profile_version AS profile, attempts`,
    [id],
  );
  return row ?? null;
}

/** Counts a try whose engine process died or hung; how many there were. */
export async function countTry(sql: Queryable, id: string): Promise<number> {
  const [row] = await sql.query<{ attempts: number }>(
    `UPDATE inspections SET attempts = attempts + 1, state = 'queued' WHERE id = $1 AND state IN ('queued', 'running')
     RETURNING attempts`,
    [id],
  );
  return row?.attempts ?? 0;
}

/** A verdict, or why there is none. */
export type Outcome = Judged | { readonly error: Fault };

/** Insert-once: false where a result stands already, and then nothing changes. */
export async function finishInspection(tx: Queryable, id: string, o: Outcome): Promise<boolean> {
  const bad = 'error' in o;
  const state = bad ? 'failed' : 'done';
  const rows = await tx.query(
    `WITH made AS (INSERT INTO results (inspection, verdict, score, unit, p, cause, body, scene, maps, error)
       SELECT id, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM inspections WHERE id = $1
       ON CONFLICT (inspection) DO NOTHING RETURNING inspection)
     UPDATE inspections SET state = $2, finished_at = now() WHERE id IN (SELECT inspection FROM made) RETURNING id`,
    bad
      ? [id, state, null, null, null, null, null, null, null, null, JSON.stringify(o.error)]
      : [id, state, o.verdict, o.score, o.unit, o.p, o.cause, o.body, o.scene, JSON.stringify(o.maps), null],
  );
  return rows.length > 0;
}

export interface StoredResult {
  readonly body: string | null;
  readonly scene: string | null;
  readonly maps: string | null;
  readonly error: string | null;
}

/** @throws LogsadError NOT_FOUND while there is no result */
export async function getResult(sql: Queryable, id: string): Promise<StoredResult> {
  const row = await first<StoredResult>(sql, 'SELECT body, scene, maps, error FROM results WHERE inspection = $1', [
    id,
  ]);
  return found(row, `a result of inspection ${id}`);
}

/** Scenes of the newest inspections of a product, newest first. */
export async function newestScenes(sql: Queryable, product: string, limit: number): Promise<string[]> {
  const rows = await sql.query<{ scene: string }>(
    `SELECT r.scene ${FROM} WHERE i.product = $1 AND r.scene IS NOT NULL ORDER BY i.seq DESC LIMIT $2`,
    [product, limit],
  );
  return rows.map((r) => r.scene);
}

// --- batches and figures ---------------------------------------------------------------------------------------------

export async function addBatch(tx: Queryable, product: string, author: string): Promise<string> {
  const id = randomUUID();
  await tx.query('INSERT INTO batches (id, product, author) VALUES ($1, $2, $3)', [id, product, author]);
  return id;
}

const COUNTS = `count(i.id)::int AS total,
  (count(*) FILTER (WHERE i.state = 'queued'))::int AS queued, (count(*) FILTER (WHERE i.state = 'running'))::int AS running,
  (count(*) FILTER (WHERE i.state = 'done'))::int AS done, (count(*) FILTER (WHERE i.state = 'failed'))::int AS failed,
  (count(*) FILTER (WHERE r.verdict = 'pass'))::int AS pass, (count(*) FILTER (WHERE r.verdict = 'review'))::int AS review,
  (count(*) FILTER (WHERE r.verdict = 'reject'))::int AS reject`;

/** @throws LogsadError NOT_FOUND */
export async function getBatch(sql: Queryable, id: string): Promise<BatchRow> {
  const row = await first<BatchRow>(
    sql,
    `SELECT b.id::text AS id, b.product, b.author, ${iso('b.created_at', 'createdAt')}, ${COUNTS}
     FROM batches b LEFT JOIN inspections i ON i.batch = b.id LEFT JOIN results r ON r.inspection = i.id
     WHERE b.id = $1 GROUP BY b.id`,
    [id],
  );
  return found(row, `batch ${id}`);
}

type Tally = Pick<Static<typeof ProductMetrics>, 'inspections' | 'failed' | 'pass' | 'review' | 'reject'>;

export async function productMetrics(sql: Queryable, product: string): Promise<Static<typeof ProductMetrics>> {
  const [counts] = await sql.query<Tally>(
    `SELECT ${['inspections', 'failed', 'pass', 'review', 'reject'].map((c) => `coalesce(sum(${c}), 0)::int AS ${c}`)}
     FROM tallies WHERE product = $1`,
    [product],
  );
  const [reviews] = await sql.query<{ reviewed: number; falseAlarms: number; missed: number }>(
    `SELECT count(*)::int AS reviewed,
       (count(*) FILTER (WHERE x.verdict = 'reject' AND x.review = 'ok'))::int AS "falseAlarms",
       (count(*) FILTER (WHERE x.verdict = 'pass' AND x.review = 'nok'))::int AS missed
     FROM (SELECT r.verdict, ${REVIEW} AS review ${FROM} WHERE i.product = $1 AND ${REVIEWED}) x`,
    [product],
  );
  const causes = await sql.query<{ rule: string; count: number }>(
    `SELECT split_part(r.cause, ': ', 1) AS rule, count(*)::int AS count ${FROM}
     WHERE i.product = $1 AND r.verdict = 'reject' AND r.cause IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20`,
    [product],
  );
  return { product, ...counts!, ...reviews!, causes };
}
