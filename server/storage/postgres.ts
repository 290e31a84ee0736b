/** `Sql` over a PostgreSQL server; the only importer of `pg`. Survives restarts of the database. */
import pg from 'pg';
import { LogsadError } from '../../src/index.ts';
import { LEASE_LOCK, type Queryable, type Sql, type Value } from './sql.ts';

/** Connections besides the one that listens; milliseconds, seconds where it says so. */
const POSTGRES = {
  connections: 12,
  connectMs: 5_000,
  reconnectMs: 250,
  /** A statement that the server works on for so long is given up by it, and a little later by this side. */
  statementMs: 120_000,
  answerMs: 130_000,
  /** A transaction that somebody forgot holds its locks no longer than this. */
  idleInTransactionMs: 120_000,
  /** Quiet connections are asked whether they live after so long. */
  keepAliveMs: 10_000,
  /** The same from the server's side: the leases of a machine that lost its power are free after their sum. */
  serverKeepAlive: { idleSeconds: 10, intervalSeconds: 5, count: 3 },
  /** How often work that lost against others is done again, and the longest pause before the first of these; it doubles. */
  again: { times: 6, pauseMs: 20 },
} as const;

/** SQLSTATE classes and system faults that mean "the server is away", or has no room or time, not "the statement is wrong". */
const AWAY = /^(08|53|57014|57P0|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)/;

/** SQLSTATEs of work that the server undid because two waited for each other, or saw each other half done. */
const LOST: ReadonlySet<string> = new Set(['40P01', '40001']);

/** Does what the server undid for the sake of others once more, a bounded number of times. @throws LogsadError DATABASE_UNAVAILABLE */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let time = 0; ; time++) {
    try {
      return await work();
    } catch (error) {
      const { code = '', message: reason } = error as { code?: string; message: string };
      if (!LOST.has(code)) throw error;
      if (time === POSTGRES.again.times) throw new LogsadError('DATABASE_UNAVAILABLE', { reason }, { cause: error });
      // By chance, so that two who met do not meet again.
      const pause = Math.random() * POSTGRES.again.pauseMs * 2 ** time;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

const connection = (url: string) => ({
  connectionString: url,
  connectionTimeoutMillis: POSTGRES.connectMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: POSTGRES.keepAliveMs,
  statement_timeout: POSTGRES.statementMs,
  query_timeout: POSTGRES.answerMs,
  idle_in_transaction_session_timeout: POSTGRES.idleInTransactionMs,
});

function asFault(error: unknown): unknown {
  const { code, message } = error as { code?: string; message?: string };
  const away =
    AWAY.test(code ?? '') ||
    /terminated|timeout exceeded|read timeout|Connection ended|not queryable/i.test(message ?? '');
  return away
    ? new LogsadError('DATABASE_UNAVAILABLE', { reason: message ?? code ?? 'no reason given' }, { cause: error })
    : error;
}

const queryable = (client: Pick<pg.ClientBase, 'query'> | pg.Pool): Queryable => ({
  query: async <R extends object>(text: string, values: readonly Value[] = []) => {
    try {
      return (await client.query<R>(text, [...values])).rows;
    } catch (error) {
      throw asFault(error);
    }
  },
});

/** The connection that listens and holds the lease lock; opened again whenever it ends. */
class Session {
  readonly #url: string;
  readonly #channels = new Map<string, (payload: string) => void>();
  readonly #keys: number[] = [];
  #client: pg.Client | null = null;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client(connection(this.#url));
    let ended = false;
    const again = (): void => {
      if (ended || this.#closed) return;
      ended = true;
      this.#client = null;
      // Half open it would keep its locks: the next one could not take them.
      void client.end().catch(() => undefined);
      setTimeout(() => void this.open().catch(() => undefined), POSTGRES.reconnectMs);
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', (n) => this.#channels.get(n.channel)?.(n.payload ?? ''));
    try {
      await client.connect();
      const { idleSeconds, intervalSeconds, count } = POSTGRES.serverKeepAlive;
      await client.query(
        `SET tcp_keepalives_idle = ${idleSeconds}; SET tcp_keepalives_interval = ${intervalSeconds}; SET tcp_keepalives_count = ${count}`,
      );
      for (const channel of this.#channels.keys()) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      for (const key of this.#keys) await client.query('SELECT pg_advisory_lock($1, $2)', [LEASE_LOCK, key]);
      if (this.#closed) return await client.end();
      this.#client = client;
      // What was announced while nobody listened is lost: an empty notice makes every listener look.
      for (const onNotice of this.#channels.values()) onNotice('');
    } catch (error) {
      again();
      await client.end().catch(() => undefined);
      throw asFault(error);
    }
  }

  async listen(channel: string, onNotice: (payload: string) => void): Promise<void> {
    this.#channels.set(channel, onNotice);
    await this.#client?.query(`LISTEN ${this.#client.escapeIdentifier(channel)}`);
  }

  async hold(key: number): Promise<void> {
    this.#keys.push(key);
    await this.#client?.query('SELECT pg_advisory_lock($1, $2)', [LEASE_LOCK, key]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
  }
}

/** @throws LogsadError DATABASE_UNAVAILABLE */
export async function openPostgres(url: string): Promise<Sql> {
  const session = new Session(url);
  try {
    await session.open();
  } catch (error) {
    await session.close();
    throw error;
  }
  const pool = new pg.Pool({ ...connection(url), max: POSTGRES.connections });
  // An idle connection that the server ends is replaced on the next use.
  pool.on('error', () => undefined);
  const alone = queryable(pool);
  return {
    kind: 'postgres',
    query: (text, values) => again(() => alone.query(text, values)),
    script: async (text) => void (await alone.query(text)),
    transaction: (work) => again(() => transaction(pool, work)),
    listen: (channel, onNotice) => session.listen(channel, onNotice),
    hold: (key) => session.hold(key),
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await pool.end();
    },
  };
}

async function transaction<T>(pool: pg.Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => Promise.reject(asFault(error)));
  // Between two statements the server may end the connection; the next statement reports it.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(queryable(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((e: Error) => {
      broken = e;
    });
    throw asFault(error);
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}
