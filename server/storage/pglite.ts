/** `Sql` over PGlite, the database that lives in the data folder; the only importer of the package. */
import { join } from 'node:path';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { ownFolder } from './ownerLock.ts';
import { LEASE_LOCK, type Queryable, type Sql, type Value } from './sql.ts';

const queryable = (db: Pick<PGlite | Transaction, 'query'>): Queryable => ({
  query: async <R extends object>(text: string, values: readonly Value[] = []) =>
    (await db.query<R>(text, [...values])).rows,
});

/** Opens or makes the database below `folder`. @throws LogsadError DATA_IN_USE when another process owns it */
export async function openPglite(folder: string): Promise<Sql> {
  const release = await ownFolder(folder);
  let db: PGlite;
  try {
    db = await PGlite.create(join(folder, 'pg'));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    kind: 'pglite',
    ...queryable(db),
    transaction: async (work) => db.transaction((tx) => work(queryable(tx))),
    script: async (text) => void (await db.exec(text)),
    listen: async (channel, onNotice) => void (await db.listen(channel, onNotice)),
    // The database dies with its one process, and every lock with it.
    hold: async (key) => void (await db.query('SELECT pg_advisory_lock($1, $2)', [LEASE_LOCK, key])),
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await release();
    },
  };
}
