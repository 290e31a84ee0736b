/**
 * The service under load on loopback, in a process of its own: 1, 8 and 64 clients and the delay of its event loop, the
 * library beside it in turns; one and two workers on PostgreSQL; memory over many inspections. Words name parts (`load`,
 * `workers`, `memory`; none: all) and sizes (`clients=1,8 parts=20 turns=1 many=200`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSql } from '../../server/service.ts';
import { openBlobs } from '../../server/storage/blobs.ts';
import { getRules } from '../../server/storage/products.ts';
import { getProfile } from '../../server/storage/profiles.ts';
import * as logsad from '../../src/index.ts';
import { noPostgres, startCluster } from '../server/support/postgres.ts';
import { type Figures, freePort, ServiceProcess } from '../server/support/process.ts';
import { PRODUCT, restored, type Seed, seed } from '../server/support/seed.ts';
import type { Bench } from './main.ts';
import { median, table } from './support.ts';

/** `parts`: inspections per row; `turns`: of service and library; `many`: inspections over which memory is watched. */
interface Sizes {
  readonly clients: readonly number[];
  readonly parts: number;
  readonly turns: number;
  readonly many: number;
}
const SIZES: Sizes = { clients: [1, 8, 64], parts: 120, turns: 3, many: 5000 };
/** Clients where their number is not the question: enough to keep a worker busy. */
const BUSY = 8;
/** Inspections an engine process has in hand at a time. */
const IN_FLIGHT = 2;
const WARM_UP = 8;
const QUARTERS = 4;
/** Looks at the memory in each quarter. */
const LOOKS = 10;

type Place = Awaited<ReturnType<typeof restored>>;
type Work = (i: number) => Promise<void>;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

/** Runs `work` `count` times over `width` lanes; milliseconds of each, ascending, and of all. */
async function lanes(width: number, count: number, work: Work) {
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
const HEAD = ['', 'inspections', 'per second', 'p50 ms', 'p99 ms', 'event loop p99 ms', 'longest', 'CPU ms each'];

function row(name: string, { total, each }: Awaited<ReturnType<typeof lanes>>, figures?: Figures): string[] {
  const times = [quantile(each, 0.5), quantile(each, 0.99)].map((v) => v.toFixed(0));
  const loop = figures
    ? [figures.loopP99.toFixed(1), figures.loopMax.toFixed(0), (figures.cpu / each.length).toFixed(1)]
    : ['', '', ''];
  return [name, String(each.length), ((1000 * each.length) / total).toFixed(2), ...times, ...loop];
}

/** A service in its own process, and what posts the seed's pictures to it in turn and waits for the verdict. */
async function started(place: Place, made: Seed, options: { readonly engines: number; readonly stub: boolean }) {
  const { dispose: _, ...where } = place;
  const port = await freePort();
  const service = new ServiceProcess('serve', { ...where, port, ...options });
  await service.start();
  const pictures = made.pictures.map((p) => readFileSync(p));
  const address = `http://127.0.0.1:${port}/api/v1/products/${PRODUCT}/inspections?wait=60`;
  const headers = { authorization: `Bearer ${made.adminToken}`, 'content-type': 'image/jpeg' };
  const post: Work = async (i) => {
    const response = await fetch(address, { method: 'POST', headers, body: pictures[i % pictures.length]! });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`answered ${response.status}: ${text.slice(0, 300)}`);
  };
  return { service, post };
}

/** The same pictures, rules and profile without a service, and with the pictures of maps that a service keeps. */
async function library(place: Place, made: Seed) {
  const sql = await openSql(place);
  const [rules, profile] = await Promise.all([getRules(sql, PRODUCT, 1), getProfile(sql, PRODUCT, 1)]);
  await sql[Symbol.asyncDispose]();
  const engine = await logsad.openEngine();
  const path = `${PRODUCT}/rules.yaml`;
  const product = { path, compiled: logsad.compileRules(rules.text, path) };
  const learnt = await logsad.loadProfile(openBlobs(join(place.data, 'blobs')).pathOf(profile.blob!));
  const inspector = await engine.inspector(product, learnt, { proposed: true });
  const inspect: Work = async (i) => {
    const image = { name: 'p', path: made.pictures[i % made.pictures.length]! };
    const { maps } = await inspector.inspectWithMaps(image);
    for (const { map, border } of Object.values(maps)) await logsad.mapPng(map, border, logsad.images);
  };
  return { inspect, close: () => engine[Symbol.asyncDispose]() };
}

