/** A server or a worker in a process of its own, to be killed or measured: `serviceChild.ts serve|work JSON`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** How late a timer comes that should come so often, in milliseconds. */
const LOOK_MS = 5;
let spent = process.cpuUsage();
const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
process.on('message', (message) => {
  if (message === 'collected') collect();
  const { rss, heapUsed } = process.memoryUsage();
  const { rss: engine, pids } = serving?.service.engines.status() ?? { rss: 0, pids: [] };
  const { user, system } = process.cpuUsage(spent);
  spent = process.cpuUsage();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOK_MS);
  const loops = { loopP99: late(loop.percentile(99)), loopMax: late(loop.max) };
  process.send?.({ rss, heapUsed, engine, pids, cpu: (user + system) / 1000, ...loops });
  loop.reset();
  loop.enable();
});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
process.send?.('up');
