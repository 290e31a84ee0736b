import { define, EXIT, printJson } from '../../command.ts';
import { choice } from '../../options.ts';
import { dataOption, loadService, type PlaceOptions, placeOf } from '../../service.ts';

interface Options extends PlaceOptions {
  readonly role: 'viewer' | 'reviewer' | 'engineer' | 'admin';
  readonly name: string;
  readonly json?: true;
}

export const create = define<Options>({
  name: 'create',
  summary: 'make a token while the service does not run; it is shown once',
  example: 'logsad token create --data logsad-data --role admin --name spare',
  declare: (c) =>
    dataOption(c)
      .requiredOption(
        '--role <role>',
        'viewer, reviewer, engineer, admin',
        choice('viewer', 'reviewer', 'engineer', 'admin'),
      )
      .requiredOption('--name <name>', 'name that reviews and the audit log carry'),
  async run({ terminal }, o) {
    const { id, secret } = await (await loadService()).createToken(placeOf(o), o.name, o.role);
    if (o.json) printJson(terminal, { id, name: o.name, role: o.role, secret });
    else terminal.out(`token of ${o.name} (${o.role}), shown only now: ${secret}\n`);
    return EXIT.ok;
  },
});
