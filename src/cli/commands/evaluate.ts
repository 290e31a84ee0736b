import { loadApi } from '../api.ts';
import { define, EXIT, printJson } from '../command.ts';
import { collectFaults } from '../faultsOfImages.ts';
import { openOutputs } from '../outputs.ts';
import { progressMeter } from '../progress.ts';

interface Options {
  readonly profile: string;
  readonly dataset: string;
  readonly groups?: string;
  readonly causes?: string;
  readonly overlay?: string;
  readonly scenes?: string;
  readonly report?: string;
  readonly json?: true;
}

export const evaluate = define<Options>({
  name: 'evaluate',
  summary: 'measure rules and profile on labelled folders',
  example: 'logsad evaluate logsad-demo/data --profile logsad-demo/demo.profile --dataset logsad-demo/data',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .requiredOption('--profile <file>', 'profile written by learn')
      .requiredOption(
        '--dataset <dir>',
        'folder with test/good and test/<anomaly> (MVTec AD, MVTec LOCO AD, mask-free)',
      )
      .option('--groups <csv>', 'defect group per image: file,defect_group')
      .option('--causes <csv>', 'right first causes: defect_group,allowed_kind,allowed_interest')
      .option('--overlay <dir>', 'write every photograph with what was found drawn into it')
      .option('--scenes <dir>', 'write what was seen in every photograph')
      .option('--report <file>', 'write one self-contained HTML page'),
  async run({ terminal, signal }, o, [rules]) {
    const api = await loadApi();
    if (o.causes !== undefined && o.groups === undefined) {
      throw new api.LogsadError('USAGE', { reason: '--causes needs --groups', command: 'evaluate' });
    }
    const product = await api.loadRules(rules!);
    const profile = await api.loadProfile(o.profile);
    const dataset = await api.files.openDataset(o.dataset);
    const text = async (path: string) => ({ text: await api.files.readText(path), file: path });
    const causes =
      o.groups === undefined
        ? null
        : api.readCauses(await text(o.groups), o.causes === undefined ? null : await text(o.causes), dataset.test);
    const outputs = await openOutputs(api, dataset.test, o, api.drawOptionsOf(product.compiled.file));
    await using engine = await api.openEngine();
    const inspector = await engine.inspector(product, profile, { proposed: true });
    const meter = progressMeter(terminal);
    const faults = collectFaults();
    const records = await api.evaluate(
      {
        inspector,
        profile,
        images: dataset.test,
        exemplars: api.exemplarDigests(profile, product.compiled.file),
        digest: api.digestFile,
      },
      {
        signal,
        onProgress: meter.step,
        onResult: outputs.add,
        onFault: (image, error) => {
          faults.add(error);
          outputs.addFault(image, error);
        },
      },
    );
    meter.clear();
    const evaluation = api.summarise(records, causes);
    const failed = records.filter((r) => 'error' in r);
    const title = product.compiled.file.title ?? product.compiled.file.product;
    await outputs.close(`${title}: evaluation`, [
      ['rules', product.path],
      ['profile', `${o.profile} (${profile.normals.length} normals)`],
      ['dataset', `${o.dataset} (${dataset.layout})`],
    ]);
    if (o.json) {
      printJson(terminal, {
        ...evaluation,
        ...(causes ? { unmatched: causes.unmatched } : {}),
        layout: dataset.layout,
        fingerprint: profile.stamp,
      });
    } else {
      terminal.out(`${api.evaluationToText(evaluation)}\n`);
      if (causes && causes.unmatched.length > 0) {
        terminal.err(
          `warning: ${causes.unmatched.length} files of ${o.groups} are not in ${o.dataset}: ${causes.unmatched.slice(0, 5).join(', ')}\n`,
        );
      }
      for (const f of failed) terminal.err(`error ${f.error.code}: ${f.error.message}\n  fix: ${f.error.fix}\n`);
    }
    if (records.length < dataset.test.length)
      terminal.err(
        `stopped after ${records.length} of ${dataset.test.length} images: inference failed again and again\n`,
      );
    return faults.exit ?? EXIT.ok;
  },
});
