/** `logsad serve --demo` again and again: what an engineer did meanwhile stays. The engine is a stub. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Serving } from '../../server/main.ts';
import { openSql } from '../../server/service.ts';
import type { Sql } from '../../server/storage/sql.ts';
import { Client } from './support/client.ts';
import { PRODUCT, restored, seed, start, TINY } from './support/seed.ts';

const STUB = new URL('./support/stubEngine.ts', import.meta.url);

describe('a service that starts with --demo', { timeout: 240_000 }, () => {
  let place: Awaited<ReturnType<typeof restored>>;
  beforeAll(async () => {
    place = await restored();
  }, 600_000);
  afterAll(() => place?.dispose());

  const changed = async (change: (sql: Sql) => Promise<unknown>): Promise<void> => {
    await using sql = await openSql(place);
    await change(sql);
  };
  /** What is there once the service is ready. */
  const started = async () => {
    const serving: Serving = await start({ ...place, demo: TINY, engineModule: STUB });
    try {
      await serving.ready;
      expect(serving.service.notReady).toBeNull();
      const [row] = await serving.service.sql.query(
        `SELECT (SELECT count(*)::int FROM normals) AS normals, (SELECT count(*)::int FROM inspections) AS inspections,
           (SELECT count(*)::int FROM profiles) AS profiles, (SELECT max(rules_version) FROM profiles) AS rules`,
      );
      return row;
    } finally {
      await serving.stop();
    }
  };

  it('lets people sign in and read while it is not ready, and says why work has to wait', async () => {
    const serving: Serving = await start({ ...place, engineModule: STUB });
    try {
      serving.service.notReady = 'the demo product is being made';
      const { adminToken } = await seed();
      const client = new Client(serving.url, adminToken);
      expect(
        (await client.call('POST', '/api/v1/session', { token: null, json: { token: adminToken } })).status,
      ).toBeLessThan(300);
      expect((await client.call('GET', '/api/v1/products')).status).toBe(200);
      const { status, body } = await client.call<{ code: string; detail: string }>('POST', '/api/v1/products', {
        json: { id: 'kit', title: 'Kit' },
      });
      expect([status, body.code]).toEqual([503, 'SERVICE_NOT_READY']);
      expect(body.detail).toMatch(/the demo product is being made/);
    } finally {
      await serving.stop();
    }
  });

  it('leaves alone what was made before, with and without its mark', async () => {
    await changed(async (sql) => {
      await sql.query(`DELETE FROM normals WHERE name = (SELECT min(name) FROM normals)`);
      await sql.query(
        `INSERT INTO profiles (product, version, state, rules_version, request, error, author)
         VALUES ($1, 2, 'failed', 1, '{}', '{"code":"X","message":"x","fix":"x"}', 'admin')`,
        [PRODUCT],
      );
    });
    const as = { normals: 7, inspections: 5, profiles: 2, rules: 1 };
    expect(await started()).toEqual(as);
    await changed((sql) => sql.query(`DELETE FROM settings WHERE key = 'demo'`));
    expect(await started()).toEqual(as);
  });

  it('goes on where it was interrupted, with the rules that are live', async () => {
    await changed(async (sql) => {
      await sql.query(`DELETE FROM settings WHERE key = 'demo'`);
      for (const table of ['inspections', 'profiles', 'normals']) await sql.query(`DELETE FROM ${table}`);
    });
    expect(await started()).toEqual({ normals: 8, inspections: 5, profiles: 1, rules: 1 });
  });

  it('takes nobody else for its product', async () => {
    await changed(async (sql) => {
      await sql.query(`DELETE FROM settings WHERE key = 'demo'`);
      for (const table of ['inspections', 'profiles', 'normals']) await sql.query(`DELETE FROM ${table}`);
      await sql.query(`UPDATE rule_files SET author = 'admin'`);
    });
    expect(await started()).toEqual({ normals: 0, inspections: 0, profiles: 0, rules: null });
  });
});
