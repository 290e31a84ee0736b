/** What a connection to PostgreSQL is told, and what its faults become. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../../server/storage/postgres.ts';
import type { Sql } from '../../../server/storage/sql.ts';
import { type Cluster, noPostgres, startCluster } from '../support/postgres.ts';

describe.skipIf(noPostgres !== null)(noPostgres ?? 'connections', () => {
  let cluster: Cluster;
  let sql: Sql;

  beforeAll(async () => {
    cluster = await startCluster();
    sql = await openPostgres(cluster.database());
  }, 120_000);
  afterAll(async () => {
    await sql?.[Symbol.asyncDispose]();
    cluster?.stop();
  }, 60_000);

  it('hold no statement and no forgotten transaction for ever', async () => {
    const [row] = await sql.query<Record<string, string>>(
      `SELECT current_setting('statement_timeout') AS statement,
              current_setting('idle_in_transaction_session_timeout') AS idle`,
    );
    expect(row).toEqual({ statement: '2min', idle: '2min' });
  });

  it('that run out of time or room are a database away: what is asked can be asked again', async () => {
    const slow = sql.transaction(async (tx) => {
      await tx.query('SET LOCAL statement_timeout = 20');
      await tx.query('SELECT pg_sleep(5)');
    });
    await expect(slow).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', http: 503 });
    const full = sql.query(`DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$`);
    await expect(full).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('that listen are given back when they cannot be used, or nobody wants them any more', async () => {
    const url = cluster.database();
    const name = new URL(url).pathname.slice(1);
    const open = async (): Promise<number> => {
      const rows = await sql.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1',
        [name],
      );
      return rows[0]!.n;
    };
    const end = (): Promise<unknown> =>
      sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const other = await openPostgres(url);
    // No lock has such a number: no connection that comes after can take it.
    await expect(other.hold(2 ** 40)).rejects.toThrow();
    await end();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await open()).toBeLessThanOrEqual(1);
    await end();
    await other[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await open()).toBe(0);
  }, 30_000);

  it('that hold a lease are given up by the server soon after their machine is gone', async () => {
    const [row] = await sql.query<{ query: string }>(
      `SELECT query FROM pg_stat_activity WHERE query LIKE '%tcp_keepalives_count%' AND pid <> pg_backend_pid()`,
    );
    expect(row?.query).toMatch(/tcp_keepalives_idle = 10; .*count = 3/);
  });
});
