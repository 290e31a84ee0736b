/** A server or a worker in a process of its own, to be killed or measured: `serviceChild.ts serve|work JSON`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SERVICE_DEFAULTS, serve, work } from '../../../server/main.ts';

const [kind, text] = process.argv.slice(2) as [string, string];
const given = JSON.parse(text) as { data: string; port: number; databaseUrl?: string; engines: number; stub: boolean };
const { stub, port, ...place } = given;
const options = {
  ...SERVICE_DEFAULTS,
  ...place,
  logLevel: 'silent',
  ratePerMinute: 1_000_000,
  ...(stub ? { engineModule: new URL('./stubEngine.ts', import.meta.url) } : {}),
};
const serving = kind === 'serve' ? await serve({ ...options, port, host: '127.0.0.1', version: 'test' }) : null;
const running = serving ?? (await work(options));
/** How late a timer comes that should come so often, in milliseconds. */
const LOOK_MS = 5;
const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
process.on('message', (message) => {
  if (message !== 'figures') return;
  const { rss, heapUsed } = process.memoryUsage();
  const engine = serving?.service.engines.status().rss ?? 0;
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOK_MS);
  process.send?.({ rss, heapUsed, engine, loopP99: late(loop.percentile(99)), loopMax: late(loop.max) });
  loop.reset();
  loop.enable();
});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
process.send?.('up');
