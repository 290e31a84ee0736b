/** Who wants to be told what, and how the telling went. */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import type { Delivery, Event, EventKind, Webhook } from '../schemas.ts';
import { found, iso } from './columns.ts';
import { first, type Queryable } from './sql.ts';

type WebhookRow = Static<typeof Webhook>;
type DeliveryRow = Static<typeof Delivery>;
interface Raw extends Omit<WebhookRow, 'kinds'> {
  readonly kinds: string;
}

const WEBHOOK = `id::text AS id, url, kinds, ${iso('created_at', 'createdAt')}`;
const shape = (r: Raw): WebhookRow => ({ ...r, kinds: r.kinds.split(' ') as EventKind[] });

export async function listWebhooks(sql: Queryable): Promise<WebhookRow[]> {
  return (await sql.query<Raw>(`SELECT ${WEBHOOK} FROM webhooks ORDER BY created_at, id`)).map(shape);
}

export async function addWebhook(
  tx: Queryable,
  url: string,
  kinds: readonly EventKind[],
  secret: string,
): Promise<WebhookRow> {
  const rows = await tx.query<Raw>(
    `INSERT INTO webhooks (id, url, secret, kinds) VALUES ($1, $2, $3, $4) RETURNING ${WEBHOOK}`,
    [randomUUID(), url, secret, kinds.join(' ')],
  );
  return shape(rows[0]!);
}

/** @throws LogsadError NOT_FOUND */
export async function removeWebhook(tx: Queryable, id: string): Promise<void> {
  found((await tx.query('DELETE FROM webhooks WHERE id = $1 RETURNING id', [id]))[0], `webhook ${id}`);
}

/** @throws LogsadError NOT_FOUND */
export async function listDeliveries(sql: Queryable, webhook: string, limit: number): Promise<DeliveryRow[]> {
  found(await first(sql, 'SELECT id FROM webhooks WHERE id = $1', [webhook]), `webhook ${webhook}`);
  return sql.query<DeliveryRow>(
    `SELECT id::text AS id, event::int AS event, state, attempts, status, reason, ${iso('created_at', 'createdAt')},
     ${iso('finished_at', 'finishedAt')} FROM deliveries WHERE webhook = $1 ORDER BY created_at DESC, id LIMIT $2`,
    [webhook, limit],
  );
}

/** One delivery per webhook that wants this event; their ids. */
export async function addDeliveries(tx: Queryable, kind: EventKind, event: number): Promise<string[]> {
  const wanted = await tx.query<{ id: string }>(
    `SELECT id::text AS id FROM webhooks WHERE $1 = ANY (string_to_array(kinds, ' '))`,
    [kind],
  );
  const ids: string[] = [];
  for (const { id: webhook } of wanted) {
    const id = randomUUID();
    await tx.query(`INSERT INTO deliveries (id, webhook, event, state) VALUES ($1, $2, $3, 'queued')`, [
      id,
      webhook,
      event,
    ]);
    ids.push(id);
  }
  return ids;
}

export interface Parcel {
  readonly url: string;
  readonly secret: string;
  readonly attempts: number;
  readonly event: Event;
}

/** Null where it was delivered already, or its webhook is gone. */
export async function getParcel(sql: Queryable, delivery: string): Promise<Parcel | null> {
  const row = await first<{ url: string; secret: string; attempts: number; data: string } & Omit<Event, 'data'>>(
    sql,
    `SELECT w.url, w.secret, d.attempts, e.seq::int AS seq, e.kind, e.product, e.subject, e.data,
       ${iso('e.created_at', 'createdAt')}
     FROM deliveries d JOIN webhooks w ON w.id = d.webhook JOIN events e ON e.seq = d.event
     WHERE d.id = $1 AND d.state = 'queued'`,
    [delivery],
  );
  if (!row) return null;
  const { url, secret, attempts, data, ...event } = row;
  return { url, secret, attempts, event: { ...event, data: JSON.parse(data) as Record<string, unknown> } };
}

export interface DeliveryOutcome {
  readonly state: 'queued' | 'delivered' | 'failed';
  readonly status: number | null;
  readonly reason: string | null;
}

export async function recordDelivery(tx: Queryable, id: string, o: DeliveryOutcome): Promise<void> {
  await tx.query(
    `UPDATE deliveries SET state = $2, status = $3, reason = $4, attempts = attempts + 1,
     finished_at = CASE WHEN $2 = 'queued' THEN NULL ELSE now() END WHERE id = $1 AND state = 'queued'`,
    [id, o.state, o.status, o.reason],
  );
}
