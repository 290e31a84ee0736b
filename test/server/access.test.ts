/** Who may do what: every role on every route, sessions and their CSRF defence, limits, names that lead elsewhere, webhooks. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allows } from '../../server/access.ts';
import { ENDPOINTS } from '../../server/http/routes/index.ts';
import { isPublic, pauseAfter, resolveTarget, sign } from '../../server/jobs/deliver.ts';
import type { Serving } from '../../server/main.ts';
import { ROLES, type Role } from '../../server/schemas.ts';
import { Client, until } from './support/client.ts';
import { PRODUCT, restored, type Seed, seed, start } from './support/seed.ts';

const API = '/api/v1';
const STUB = new URL('./support/stubEngine.ts', import.meta.url);

let made: Seed;
let place: Awaited<ReturnType<typeof restored>>;
let serving: Serving;
let client: Client;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  made = await seed();
  place = await restored();
  serving = await start({ ...place, engineModule: STUB, allowPrivateWebhooks: true });
  client = new Client(serving.url, made.adminToken);
  for (const role of ROLES) {
    const { body } = await client.call<{ secret: string }>('POST', `${API}/tokens`, { json: { name: role, role } });
    tokens.set(role, body.secret);
  }
}, 300_000);
afterAll(async () => {
  await serving?.stop();
  place?.dispose();
}, 60_000);

/** An address of the route that exists or not; what is refused for its role is refused before anything is looked up. */
const addressOf = (path: string): string =>
  `${API}${path
    .replace('{product}', 'nothing')
    .replace('{name}', 'x.jpg')
    .replace('{version}', '1')
    .replace('{detector}', 'patch')
    .replace('{id}', path.startsWith('/tokens') ? '0'.repeat(12) : '00000000-0000-0000-0000-000000000000')}`;

describe('role x route', () => {
  const routes = ENDPOINTS.filter((e) => e.path !== '/events');
  it.each(routes.map((e) => [e.method.toUpperCase(), e.path, e] as const))('%s %s', async (method, path, e) => {
    // Ending the session of a token is harmless, a second backup only slow.
    for (const role of [null, ...ROLES]) {
      const token = role === null ? null : tokens.get(role)!;
      if (path === '/backups' && role === 'admin') continue;
      const { status, body } = await client.call<{ code?: string }>(method, addressOf(path), { token });
      const allowed = e.role === null || (role !== null && allows(role, e.role));
      if (allowed) expect([401, 403], `${role}: ${status}`).not.toContain(status);
      else expect([status, body?.code]).toEqual(role === null ? [401, 'AUTH_REQUIRED'] : [403, 'FORBIDDEN']);
    }
  });

  it('guards the stream of events and the figures alike', async () => {
    for (const path of [`${API}/events`, '/metrics'])
      expect((await client.call('GET', path, { token: null })).status).toBe(401);
    const { bytes } = await client.call('GET', '/metrics', { token: tokens.get('viewer')! });
    expect(new TextDecoder().decode(bytes)).toMatch(/logsad_jobs\{queue="inspect"\}/);
  });
});

