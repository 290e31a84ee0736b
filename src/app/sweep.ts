/** Few-shot figures: learns anew for every number of shots and every seed, in memory, and says how much the draw matters. */
import { LogsadError } from '../core/errors.ts';
import type { Profile } from '../core/profile.ts';
import { mean, standardDeviation } from '../core/statistics.ts';
import { combine } from './combinations.ts';
import { evaluate, type LabelledRef } from './evaluate.ts';
import { isScored, summarise } from './evaluation.ts';
import type { Inspector } from './inspect.ts';
import type { ImageRef, Progress } from './learn.ts';
import { type Localisation, type Localiser, vandScore } from './localise.ts';
import type { Ranking } from './ranking.ts';
import { drawShots } from './shots.ts';

export interface SweepInput {
  readonly shots: readonly number[];
  /** How many draws per number of shots; they are seeded 0, 1, ... */
  readonly seeds: number;
  readonly normals: readonly ImageRef[];
  /** Names of the images that carry exemplars: they count as shots and are drawn first. */
  readonly exemplars: readonly string[];
  readonly images: readonly LabelledRef[];
  /** Combinations of these detectors are scored too. */
  readonly detectors: readonly string[];
  readonly paper: boolean;
  readonly learn: (
    normals: readonly ImageRef[],
    seed: number,
    onProgress: (p: Progress) => void,
  ) => Promise<{ profile: Profile; exemplars: ReadonlySet<string>; failures: readonly { error: LogsadError }[] }>;
  readonly open: (profile: Profile) => Promise<Inspector>;
  readonly digest: (path: string) => Promise<string>;
  /** Makes what gathers pixel metrics; null where the data set has no masks. */
  readonly localiser: (() => Localiser) | null;
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation over the seeds; null for one of them, and where all drew the same normals. */
  readonly sd: number | null;
  /** Seeds that have the figure. */
  readonly n: number;
}

/** Figures of one learning, by name: `fused.auroc.all`, `patch.ap`, `pixels.fused.aupro` ... */
export type Figures = Readonly<Record<string, number>>;

export interface Draw {
  readonly seed: number;
  /** Names of the normals that were drawn. */
  readonly normals: readonly string[];
  readonly figures: Figures;
  /** Images that could not be judged. */
  readonly failed: number;
}

export interface ShotFigures {
  readonly shots: number;
  readonly draws: readonly Draw[];
  /** Every seed drew the same normals: there is no deviation to state. */
  readonly alike: boolean;
  readonly figures: Readonly<Record<string, Spread>>;
}

export interface SweepOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: Progress) => void;
}

/**
 * Runs the whole grid. Progress counts images over all learnings, so that the time left is that of the whole.
 * @throws LogsadError as learn and evaluate; USAGE where more shots are asked for than there are normals, or
 * fewer than the images that carry exemplars: these are learnt from in any case, so the figure would not be that of so few
 */
export async function sweepShots(input: SweepInput, options: SweepOptions = {}): Promise<ShotFigures[]> {
  const most = Math.max(...input.shots);
  if (most > input.normals.length)
    throw new LogsadError('USAGE', {
      reason: `--shots ${most}: there are ${input.normals.length} normals`,
      command: 'evaluate',
    });
  const needed = input.normals.filter((n) => input.exemplars.includes(n.name)).length;
  const fewest = Math.min(...input.shots);
  if (fewest < needed)
    throw new LogsadError('USAGE', {
      reason: `--shots ${fewest}: the rule file takes exemplars from ${needed} of the normals, which are all learnt from`,
      command: 'evaluate',
    });
  const perDraw = (shots: number): number => shots + input.images.length;
  const total = input.shots.reduce((n, s) => n + input.seeds * perDraw(s), 0);
  let before = 0;
  const out: ShotFigures[] = [];
  for (const shots of input.shots) {
    const draws: Draw[] = [];
    for (let seed = 0; seed < input.seeds; seed++) {
      options.signal?.throwIfAborted();
      const item = `${shots} shots, seed ${seed}`;
      let reached = 0;
      const report = (done: number): void => {
        // Stages of learning count for themselves: the bar never goes back.
        reached = Math.max(reached, Math.min(Math.floor(done), perDraw(shots)));
        options.onProgress?.({ stage: 'shots', done: before + reached, total, item });
      };
      report(0);
      draws.push(await oneDraw(input, shots, seed, report, options.signal));
      before += perDraw(shots);
    }
    out.push({ shots, draws, alike: alike(draws), figures: spreadOf(draws) });
  }
  options.onProgress?.({ stage: 'shots', done: total, total });
  return out;
}

