import { basename, join, resolve } from 'node:path';
import { loadApi } from '../api.ts';
import { define, EXIT, printJson, quote } from '../command.ts';

interface Options {
  readonly normals: string;
  readonly json?: true;
}

/** At most so many normals are shown on the contact sheet, spread evenly over the folder. */
const SHOWN = 12;

export const init = define<Options>({
  name: 'init',
  summary: 'write a commented skeleton rule file and a contact sheet with rulers',
  example: 'logsad init my-part --normals logsad-demo/data/train/good',
  declare: (c) =>
    c
      .argument('<dir>', 'folder for rules.yaml and contact-sheet.png')
      .requiredOption('--normals <dir>', 'photographs of good parts'),
  async run({ terminal, signal }, o, [dir]) {
    const api = await loadApi();
    const { images, warnings } = await api.files.listNormals(o.normals);
    const rules = join(dir!, 'rules.yaml');
    if (await api.files.exists(rules)) {
      throw new api.LogsadError('RULES_EXIST', { path: rules, quoted: quote(rules), normals: quote(o.normals) });
    }
    await api.files.checkWritable(rules);
    const step = Math.max(1, images.length / SHOWN);
    const shown = Array.from({ length: Math.min(SHOWN, images.length) }, (_, i) => images[Math.floor(i * step)]!);
    const sheet = join(dir!, 'contact-sheet.png');
    const png = await api.sheetPng(shown, api.images);
    signal.throwIfAborted();
    await api.files.writeAtomic(sheet, png);
    const product = api.productName(basename(resolve(dir!)));
    await api.files.writeAtomic(rules, api.skeletonRules(product, shown[0]!.name));
    if (o.json) {
      printJson(terminal, {
        rules,
        contactSheet: sheet,
        product,
        normals: images.length,
        warnings: warnings.map((w) => w.toJSON()),
      });
    } else {
      for (const w of warnings) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
      terminal.out(`wrote ${rules}: what to look for and what must hold, to be filled in\n`);
      terminal.out(`wrote ${sheet}: ${shown.length} of ${images.length} normals with rulers in fractions\n`);
      terminal.out(
        `next: logsad learn ${quote(dir!)} --normals ${quote(o.normals)} --profile ${quote(join(dir!, `${product}.profile`))}\n`,
      );
    }
    return EXIT.ok;
  },
});
