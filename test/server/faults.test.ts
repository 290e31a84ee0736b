/** What may go wrong around inspections, one thing at a time; the engine is a stub unless stated. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Serving } from '../../server/main.ts';
import { openBlobs } from '../../server/storage/blobs.ts';
import { addInspection } from '../../server/storage/inspections.ts';
import { Client, until } from './support/client.ts';
import { type Cluster, noPostgres, startCluster } from './support/postgres.ts';
import { PRODUCT, restored, type Seed, seed, start } from './support/seed.ts';

const API = '/api/v1';
const STUB = new URL('./support/stubEngine.ts', import.meta.url);
interface Row {
  readonly id: string;
  readonly state: string;
  readonly rules: number;
  readonly error: { code: string } | null;
}

let made: Seed;
let place: Awaited<ReturnType<typeof restored>>;
let serving: Serving;
let client: Client;

/** Sends one picture under a name that the stub engine reads. */
const send = (name: string, query = '?wait=0', c: Client = client) =>
  c.call<{ inspection: Row }>('POST', `${API}/products/${PRODUCT}/inspections${query}`, {
    raw: { bytes: readFileSync(made.pictures[0]!), type: 'image/jpeg' },
    headers: { 'x-image-name': name },
  });
const outcome = async (id: string, c: Client = client): Promise<Row> =>
  (
    await until(
      () => c.call<Row>('GET', `${API}/inspections/${id}`),
      (a) => /done|failed/.test(a.body.state),
      220_000,
    )
  ).body;

beforeAll(async () => {
  made = await seed();
  place = await restored();
  serving = await start({ ...place, engineModule: STUB, inspectMs: 15_000 });
  client = new Client(serving.url, made.adminToken);
}, 300_000);
afterAll(async () => {
  await serving?.stop();
  place?.dispose();
}, 60_000);

describe('an engine process that dies', () => {
  it('on a poisonous picture: tried a few times, then a clear failure; the others are judged', async () => {
    const names = ['a', 'b', 'poison', 'c', 'd', 'e'];
    const sent = await Promise.all(names.map((n) => send(`${n}.jpg`)));
    const rows = await Promise.all(sent.map((s) => outcome(s.body.inspection.id)));
    expect(rows.map((r) => r.state)).toEqual(['done', 'done', 'failed', 'done', 'done', 'done']);
    expect(rows[2]!.error).toMatchObject({ code: 'INSPECTION_FAILED' });
    expect(serving.service.engines.status().restarts).toBeGreaterThan(0);
  }, 240_000);

  it('that hangs: killed at its deadline, then a clear failure', async () => {
    const { body } = await send('hang.jpg');
    const after = await send('next.jpg');
    expect((await outcome(after.body.inspection.id)).state).toBe('done');
    expect((await outcome(body.inspection.id)).error).toMatchObject({ code: 'INSPECTION_FAILED' });
  }, 240_000);

  it('by a signal from outside, in the middle of work: the work is done by the next one', async () => {
    const sent = await Promise.all(Array.from({ length: 12 }, (_, i) => send(`killed-${i}.jpg`)));
    for (const pid of serving.service.engines.status().pids) process.kill(pid, 'SIGKILL');
    const rows = await Promise.all(sent.map((s) => outcome(s.body.inspection.id)));
    expect(rows.map((r) => r.state)).toEqual(Array(12).fill('done'));
  }, 240_000);
});

describe('a machine in trouble', () => {
  it('costs no inspection a try: it waits and is judged when the trouble is over', async () => {
    const sent = await Promise.all(['full.jpg', 'handles.jpg', 'innocent.jpg'].map((n) => send(n)));
    const ids = sent.map((s) => s.body.inspection.id);
    const rows = await Promise.all(ids.map((id) => outcome(id)));
    expect(rows.map((r) => r.state)).toEqual(['done', 'done', 'done']);
    const tries = await serving.service.sql.query(
      'SELECT sum(attempts)::int AS n FROM inspections WHERE id = ANY($1)',
      [ids],
    );
    expect(tries).toEqual([{ n: 0 }]);
  }, 240_000);

  it('a picture that is gone while its profile is there fails by name, after a few tries', async () => {
    const { sql, queue } = serving.service;
    await sql.query(`INSERT INTO images (digest, bytes, width, height, type) VALUES ($1, 1, 1, 1, 'image/png')`, [
      'e'.repeat(64),
    ]);
    const id = await sql.transaction(async (tx) => {
      const versions = { rules: 1, profile: 1, batch: null, author: 'x' };
      const made = await addInspection(tx, { product: PRODUCT, name: 'gone.jpg', image: 'e'.repeat(64), ...versions });
      await queue.send(tx, 'inspect', made);
      return made;
    });
    expect((await outcome(id)).error).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  }, 240_000);
});