describe('tokens and sessions', () => {
  it('knows no forged, changed or revoked token', async () => {
    const good = tokens.get('viewer')!;
    for (const token of ['lsd_x', `${good}x`, `${good.slice(0, -1)}_`, good.replace('lsd_', 'lsd-')]) {
      expect((await client.call('GET', `${API}/products`, { token })).status).toBe(401);
    }
    const { body } = await client.call<{ token: { id: string }; secret: string }>('POST', `${API}/tokens`, {
      json: { name: 'short-lived', role: 'viewer' },
    });
    expect((await client.call('GET', `${API}/products`, { token: body.secret })).status).toBe(200);
    await client.call('DELETE', `${API}/tokens/${body.token.id}`);
    expect((await client.call('GET', `${API}/products`, { token: body.secret })).status).toBe(401);
  });

  it('stores hashes, and no secret', async () => {
    const rows = await serving.service.sql.query('SELECT * FROM tokens');
    const text = JSON.stringify(rows);
    for (const secret of tokens.values()) expect(text).not.toContain(secret.slice(-32));
  });

  it('gives a cookie that scripts cannot read, and changes nothing without the CSRF token', async () => {
    const opened = await client.call<{ csrf: string }>('POST', `${API}/session`, {
      token: null,
      json: { token: tokens.get('reviewer')! },
    });
    const set = opened.headers.get('set-cookie')!;
    expect(set).toMatch(/HttpOnly; SameSite=Strict/);
    const cookie = set.split(';')[0]!;
    expect((await client.call('GET', `${API}/products`, { token: null, headers: { cookie } })).status).toBe(200);
    const at = `${API}/products/nothing/inspections`;
    const bare = await client.call('POST', at, { token: null, headers: { cookie } });
    expect(bare.body).toMatchObject({ code: 'FORBIDDEN' });
    const csrf = { 'x-csrf-token': opened.body.csrf };
    const foreign = await client.call('POST', at, {
      token: null,
      headers: { cookie, ...csrf, origin: 'https://evil.example' },
    });
    expect(foreign.body).toMatchObject({ code: 'FORBIDDEN' });
    const right = await client.call('POST', at, { token: null, headers: { cookie, ...csrf } });
    expect(right.status).toBe(415);
    await client.call('DELETE', `${API}/session`, { token: null, headers: { cookie, ...csrf } });
    expect((await client.call('GET', `${API}/products`, { token: null, headers: { cookie } })).status).toBe(401);
  });

  it('ends a stream of events with the token or session it was opened by', async () => {
    const { body: made } = await client.call<{ token: { id: string }; secret: string }>('POST', `${API}/tokens`, {
      json: { name: 'reader', role: 'viewer' },
    });
    const opened = await client.call('POST', `${API}/session`, { token: null, json: { token: tokens.get('viewer')! } });
    const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
    const csrf = { 'x-csrf-token': (opened.body as unknown as { csrf: string }).csrf };
    const open = async (headers: Record<string, string>): Promise<Promise<boolean>[]> => {
      const { body } = await fetch(`${serving.url}${API}/events`, { headers });
      const reader = body!.getReader();
      await reader.read();
      // In an array, for a promise alone would be waited for.
      return [reader.read().then(({ done }) => done)];
    };
    const [byToken] = await open({ authorization: `Bearer ${made.secret}` });
    const [bySession] = await open({ cookie });
    await client.call('DELETE', `${API}/tokens/${made.token.id}`);
    expect(await byToken).toBe(true);
    await client.call('DELETE', `${API}/session`, { token: null, headers: { cookie, ...csrf } });
    expect(await bySession).toBe(true);
  });

  it('keeps the last admin', async () => {
    const { body } = await client.call<{ items: { id: string; role: Role }[] }>('GET', `${API}/tokens`);
    const admins = body.items.filter((t) => t.role === 'admin');
    const own = made.adminToken.split('_')[1]!;
    for (const { id } of admins.filter((t) => t.id !== own)) await client.call('DELETE', `${API}/tokens/${id}`);
    expect((await client.call('DELETE', `${API}/tokens/${own}`)).status).toBe(409);
    expect((await client.call('GET', `${API}/tokens`)).status).toBe(200);
  });
});

