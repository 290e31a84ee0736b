/**
 * `kill -9` at seeded random moments while inspections come in: nothing acknowledged is lost, nothing is done twice for
 * anybody to see. The engine is a stub here (what dies is the service, its queue and its store, or an engine process).
 * Every kill falls into a seeded stretch of the load, so none hits a service at rest. LOGSAD_FULL=1 makes it 2,000
 * inspections on each database, and 20 kills of server and workers; on the embedded one 10 more of engine processes.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataPlace } from '../../server/main.ts';
import { openSql } from '../../server/service.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { type Cluster, noPostgres, startCluster } from './support/postgres.ts';
import { freePort, ServiceProcess } from './support/process.ts';
import { PRODUCT, restored, type Seed, seed } from './support/seed.ts';

const FULL = process.env.LOGSAD_FULL === '1';
const RUN = FULL
  ? { inspections: 2000, kills: { pglite: 30, postgres: 20 } }
  : { inspections: 150, kills: { pglite: 3, postgres: 3 } };
if (!FULL) console.log(`kill suite: ${RUN.kills.postgres} kills per database; LOGSAD_FULL=1 makes it 20 and more`);
const CLIENTS = 6;
const SEED = 20261122;
/** A kill comes at a random moment of so many milliseconds once its share of the load is acknowledged. */
const MOMENT_MS = 150;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends numbered inspections, each until it is acknowledged; `acknowledged` goes from key to id. */
async function load(
  { url, token, picture, count }: { url: string; token: string; picture: Buffer; count: number },
  acknowledged: Map<string, string>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const key = `n${n}`;
      for (;;) {
        try {
          const response = await fetch(`${url}/api/v1/products/${PRODUCT}/inspections?wait=0`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg', 'idempotency-key': key },
            body: picture,
          });
          const body = (await response.json()) as { inspection?: { id: string } };
          if (response.status < 300 && body.inspection) {
            acknowledged.set(key, body.inspection.id);
            break;
          }
          expect(response.status, JSON.stringify(body)).toBeGreaterThanOrEqual(500);
        } catch (error) {
          // The server is gone in the middle of the request: it is sent again under the same key.
          if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
        }
        await pause(50);
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function finished(url: string, token: string): Promise<void> {
  for (;;) {
    const open = await Promise.all(
      ['queued', 'running'].map(async (state) => {
        const response = await fetch(`${url}/api/v1/inspections?state=${state}&limit=1`, {
          headers: { authorization: `Bearer ${token}` },
        });
        return ((await response.json()) as { items: unknown[] }).items.length;
      }),
    ).catch(() => [1]);
    if (open.every((n) => n === 0)) return;
    await pause(200);
  }
}

interface Victim {
  readonly name: 'server' | 'worker' | 'engine';
  /** Kills it without warning; resolves when it, or another in its place, can work again. */
  strike(): Promise<void>;
}

const restarted = (name: Victim['name'], process: ServiceProcess): Victim => ({
  name,
  strike: async () => {
    await process.kill();
    await process.start();
  },
});

/** The engine processes of a server; it starts others by itself. */
const enginesOf = (server: ServiceProcess): Victim => ({
  name: 'engine',
  strike: async () => {
    for (;;) {
      const { pids } = await server.figures();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      if (pids.length > 0) return;
      // None since the server was started anew: it is about to.
      await pause(20);
    }
  },
});

/** Kills one after the other while the load goes on; who they were. */
async function killAlong(
  victims: readonly Victim[],
  { kills, random }: { readonly kills: number; readonly random: ReturnType<typeof createRandom> },
  acknowledged: () => number,
): Promise<Victim['name'][]> {
  const struck: Victim['name'][] = [];
  const first = Math.floor(random.next() * victims.length);
  for (let kill = 0; kill < kills; kill++) {
    // Never after the last inspections: a kill must meet some that are still to come.
    const at = Math.min(RUN.inspections - CLIENTS, ((kill + random.next()) * RUN.inspections) / kills);
    while (acknowledged() < at) await pause(5);
    await pause(random.next() * MOMENT_MS);
    // In turn, so that few kills too meet everybody.
    const victim = victims[(first + kill) % victims.length]!;
    await victim.strike();
    struck.push(victim.name);
  }
  return struck;
}

/** Inspections that came with the seed. */
const SEEDED = 5;

/** What the tables hold in the end. */
async function audit(where: DataPlace, acknowledged: ReadonlyMap<string, string>) {
  await using sql = await openSql(where);
  const rows = await sql.query<{ id: string; state: string }>(
    'SELECT id::text AS id, state FROM inspections WHERE id IN (SELECT subject::uuid FROM idempotency)',
  );
  const [all] = await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM inspections');
  const results = await sql.query<{ id: string; n: number }>(
    'SELECT inspection::text AS id, count(*)::int AS n FROM results GROUP BY 1',
  );
  const told = await sql.query<{ subject: string; n: number }>(
    `SELECT subject, count(*)::int AS n FROM events WHERE kind LIKE 'inspection.%' GROUP BY 1`,
  );
  const done = new Set(rows.filter((r) => r.state === 'done').map((r) => r.id));
  const lost = [...acknowledged.values()].filter((id) => !done.has(id));
  const doubled = [
    ...results.filter((r) => r.n !== 1).map((r) => r.id),
    ...told.filter((t) => t.n !== 1).map((t) => t.subject),
  ];
  // Every row that the seed did not bring belongs to one key.
  return { all: all!.n, lost, doubled, surplus: all!.n - SEEDED - acknowledged.size, results: results.length };
}

describe.each(['pglite', 'postgres'] as const)('killed without warning, on %s', (kind) => {
  describe.skipIf(kind === 'postgres' && noPostgres !== null)(noPostgres ?? 'seeded', () => {
    let cluster: Cluster | null = null;
    let place: Awaited<ReturnType<typeof restored>>;
    let made: Seed;
    const processes: ServiceProcess[] = [];

    beforeAll(async () => {
      made = await seed();
      cluster = kind === 'postgres' ? await startCluster() : null;
      place = await restored(cluster?.database());
    }, 300_000);
    afterAll(async () => {
      for (const p of processes) await p.kill();
      cluster?.stop();
      place?.dispose();
    }, 60_000);

    const kills = RUN.kills[kind];
    it(`loses none and doubles none of ${RUN.inspections} inspections over ${kills} kills`, async () => {
      const port = await freePort();
      const { dispose: _, ...where } = place;
      const options = { ...where, port, stub: true };
      // On the embedded database the server works itself; with PostgreSQL two workers do.
      const engines = kind === 'pglite' ? 1 : 0;
      const server = new ServiceProcess('serve', { ...options, engines });
      processes.push(server);
      const victims = [restarted('server', server)];
      if (kind === 'pglite') victims.push(restarted('server', server), enginesOf(server));
      if (kind === 'postgres') {
        for (let i = 0; i < 2; i++) {
          const worker = new ServiceProcess('work', { ...options, engines: 1 });
          processes.push(worker);
          victims.push(restarted('worker', worker));
        }
      }
      for (const p of processes) await p.start();
      const url = `http://127.0.0.1:${port}`;
      const picture = readFileSync(made.pictures[0]!);
      const acknowledged = new Map<string, string>();
      const began = performance.now();
      const sending = load({ url, token: made.adminToken, picture, count: RUN.inspections }, acknowledged);
      const over = { yet: false };
      const end = (): void => {
        over.yet = true;
      };
      sending.then(end, end);
      const how = { kills, random: createRandom(SEED) };
      const struck = await killAlong(victims, how, () => (over.yet ? Infinity : acknowledged.size));
      await sending;
      await finished(url, made.adminToken);
      for (const p of processes) expect(await p.stop()).toBe(0);

      const { all, lost, doubled, surplus, results } = await audit(where, acknowledged);
      const names = [...new Set(struck)].sort().map((n) => `${n} ${struck.filter((x) => x === n).length}`);
      console.log(
        `| ${kind} | kills: ${names.join(', ')} | acknowledged ${acknowledged.size} | lost ${lost.length} | visibly doubled ${doubled.length + surplus} | ${((performance.now() - began) / 1000).toFixed(0)} s |`,
      );
      expect(acknowledged.size).toBe(RUN.inspections);
      expect(lost).toEqual([]);
      expect(doubled).toEqual([]);
      expect(surplus).toBe(0);
      expect(results).toBe(all);
    }, 900_000);
  });
});
