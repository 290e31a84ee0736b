import { loadApi } from '../api.ts';
import { define, EXIT, printJson, quote } from '../command.ts';
import { wholeNumber } from '../options.ts';

interface Options {
  readonly profile: string;
  readonly out?: string;
  readonly seed: number;
  readonly json?: true;
}

export const mine = define<Options>({
  name: 'mine',
  summary: 'propose rules that hold on all normals, without an LLM',
  example: 'logsad mine logsad-demo/data --profile logsad-demo/demo.profile --out mined.yaml',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file whose interests and attributes are used; its rules are not looked at')
      .requiredOption('--profile <file>', 'profile written by learn')
      .option('--out <file>', 'where the proposed rule file goes; default: standard output')
      .option('--seed <s>', 'seed of the mutants that rank the rules', wholeNumber(0), 0),
  async run({ terminal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!, { models: false });
    const { profile, set } = await api.loadLearning(product, o.profile);
    if (o.out !== undefined) await api.files.checkWritable(o.out);
    // Only the normals, whatever the file's own rules think of them: what calibrates a file must not have written it.
    const { calibration: _, aside: _aside, ...normals } = set;
    const mining = api.mineRules({ compiled: product.compiled, ...normals, seed: o.seed });
    const text = api.minedText(await api.files.readText(product.path), mining, {
      date: api.today(),
      models: api.modelsOf(profile),
    });
    if (o.out !== undefined) await api.files.writeAtomic(o.out, text);
    if (o.json) printJson(terminal, { file: o.out ?? null, ...mining, ...(o.out === undefined ? { yaml: text } : {}) });
    else if (o.out === undefined) terminal.out(text);
    else {
      terminal.out(`${mining.rules.length} rules proposed from ${mining.normals} normals: ${o.out}\n`);
      terminal.out(`next: logsad rules vet ${quote(o.out)} --profile ${quote(o.profile)} --write\n`);
    }
    return EXIT.ok;
  },
});
