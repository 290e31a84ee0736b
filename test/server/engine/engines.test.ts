/** Engine processes without models: replaced when they hold too much, also when they always have work. */
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
  await Promise.all(inspect(engines, 3));
  await Promise.all(inspect(engines, 3));
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
