/** What happened, in one order: read by server-sent events and webhooks. Appended in the transaction that did it. */
import type { Event, EventKind } from '../schemas.ts';
import { iso } from './columns.ts';
import { inOrder, type Queryable } from './sql.ts';

/** The channel that wakes readers of events. */
export const EVENTS_CHANNEL = 'logsad_events';
const EVENT_CHAIN = 1;

export interface NewEvent {
  readonly kind: EventKind;
  readonly product: string | null;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Row extends Omit<Event, 'data'> {
  readonly data: string;
}

const COLUMNS = `seq::int AS seq, kind, product, subject, data, ${iso('created_at', 'createdAt')}`;

/** Call it last in a transaction: whoever appends waits for those before to commit, so readers never skip one. */
export async function appendEvents(tx: Queryable, events: readonly NewEvent[]): Promise<number[]> {
  await inOrder(tx, EVENT_CHAIN);
  const out: number[] = [];
  for (const e of events) {
    const [row] = await tx.query<{ seq: number }>(
      `WITH made AS (INSERT INTO events (kind, product, subject, data) VALUES ($1, $2, $3, $4) RETURNING seq::int AS seq)
       SELECT seq, pg_notify($5, '') FROM made`,
      [e.kind, e.product, e.subject, JSON.stringify(e.data), EVENTS_CHANNEL],
    );
    out.push(row!.seq);
  }
  return out;
}

export async function eventsAfter(sql: Queryable, seq: number, limit: number): Promise<Event[]> {
  const rows = await sql.query<Row>(`SELECT ${COLUMNS} FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, [seq, limit]);
  return rows.map((r) => ({ ...r, data: JSON.parse(r.data) as Record<string, unknown> }));
}

export async function lastEvent(sql: Queryable): Promise<number> {
  const [row] = await sql.query<{ seq: number }>('SELECT coalesce(max(seq), 0)::int AS seq FROM events');
  return row?.seq ?? 0;
}
