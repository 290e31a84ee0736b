/** Engine processes without models: replaced when they hold too much, also when they always have work. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Engines, openEngines } from '../../../server/engine/engines.ts';
import { EngineDied } from '../../../server/engine/host.ts';
import { residentBytes } from '../../../server/engine/memory.ts';
import { asLogsadError } from '../../../server/http/problems.ts';
import type { LogsadError } from '../../../src/index.ts';

const module = new URL('../support/stubEngine.ts', import.meta.url);
let engines: Engines | null = null;
afterEach(() => engines?.close());

const key = { product: 'p', rulesVersion: 1, profileVersion: 1, rules: '', profile: '' };
const inspect = (e: Engines, n: number): Promise<unknown>[] =>
  Array.from({ length: n }, (_, i) => {
    const image = { name: `${i}.jpg`, path: '' };
    return e.inspect({ kind: 'inspect', key, image, blobs: '' }, false);
  });

it('a process above its memory is replaced under load, and no request is lost', async () => {
  engines = openEngines({ processes: 1, module, memory: 1 });
  await Promise.all(inspect(engines, 1));
  await Promise.all(inspect(engines, 2));
  expect(engines.status().restarts).toBeGreaterThan(0);
}, 120_000);

it('a process within its memory stays', async () => {
  engines = openEngines({ processes: 1, module });
  await Promise.all(inspect(engines, 6));
  expect(engines.status()).toMatchObject({ restarts: 0 });
  expect(engines.status().rss).toBeGreaterThan(2 ** 20);
}, 120_000);

/** Most spans that hold one moment; a span that ends where another begins is no overlap. */
const overlap = (spans: readonly (readonly [number, number])[]): number =>
  Math.max(...spans.map(([from]) => spans.filter(([a, b]) => a <= from && from < b).length));
const small = (e: Engines, image: string) =>
  e.draw({ kind: 'small', image, long: 64 }) as unknown as Promise<readonly [number, number]>;

it('pictures are made two at a time, so that no deadline runs while others are served; beyond 200 that wait all are refused', async () => {
  engines = openEngines({ processes: 1, module });
  const e = engines;
  const settled = await Promise.allSettled(Array.from({ length: 250 }, (_, i) => small(e, `${i}.jpg`)));
  const spans = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  const refused = settled.flatMap((s) => (s.status === 'rejected' ? [s.reason as LogsadError] : []));
  expect(spans).toHaveLength(202);
  expect(overlap(spans)).toBeLessThanOrEqual(2);
  expect(new Set(refused.map((r) => [r.code, r.http].join()))).toEqual(new Set(['ENGINE_UNAVAILABLE,503']));
}, 120_000);

it('a picture that kills the process that draws is answered 503, and takes no other with it', async () => {
  engines = openEngines({ processes: 1, module });
  const fates = await Promise.allSettled(['a', 'poison', 'b', 'c'].map((name) => small(engines!, `${name}.jpg`)));
  expect(fates.map((f) => f.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  const error: unknown = (fates[1] as PromiseRejectedResult).reason;
  expect(error).toBeInstanceOf(EngineDied);
  expect(asLogsadError(error)).toMatchObject({ code: 'ENGINE_UNAVAILABLE', http: 503 });
}, 120_000);

it('vetting runs in two processes at most, however many ask', async () => {
  engines = openEngines({ processes: 1, module });
  const ask = { kind: 'vet', product: 'p', rules: '', profile: '', seed: 0 } as const;
  const asked = Array.from({ length: 4 }, () => engines!.vet(ask) as unknown as Promise<readonly [number, number]>);
  expect(overlap(await Promise.all(asked))).toBeLessThanOrEqual(2);
}, 120_000);

it('what waits when the service stops starts no process', async () => {
  engines = openEngines({ processes: 1, module });
  const waiting = Promise.allSettled(Array.from({ length: 5 }, () => small(engines!, 'hang.jpg')));
  engines.close();
  const fates = await waiting;
  expect(fates.every((f) => f.status === 'rejected' && f.reason instanceof EngineDied)).toBe(true);
}, 120_000);

it('memory is that of this process and more', () =>
  expect(residentBytes()).toBeGreaterThanOrEqual(process.memoryUsage.rss() * 0.5));

it('an engine process whose service goes while it starts goes too', async () => {
  const child = fork(fileURLToPath(module), [], { execArgv: ['--import', import.meta.resolve('tsx')] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  expect(await gone).toBe(0);
}, 120_000);
