import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';
import { progressMeter } from '../../progress.ts';

interface Options {
  readonly scenes: string;
  readonly profile?: string;
  readonly labels?: string;
  readonly json?: true;
}

export const diff = define<Options>({
  name: 'diff',
  summary: 'judge stored scenes under two rule files and list the verdicts that change',
  example: 'logsad rules diff logsad-demo/data edited.yaml --scenes scenes --profile logsad-demo/demo.profile',
  declare: (c) =>
    c
      .argument('<before>', 'rule file as it is')
      .argument('<after>', 'rule file as it would be')
      .requiredOption('--scenes <dir>', 'scenes written by inspect --scenes')
      .option('--profile <file>', 'profile written by learn; without it stated bounds alone are judged')
      .option('--labels <csv>', 'what is known of the images: image,label with good or bad'),
  async run({ terminal, signal }, o, [before, after]) {
    const api = await loadApi();
    const stored = { models: false };
    const [a, b] = [await api.loadRules(before!, stored), await api.loadRules(after!, stored)];
    const first = o.profile === undefined ? null : await api.loadLearning(a, o.profile);
    const second = first && (await api.learningFor(b, first.profile));
    const labels = o.labels === undefined ? null : api.readLabels(await api.files.readText(o.labels), o.labels);
    const paths = await api.files.listFiles(o.scenes, '.json');
    if (paths.length === 0) throw new api.LogsadError('SCENES_NONE', { path: o.scenes });
    const comparison = api.diffRules({
      a: a.compiled,
      b: b.compiled,
      ...(first && second
        ? { sets: [first.set, second.set] }
        : { masks: { ...(await api.regionMasks(a)), ...(await api.regionMasks(b)) } }),
    });
    const meter = progressMeter(terminal);
    const changes = await api.diffScenes(
      comparison,
      [a.compiled, b.compiled],
      paths,
      (path) => api.files.readText(path),
      { signal, onProgress: meter.step },
    );
    meter.clear();
    const summary = api.summariseDiff(paths.length, changes, labels);
    if (o.json) printJson(terminal, { before: a.path, after: b.path, rules: comparison.changed, ...summary });
    else terminal.out(`${api.diffToText(comparison, summary, labels !== null)}\n`);
    return summary.breaks.length > 0 ? EXIT.found : EXIT.ok;
  },
});