describe('clients', () => {
  const drafts = (): string[] => {
    try {
      return readdirSync(join(place.data, 'blobs', 'drafts'));
    } catch {
      return [];
    }
  };

  it.each([
    'image/jpeg',
    'multipart/form-data; boundary=x',
  ])('that vanish in the middle of %s leave nothing', async (type) => {
    const { hostname, port } = new URL(serving.url);
    const socket = connect(Number(port), hostname);
    const head = [
      `POST ${API}/products/${PRODUCT}/${type === 'image/jpeg' ? 'inspections' : 'batches'} HTTP/1.1`,
      `host: ${hostname}`,
      `authorization: Bearer ${made.adminToken}`,
      `content-type: ${type}`,
      'content-length: 100000',
    ];
    const start = '--x\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n';
    socket.write(`${head.join('\r\n')}\r\n\r\n${start}${'x'.repeat(5000)}`);
    await until(
      async () => drafts(),
      (d) => d.length > 0,
    );
    socket.destroy();
    await until(
      async () => drafts(),
      (d) => d.length === 0,
    );
    expect((await client.call('GET', '/readyz')).status).toBe(200);
  });

  it('that vanish while they wait for a verdict lose nothing', async () => {
    const key = { 'idempotency-key': 'gone' };
    const path = `${serving.url}${API}/products/${PRODUCT}/inspections?wait=60`;
    const headers = { authorization: `Bearer ${made.adminToken}`, 'content-type': 'image/jpeg', ...key };
    const stop = new AbortController();
    const body = readFileSync(made.pictures[1]!);
    const asked = fetch(path, { method: 'POST', headers, body, signal: stop.signal }).catch(() => null);
    setTimeout(() => stop.abort(), 30);
    await asked;
    const response = await fetch(path, { method: 'POST', headers, body });
    const { inspection } = (await response.json()) as { inspection: Row };
    expect(inspection.state).toBe('done');
  });
});

describe('rules that go live while inspections run', () => {
  it('judge what is asked for after them; what was asked before keeps its version', async () => {
    const at = `${API}/products/${PRODUCT}/rules`;
    const { body } = await client.call<{ text: string }>('GET', `${at}/1`);
    await client.call('POST', at, { json: { text: `${body.text}\n# edited\n`, why: 'x' } });
    const before = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`before-${i}.jpg`)));
    const accept = client.call('POST', `${at}/2/accept`, { json: { why: 'x', force: true } });
    const during = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`during-${i}.jpg`)));
    expect((await accept).status).toBe(200);
    const after = await send('after.jpg');
    const rows = await Promise.all([...before, ...during, after].map((s) => outcome(s.body.inspection.id)));
    expect(rows.every((r) => r.state === 'done')).toBe(true);
    expect(rows.slice(0, 20).every((r) => r.rules === 1)).toBe(true);
    expect(rows.at(-1)!.rules).toBe(2);
    // Once the new version judged, the old one never does again.
    const order = rows.slice(20).map((r) => r.rules);
    expect(order.every((r) => r === 1 || r === 2)).toBe(true);
  });
});