async function oneDraw(
  input: SweepInput,
  shots: number,
  seed: number,
  report: (done: number) => void,
  signal?: AbortSignal,
): Promise<Draw> {
  const normals = drawShots(input.normals, input.exemplars, shots, seed);
  const learnt = await input.learn(normals, seed, (p) =>
    report(p.stage === 'normals' ? Math.min(p.done, shots) : shots / 2),
  );
  const [failure] = learnt.failures;
  if (failure) throw failure.error;
  await using inspector = await input.open(learnt.profile);
  const localiser = input.localiser?.();
  const records = await evaluate(
    {
      inspector,
      profile: learnt.profile,
      images: input.images,
      exemplars: learnt.exemplars,
      digest: input.digest,
    },
    {
      ...(signal ? { signal } : {}),
      ...(localiser ? { localiser } : {}),
      onProgress: (p) => report(shots + p.done),
    },
  );
  const evaluation = summarise(records, null, 0);
  const pixels = localiser?.finish(0) ?? null;
  const scored = records.filter(isScored);
  const named = combine(scored, input.detectors, input.paper, 0).filter((c) => c.detectors.length > 1);
  return {
    seed,
    normals: normals.map((n) => n.name),
    figures: {
      ...ranked('fused', evaluation),
      ...merged(Object.entries(evaluation.detectors).map(([name, r]) => ranked(name, r))),
      ...merged(named.map((c) => ranked(c.detectors.join('+'), c))),
      ...localised(pixels, evaluation.f1max),
    },
    failed: records.filter((r) => 'error' in r).length,
  };
}

const merged = (parts: readonly Figures[]): Figures => Object.assign({}, ...parts) as Figures;

/** Without the figures that cannot be said. */
function known(figures: Readonly<Record<string, number | null | undefined>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([k, v]) => (v === null || v === undefined ? [] : [[k, v]])),
  );
}

function ranked(name: string, r: Ranking): Figures {
  const areas = Object.entries(r.auroc).map(([folder, v]) => [`${name}.auroc.${folder}`, v]);
  return known({
    ...Object.fromEntries(areas),
    [`${name}.aurocMean`]: r.aurocMean,
    [`${name}.ap`]: r.ap,
    [`${name}.f1max`]: r.f1max,
    [`${name}.falseAlarms`]: r.falseAlarms.rate,
  });
}

function localised(pixels: Localisation | null, f1: number | null): Figures {
  if (!pixels) return {};
  return known({
    ...merged(
      Object.entries(pixels.of).map(([name, m]) =>
        known({
          [`pixels.${name}.auroc`]: m.auroc,
          [`pixels.${name}.ap`]: m.ap,
          [`pixels.${name}.f1max`]: m.f1max,
          [`pixels.${name}.aupro`]: m.aupro,
          [`pixels.${name}.spro`]: m.spro?.mean[m.spro.limits.indexOf(0.05)],
        }),
      ),
    ),
    vand: vandScore(f1, pixels.of.fused?.f1max),
  });
}

/** Whether several draws are one and the same: all their normals carry exemplars, or there are no others. */
const alike = (draws: readonly Draw[]): boolean =>
  draws.length > 1 && new Set(draws.map((d) => JSON.stringify(d.normals))).size === 1;

/** Mean and sample standard deviation of every figure over the draws that have it; no deviation where all drew the same. */
export function spreadOf(draws: readonly Pick<Draw, 'figures' | 'normals'>[]): Record<string, Spread> {
  const names = [...new Set(draws.flatMap((d) => Object.keys(d.figures)))];
  const drawn = new Set(draws.map((d) => JSON.stringify(d.normals))).size;
  return Object.fromEntries(
    names.map((name) => {
      const values = draws.flatMap((d) => d.figures[name] ?? []);
      return [
        name,
        { mean: mean(values), sd: values.length > 1 && drawn > 1 ? standardDeviation(values) : null, n: values.length },
      ];
    }),
  );
}
