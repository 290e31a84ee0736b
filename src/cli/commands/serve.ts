import { define, EXIT, printJson } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { loadService, placeOf, untilAborted, type WorkOptions, workOptions } from '../service.ts';
import { version } from '../version.ts';

interface Options extends WorkOptions {
  readonly port: number;
  readonly host: string;
  readonly demo?: true;
  readonly rate: number;
  readonly secureCookies?: true;
  readonly flush: boolean;
  readonly trustedProxies: number;
  readonly json?: true;
}

export const serve = define<Options>({
  name: 'serve',
  summary: 'run the service: inspect over HTTP, with storage and jobs (DATABASE_URL chooses PostgreSQL)',
  example: 'logsad serve --demo',
  endsBySignal: true,
  declare: (c) =>
    workOptions(c)
      .option('--port <n>', 'port to listen on, 0 for any', wholeNumber(0), 8080)
      .option('--host <address>', 'address to listen on; 0.0.0.0 for all', '127.0.0.1')
      .option('--demo', 'fill an empty service with the demo product')
      .option('--rate <n>', 'requests per minute of one client', wholeNumber(1), 6000)
      .option('--no-flush', 'embedded database: faster commits that a power cut can take back, or leave damaged')
      .option('--secure-cookies', 'the page is reached over https only')
      .option('--trusted-proxies <n>', 'proxies in front whose X-Forwarded-For is believed', wholeNumber(0), 0),
  async run({ terminal, signal }, o) {
    const service = await loadService();
    const serving = await service.serve({
      ...service.SERVICE_DEFAULTS,
      ...placeOf(o),
      engines: o.engines,
      allowPrivateWebhooks: o.allowPrivateWebhooks === true,
      secureCookies: o.secureCookies === true,
      flush: o.flush,
      trustedProxies: o.trustedProxies,
      ratePerMinute: o.rate,
      logLevel: o.logLevel,
      port: o.port,
      host: o.host,
      demo: o.demo === true,
      version: version(),
    });
    const { url, firstToken } = serving;
    if (o.json) printJson(terminal, { url, firstToken });
    else {
      terminal.out(`listening on ${url} (reference: ${url}/api/docs)\n`);
      if (firstToken) terminal.out(`admin token, shown only now: ${firstToken}\n`);
      if (o.demo) terminal.out('making the demo product, unless it is there: about a minute, then `ready`\n');
    }
    const failed = serving.ready.then(
      () => (o.json ? undefined : terminal.out('ready\n')),
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
    // A demo that cannot be made is a fault; otherwise the service ends by a signal.
    await Promise.race([untilAborted(signal), failed.then(() => untilAborted(signal))]).catch(
      async (error: unknown) => {
        await serving.stop();
        throw error;
      },
    );
    if (!o.json) terminal.err('stopping: running work is finished or put back\n');
    await serving.stop();
    return EXIT.ok;
  },
});
