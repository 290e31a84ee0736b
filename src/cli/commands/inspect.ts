import { loadApi } from '../api.ts';
import { define, EXIT, printJson } from '../command.ts';
import { collectFaults, stopGently } from '../faultsOfImages.ts';
import { openOutputs } from '../outputs.ts';
import { progressMeter } from '../progress.ts';

interface Options {
  readonly profile: string;
  readonly overlay?: string;
  readonly scenes?: string;
  readonly report?: string;
  readonly strict?: true;
  readonly json?: true;
}

export const inspect = define<Options>({
  name: 'inspect',
  summary: 'judge photographs: verdict, sentence, pixels and rule behind each violation',
  example: 'logsad inspect logsad-demo/data --profile logsad-demo/demo.profile logsad-demo/data/test/logical_anomalies',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .argument('<images...>', 'photographs, or folders of them')
      .requiredOption('--profile <file>', 'profile written by learn')
      .option('--overlay <dir>', 'write every photograph with what was found drawn into it')
      .option('--scenes <dir>', 'write what was seen in every photograph (logsad/scene/v1)')
      .option('--report <file>', 'write one self-contained HTML page')
      .option('--strict', 'exit with 1 for a review too'),
  async run({ terminal, signal }, o, [rules, ...paths]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!);
    const { file } = product.compiled;
    const profile = await api.loadProfile(o.profile);
    const images = await api.files.expandInputs(paths);
    for (const w of api.emptyWarning(file)) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
    const outputs = await openOutputs(api, images, o, api.drawOptionsOf(file));
    await using engine = await api.openEngine();
    await using inspector = await engine.inspector(product, profile);

    const meter = progressMeter(terminal);
    const found = { pass: 0, review: 0, reject: 0, failed: 0 };
    const faults = collectFaults();
    let done = 0;
    const items = stopGently(api.inspectAll(inspector, images, { signal, maps: o.report !== undefined }), faults);
    for await (const item of items) {
      meter.clear();
      if ('error' in item) {
        found.failed++;
        faults.add(item.error);
        const { code, message, fix } = item.error;
        if (o.json) printJson(terminal, { image: item.image.name, error: { code, message, fix } });
        else terminal.err(`error ${code}: ${message}\n  fix: ${fix}\n`);
        outputs.addFault(item.image, item.error);
      } else {
        found[item.result.verdict]++;
        await outputs.add(item.image, item.result, item.maps);
        terminal.out(o.json ? `${JSON.stringify(item.result)}\n` : `${api.resultToText(item.result)}\n`);
      }
      meter.step({ stage: 'inspect', done: ++done, total: images.length, item: item.image.name });
    }
    meter.clear();
    await outputs.close(
      file.title ?? file.product,
      [
        ['rules', product.path],
        ['profile', `${o.profile} (${profile.normals.length} normals)`],
        ...api.environmentOf(profile),
      ],
      { inspector },
    );
    if (!o.json && images.length > 1) {
      const failed = found.failed > 0 ? `, ${found.failed} failed` : '';
      terminal.out(
        `${done} inspected: ${found.reject} rejected, ${found.review} to review, ${found.pass} passed${failed}\n`,
      );
    }
    if (!o.json) for (const [what, where] of Object.entries(outputs.written())) terminal.out(`${what}: ${where}\n`);
    if (faults.stopped) throw faults.stopped;
    if (faults.exit !== null) return faults.exit;
    return found.reject > 0 || (o.strict && found.review > 0) ? EXIT.found : EXIT.ok;
  },
});
