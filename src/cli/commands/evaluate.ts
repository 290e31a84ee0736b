import { loadApi } from '../api.ts';
import { define, EXIT, printJson } from '../command.ts';
import { type EvaluateOptions, fewShot, localiserFor, misuse } from '../evaluateShots.ts';
import { collectFaults } from '../faultsOfImages.ts';
import { choice, wholeNumber, wholeNumbers } from '../options.ts';
import { openOutputs } from '../outputs.ts';
import { progressMeter } from '../progress.ts';

export const evaluate = define<EvaluateOptions>({
  name: 'evaluate',
  summary: 'measure rules and profile on labelled images',
  example: 'logsad evaluate logsad-demo/data --profile logsad-demo/demo.profile --dataset logsad-demo/data',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .option('--profile <file>', 'profile written by learn; not with --shots')
      .requiredOption('--dataset <dir>', 'test/good and test/<anomaly> (MVTec AD, MVTec LOCO AD, mask-free), or VisA')
      .option('--object <name>', 'which object of a root that holds several')
      .option('--groups <csv>', 'defect group per image: file,defect_group')
      .option('--causes <csv>', 'right first causes: defect_group,allowed_kind,allowed_interest')
      .option('--detectors <a,b>', 'score every combination of these, too; composition stands for the rules')
      .option(
        '--maps <size>',
        'size of the maps for pixel metrics: native, or 256 as published',
        choice('native', '256'),
      )
      .option('--shots <list>', 'learn anew from so many normals each, as 1,2,4,8', wholeNumbers(1))
      .option('--seeds <n>', 'draws per number of shots', wholeNumber(1), 5)
      .option('--normals <dir>', 'with --shots: photographs of good parts')
      .option('--calibrate <dir>', 'with --shots: further good photographs that only widen tolerances')
      .option('--models <set>', 'with --shots: model set of models/manifest.yaml', 'embedded')
      .option('--overlay <dir>', 'write every photograph with what was found drawn into it')
      .option('--scenes <dir>', 'write what was seen in every photograph')
      .option('--report <file>', 'write one self-contained HTML page'),
  async run(context, o, [rules]) {
    const api = await loadApi();
    const { terminal, signal } = context;
    const usage = (reason: string) => new api.LogsadError('USAGE', { reason, command: 'evaluate' });
    const wrong = misuse(o);
    if (wrong !== null) throw usage(wrong);
    if (o.profile === undefined) return fewShot(api, context, o, rules!);
    const product = await api.loadRules(rules!);
    const { file } = product.compiled;
    const known = file.detectors.map((d) => d.name);
    const chosen = o.detectors === undefined ? [] : api.chosenDetectors(o.detectors, known);
    const profile = await api.loadProfile(o.profile);
    const dataset = await api.files.openDataset(o.dataset, o.object);
    const text = async (path: string) => ({ text: await api.files.readText(path), file: path });
    const causes =
      o.groups === undefined
        ? null
        : api.readCauses(await text(o.groups), o.causes === undefined ? null : await text(o.causes), dataset.test);
    const outputs = await openOutputs(api, dataset.test, o, api.drawOptionsOf(file));
    await using engine = await api.openEngine();
    await using inspector = await engine.inspector(product, profile, { proposed: true });
    const localiser = localiserFor(api, dataset, o.maps, known);
    const meter = progressMeter(terminal);
    const faults = collectFaults();
    const records = await api.evaluate(
      {
        inspector,
        profile,
        images: dataset.test,
        exemplars: api.exemplarDigests(profile, file),
        digest: api.digestFile,
      },
      {
        signal,
        maps: o.report !== undefined,
        ...(localiser ? { localiser } : {}),
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
    const pixels = localiser?.finish() ?? null;
    const combinations = api.combine(records.filter(api.isScored), chosen, file.scoring === 'paper');
    await outputs.close(
      `${file.title ?? file.product}: evaluation`,
      [
        ['rules', product.path],
        ['profile', `${o.profile} (${profile.normals.length} normals)`],
        ['dataset', `${dataset.root} (${dataset.layout}, ${dataset.test.length} images)`],
        ...api.environmentOf(profile),
      ],
      { inspector, figures: api.reportFigures(records, evaluation, pixels, combinations) },
    );
    const written = outputs.written();
    if (o.json) {
      printJson(terminal, {
        ...evaluation,
        ...(causes ? { unmatched: causes.unmatched } : {}),
        pixels,
        vand: api.vandScore(evaluation.f1max, pixels?.of.fused?.f1max),
        combinations,
        layout: dataset.layout,
        written,
        fingerprint: profile.stamp,
      });
    } else {
      const parts = [
        api.evaluationToText(evaluation),
        ...(combinations.length > 0 ? [api.combinationsToText(combinations)] : []),
        ...(pixels ? [api.localisationToText(pixels, evaluation.f1max)] : []),
        ...Object.entries(written).map(([what, where]) => `${what}: ${where}`),
      ];
      terminal.out(`${parts.join('\n\n')}\n`);
      if (causes && causes.unmatched.length > 0) {
        terminal.err(
          `warning: ${causes.unmatched.length} files of ${o.groups} are not in ${o.dataset}: ${causes.unmatched.slice(0, 5).join(', ')}\n`,
        );
      }
      for (const error of records.flatMap((r) => ('error' in r ? r.error : 'maskError' in r ? r.maskError : []) ?? []))
        terminal.err(`error ${error.code}: ${error.message}\n  fix: ${error.fix}\n`);
    }
    if (records.length < dataset.test.length)
      terminal.err(
        `stopped after ${records.length} of ${dataset.test.length} images: inference failed again and again\n`,
      );
    return faults.exit ?? EXIT.ok;
  },
});
