import { define, EXIT, printJson } from '../command.ts';
import { loadService, placeOf, untilAborted, type WorkOptions, workOptions } from '../service.ts';

interface Options extends WorkOptions {
  readonly json?: true;
}

export const worker = define<Options>({
  name: 'worker',
  summary: 'inspect and learn for a service elsewhere, over PostgreSQL (DATABASE_URL) and a shared data folder',
  example: 'logsad worker --data /mnt/logsad',
  endsBySignal: true,
  declare: workOptions,
  async run({ terminal, signal }, o) {
    const service = await loadService();
    const working = await service.work({
      ...service.SERVICE_DEFAULTS,
      ...placeOf(o),
      engines: o.engines,
      allowPrivateWebhooks: o.allowPrivateWebhooks === true,
      logLevel: o.logLevel,
    });
    if (o.json) printJson(terminal, { working: true });
    else terminal.out('working\n');
    await untilAborted(signal);
    await working.stop();
    return EXIT.ok;
  },
});