describe('requests that are not as documented', () => {
  const raw = (bytes: Uint8Array | string, type = 'image/jpeg') => ({ raw: { bytes, type } });
  const at = `${API}/products/${PRODUCT}/inspections`;
  it.each([
    ['a body that is no picture', 'POST', at, raw('hello'), 422, 'IMAGE_NOT_AN_IMAGE'],
    ['an empty body', 'POST', at, raw(''), 422, 'IMAGE_EMPTY'],
    ['another content type', 'POST', at, raw('x', 'text/plain'), 415, 'UPLOAD_TYPE'],
    ['a form without pictures', 'POST', at, { form: new FormData() }, 400, 'REQUEST_INVALID'],
    ['JSON that is none', 'POST', `${API}/products`, raw('{', 'application/json'), 400, 'REQUEST_INVALID'],
    [
      'a key that is not known',
      'POST',
      `${API}/products`,
      { json: { id: 'a', title: 'a', x: 1 } },
      400,
      'REQUEST_INVALID',
    ],
    ['an id that leads elsewhere', 'GET', `${API}/products/..%2f..%2fetc`, {}, 400, 'REQUEST_INVALID'],
    [
      'a normal that leads elsewhere',
      'PUT',
      `${API}/products/${PRODUCT}/normals/..%2f..%2fx`,
      raw('x'),
      400,
      'REQUEST_INVALID',
    ],
    ['a query that is not known', 'GET', `${API}/products?sort=1`, {}, 400, 'REQUEST_INVALID'],
    ['a cursor that no list gave', 'GET', `${API}/inspections?cursor=abc`, {}, 400, 'REQUEST_INVALID'],
    ['a page too long', 'GET', `${API}/inspections?limit=100000`, {}, 400, 'REQUEST_INVALID'],
    ['an address that does not exist', 'GET', `${API}/nothing`, {}, 404, 'NOT_FOUND'],
  ] as const)('%s', async (_, method, path, request, status, code) => {
    const answer = await client.call<{ code: string; instance: string }>(method, path, request);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(answer.body.instance).toBe(answer.headers.get('x-request-id'));
  });

  it('refuses names with control characters, and keeps what else people call their pictures', async () => {
    const form = new FormData();
    form.append('image', new Blob([readFileSync(made.pictures[0]!)]), 'a.jpg');
    const send = async (name: string) => {
      const encoded = new Response(form);
      const type = encoded.headers.get('content-type')!;
      const text = Buffer.from(await encoded.arrayBuffer()).toString('latin1');
      const bytes = Buffer.from(text.replace('a.jpg', Buffer.from(name).toString('latin1')), 'latin1');
      return client.call<{ code: string; inspection: { name: string } }>('POST', `${at}?wait=60`, {
        raw: { bytes, type },
      });
    };
    expect((await send('a\0b.jpg')).body.code).toBe('REQUEST_INVALID');
    expect((await send('a\x1bb.jpg')).body.code).toBe('REQUEST_INVALID');
    expect((await send('\u00c4 1.jpg')).body.inspection.name).toBe('_ 1.jpg');
  });

  it('refuses a form that announces too many bytes together, before it sends them', async () => {
    const { hostname, port } = new URL(serving.url);
    const headers = {
      authorization: `Bearer ${made.adminToken}`,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': String(2 ** 30),
    };
    const path = `${API}/products/${PRODUCT}/batches`;
    const asked = request({ method: 'POST', hostname, port, path, headers });
    const status = new Promise((resolve) => asked.on('response', (r) => resolve(r.statusCode)));
    asked.on('error', () => undefined).flushHeaders();
    expect(await status).toBe(413);
    asked.destroy();
  });

  it('writes one audit entry for a request and its repeats', async () => {
    const { body: list } = await client.call<{ items: { id: string }[] }>('GET', `${API}/inspections?limit=1`);
    const path = `${API}/inspections/${list.items[0]!.id}/reviews`;
    const entries = () => serving.service.sql.query(`SELECT seq FROM audit WHERE action LIKE 'review.%'`);
    const before = (await entries()).length;
    const ask = { json: { verdict: 'ok' }, headers: { 'idempotency-key': 'once' } };
    const answers = [await client.call('POST', path, ask), await client.call('POST', path, ask)];
    expect(answers.map((a) => a.status)).toEqual([201, 200]);
    const { id } = answers[0]!.body as unknown as { id: string };
    for (let i = 0; i < 2; i++) await client.call('POST', `${API}/reviews/${id}/undo`);
    expect(await entries()).toHaveLength(before + 2);
  });

  it('refuses pictures of too many bytes or pixels', async () => {
    const many = await client.call<{ code: string }>('POST', at, raw(new Uint8Array(33 * 2 ** 20)));
    expect(many.body.code).toBe('UPLOAD_TOO_LARGE');
    // A PNG header that promises 20,000 x 20,000 pixels.
    const bomb = Buffer.from(
      '89504e470d0a1a0a0000000d4948445200004e2000004e200802000000d0a0a3e90000000049454e44ae426082',
      'hex',
    );
    const { body } = await client.call<{ code: string }>('POST', at, raw(bomb, 'image/png'));
    expect(['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE']).toContain(body.code);
  });

  it('answers with headers that let a page load nothing from elsewhere', async () => {
    const { headers, bytes } = await client.call('GET', '/api/docs');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const page = new TextDecoder().decode(bytes);
    expect(page).not.toMatch(/<script|https?:\/\//);
    for (const e of ENDPOINTS) expect(page).toContain(`/api/v1${e.path}`);
  });
});

describe('webhooks', () => {
  it('knows private addresses from public ones', async () => {
    for (const a of [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.0.1',
      '169.254.169.254',
      '::1',
      'fc00::1',
      '::ffff:10.0.0.1',
      '0.0.0.0',
      '100.64.0.1',
    ])
      expect(isPublic(a), a).toBe(false);
    for (const a of ['1.1.1.1', '2606:4700::1111']) expect(isPublic(a), a).toBe(true);
    for (const url of [
      'http://127.0.0.1:1/',
      'http://localhost/',
      'http://2130706433/',
      'ftp://1.1.1.1/',
      'http://u:p@1.1.1.1/',
      'nonsense',
    ])
      await expect(resolveTarget(url, false), url).rejects.toMatchObject({ code: 'WEBHOOK_TARGET' });
  });

  it('waits longer after every failure, and not for ever', () => {
    expect([1, 2, 3].map(pauseAfter)).toEqual([2, 4, 8]);
    expect(pauseAfter(8)).toBeNull();
  });

  it('delivers what happened, signed, again after a failure', async () => {
    const got: { headers: IncomingHttpHeaders; body: string }[] = [];
    const server = createServer((req, res) => {
      let body = '';
      req.on('data', (d) => {
        body += d;
      });
      req.on('end', () => {
        got.push({ headers: req.headers, body });
        res.writeHead(got.length === 1 ? 500 : 204).end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { body: hook } = await client.call<{ webhook: { id: string }; secret: string }>('POST', `${API}/webhooks`, {
      json: { url, kinds: ['inspection.done'] },
    });
    await client.call('POST', `${API}/products/${PRODUCT}/inspections`, {
      raw: { bytes: readFileSync(made.pictures[0]!), type: 'image/jpeg' },
    });
    await until(
      async () => got.length,
      (n) => n >= 2,
      60_000,
    );
    server.close();
    const [first, second] = got as [(typeof got)[0], (typeof got)[0]];
    expect(second.body).toBe(first.body);
    expect(second.headers['x-logsad-delivery']).toBe(first.headers['x-logsad-delivery']);
    const signature = String(second.headers['x-logsad-signature']);
    expect(signature).toBe(sign(hook.secret, Number(/t=(\d+)/.exec(signature)![1]), second.body));
    const at = `${API}/webhooks/${hook.webhook.id}/deliveries`;
    const { body } = await until(
      () => client.call<{ items: { state: string; attempts: number }[] }>('GET', at),
      (a) => a.body.items[0]?.state === 'delivered',
    );
    expect(body.items).toMatchObject([{ attempts: 2, status: 204 }]);
    await client.call('DELETE', `${API}/webhooks/${hook.webhook.id}`);
  });
});
