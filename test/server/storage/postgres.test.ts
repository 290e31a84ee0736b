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

  it('that wait for each other: the one that the server undoes is done again, as a transaction and alone', async () => {
    await sql.query('CREATE TABLE pair (id integer PRIMARY KEY, n integer NOT NULL)');
    await sql.query('INSERT INTO pair VALUES (1, 0), (2, 0)');
    let met: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      met = resolve;
    });
    let here = 0;
    let runs = 0;
    const cross = (first: number, second: number): Promise<void> =>
      sql.transaction(async (tx) => {
        runs++;
        await tx.query('UPDATE pair SET n = n + 1 WHERE id = $1', [first]);
        if (++here === 2) met();
        await both;
        await tx.query('UPDATE pair SET n = n + 1 WHERE id = $1', [second]);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(runs).toBe(3);
    expect(await sql.query('SELECT id, n FROM pair ORDER BY id')).toEqual([
      { id: 1, n: 2 },
      { id: 2, n: 2 },
    ]);

    await sql.query('CREATE SEQUENCE tries');
    await sql.script(
      `CREATE FUNCTION unlucky(most integer) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint := nextval('tries');
       BEGIN IF n <= most THEN RAISE EXCEPTION 'undone' USING ERRCODE = '40001'; END IF; RETURN n; END $$`,
    );
    expect(await sql.query('SELECT unlucky(2)::int AS n')).toEqual([{ n: 3 }]);
    await expect(sql.query('SELECT unlucky(1000)')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await sql.query(`SELECT nextval('tries')::int AS n`)).toEqual([{ n: 11 }]);
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
