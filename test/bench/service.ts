/**
 * The service under load on loopback: 1, 8 and 64 clients, the event loop meanwhile, the library beside it; one and two
 * workers on PostgreSQL; memory over many inspections. Arguments name parts (`load`, `workers`, `memory`); none: all.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Serving } from '../../server/main.ts';
import { getRules } from '../../server/storage/products.ts';
import { getProfile } from '../../server/storage/profiles.ts';
import { compileRules, loadProfile, openEngine } from '../../src/index.ts';
import { noPostgres, startCluster } from '../server/support/postgres.ts';
import { ServiceProcess } from '../server/support/process.ts';
import { PRODUCT, restored, type Seed, seed, start } from '../server/support/seed.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

/** Inspections per row; clients of the rows; inspections over which memory is watched, in so many steps. */
const EACH = 120;
const CLIENTS = [1, 8, 64];
const MEMORY = { inspections: 5000, steps: 5, clients: 8 };
const STUB = new URL('../server/support/stubEngine.ts', import.meta.url);

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

/** Runs `work` `count` times over `width` lanes; milliseconds of each, ascending, and of all. */
async function lanes(width: number, count: number, work: (i: number) => Promise<void>) {
  const each: number[] = [];
  let next = 0;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const start = performance.now();
      await work(i);
      each.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return { total: performance.now() - began, each: each.sort((a, b) => a - b) };
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
const rounded = (values: readonly number[]): string[] => values.map((v) => v.toFixed(0));

/** Posts the seed's pictures in turn and waits for the verdict. */
function poster(serving: Serving, made: Seed): (i: number) => Promise<void> {
  const pictures = made.pictures.map((p) => readFileSync(p));
  return async (i) => {
    const response = await fetch(`${serving.url}/api/v1/products/${PRODUCT}/inspections?wait=60`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.adminToken}`, 'content-type': 'image/jpeg' },
      body: pictures[i % pictures.length]!,
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
  };
}

/** One row: rate, latency, and the delay of this process' event loop (clients and service share it). */
async function row(name: string, clients: number, post: (i: number) => Promise<void>) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const { total, each } = await lanes(clients, EACH, post);
  delay.disable();
  const rate = EACH / (total / 1000);
  const cells = rounded([quantile(each, 0.5), quantile(each, 0.99), delay.percentile(99) / 1e6]);
  return { rate, cells: [name, rate.toFixed(1), ...cells] };
}
const HEAD = ['', 'per second', 'p50 ms', 'p99 ms', 'event loop p99 ms'];

async function load(made: Seed): Promise<void> {
  const place = await restored();
  const serving = await start(place);
  const post = poster(serving, made);
  await lanes(2, 6, post);
  const rows: string[][] = [];
  let fastest = 0;
  for (const clients of CLIENTS) {
    const { rate, cells } = await row(`${clients} clients`, clients, post);
    fastest = Math.max(fastest, rate);
    rows.push(cells);
  }
  // The same pictures, rules and profile without a service, two in flight as in an engine process.
  const { sql, blobs } = serving.service;
  const [rules, profile] = await Promise.all([getRules(sql, PRODUCT, 1), getProfile(sql, PRODUCT, 1)]);
  {
    await using engine = await openEngine();
    const path = `${PRODUCT}/rules.yaml`;
    const product = { path, compiled: compileRules(rules.text, path) };
    const inspector = await engine.inspector(product, await loadProfile(blobs.pathOf(profile.blob!)));
    const inspect = async (i: number): Promise<void> => {
      await inspector.inspect({ name: 'p', path: made.pictures[i % made.pictures.length]! });
    };
    await lanes(2, 6, inspect);
    const { total, each } = await lanes(2, EACH, inspect);
    const library = EACH / (total / 1000);
    const cells = rounded([quantile(each, 0.5), quantile(each, 0.99)]);
    rows.push(['library, 2 in flight', library.toFixed(1), ...cells, '']);
    console.log(table(HEAD, rows));
    console.log(`\nlibrary / service: ${(library / fastest).toFixed(2)} (target 1.15 or less)\n`);
  }
  const { rss } = serving.service.engines.status();
  console.log(`engine process and its child after ${6 + EACH * CLIENTS.length} inspections: ${megabytes(rss)} MB\n`);
  await serving.stop();
  place.dispose();
}

/** Workers in processes of their own; the server only answers. */
async function workers(made: Seed): Promise<void> {
  if (noPostgres !== null) {
    console.log(`workers: ${noPostgres}`);
    return;
  }
  const cluster = await startCluster();
  const { dispose, ...place } = await restored(cluster.database());
  const serving = await start({ ...place, engines: 0 });
  const post = poster(serving, made);
  const running: ServiceProcess[] = [];
  const rows: string[][] = [];
  for (const count of [1, 2]) {
    const worker = new ServiceProcess('work', { ...place, port: 0, engines: 1, stub: false });
    await worker.start();
    running.push(worker);
    await lanes(4, 8, post);
    rows.push((await row(`PostgreSQL, ${count} worker${count > 1 ? 's' : ''}, 8 clients`, 8, post)).cells);
  }
  console.log(`${table(HEAD, rows)}\n`);
  for (const worker of running) await worker.stop();
  await serving.stop();
  dispose();
  cluster.stop();
}

/** The service's own memory: with an engine that costs nothing, so that 5,000 inspections take minutes and not an hour. */
async function memory(made: Seed): Promise<void> {
  const place = await restored();
  const serving = await start({ ...place, engineModule: STUB });
  const post = poster(serving, made);
  const rows: string[][] = [];
  const { inspections, steps, clients } = MEMORY;
  for (let step = 0; step <= steps; step++) {
    if (step > 0) await lanes(clients, inspections / steps, post);
    const { rss, heapUsed } = process.memoryUsage();
    rows.push([String((step * inspections) / steps), megabytes(rss), megabytes(heapUsed)]);
  }
  console.log(table(['inspections (engine without models)', 'service MB', 'of it JavaScript MB'], rows));
  await serving.stop();
  place.dispose();
}

const PARTS: Readonly<Record<string, (made: Seed) => Promise<void>>> = { load, workers, memory };

export const bench: Bench = {
  name: 'service',
  summary: 'inspections per second over HTTP on either database, event-loop delay, memory, against the library',
  long: true,
  async run(args) {
    const made = await seed();
    for (const [name, part] of Object.entries(PARTS)) if (args.length === 0 || args.includes(name)) await part(made);
  },
};
