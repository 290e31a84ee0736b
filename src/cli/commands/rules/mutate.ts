import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';
import { wholeNumber } from '../../options.ts';

interface Options {
  readonly profile: string;
  readonly seed: number;
  readonly json?: true;
}

export const mutate = define<Options>({
  name: 'mutate',
  summary: 'test the rules on mutants of the normals: who kills what, who survives, what would kill the survivors',
  example: 'logsad rules mutate logsad-demo/data --profile logsad-demo/demo.profile',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .requiredOption('--profile <file>', 'profile written by learn')
      .option('--seed <s>', 'seed of the mutants', wholeNumber(0), 0),
  async run({ terminal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!, { models: false });
    const { learnt, set } = await api.loadLearning(product, o.profile);
    const { report, trials } = api.mutationTest(product.compiled, learnt, set, { seed: o.seed });
    const suggestions = api.suggestRules({ compiled: product.compiled, ...set }, trials);
    if (o.json) printJson(terminal, { file: product.path, ...report, suggestions });
    else terminal.out(`${api.mutationToText(report, suggestions)}\n`);
    return EXIT.ok;
  },
});
