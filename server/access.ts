/**
 * Who calls. Tokens are `lsd_ID_SECRET`; only a scrypt hash of the secret is kept. A page exchanges a token for a cookie
 * session; what changes something by cookie must also carry the session's CSRF token and come from our own origin.
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Request } from 'express';
import { LogsadError } from '../src/index.ts';
import { ROLES, type Role } from './schemas.ts';
import { liveSession, liveToken, putToken, type StoredToken } from './storage/access.ts';
import type { Queryable } from './storage/sql.ts';

export interface Principal {
  /** Name that reviews, audit entries and rule files carry. */
  readonly name: string;
  readonly tokenId: string;
  readonly role: Role;
  /** Known by a cookie: changes need the CSRF token. */
  readonly session: { readonly hash: string; readonly csrf: string } | null;
}

const AUTH = {
  scrypt: { N: 2 ** 14, r: 8, p: 1 },
  hashBytes: 32,
  /** A token that proved itself is not hashed again for so long; revoking one takes effect at once (see `Access`). */
  rememberMs: 60_000,
  remembered: 1000,
  cookie: 'logsad_session',
  /** Whoever stays connected is looked at again this often. */
  lookMs: 15_000,
} as const;

const derive = promisify(scrypt) as (secret: string, salt: string, length: number, options: object) => Promise<Buffer>;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const same = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
};

/** Makes a token and stores its hash; the secret is returned this once. */
export async function makeToken(
  tx: Queryable,
  name: string,
  role: Role,
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(24).toString('base64url');
  const salt = randomBytes(16).toString('hex');
  const hash = (await derive(secret, salt, AUTH.hashBytes, AUTH.scrypt)).toString('hex');
  await putToken(tx, { id, name, role, salt, hash });
  return { id, secret: `lsd_${id}_${secret}` };
}

export function allows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

export function cookieOf(value: string, secure: boolean, maxAgeSeconds: number): string {
  const parts = [`${AUTH.cookie}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeSeconds}`];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}

export const newSecret = (): string => randomBytes(24).toString('base64url');
export const hashSecret = sha256;

/** Tells principals by token or cookie. */
export class Access {
  readonly #sql: Queryable;
  readonly #known = new Map<string, { readonly token: StoredToken; readonly until: number }>();

  readonly #watching = new Set<() => void>();

  constructor(sql: Queryable) {
    this.#sql = sql;
  }

  /** Some token or session ended: those who watch look whether it was theirs. */
  ended(): void {
    for (const look of this.#watching) look();
  }

  /**
   * For a request that stays open: aborts once its token or session is no more, which is looked at when any ends and
   * every so often (sessions also end by themselves). Stops watching when `until` aborts.
   */
  whileKnown(req: Request, until: AbortSignal): AbortSignal {
    const gone = new AbortController();
    const look = (): void => {
      this.principal(req).catch((error: unknown) => {
        // A database that is away says nothing about the reader.
        if (error instanceof LogsadError && error.code === 'AUTH_REQUIRED') gone.abort();
      });
    };
    const timer = setInterval(look, AUTH.lookMs);
    timer.unref();
    this.#watching.add(look);
    const end = (): void => {
      clearInterval(timer);
      this.#watching.delete(look);
    };
    const either = AbortSignal.any([until, gone.signal]);
    if (either.aborted) end();
    else either.addEventListener('abort', end, { once: true });
    return either;
  }

  /** @throws LogsadError AUTH_REQUIRED, FORBIDDEN (CSRF) */
  async principal(req: Request): Promise<Principal> {
    const header = req.get('authorization');
    if (header !== undefined) {
      const match = /^Bearer (\S{8,200})$/i.exec(header);
      if (!match) throw new LogsadError('AUTH_REQUIRED', { reason: 'the Authorization header is not `Bearer TOKEN`' });
      const token = await this.byToken(match[1]!);
      return { name: token.name, tokenId: token.id, role: token.role, session: null };
    }
    const cookie = cookieIn(req);
    if (cookie === null) throw new LogsadError('AUTH_REQUIRED', { reason: 'the request carries none' });
    const hash = sha256(cookie);
    const session = await liveSession(this.#sql, hash);
    if (!session) throw new LogsadError('AUTH_REQUIRED', { reason: 'the session has ended' });
    if (!['GET', 'HEAD'].includes(req.method)) checkCsrf(req, session.csrf);
    const { name, token, role, csrf } = session;
    return { name, tokenId: token, role, session: { hash, csrf } };
  }

  /** @throws LogsadError AUTH_REQUIRED */
  async byToken(text: string): Promise<StoredToken> {
    const refused = new LogsadError('AUTH_REQUIRED', { reason: 'the token is unknown or revoked' });
    const [, id, secret] = /^lsd_([0-9a-f]{12})_([\w-]{32})$/.exec(text) ?? [];
    if (!id || !secret) throw refused;
    // Looked up every time: a revoked token stops working now, on every machine.
    const token = await liveToken(this.#sql, id);
    if (!token) throw refused;
    const digest = sha256(text);
    const known = this.#known.get(digest);
    if (known && known.until > Date.now() && known.token.hash === token.hash) return token;
    const hash = (await derive(secret, token.salt, AUTH.hashBytes, AUTH.scrypt)).toString('hex');
    if (!same(hash, token.hash)) throw refused;
    if (this.#known.size >= AUTH.remembered) this.#known.clear();
    this.#known.set(digest, { token, until: Date.now() + AUTH.rememberMs });
    return token;
  }
}

function cookieIn(req: Request): string | null {
  for (const part of (req.get('cookie') ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === AUTH.cookie && value && /^[\w-]{32}$/.test(value)) return value;
  }
  return null;
}

function checkCsrf(req: Request, expected: string): void {
  const remedy = 'send the `csrf` of GET /api/v1/session as X-CSRF-Token, from a page of this service';
  const origin = req.get('origin');
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== req.get('host'))) {
    throw new LogsadError('FORBIDDEN', { expected: 'a request from this site', found: origin, remedy });
  }
  if (!same(req.get('x-csrf-token') ?? '', expected)) {
    throw new LogsadError('FORBIDDEN', { expected: 'the CSRF token of the session', found: 'another or none', remedy });
  }
}
