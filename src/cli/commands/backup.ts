import { define, EXIT, printJson } from '../command.ts';
import { dataOption, loadService, type PlaceOptions, placeOf } from '../service.ts';

interface Options extends PlaceOptions {
  readonly json?: true;
}

export const backup = define<Options>({
  name: 'backup',
  summary:
    'copy everything a service keeps into a folder (a running one on the embedded database: POST /api/v1/backups)',
  example: 'logsad backup monday --data logsad-data',
  declare: (c) => dataOption(c.argument('<out>', 'folder to make')),
  async run({ terminal }, o, [out]) {
    const { rows, blobs } = await (await loadService()).backup(placeOf(o), out!);
    if (o.json) printJson(terminal, { backup: out, rows, blobs });
    else terminal.out(`${out}: ${rows} rows, ${blobs} files\n`);
    return EXIT.ok;
  },
});

export const restore = define<Options>({
  name: 'restore',
  summary: 'fill an empty service from a backup; either database takes the backups of either',
  example: 'logsad restore monday --data logsad-restored',
  declare: (c) => dataOption(c.argument('<from>', 'folder written by backup')),
  async run({ terminal }, o, [from]) {
    const { rows, blobs, queued } = await (await loadService()).restore(placeOf(o), from!);
    if (o.json) printJson(terminal, { restored: from, rows, blobs, queued });
    else terminal.out(`${from}: ${rows} rows, ${blobs} files; ${queued} jobs queued again\n`);
    return EXIT.ok;
  },
});
