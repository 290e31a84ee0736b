import { loadApi } from '../../api.ts';
import { define, EXIT, printJson, quote } from '../../command.ts';

interface Options {
  readonly force?: true;
  readonly json?: true;
}

export const accept = define<Options>({
  name: 'accept',
  summary: 'turn a proposed rule file into an accepted one, once it has been vetted',
  example: 'logsad rules accept logsad-demo/data --force',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .option('--force', 'accept without or against the vetting'),
  async run({ terminal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!, { models: false });
    const { file } = product.compiled;
    const reasons = api.objections(product.compiled);
    if (reasons.length > 0 && !o.force) {
      throw new api.LogsadError(
        'RULES_NOT_ACCEPTABLE',
        { product: file.product, file: quote(product.path), reasons },
        { place: { file: product.path } },
      );
    }
    const text = await api.files.readText(product.path);
    const accepted = api.acceptText(text);
    if (accepted !== text) await api.files.writeAtomic(product.path, accepted);
    if (o.json) printJson(terminal, { file: product.path, changed: accepted !== text, forced: reasons });
    else {
      terminal.out(
        `${product.path}: ${accepted === text ? 'accepted already' : 'accepted; inspect takes it from now on'}\n`,
      );
      for (const r of reasons) terminal.err(`warning: accepted although ${r}\n`);
    }
    return EXIT.ok;
  },
});
