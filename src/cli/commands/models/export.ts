import { LogsadError } from '../../../core/errors.ts';
import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly to: string;
  readonly size?: string;
  readonly remote: string;
  readonly json?: true;
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width && height && Number(width) > 0 && Number(height) > 0)
    return { width: Number(width), height: Number(height) };
  throw new LogsadError('USAGE', {
    command: 'models export',
    reason: `--size ${text}: expected WIDTHxHEIGHT in pixels, as in 448x448`,
  });
}

/** `export` is a word of the language. */
export const exported = define<Options>({
  name: 'export',
  summary: 'write the graph of a backbone for a Triton or OpenVINO server, and the manifest that uses it from there',
  example: 'logsad models export centernet --to model-repository',
  declare: (c) =>
    c
      .argument('<model>', 'id of a dense or image-text model, as logsad models list shows it')
      .requiredOption('--to <folder>', 'model repository of the server')
      .option('--size <WxH>', 'size of pictures, for vision transformers')
      .option('--remote <address>', 'HTTP address of the server', 'http://localhost:8000'),
  async run({ terminal }, o, [id]) {
    const { exportModel } = await loadApi();
    const made = await exportModel(id!, {
      to: o.to,
      remote: o.remote,
      ...(o.size === undefined ? {} : { size: sizeOf(o.size) }),
    });
    if (o.json) printJson(terminal, { ...made });
    else
      terminal.out(
        `${made.graph}\n${made.manifest}\nserve ${o.to}, then: LOGSAD_MODELS=${made.manifest} logsad learn RULES --normals DIR --models ${made.set} --profile P\n`,
      );
    return EXIT.ok;
  },
});
