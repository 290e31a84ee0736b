/** Tokens as rows, on the database that runs several transactions at a time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeToken } from '../../../server/access.ts';
import { openSql } from '../../../server/service.ts';
import { countAdmins, revokeToken } from '../../../server/storage/access.ts';
import type { Sql } from '../../../server/storage/sql.ts';
import { type Cluster, noPostgres, startCluster } from '../support/postgres.ts';

describe.skipIf(noPostgres !== null)(noPostgres ?? 'the last admin', () => {
  let cluster: Cluster;
  let sql: Sql;

  beforeAll(async () => {
    cluster = await startCluster();
    sql = await openSql({ data: '.', databaseUrl: cluster.database() });
  }, 120_000);
  afterAll(async () => {
    await sql?.[Symbol.asyncDispose]();
    cluster?.stop();
  }, 60_000);

  it('stays, also when the last two revoke each other at the same moment', async () => {
    const [a, b] = await sql.transaction(async (tx) => [
      await makeToken(tx, 'a', 'admin'),
      await makeToken(tx, 'b', 'admin'),
    ]);
    let second: Promise<unknown> = Promise.resolve();
    await sql.transaction(async (tx) => {
      await revokeToken(tx, b!.id);
      second = sql
        .transaction((other) => revokeToken(other, a!.id))
        .then(
          () => null,
          (error: unknown) => error,
        );
      // Long enough for the second to have counted, were it not to wait for the first.
      await new Promise((resolve) => setTimeout(resolve, 500));
    });
    expect(await second).toMatchObject({ code: 'CONFLICT' });
    expect(await countAdmins(sql)).toBe(1);
  });
});
