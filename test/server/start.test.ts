/** Starts that go wrong half-way, and starts with something wrong that does not matter. No engine and no model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERVICE_DEFAULTS, serve } from '../../server/main.ts';
import { openService, openSql } from '../../server/service.ts';
import { Client } from './support/client.ts';

let data: string;
const options = () => ({ ...SERVICE_DEFAULTS, data, engines: 0, logLevel: 'silent' });

/** A table that is away, until the next call. */
const rename = async (from: string, to: string): Promise<void> => {
  await using sql = await openSql({ data });
  await sql.query(`ALTER TABLE ${from} RENAME TO ${to}`);
};

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'logsad-start-'));
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

it('a start that fails lets go of the database: the next one has it', async () => {
  await rename('leases', 'leases_away');
  await expect(openService(options())).rejects.toThrow(/leases/);
  await rename('leases_away', 'leases');
  await (await openService(options()))[Symbol.asyncDispose]();
}, 120_000);

it('what cannot be queued again at the start turns no request away', async () => {
  await rename('deliveries', 'deliveries_away');
  const serving = await serve({ ...options(), port: 0, host: '127.0.0.1', version: 'test' });
  await serving.ready;
  const client = new Client(serving.url, serving.firstToken!);
  expect((await client.call('GET', '/readyz')).status).toBe(200);
  const json = { id: 'kit', title: 'Kit' };
  expect((await client.call('POST', '/api/v1/products', { json })).status).toBe(201);
  // A cursor that counts further than any row.
  const far = Buffer.from(`s${10 ** 14}`).toString('base64url');
  for (const path of ['audit', 'inspections'])
    expect((await client.call('GET', `/api/v1/${path}?cursor=${far}`)).status).toBe(400);
  expect((await client.call('GET', `/api/v1/events?after=${10 ** 14}`)).status).toBe(400);
  await serving.stop();
}, 120_000);