async function load(made: Seed, { clients, parts, turns }: Sizes): Promise<void> {
  const place = await restored();
  const plain = await library(place, made);
  const { service, post } = await started(place, made, { engines: 1, stub: false });
  await lanes(IN_FLIGHT, WARM_UP, post);
  await service.figures();
  const rows: string[][] = [];
  for (const width of clients)
    rows.push(row(`${width} clients`, await lanes(width, parts, post), await service.figures()));
  await lanes(IN_FLIGHT, WARM_UP, plain.inspect);
  // In turns, so that what else the machine does meets both.
  const ratios: number[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    const alone = await lanes(IN_FLIGHT, parts, plain.inspect);
    rows.push(row(`library, ${IN_FLIGHT} in flight, turn ${turn}`, alone));
    const served = await lanes(BUSY, parts, post);
    rows.push(row(`service, ${BUSY} clients, turn ${turn}`, served, await service.figures()));
    ratios.push(served.total / alone.total);
  }
  await plain.close();
  console.log(`${table(HEAD, rows)}\n\nCPU and event loop are the service's own, without its engine process.`);
  const shown = ratios.map((r) => r.toFixed(2)).join(', ');
  console.log(
    `\nservice against library, time for the same inspections: ${shown}; median ${median(ratios).toFixed(2)} (target 1.15)`,
  );
  console.log(`engine process and its child after all this: ${megabytes((await service.figures()).engine)} MB\n`);
  await service.stop();
  place.dispose();
}

/** Workers in processes of their own; the server only answers. */
async function workers(made: Seed, { parts }: Sizes): Promise<void> {
  if (noPostgres !== null) {
    console.log(`workers: ${noPostgres}`);
    return;
  }
  const cluster = await startCluster();
  const place = await restored(cluster.database());
  const { dispose, ...where } = place;
  const { service, post } = await started(place, made, { engines: 0, stub: false });
  const running: ServiceProcess[] = [];
  const rows: string[][] = [];
  for (const count of [1, 2]) {
    const worker = new ServiceProcess('work', { ...where, port: 0, engines: 1, stub: false });
    await worker.start();
    running.push(worker);
    await lanes(BUSY, 2 * WARM_UP, post);
    await service.figures();
    const name = `PostgreSQL, ${count} worker${count > 1 ? 's' : ''}, ${BUSY} clients`;
    rows.push(row(name, await lanes(BUSY, parts, post), await service.figures()));
  }
  console.log(`${table(HEAD, rows)}\n`);
  for (const worker of running) await worker.stop();
  await service.stop();
  cluster.stop();
  dispose();
}

/** Through HTTP, queue and store with an engine that costs nothing, so that 5,000 inspections take minutes and not an hour. */
async function memory(made: Seed, { many }: Sizes): Promise<void> {
  const place = await restored();
  const { service, post } = await started(place, made, { engines: 1, stub: true });
  const rows: string[][] = [];
  const step = Math.max(1, Math.floor(many / (QUARTERS * LOOKS)));
  await service.figures();
  for (let quarter = 1; quarter <= QUARTERS; quarter++) {
    const looks: Figures[] = [];
    const began = performance.now();
    for (let look = 0; look < LOOKS; look++) {
      await lanes(BUSY, step, post);
      looks.push(await service.figures());
    }
    const rate = (1000 * LOOKS * step) / (performance.now() - began);
    const of = (pick: (f: Figures) => number): string => megabytes(median(looks.map(pick)));
    const loop = Math.max(...looks.map((f) => f.loopP99)).toFixed(1);
    const done = String(quarter * LOOKS * step);
    const cpu = (looks.reduce((sum, f) => sum + f.cpu, 0) / (LOOKS * step)).toFixed(1);
    const heap = megabytes((await service.figures('collected')).heapUsed);
    rows.push([done, of((f) => f.rss), heap, of((f) => f.engine), rate.toFixed(1), loop, cpu]);
  }
  const head = ['inspections, engine without models', 'service MB', 'JavaScript, collected', 'engine MB', 'per second'];
  console.log(
    `${table([...head, 'event loop p99 ms', 'CPU ms each'], rows)}\n\nMedians of ${LOOKS} looks in each quarter, JavaScript at its end; the worst p99.\n`,
  );
  await service.stop();
  place.dispose();
}

const PARTS: Readonly<Record<string, (made: Seed, sizes: Sizes) => Promise<void>>> = { load, workers, memory };

/** `clients=1,8` and the like. @throws Error for a word that is neither a part nor a size */
function sizesOf(words: readonly string[]): Sizes {
  const given = words.map((word) => {
    const [key = '', text = ''] = word.split('=');
    const numbers = text.split(',').map(Number);
    if (!Object.hasOwn(SIZES, key) || !numbers.every((n) => Number.isInteger(n) && n > 0))
      throw new Error(
        `expected one of ${Object.keys(PARTS)} or of ${Object.keys(SIZES)} with numbers, found '${word}'`,
      );
    return [key, key === 'clients' ? numbers : numbers[0]] as const;
  });
  return { ...SIZES, ...Object.fromEntries(given) };
}

export const bench: Bench = {
  name: 'service',
  summary: 'inspections per second over HTTP on either database, event-loop delay, memory, against the library',
  long: true,
  async run(args) {
    const named = args.filter((a) => Object.hasOwn(PARTS, a));
    const sizes = sizesOf(args.filter((a) => !named.includes(a)));
    const made = await seed();
    for (const [name, part] of Object.entries(PARTS))
      if (named.length === 0 || named.includes(name)) await part(made, sizes);
  },
};
