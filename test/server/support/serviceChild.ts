/** A server or a worker in a process of its own, to be killed: `serviceChild.ts serve|work JSON`. */
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
const running =
  kind === 'serve' ? await serve({ ...options, port, host: '127.0.0.1', version: 'test' }) : await work(options);
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
process.send?.('up');
