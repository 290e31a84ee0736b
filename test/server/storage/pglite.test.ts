/** The embedded database reaches the disk before it says so. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FLUSH } from '../../../server/storage/flush.ts';
import { openPglite } from '../../../server/storage/pglite.ts';

it('a commit is flushed before it is acknowledged, a look is not; and what was flushed is there again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pglite-'));
  let flushes = 0;
  const counting = {
    handle: (handle: number): void => {
      flushes++;
      FLUSH.handle(handle);
    },
    folder: FLUSH.folder,
  };
  const during = async (work: () => Promise<unknown>): Promise<number> => {
    const before = flushes;
    await work();
    return flushes - before;
  };
  try {
    {
      await using sql = await openPglite(folder, counting);
      await sql.script('CREATE TABLE t (v integer)');
      expect(await during(() => sql.query('SELECT v FROM t'))).toBe(0);
      expect(await during(() => sql.query('INSERT INTO t VALUES (1)'))).toBeGreaterThan(0);
      const two = sql.transaction(async (tx) => {
        expect(await during(() => tx.query('INSERT INTO t VALUES (2)'))).toBe(0);
        await tx.query('INSERT INTO t VALUES (3)');
      });
      expect(await during(() => two)).toBeGreaterThan(0);
      expect(await during(() => sql.script('CHECKPOINT'))).toBeGreaterThan(1);
    }
    await using again = await openPglite(folder, null);
    expect(await again.query('SELECT sum(v)::int AS sum FROM t')).toEqual([{ sum: 6 }]);
    const [row] = await again.query<{ fsync: string }>('SHOW fsync');
    expect(row).toEqual({ fsync: 'off' });
  } finally {
    await rm(folder, { recursive: true });
  }
}, 300_000);
