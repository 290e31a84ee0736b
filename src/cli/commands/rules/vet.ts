import { loadApi } from '../../api.ts';
import { define, EXIT, printJson, quote } from '../../command.ts';
import { wholeNumber } from '../../options.ts';
import { progressMeter } from '../../progress.ts';

interface Options {
  readonly profile: string;
  readonly normals?: string;
  readonly seed: number;
  readonly write?: true;
  readonly json?: true;
}

export const vet = define<Options>({
  name: 'vet',
  summary: 'run every rule on the normals, on mutants and on changed pictures: keep, relax or drop',
  example: 'logsad rules vet logsad-demo/data --profile logsad-demo/demo.profile',
  exits: '0 every rule is to be kept, 1 a rule is to be relaxed or dropped, 2 a file is at fault',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .requiredOption('--profile <file>', 'profile written by learn')
      .option(
        '--normals <dir>',
        'photographs of good parts: also see what small changes of light, turn and crop set off',
      )
      .option('--seed <s>', 'seed of the mutants', wholeNumber(0), 0)
      .option('--write', 'write the vetting block into the rule file'),
  async run({ terminal, signal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!, { models: o.normals !== undefined });
    const { profile, set } = await api.loadLearning(product, o.profile);
    if (o.write) await api.files.checkWritable(product.path);
    const meter = progressMeter(terminal);
    let stability: Awaited<ReturnType<typeof api.stabilityOf>> | undefined;
    if (o.normals !== undefined) {
      const pictures = await api.files.listImages(o.normals);
      if (pictures.length === 0) throw new api.LogsadError('IMAGES_NONE', { path: o.normals, extensions: 'images' });
      await using engine = await api.openEngine();
      const inspector = await engine.inspector(product, profile, { proposed: true });
      stability = await api.stabilityOf(inspector, pictures, api.images, { signal, onProgress: meter.step });
      meter.clear();
    }
    const vetting = api.vetRules({
      compiled: product.compiled,
      ...set,
      seed: o.seed,
      ...(stability ? { stability } : {}),
    });
    if (o.write) {
      const stamp = { date: api.today(), models: api.modelsOf(profile) };
      await api.files.writeAtomic(
        product.path,
        api.writeVetting(await api.files.readText(product.path), product.compiled, vetting, stamp),
      );
    }
    if (o.json) printJson(terminal, { file: product.path, written: o.write === true, ...vetting });
    else {
      terminal.out(`${api.vettingToText(vetting)}\n`);
      if (o.write) terminal.out(`written: vetting block of ${product.path}\n`);
      if (o.write && product.compiled.file.status === 'proposed')
        terminal.out(
          `next: ${vetting.rules.every((r) => r.advice === 'keep') ? '' : 'mend what is to be relaxed or dropped, vet again, then '}logsad rules accept ${quote(rules!)}\n`,
        );
    }
    return vetting.rules.every((r) => r.advice === 'keep') ? EXIT.ok : EXIT.found;
  },
});
