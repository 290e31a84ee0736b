import { LogsadError } from '../../../core/errors.ts';
import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';
import { progressMeter } from '../../progress.ts';

interface Options {
  readonly set?: string;
  readonly from?: string;
  readonly force?: true;
  readonly json?: true;
}

const MEGABYTE = 2 ** 20;

export const pull = define<Options>({
  name: 'pull',
  summary: 'bring models from the hub, a mirror or a folder; an interrupted pull continues',
  example: 'logsad models pull --set cpu',
  declare: (c) =>
    c
      .argument('[models...]', 'ids of models, as logsad models list shows them')
      .option('--set <set>', 'all models of a set')
      .option('--from <place>', 'a hub or mirror (https://...), or a folder with the files')
      .option('--force', 'bring them anew and pin what arrives'),
  async run({ terminal, signal }, o, ids) {
    if (ids.length === 0 && !o.set)
      throw new LogsadError('USAGE', { command: 'models pull', reason: 'name models, or a set with --set' });
    const { modelStore } = await loadApi();
    const store = modelStore();
    const meter = progressMeter(terminal);
    const state = new Map<string, { bytes: number; total: number }>();
    try {
      const files = await store.pull(ids, {
        signal,
        ...(o.set ? { set: o.set } : {}),
        ...(o.from ? { from: o.from } : {}),
        ...(o.force ? { force: true } : {}),
        onProgress: ({ file, bytes, total }) => {
          state.set(file, { bytes, total: total ?? bytes });
          const sum = (of: 'bytes' | 'total') => [...state.values()].reduce((n, s) => n + s[of], 0);
          const [done, all] = [sum('bytes') / MEGABYTE, sum('total') / MEGABYTE];
          meter.step({ stage: 'MB', done: Math.round(done), total: Math.max(1, Math.round(all)), item: file });
        },
      });
      meter.clear();
      if (o.json) printJson(terminal, { files });
      else {
        for (const f of files) terminal.out(`${f.how}  ${f.path}  sha256 ${f.sha256.slice(0, 16)}\n`);
        if (files.length === 0) terminal.out('nothing to pull: these models arrive with npm install\n');
      }
      return EXIT.ok;
    } finally {
      meter.clear();
    }
  },
});
