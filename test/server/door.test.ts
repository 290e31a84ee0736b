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
    { ...SERVICE_DEFAULTS, data, engines: 0, wrongTokensPerMinute: 3, ratePerMinute: 5, trustedProxies: 1 },
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

describe('signing in', () => {
  const signIn = async (from: string, given: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': from };
    const body = JSON.stringify({ token: given });
    return (await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body })).status;
  };
  const wrong = `lsd_${'0'.repeat(12)}_${'x'.repeat(32)}`;

  it('with wrong tokens is slowed down by address, and stops nobody at another one', async () => {
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) seen.push(await signIn('192.0.2.1', wrong));
    expect(seen).toEqual([401, 401, 401, 429, 429]);
    // The sixth request of this address within the minute meets the limit of all requests.
    expect(await signIn('192.0.2.1', token)).toBe(429);
    expect(await signIn('192.0.2.2', token)).toBe(200);
    // What a client writes itself stands before what the one trusted proxy adds, and counts for nothing.
    expect(await signIn('198.51.100.9, 192.0.2.1', token)).toBe(429);
  });
});
