import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly profile?: string;
  readonly json?: true;
}

export const explain = define<Options>({
  name: 'explain',
  summary: 'say every rule in a plain sentence; with a profile, with the learnt numbers',
  example: 'logsad rules explain logsad-demo/data --profile logsad-demo/demo.profile',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .option('--profile <file>', 'profile written by learn'),
  async run({ terminal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!, { models: false });
    const learning = o.profile === undefined ? null : await api.loadLearning(product, o.profile);
    const explanations = api.explainRules(product.compiled, learning?.learnt ?? null);
    const profile = learning?.profile;
    if (o.json) {
      printJson(terminal, { file: product.path, normals: profile?.normals.length ?? null, rules: explanations });
      return EXIT.ok;
    }
    const { file } = product.compiled;
    terminal.out(
      `${file.title ?? file.product} (${file.status}): ${explanations.length} rules${profile ? `, learnt from ${profile.normals.length} normals` : ''}\n`,
    );
    for (const e of explanations) {
      terminal.out(`\n${e.rule} (line ${e.line})${e.because === '' ? '' : `: ${e.because}`}\n  ${e.sentence}\n`);
      for (const [variant, sentence] of Object.entries(e.variants))
        if (sentence !== e.sentence) terminal.out(`  ${variant}: ${sentence}\n`);
      if (e.setAside.length > 0) terminal.out(`  set aside as gross outliers: ${e.setAside.join(', ')}\n`);
    }
    return EXIT.ok;
  },
});
