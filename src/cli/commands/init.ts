import { basename, join, resolve } from 'node:path';
import { loadApi } from '../api.ts';
import { define, EXIT, printJson, quote } from '../command.ts';

interface Options {
  readonly normals: string;
  readonly json?: true;
}

type Api = typeof import('../../index.ts');
type Fault = { readonly image: string; readonly error: InstanceType<Api['LogsadError']> };

/** Photographs that cannot be read: better named now than in the middle of learning. Shrinking while decoding keeps it quick. */
async function unreadable(
  api: Api,
  images: readonly { readonly path: string }[],
  signal: AbortSignal,
): Promise<Fault[]> {
  const out: Fault[] = [];
  for (const { path } of images) {
    signal.throwIfAborted();
    try {
      await api.images.read(path, { size: () => ({ width: PROBE, height: PROBE }), signal });
    } catch (error) {
      if (!(error instanceof api.LogsadError) || !error.code.startsWith('IMAGE_')) throw error;
      out.push({ image: path, error });
    }
  }
  return out;
}

/** Side in pixels at which a photograph is decoded to see whether it can be read. */
const PROBE = 32;

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
    const faults = await unreadable(api, images, signal);
    const good = shown.filter((i) => !faults.some((f) => f.image === i.path));
    if (good.length === 0) throw faults[0]!.error;
    const png = await api.sheetPng(good, api.images);
    signal.throwIfAborted();
    await api.files.writeAtomic(sheet, png);
    const product = api.productName(basename(resolve(dir!)));
    await api.files.writeAtomic(rules, api.skeletonRules(product, good[0]!.name, api.files.schemaFor(dir!)));
    if (o.json) {
      printJson(terminal, {
        rules,
        contactSheet: sheet,
        product,
        normals: images.length,
        warnings: warnings.map((w) => w.toJSON()),
        failures: faults.map(({ image, error }) => ({ image, error: error.toJSON() })),
      });
    } else {
      for (const w of warnings) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
      for (const { error } of faults) terminal.err(`error ${error.code}: ${error.message}\n  fix: ${error.fix}\n`);
      terminal.out(`wrote ${rules}: what to look for and what must hold, to be filled in\n`);
      terminal.out(`wrote ${sheet}: ${good.length} of ${images.length} normals with rulers in fractions\n`);
      terminal.out(`next: open ${sheet}, read off where the parts and the background lie, and write them into the interests
      of ${rules} (remove the "# " of the examples and change the numbers); then say under rules what must hold
then: logsad rules lint ${quote(dir!)} --normals ${quote(o.normals)}
      logsad learn ${quote(dir!)} --normals ${quote(o.normals)} --profile ${quote(join(dir!, `${product}.profile`))}\n`);
    }
    return faults.length > 0 ? EXIT.usage : EXIT.ok;
  },
});
