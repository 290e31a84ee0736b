/**
 * Who changed what, as a chain: every entry holds the hash of the one before, so an entry that was edited, removed or
 * slipped in later shows. Written in the transaction that made the change.
 */
import { createHash } from 'node:crypto';
import type { Static } from 'typebox';
import type { AuditCheck, AuditEntry } from '../schemas.ts';
import { type Page, type PageRequest, page } from './columns.ts';
import { first, inOrder, type Queryable } from './sql.ts';

const AUDIT_CHAIN = 2;
/** What the first entry follows. */
const GENESIS = '0'.repeat(64);
const VERIFY_PAGE = 1000;

type Entry = Static<typeof AuditEntry>;
type Row = Omit<Entry, 'detail'> & { readonly detail: string };

const hashOf = (r: Omit<Row, 'hash'>): string =>
  createHash('sha256')
    .update(JSON.stringify([r.seq, r.at, r.actor, r.action, r.subject, r.detail, r.previous]))
    .digest('hex');

export interface Act {
  readonly actor: string;
  /** `rules.accept`, `token.create`: what was done. */
  readonly action: string;
  readonly subject: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export async function appendAudit(tx: Queryable, act: Act): Promise<void> {
  await inOrder(tx, AUDIT_CHAIN);
  const last = await first<{ seq: number; hash: string }>(tx, 'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
  const entry = {
    seq: (last?.seq ?? 0) + 1,
    at: new Date().toISOString(),
    actor: act.actor,
    action: act.action,
    subject: act.subject,
    detail: JSON.stringify(act.detail ?? {}),
    previous: last?.hash ?? GENESIS,
  };
  await tx.query(
    'INSERT INTO audit (seq, at, actor, action, subject, detail, previous, hash) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)',
    [entry.seq, entry.at, entry.actor, entry.action, entry.subject, entry.detail, entry.previous, hashOf(entry)],
  );
}

export async function listAudit(sql: Queryable, { limit, after }: PageRequest): Promise<Page<Entry>> {
  const rows = await sql.query<Row>('SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2', [
    after ?? 0,
    limit + 1,
  ]);
  return page(rows, limit, (r) => ({ ...r, detail: JSON.parse(r.detail) as unknown }));
}

/** Walks the whole chain. `head` is the last hash: kept elsewhere, it also shows that the end was cut off. */
export async function verifyAudit(sql: Queryable): Promise<Static<typeof AuditCheck>> {
  let previous = GENESIS;
  let seq = 0;
  for (;;) {
    const rows = await sql.query<Row>('SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2', [seq, VERIFY_PAGE]);
    for (const r of rows) {
      if (r.seq !== seq + 1 || r.previous !== previous || r.hash !== hashOf(r)) {
        return { entries: seq, intact: false, brokenAt: seq + 1, head: previous };
      }
      ({ seq, hash: previous } = r);
    }
    if (rows.length < VERIFY_PAGE) return { entries: seq, intact: true, brokenAt: null, head: previous };
  }
}
