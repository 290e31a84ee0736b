/** What the database counts by itself stays what counting would find, whatever comes and goes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../../server/service.ts';
import { addInspection, finishInspection, productMetrics, putImage } from '../../../server/storage/inspections.ts';
import { createProduct, getProduct } from '../../../server/storage/products.ts';
import type { Sql } from '../../../server/storage/sql.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { type Cluster, noPostgres, startCluster } from '../support/postgres.ts';

const PRODUCTS = ['a', 'b'];
const IMAGE = { digest: 'f'.repeat(64), bytes: 1, width: 1, height: 1, type: 'image/png' };
const ERROR = { code: 'IMAGE_CORRUPT', message: '', fix: '' };
const judged = (verdict: string) => ({
  ...{ verdict, score: 0.1, unit: 0.2, p: null, cause: null, body: '{}', scene: '{}', maps: {} },
});

/** The same figures, counted row by row. */
async function counted(sql: Sql, product: string) {
  const [row] = await sql.query(
    `SELECT count(*)::int AS inspections, count(*) FILTER (WHERE i.state = 'failed')::int AS failed,
       count(*) FILTER (WHERE r.verdict = 'pass')::int AS pass, count(*) FILTER (WHERE r.verdict = 'review')::int AS review,
       count(*) FILTER (WHERE r.verdict = 'reject')::int AS reject
     FROM inspections i LEFT JOIN results r ON r.inspection = i.id WHERE i.product = $1`,
    [product],
  );
  return row!;
}

async function agrees(sql: Sql): Promise<void> {
  for (const product of PRODUCTS) {
    const truth = await counted(sql, product);
    expect(await productMetrics(sql, product)).toMatchObject(truth);
    expect(await getProduct(sql, product)).toMatchObject({ inspections: truth.inspections });
  }
}

describe.each(['pglite', 'postgres'] as const)('tallies on %s', (kind) => {
  describe.skipIf(kind === 'postgres' && noPostgres !== null)(noPostgres ?? 'of products', () => {
    const data = mkdtempSync(join(tmpdir(), 'logsad-tallies-'));
    let cluster: Cluster | null = null;
    let sql: Sql;
    beforeAll(async () => {
      cluster = kind === 'postgres' ? await startCluster() : null;
      sql = await openSql({ data, ...(cluster ? { databaseUrl: cluster.database() } : {}) });
      for (const product of PRODUCTS) await createProduct(sql, product, product);
      await putImage(sql, IMAGE);
    }, 120_000);
    afterAll(async () => {
      await sql?.[Symbol.asyncDispose]();
      cluster?.stop();
      rmSync(data, { recursive: true, force: true });
    }, 60_000);

    it('are what counting finds, after anything', async () => {
      const random = createRandom(7);
      const ids: string[] = [];
      const any = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;
      const add = async (): Promise<void> => {
        const made = { name: 'n', image: IMAGE.digest, batch: null, rules: 1, profile: 1, author: 't' };
        ids.push(await addInspection(sql, { ...made, product: any(PRODUCTS) }));
      };
      const finish = async (): Promise<void> => {
        const outcome = random.next() < 0.2 ? { error: ERROR } : judged(any(['pass', 'review', 'reject']));
        await sql.transaction((tx) => finishInspection(tx, any(ids), outcome).then(() => undefined));
      };
      for (let i = 0; i < 60; i++) {
        await add();
        await finish();
      }
      await Promise.all(Array.from({ length: 20 }, () => (random.next() < 0.5 ? add() : finish())));
      await agrees(sql);
      await sql.query('DELETE FROM inspections WHERE id = ANY ($1::uuid[])', [ids.filter(() => random.next() < 0.4)]);
      await agrees(sql);
      await expect(
        sql.transaction(async (tx) => {
          await tx.query('DELETE FROM inspections');
          throw new Error('thought better of it');
        }),
      ).rejects.toThrow('thought better');
      await agrees(sql);
      const [some] = await sql.query<{ n: number }>('SELECT sum(reject + pass + review)::int AS n FROM tallies');
      expect(some!.n).toBeGreaterThan(10);
      await sql.query('SELECT tally_anew()');
      await agrees(sql);
    }, 120_000);
  });
});
