/** Stored parts as reviews and replays need them: Scenes with what people said of them. */
import { REVIEW, REVIEWED } from './inspections.ts';
import { first, type Queryable } from './sql.ts';

export interface PartRow {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly review: 'ok' | 'nok' | null;
  readonly scene: string;
}

const PART = `i.seq::int AS seq, i.id::text AS id, i.name, i.image AS sha256, r.scene`;

/** One part; undefined while it has no Scene. */
export function getPart(sql: Queryable, id: string): Promise<PartRow | undefined> {
  const text = `SELECT ${PART}, ${REVIEW} AS review FROM inspections i JOIN results r ON r.inspection = i.id
    WHERE i.id = $1 AND r.scene IS NOT NULL`;
  return first<PartRow>(sql, text, [id]);
}

/** A page of parts that a person called good or bad, newest first, below `before`. */
export function reviewedParts(sql: Queryable, product: string, limit: number, before: number | null = null) {
  return sql.query<PartRow>(
    `SELECT * FROM (SELECT ${PART}, ${REVIEW} AS review FROM inspections i JOIN results r ON r.inspection = i.id
       WHERE i.product = $1 AND ($3::bigint IS NULL OR i.seq < $3) AND ${REVIEWED} AND r.scene IS NOT NULL) x
     WHERE review IN ('ok', 'nok') ORDER BY seq DESC LIMIT $2`,
    [product, limit, before],
  );
}

/** A page of parts that nobody called good or bad, newest first, below `before`. */
export async function otherParts(sql: Queryable, product: string, before: number | null, limit: number) {
  return sql.query<PartRow>(
    `SELECT ${PART}, NULL AS review FROM inspections i JOIN results r ON r.inspection = i.id
     WHERE i.product = $1 AND r.scene IS NOT NULL AND ($2::bigint IS NULL OR i.seq < $2)
       AND coalesce(${REVIEW}, 'unknown') = 'unknown' ORDER BY i.seq DESC LIMIT $3`,
    [product, before, limit],
  );
}
