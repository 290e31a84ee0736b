/** `evaluate --shots`: the few-shot protocol on the command line. */

import type { Dataset, Localiser } from '../index.ts';
import { type Context, EXIT, type ExitCode, printJson } from './command.ts';
import { progressMeter } from './progress.ts';

type Api = typeof import('../index.ts');

export interface EvaluateOptions {
  readonly profile?: string;
  readonly dataset: string;
  readonly object?: string;
  readonly groups?: string;
  readonly causes?: string;
  readonly detectors?: string;
  readonly maps?: 'native' | '256';
  readonly shots?: readonly number[];
  readonly seeds: number;
  readonly normals?: string;
  readonly calibrate?: string;
  readonly models: string;
  readonly overlay?: string;
  readonly scenes?: string;
  readonly report?: string;
  readonly json?: true;
}

/** Options that speak of one profile: a sweep makes many. */
const ONE_PROFILE = ['profile', 'groups', 'overlay', 'scenes', 'report'] as const;

/** What is wrong with the options as a whole, null where nothing is. */
export function misuse(o: EvaluateOptions): string | null {
  if (o.causes !== undefined && o.groups === undefined) return '--causes needs --groups';
  if (o.shots === undefined) {
    if (o.profile === undefined) return 'it needs --profile FILE, or --shots with --normals DIR';
    const odd = o.normals !== undefined ? 'normals' : o.calibrate !== undefined ? 'calibrate' : null;
    return odd && `--${odd} belongs to --shots; a profile brings its own`;
  }
  if (o.normals === undefined) return '--shots needs --normals DIR';
  const odd = ONE_PROFILE.find((k) => o[k] !== undefined);
  return odd ? `--${odd} speaks of one profile, --shots learns many` : null;
}

/** What gathers pixel metrics; null for a data set without masks. */
export function localiserFor(
  api: Api,
  dataset: Dataset,
  maps: EvaluateOptions['maps'],
  detectors: readonly string[],
): Localiser | null {
  if (!dataset.test.some((t) => t.masks.length > 0)) return null;
  return api.createLocaliser({
    images: api.images,
    defects: dataset.defects,
    at: maps === '256' ? api.PAPER_SIDE : 'native',
    composition: detectors.includes(api.COMPOSITION),
  });
}

/** Runs the sweep and prints it; `misuse` has looked at the options. @throws LogsadError as learn and evaluate */
export async function fewShot(
  api: Api,
  { terminal, signal }: Context,
  o: EvaluateOptions,
  rules: string,
): Promise<ExitCode> {
  const product = await api.loadRules(rules);
  const { file } = product.compiled;
  const known = file.detectors.map((d) => d.name);
  const detectors = o.detectors === undefined ? [] : api.chosenDetectors(o.detectors, known);
  const dataset = await api.files.openDataset(o.dataset, o.object);
  const { normals, exemplars, warnings } = await api.gatherNormals(o.normals!, file);
  const calibration = o.calibrate === undefined ? [] : (await api.gatherNormals(o.calibrate, file)).normals;
  for (const w of warnings) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
  await using engine = await api.openEngine({ keepPictures: true });
  const meter = progressMeter(terminal);
  const sweep = await api.sweepShots(
    {
      shots: o.shots!,
      seeds: o.seeds,
      normals,
      exemplars: api.exemplarNames(file),
      images: dataset.test,
      detectors,
      paper: file.scoring === 'paper',
      digest: api.digestFile,
      localiser: localiserFor(api, dataset, o.maps, known) && (() => localiserFor(api, dataset, o.maps, known)!),
      async learn(drawn, seed, onProgress) {
        const request = { normals: drawn, exemplars, calibration, set: o.models, seed };
        const { profile, failures } = await engine.learn(product, request, { signal, onProgress });
        return { profile, failures, exemplars: api.exemplarDigests(profile, file) };
      },
      open: (profile) => engine.inspector(product, profile, { proposed: true }),
    },
    { signal, onProgress: meter.step },
  );
  meter.clear();
  const failed = sweep.some((s) => s.draws.some((d) => d.failed > 0));
  if (o.json)
    printJson(terminal, { shots: sweep, layout: dataset.layout, images: dataset.test.length, normals: normals.length });
  else {
    terminal.out(`${api.shotsToText(sweep)}\n`);
    if (failed) terminal.err('warning: some images could not be judged; run evaluate with a profile to see which\n');
  }
  return failed ? EXIT.usage : EXIT.ok;
}
