/** The service under load on loopback: 1, 8 and 64 clients, the event loop meanwhile, and the library beside it. */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getProfile, getRules } from '../../server/storage/products.ts';
import { compileRules, loadProfile, openEngine } from '../../src/index.ts';
import { PRODUCT, restored, seed, start } from '../server/support/seed.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

/** Inspections per row; a run of 5,000 (argument `long`) shows memory. */
const EACH = 120;
const LONG = 5000;

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

export const bench: Bench = {
  name: 'service',
  summary: 'inspections per second over HTTP on PGlite, event-loop delay, memory, against the library',
  long: true,
  async run(args) {
    const made = await seed();
    const place = await restored();
    const serving = await start(place);
    const pictures = made.pictures.map((p) => readFileSync(p));
    const post = async (i: number): Promise<void> => {
      const response = await fetch(`${serving.url}/api/v1/products/${PRODUCT}/inspections?wait=60`, {
        method: 'POST',
        headers: { authorization: `Bearer ${made.adminToken}`, 'content-type': 'image/jpeg' },
        body: pictures[i % pictures.length]!,
      });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`answered ${response.status}`);
    };
    await lanes(2, 6, post);
    const rows: (string | number)[][] = [];
    let fastest = 0;
    for (const clients of [1, 8, 64]) {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      const { total, each } = await lanes(clients, EACH, post);
      delay.disable();
      const rate = EACH / (total / 1000);
      fastest = Math.max(fastest, rate);
      const milliseconds = [quantile(each, 0.5), quantile(each, 0.99), delay.percentile(99) / 1e6];
      rows.push([`${clients} clients`, rate.toFixed(1), ...milliseconds.map((v) => v.toFixed(0))]);
    }
    // The same pictures, rules and profile without a service, two in flight as in an engine process.
    const { sql, blobs } = serving.service;
    const [rules, profile] = await Promise.all([getRules(sql, PRODUCT, 1), getProfile(sql, PRODUCT, 1)]);
    await using engine = await openEngine();
    const path = `${PRODUCT}/rules.yaml`;
    const product = { path, compiled: compileRules(rules.text, path) };
    const inspector = await engine.inspector(product, await loadProfile(blobs.pathOf(profile.blob!)));
    const inspect = async (i: number): Promise<void> => {
      await inspector.inspect({ name: 'p', path: made.pictures[i % pictures.length]! });
    };
    await lanes(2, 6, inspect);
    const { total, each } = await lanes(2, EACH, inspect);
    const library = EACH / (total / 1000);
    rows.push([
      'library, 2 in flight',
      library.toFixed(1),
      quantile(each, 0.5).toFixed(0),
      quantile(each, 0.99).toFixed(0),
      '',
    ]);
    console.log(table(['', 'per second', 'p50 ms', 'p99 ms', 'event loop p99 ms'], rows));
    console.log(`\nlibrary / service: ${(library / fastest).toFixed(2)} (target 1.15 or less)`);
    if (args.includes('long')) {
      const memory: string[][] = [];
      for (let part = 0; part <= 5; part++) {
        if (part > 0) await lanes(8, LONG / 5, post);
        const { rss } = serving.service.engines.status();
        memory.push([String((part * LONG) / 5), megabytes(process.memoryUsage.rss()), megabytes(rss)]);
      }
      console.log(`\n${table(['inspections', 'service MB', 'engine MB'], memory)}`);
    }
    await serving.stop();
    place.dispose();
  },
};
