import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly set?: string;
  readonly json?: true;
}

export const verify = define<Options>({
  name: 'verify',
  summary: 'hash every file of the models here and compare it with what was pinned',
  example: 'logsad models verify --set embedded',
  declare: (c) =>
    c
      .argument('[models...]', 'ids of models; default: all that are on this machine')
      .option('--set <set>', 'all models of a set'),
  async run({ terminal }, o, ids) {
    const { modelStore } = await loadApi();
    const checks = await modelStore().verify(ids, o.set);
    const bad = checks.filter((c) => c.fault);
    if (o.json) printJson(terminal, { ok: bad.length === 0, models: checks });
    else {
      for (const c of checks) {
        terminal.out(
          `${c.fault ? 'WRONG' : 'right'}  ${c.id}  ${c.files} files, ${(c.bytes / 2 ** 20).toFixed(1)} MB\n`,
        );
        if (c.fault) terminal.out(`       ${c.fault.message}\n       mend it with: ${c.fault.fix}\n`);
      }
    }
    return bad.length === 0 ? EXIT.ok : EXIT.environment;
  },
});
