import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly normals?: string;
  readonly json?: true;
}

export const lint = define<Options>({
  name: 'lint',
  summary: 'print every fault of rule files, each with its place and what would be right',
  example: 'logsad rules lint logsad-demo/data',
  exits: '0 no errors (warnings stop nothing), 1 errors were found, 2 a file cannot be read',
  declare: (c) =>
    c
      .argument('<files...>', 'rule files, or folders that hold rules.yaml')
      .option('--normals <dir>', 'photographs of good parts: also find exemplars that name none of them'),
  async run({ terminal }, o, paths) {
    const api = await loadApi();
    const facts = await api.compileFacts(o.normals === undefined ? {} : { normals: [o.normals] });
    let errors = 0;
    for (const path of paths) {
      const file = await api.files.findRules(path);
      const faults = api.lintRules(await api.files.readText(file), file, facts);
      const wrong = faults.filter((f) => f.severity === 'error').length;
      errors += wrong;
      if (o.json) {
        printJson(terminal, { file, errors: wrong, warnings: faults.length - wrong, faults });
        continue;
      }
      for (const f of faults) terminal.out(`${api.printFault(f)}\n`);
      terminal.out(
        `${file}: ${wrong} ${wrong === 1 ? 'error' : 'errors'}, ${faults.length - wrong} ${faults.length - wrong === 1 ? 'warning' : 'warnings'}\n`,
      );
    }
    return errors > 0 ? EXIT.found : EXIT.ok;
  },
});
