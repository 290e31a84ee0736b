import { define, EXIT, printJson, type Terminal } from '../command.ts';
import { dataOption, loadService, type PlaceOptions, placeOf } from '../service.ts';

/** Digests named in the warning. */
const SHOWN = 5;

interface Options extends PlaceOptions {
  readonly json?: true;
}

/** A backup without some of its files is one still, but nobody should think it whole. */
function warnOfMissing(terminal: Terminal, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const some = missing.slice(0, SHOWN).join(', ');
  terminal.err(
    `${missing.length} files that the rows refer to are missing: ${some}${missing.length > SHOWN ? ', ...' : ''}\n`,
  );
}

export const backup = define<Options>({
  name: 'backup',
  summary:
    'copy everything a service keeps into a folder (a running one on the embedded database: POST /api/v1/backups)',
  example: 'logsad backup monday --data logsad-data',
  declare: (c) => dataOption(c.argument('<out>', 'folder to make')),
  async run({ terminal }, o, [out]) {
    const { rows, blobs, missing } = await (await loadService()).backup(placeOf(o), out!);
    if (o.json) printJson(terminal, { backup: out, rows, blobs, missing });
    else terminal.out(`${out}: ${rows} rows, ${blobs} files\n`);
    warnOfMissing(terminal, missing);
    return missing.length > 0 ? EXIT.found : EXIT.ok;
  },
});

export const restore = define<Options>({
  name: 'restore',
  summary: 'fill an empty service from a backup; either database takes the backups of either',
  example: 'logsad restore monday --data logsad-restored',
  declare: (c) => dataOption(c.argument('<from>', 'folder written by backup')),
  async run({ terminal }, o, [from]) {
    const { rows, blobs, missing, queued } = await (await loadService()).restore(placeOf(o), from!);
    if (o.json) printJson(terminal, { restored: from, rows, blobs, missing, queued });
    else terminal.out(`${from}: ${rows} rows, ${blobs} files; ${queued} jobs queued again\n`);
    warnOfMissing(terminal, missing);
    return EXIT.ok;
  },
});
