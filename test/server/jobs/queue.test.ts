/** The queue alone, on the embedded database: what is put back, swept, and sent again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openQueue, type Queue } from '../../../server/jobs/queue.ts';
import { openSql } from '../../../server/service.ts';
import { addInspection, putImage } from '../../../server/storage/inspections.ts';
import { createProduct } from '../../../server/storage/products.ts';
import type { Sql } from '../../../server/storage/sql.ts';

let data: string;
let sql: Sql;
let queue: Queue;
const errors: unknown[] = [];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'logsad-queue-'));
  sql = await openSql({ data });
  queue = await openQueue(sql, { onError: (e) => errors.push(e) });
  await sql.transaction(async (tx) => {
    await createProduct(tx, 'p', 'p');
    await putImage(tx, { digest: 'a', bytes: 1, width: 1, height: 1, type: 'image/png' });
  });
}, 120_000);
afterAll(async () => {
  await queue?.close();
  await sql?.[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});

const ask = (): Promise<string> =>
  sql.transaction(async (tx) => {
    const about = { product: 'p', name: 'x', image: 'a', batch: null, rules: 1, profile: 1, author: 'x' };
    const id = await addInspection(tx, about);
    await queue.send(tx, 'inspect', id);
    return id;
  });
const end = async (subject: string): Promise<void> => {
  const [job] = await queue.take('inspect', 1);
  expect(job?.subject).toBe(subject);
  await sql.transaction(async (tx) => {
    await tx.query(`UPDATE inspections SET state = 'done' WHERE id = $1`, [subject]);
    await queue.finish(tx, job!);
  });
  queue.settled(job!);
};

it('puts a job back as often as it takes', async () => {
  const id = await ask();
  for (let i = 0; i < 60; i++) {
    const [job] = await queue.take('inspect', 1);
    expect(job?.subject).toBe(id);
    await queue.release(job!);
    queue.settled(job!);
  }
  await end(id);
  expect(await queue.depth()).toMatchObject({ inspect: 0 });
}, 120_000);

it('sweeps a lease of its own that nobody here works on, and leaves one that somebody does', async () => {
  const id = await ask();
  const [job] = await queue.take('inspect', 1);
  expect(await queue.sweep()).toBe(0);
  // As if putting it back had failed with the database away.
  queue.settled(job!);
  expect(await queue.sweep()).toBe(1);
  // An old word about a job that was taken again says nothing.
  const [again] = await queue.take('inspect', 1);
  queue.settled(job!);
  expect(await queue.sweep()).toBe(0);
  await queue.release(again!);
  await end(id);
}, 60_000);

it('sends again what is open in the tables and lost to the queue, once', async () => {
  const id = await ask();
  await sql.query('DELETE FROM pgboss.job');
  expect(await queue.take('inspect', 1)).toEqual([]);
  expect(await Promise.all([queue.refill(), queue.refill()])).toEqual([1, 0]);
  await end(id);
  expect(await queue.refill()).toBe(0);
  expect(errors).toEqual([]);
}, 60_000);
