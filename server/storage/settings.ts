/** Settings that an admin changes while the service runs, and the memory of Idempotency-Keys. */
import type { Static } from 'typebox';
import { LogsadError } from '../../src/index.ts';
import type { Settings } from '../schemas.ts';
import { first, type Queryable } from './sql.ts';

type SettingsRow = Static<typeof Settings>;
const DEFAULTS: SettingsRow = { retentionDays: null };

export async function getSettings(sql: Queryable): Promise<SettingsRow> {
  const row = await first<{ value: string }>(sql, `SELECT value FROM settings WHERE key = 'service'`);
  return { ...DEFAULTS, ...(row ? (JSON.parse(row.value) as Partial<SettingsRow>) : {}) };
}

export async function putSettings(tx: Queryable, settings: SettingsRow): Promise<void> {
  await tx.query(
    `INSERT INTO settings (key, value) VALUES ('service', $1) ON CONFLICT (key) DO UPDATE SET value = $1`,
    [JSON.stringify(settings)],
  );
}

export interface Once {
  readonly actor: string;
  /** What the client sent, undefined where it sent none. */
  readonly key: string | undefined;
  /** Digest of the request: the same key with another one is refused. */
  readonly fingerprint: string;
}

/**
 * Runs `make` unless the same request was made before, in the caller's transaction, so that key and effect are kept or
 * lost together. @throws LogsadError IDEMPOTENCY_REUSED
 */
export async function once(
  tx: Queryable,
  { actor, key, fingerprint }: Once,
  make: () => Promise<string>,
): Promise<{ readonly subject: string; readonly repeated: boolean }> {
  if (key === undefined) return { subject: await make(), repeated: false };
  // Two requests with one key at the same time: the second waits here for the first to commit.
  await tx.query('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', [actor, key]);
  const known = await first<{ fingerprint: string; subject: string }>(
    tx,
    'SELECT fingerprint, subject FROM idempotency WHERE actor = $1 AND key = $2',
    [actor, key],
  );
  if (known) {
    if (known.fingerprint !== fingerprint) throw new LogsadError('IDEMPOTENCY_REUSED', { key });
    return { subject: known.subject, repeated: true };
  }
  const subject = await make();
  await tx.query('INSERT INTO idempotency (actor, key, fingerprint, subject) VALUES ($1, $2, $3, $4)', [
    actor,
    key,
    fingerprint,
    subject,
  ]);
  return { subject, repeated: false };
}
