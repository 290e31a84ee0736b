/** The owner lock between containers and between processes that find the same stale lock. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OWNER, ownFolder } from '../../server/storage/ownerLock.ts';

let data: string;
let lock: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'logsad-owner-'));
  lock = join(data, 'owner.lock');
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

describe('the owner lock', () => {
  it('of another container is kept while it is fresh, whatever runs here under its process id', async () => {
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1', place: 'elsewhere' }));
    await expect(ownFolder(data)).rejects.toMatchObject({ code: 'DATA_IN_USE', params: { owner: process.pid } });
    const old = new Date(Date.now() - OWNER.freshMs * 2);
    utimesSync(lock, old, old);
    await (await ownFolder(data))();
    expect(readdirSync(data)).toEqual([]);
  });

  it('that is stale goes to one of those who find it', async () => {
    for (let round = 0; round < 20; round++) {
      writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1' }));
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => ownFolder(data)));
      const owners = all.filter((r) => r.status === 'fulfilled');
      const codes = all.flatMap((r) => (r.status === 'rejected' ? [(r.reason as { code: string }).code] : []));
      expect(owners).toHaveLength(1);
      expect(codes).toEqual(Array(7).fill('DATA_IN_USE'));
      await owners[0]!.value();
      expect(readdirSync(data)).toEqual([]);
    }
  }, 60_000);
});