describe('a clock that goes backwards', () => {
  it('changes neither order nor access nor outcome', async () => {
    const first = await send('before-the-jump.jpg', '?wait=60');
    const real = Date.now;
    // Sent before the jump, taken after it: it must not wait for the clock to catch up.
    const queued = await Promise.all(Array.from({ length: 8 }, (_, i) => send(`queued-${i}.jpg`)));
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() - 3 * 3_600_000);
    try {
      for (const q of queued) expect((await outcome(q.body.inspection.id)).state).toBe('done');
      const second = await send('after-the-jump.jpg', '?wait=60');
      expect((await outcome(second.body.inspection.id)).state).toBe('done');
      const list = await client.call<{ items: Row[] }>('GET', `${API}/inspections?limit=10`);
      const ids = list.body.items.map((i) => i.id);
      expect([ids[0], ids.at(-1)]).toEqual([second.body.inspection.id, first.body.inspection.id]);
      const audit = await client.call<{ intact: boolean }>('GET', `${API}/audit/verify`);
      expect(audit.body.intact).toBe(true);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a disk without room', () => {
  it('refuses a picture by name of the fault and leaves no draft (a disk that answers ENOSPC)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logsad-full-'));
    const full = Object.assign(new Error('no room'), { code: 'ENOSPC' });
    const { open, rename } = await import('node:fs/promises');
    const blobs = openBlobs(folder, {
      rename,
      open: (async (...args: Parameters<typeof open>) => {
        const handle = await open(...args);
        handle.writeFile = () => Promise.reject(full);
        return handle;
      }) as typeof open,
    });
    await expect(blobs.put(new Uint8Array(10))).rejects.toMatchObject({ code: 'DISK_FULL', http: 507 });
    expect(readdirSync(join(folder, 'drafts'))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  const mounted = mountSmall();
  it.skipIf(mounted === null || noPostgres !== null)(
    `answers 507, takes work again when there is room (${mounted === null ? 'needs the right to mount a small disk' : (noPostgres ?? 'a disk of 4 MB')})`,
    async () => {
      const cluster = await startCluster();
      const full = await restored(cluster.database());
      // The database has room; the pictures have not.
      const filled = await start({ ...full, data: mounted!, engineModule: STUB });
      const c = new Client(filled.url, made.adminToken);
      writeFileSync(join(mounted!, 'ballast'), '');
      fill(join(mounted!, 'ballast'));
      const fresh = {
        bytes: Buffer.concat([readFileSync(made.pictures[0]!), Buffer.alloc(300_000, 7)]),
        type: 'image/jpeg',
      };
      const path = `${API}/products/${PRODUCT}/inspections`;
      const refused = await c.call('POST', path, { raw: fresh });
      expect(refused).toMatchObject({ status: 507, body: { code: 'DISK_FULL' } });
      rmSync(join(mounted!, 'ballast'));
      const taken = await c.call<{ inspection: Row }>('POST', `${path}?wait=60`, { raw: fresh });
      expect(taken.body.inspection.state).toBe('done');
      await filled.stop();
      cluster.stop();
      full.dispose();
      execFileSync('umount', [mounted!]);
    },
    300_000,
  );
});

/** A disk of a few megabytes, or null where this process may not mount one. */
function mountSmall(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'logsad-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
}

function fill(path: string): void {
  try {
    for (let chunk = 2 ** 20; chunk >= 4096; ) {
      try {
        writeFileSync(path, Buffer.alloc(chunk), { flag: 'a' });
      } catch {
        chunk /= 2;
      }
    }
  } catch {
    // Full.
  }
}

describe.skipIf(noPostgres !== null)(noPostgres ?? 'PostgreSQL restarted under load', () => {
  let cluster: Cluster;
  let elsewhere: Awaited<ReturnType<typeof restored>>;
  let other: Serving;

  beforeAll(async () => {
    cluster = await startCluster();
    elsewhere = await restored(cluster.database());
    other = await start({ ...elsewhere, engineModule: STUB });
  }, 120_000);
  afterAll(async () => {
    await other?.stop();
    cluster?.stop();
    elsewhere?.dispose();
  }, 60_000);

  it('acknowledges again by itself, and finishes everything it acknowledged', async () => {
    const c = new Client(other.url, made.adminToken);
    const ids: string[] = [];
    let refused = 0;
    let sending = true;
    const sender = (async () => {
      for (let i = 0; sending; i++) {
        const { status, body } = await send(`r${i}.jpg`, '?wait=0', c);
        if (status < 300) ids.push(body.inspection.id);
        else {
          expect([500, 503]).toContain(status);
          refused++;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    })();
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      cluster.restart();
    }
    const before = ids.length;
    await until(
      async () => ids.length,
      (n) => n > before + 5,
      60_000,
    );
    sending = false;
    await sender;
    for (const id of ids) expect((await outcome(id, c)).state).toBe('done');
    console.log(`PostgreSQL restarted 3 times: ${ids.length} acknowledged, ${refused} refused with 5xx, 0 lost`);
  }, 300_000);
});
