import { loadApi } from '../../api.ts';
import { define, EXIT, printJson, quote } from '../../command.ts';
import { wholeNumber } from '../../options.ts';
import { progressMeter } from '../../progress.ts';

interface Options {
  readonly dataset: string;
  readonly out: string;
  readonly models: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed: number;
  readonly json?: true;
}

export const train = define<Options>({
  name: 'train',
  summary: 'learn the linear layers of april-gan from labelled photographs with masks',
  example: 'logsad adapters train logsad-demo/data --dataset logsad-demo/data --models cpu --out adapters.safetensors',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, whose object and states the prompts are made of')
      .requiredOption('--dataset <dir>', 'DIR/test/good, DIR/test/<anomaly> and masks in DIR/ground_truth')
      .requiredOption('--out <file>', 'the .safetensors file to write')
      .option('--models <set>', 'model set with an image-text model', 'cpu')
      .option('--epochs <n>', 'rounds through all photographs; default 3', wholeNumber(1))
      .option('--batch <n>', 'photographs a step averages over; default 8', wholeNumber(1))
      .option('--seed <s>', 'seed of every random choice', wholeNumber(0), 0),
  async run({ terminal, signal }, o, [rules]) {
    const api = await loadApi();
    const product = await api.loadRules(rules!);
    const { test } = await api.files.openDataset(o.dataset);
    await api.files.checkWritable(o.out);
    const meter = progressMeter(terminal);
    await using engine = await api.openEngine();
    const { bytes, losses, pictures } = await engine.trainAdapters(
      product,
      {
        images: test,
        set: o.models,
        seed: o.seed,
        ...(o.epochs === undefined ? {} : { epochs: o.epochs }),
        ...(o.batch === undefined ? {} : { batch: o.batch }),
      },
      { signal, onProgress: meter.step },
    );
    meter.clear();
    signal.throwIfAborted();
    await api.files.writeAtomic(o.out, bytes);
    if (o.json) printJson(terminal, { file: o.out, pictures, losses });
    else {
      terminal.out(
        `trained on ${pictures} photographs, loss ${losses.map((l) => l.toFixed(3)).join(', ')}: ${o.out}\n`,
      );
      terminal.out(`next: in ${quote(product.path)} detectors: [{ name: april-gan, adapters: ${quote(o.out)} }]\n`);
    }
    return EXIT.ok;
  },
});
