import { join } from 'node:path';
import { loadApi } from '../api.ts';
import { define, EXIT, printJson, quote } from '../command.ts';
import { collectFaults } from '../faultsOfImages.ts';
import { wholeNumber } from '../options.ts';
import { openOutputs } from '../outputs.ts';
import { progressMeter } from '../progress.ts';

interface Options {
  readonly seed: number;
  readonly json?: true;
}

export const demo = define<Options>({
  name: 'demo',
  summary: 'make the demo product, learn it, inspect it, and write a report to look at',
  example: 'logsad demo',
  declare: (c) =>
    c
      .argument('[dir]', 'folder for everything the demo makes', 'logsad-demo')
      .option('--seed <s>', 'seed of the pictures', wholeNumber(0), 1),
  async run({ terminal, signal }, o, [dir]) {
    const began = performance.now();
    const api = await loadApi();
    const data = join(dir!, 'data');
    const report = join(dir!, 'report.html');
    const overlay = join(dir!, 'overlays');
    await api.files.checkWritable(report);
    const meter = progressMeter(terminal);
    let drawn = 0;
    for await (const file of api.generateDemo(
      { seed: o.seed, schema: api.files.schemaFor(data) },
      api.images,
      signal,
    )) {
      await api.files.writeAtomic(join(data, file.path), file.bytes);
      meter.step({ stage: 'draw', done: ++drawn, total: file.of, item: file.path });
    }
    const product = await api.loadRules(join(data, 'rules.yaml'));
    const { file } = product.compiled;
    const dataset = await api.files.openDataset(data);
    const { normals, exemplars } = await api.gatherNormals(join(data, 'train', 'good'), file);
    const calibration = await api.files.listImages(join(data, 'validation', 'good'));
    await using engine = await api.openEngine();
    const { profile } = await engine.learn(
      product,
      { normals, exemplars, calibration },
      { signal, onProgress: meter.step },
    );
    meter.clear();
    const profilePath = join(dir!, 'demo.profile');
    await api.saveProfile(profilePath, profile);

    const outputs = await openOutputs(api, dataset.test, { overlay, report }, api.drawOptionsOf(file));
    await using inspector = await engine.inspector(product, profile);
    const localiser = api.createLocaliser({
      images: api.images,
      defects: dataset.defects,
      at: 'native',
      composition: true,
    });
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
        localiser,
        onProgress: meter.step,
        maps: true,
        onResult: outputs.add,
        onFault: (_, error) => faults.add(error),
      },
    );
    meter.clear();
    const csv = async (name: string) => ({ text: await api.files.readText(join(data, name)), file: join(data, name) });
    const causes = api.readCauses(await csv('defect_groups.csv'), await csv('defect_rules.csv'), dataset.test);
    const evaluation = api.summarise(records, causes);
    const pixels = localiser.finish();
    await outputs.close(
      file.title ?? file.product,
      [
        ['rules', product.path],
        [
          'profile',
          `${profilePath} (${profile.normals.length} normals, ${profile.calibration.length} for calibration)`,
        ],
        ['data', `${data}, generated with seed ${o.seed}`],
        ...api.environmentOf(profile),
      ],
      { inspector, figures: api.reportFigures(records, evaluation, pixels, []) },
    );
    const seconds = (performance.now() - began) / 1000;
    if (o.json)
      printJson(terminal, {
        report,
        overlays: overlay,
        rules: product.path,
        profile: profilePath,
        seconds,
        evaluation,
        pixels,
      });
    else {
      terminal.out(`${api.evaluationToText(evaluation)}\n\n`);
      if (pixels) terminal.out(`${api.localisationToText(pixels, evaluation.f1max)}\n\n`);
      terminal.out(`report:   ${report}\noverlays: ${overlay}\nrules:    ${product.path}\nprofile:  ${profilePath}\n`);
      terminal.out(
        `next: edit the rules, then logsad inspect ${quote(product.path)} --profile ${quote(profilePath)} ${quote(join(data, 'test/good'))}\n`,
      );
    }
    return faults.exit ?? EXIT.ok;
  },
});
