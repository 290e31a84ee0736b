/** Tokens and sessions as rows; what is stored opens nothing by itself. */
import type { Static } from 'typebox';
import { LogsadError } from '../../src/index.ts';
import type { Role, Token } from '../schemas.ts';
import { found, iso } from './columns.ts';
import { first, inOrder, type Queryable } from './sql.ts';

type TokenRow = Static<typeof Token>;

const TOKEN = `id, name, role, ${iso('created_at', 'createdAt')}, ${iso('revoked_at', 'revokedAt')}`;

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly salt: string;
  readonly hash: string;
}

export function listTokens(sql: Queryable): Promise<TokenRow[]> {
  return sql.query<TokenRow>(`SELECT ${TOKEN} FROM tokens ORDER BY created_at, id`);
}

/** @throws LogsadError NOT_FOUND */
export async function getToken(sql: Queryable, id: string): Promise<TokenRow> {
  return found(await first<TokenRow>(sql, `SELECT ${TOKEN} FROM tokens WHERE id = $1`, [id]), 'this token');
}

/** Null for unknown and revoked ones alike. */
export async function liveToken(sql: Queryable, id: string): Promise<StoredToken | null> {
  const text = 'SELECT id, name, role, salt, hash FROM tokens WHERE id = $1 AND revoked_at IS NULL';
  return (await first<StoredToken>(sql, text, [id])) ?? null;
}

export async function putToken(tx: Queryable, t: StoredToken): Promise<void> {
  await tx.query('INSERT INTO tokens (id, name, role, salt, hash) VALUES ($1, $2, $3, $4, $5)', [
    t.id,
    t.name,
    t.role,
    t.salt,
    t.hash,
  ]);
}

/** The channel that says: somebody's access ended, look again at those who stay connected. */
export const ACCESS_CHANNEL = 'logsad_access';

const tellEnded = (tx: Queryable): Promise<unknown> => tx.query(`SELECT pg_notify($1, '')`, [ACCESS_CHANNEL]);

const ADMIN_CHAIN = 3;

/** Whoever makes the first admin token or revokes one waits here: two that count at a time would not see each other. */
export const lockAdmins = (tx: Queryable): Promise<void> => inOrder(tx, ADMIN_CHAIN);

/** Its sessions end with it. @throws LogsadError NOT_FOUND, CONFLICT of the last admin */
export async function revokeToken(tx: Queryable, id: string): Promise<void> {
  await lockAdmins(tx);
  const rows = await tx.query('UPDATE tokens SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id', [
    id,
  ]);
  found(rows[0], 'this token');
  if ((await countAdmins(tx)) === 0) {
    const remedy = 'make another admin token first';
    throw new LogsadError('CONFLICT', { reason: 'this is the last admin token', remedy });
  }
  await tx.query('DELETE FROM sessions WHERE token = $1', [id]);
  await tellEnded(tx);
}

export async function countAdmins(sql: Queryable): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM tokens WHERE role = 'admin' AND revoked_at IS NULL`;
  return (await first<{ n: number }>(sql, text))!.n;
}

export interface StoredSession {
  readonly token: string;
  readonly name: string;
  readonly role: Role;
  readonly csrf: string;
}

export async function putSession(tx: Queryable, hash: string, token: string, csrf: string, hours: number) {
  await tx.query('DELETE FROM sessions WHERE expires_at < now()');
  await tx.query(
    'INSERT INTO sessions (hash, token, csrf, expires_at) VALUES ($1, $2, $3, now() + make_interval(hours => $4))',
    [hash, token, csrf, hours],
  );
}

export async function liveSession(sql: Queryable, hash: string): Promise<StoredSession | null> {
  const text = `SELECT s.token, t.name, t.role, s.csrf FROM sessions s JOIN tokens t ON t.id = s.token
    WHERE s.hash = $1 AND s.expires_at > now() AND t.revoked_at IS NULL`;
  return (await first<StoredSession>(sql, text, [hash])) ?? null;
}

export async function endSession(sql: Queryable, hash: string): Promise<void> {
  await sql.query('DELETE FROM sessions WHERE hash = $1', [hash]);
  await tellEnded(sql);
}
