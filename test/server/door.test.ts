/** The door on an empty service: what it logs, whom it slows down, what it refuses before anything is stored. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeToken } from '../../server/access.ts';
import { SERVICE_DEFAULTS } from '../../server/config.ts';
import { createApp } from '../../server/http/app.ts';
import { createLog } from '../../server/operations/log.ts';
import { openService, type Service } from '../../server/service.ts';

const lines: string[] = [];
let data: string;
let service: Service;
let server: Server;
let url: string;
let token: string;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'logsad-door-'));
  service = await openService(
    { ...SERVICE_DEFAULTS, data, engines: 0, wrongTokensPerMinute: 3, ratePerMinute: 1000 },
    createLog('info', (line) => lines.push(line)),
  );
  token = (await makeToken(service.sql, 'admin', 'admin')).secret;
  server = createServer(createApp(service, 'test'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 300_000);
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await service?.[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
}, 60_000);

describe('a fault of the service', () => {
  it('is logged once, with its cause and the id that the caller was given', async () => {
    const real = service.access.principal;
    service.access.principal = () => Promise.reject(new TypeError('the cause of it'));
    try {
      const response = await fetch(`${url}/api/v1/products`, { headers: { 'x-request-id': 'told-to-the-caller' } });
      expect(response.status).toBe(500);
    } finally {
      service.access.principal = real;
    }
    const logged = lines.filter((l) => l.includes('the cause of it')).map((l) => JSON.parse(l) as object);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ request: 'told-to-the-caller', msg: 'INTERNAL', err: { type: 'TypeError' } });
  });
});
