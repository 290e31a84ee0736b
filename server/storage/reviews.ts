/** What people say of inspections. Nothing is overwritten: a review is added or marked as undone. */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { LogsadError } from '../../src/index.ts';
import type { NewReview, Review } from '../schemas.ts';
import { found, iso } from './columns.ts';
import { first, type Queryable } from './sql.ts';

type Row = Static<typeof Review>;

const REVIEW = `id::text AS id, inspection::text AS inspection, violation, verdict, comment, author,
  ${iso('created_at', 'createdAt')}, undone_by AS "undoneBy", ${iso('undone_at', 'undoneAt')}`;

/** Oldest first. */
export function listReviews(sql: Queryable, inspection: string): Promise<Row[]> {
  return sql.query<Row>(`SELECT ${REVIEW} FROM reviews WHERE inspection = $1 ORDER BY seq`, [inspection]);
}

/** @throws LogsadError NOT_FOUND */
export async function getReview(sql: Queryable, id: string): Promise<Row> {
  return found(await first<Row>(sql, `SELECT ${REVIEW} FROM reviews WHERE id = $1`, [id]), `review ${id}`);
}

/**
 * With `seen` (the newest review the author knew of the same thing, null for none) a second reviewer learns that somebody
 * was faster instead of overruling unseen. @throws LogsadError CONFLICT, NOT_FOUND
 */
export async function addReview(tx: Queryable, inspection: string, r: NewReview, author: string): Promise<string> {
  found(
    await first(tx, 'SELECT id FROM inspections WHERE id = $1 FOR UPDATE', [inspection]),
    `inspection ${inspection}`,
  );
  const violation = r.violation ?? null;
  if (r.seen !== undefined) {
    const last = await first<{ id: string; author: string }>(
      tx,
      `SELECT id::text AS id, author FROM reviews WHERE inspection = $1 AND violation IS NOT DISTINCT FROM $2
       AND undone_at IS NULL ORDER BY seq DESC LIMIT 1`,
      [inspection, violation],
    );
    if ((last?.id ?? null) !== r.seen) {
      throw new LogsadError('CONFLICT', {
        reason: last ? `${last.author} reviewed this meanwhile` : 'the review this one answers was undone meanwhile',
        remedy: 'look at the reviews again, then send yours with `seen` set to the newest one',
      });
    }
  }
  const id = randomUUID();
  await tx.query(
    'INSERT INTO reviews (id, inspection, violation, verdict, comment, author) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, inspection, violation, r.verdict, r.comment ?? '', author],
  );
  return id;
}

/** Undoing twice changes nothing; true where it did. @throws LogsadError NOT_FOUND */
export async function undoReview(tx: Queryable, id: string, author: string): Promise<boolean> {
  await getReview(tx, id);
  const rows = await tx.query(
    'UPDATE reviews SET undone_by = $2, undone_at = now() WHERE id = $1 AND undone_at IS NULL RETURNING id',
    [id, author],
  );
  return rows.length > 0;
}
