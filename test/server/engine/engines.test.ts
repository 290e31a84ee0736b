/** Engine processes without models: replaced when they hold too much, also when they always have work. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Engines, openEngines } from '../../../server/engine/engines.ts';
import { residentBytes } from '../../../server/engine/memory.ts';

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

it('memory is that of this process and more', () =>
  expect(residentBytes()).toBeGreaterThanOrEqual(process.memoryUsage.rss() * 0.5));

it('an engine process whose service goes while it starts goes too', async () => {
  const child = fork(fileURLToPath(module), [], { execArgv: ['--import', import.meta.resolve('tsx')] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  expect(await gone).toBe(0);
}, 120_000);
