import { loadApi } from '../api.ts';
import { define, EXIT, printJson } from '../command.ts';

interface Options {
  readonly json?: true;
}

export const doctor = define<Options>({
  name: 'doctor',
  summary: 'say what is missing on this machine, and the command that mends it',
  example: 'logsad doctor',
  declare: (c) => c,
  async run({ terminal, signal }, o) {
    const { checkup, doctorProbes } = await loadApi();
    const checks = await checkup(await doctorProbes(), { signal });
    const missing = checks.filter((c) => c.status === 'missing').length;
    if (o.json) printJson(terminal, { ok: missing === 0, checks });
    else {
      const width = Math.max(...checks.map((c) => c.name.length));
      for (const c of checks) {
        terminal.out(`${c.status.padEnd(7)}  ${c.name.padEnd(width)}  ${c.found}\n`);
        if (c.fix) terminal.out(`${' '.repeat(width + 11)}mend it with: ${c.fix}\n`);
      }
      terminal.out(missing === 0 ? 'everything that is needed is here\n' : `${missing} missing\n`);
    }
    return missing === 0 ? EXIT.ok : EXIT.environment;
  },
});
