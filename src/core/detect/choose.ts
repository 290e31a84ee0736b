/**
 * Which stages of which backbone suit a product, decided on its own normals (FINDINGS 10.5): normals are told from
 * cut-and-paste mutants of normals (core/detect/mutants.ts) by every candidate, each picture without its own rows.
 */
import { pickRows, type Rows } from '../grid/cluster.ts';
import type { RgbImage } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { stageScale } from '../ground/features.ts';
import { auroc, rank } from '../metrics/image.ts';
import { type CellSpec, distanceMap, gridOf, type Pool, poolMap } from './cells.ts';
import type { BackboneFacts, Needs, RowsOf } from './detector.ts';
import { largestAnswer, rowsAnswer, stagesAnswer } from './detector.ts';
import { MUTATIONS, mutate } from './mutants.ts';

export const CHOOSE = {
  /** Normals that give the bank and stand for the good parts. */
  normals: 10,
  /** Of these, as many are mutated, once by every mutation. */
  mutated: 5,
  /** Rows of the comparison's bank: a seeded draw, the same for all candidates of a backbone. */
  bank: 2048,
  /**
   * Fewer normals do not choose: mutants of four parts tell fine stages from coarse ones, but not how much fine stages
   * differ between good parts (on a set of transistors such choices cost 0.2 AUROC on two of five draws).
   */
  least: 8,
  /** A candidate must beat the default by this much AUROC ... */
  clear: 0.03,
  /** ... and do so in this share of the resamples of the normals, each with its mutants. */
  sure: 0.95,
  resamples: 300,
} as const;

export interface Trial {
  readonly picture: RgbImage;
  /** Index of the normal that it is, or was made of. */
  readonly source: number;
  readonly mutant: boolean;
}

export interface Candidate {
  readonly backbone: string;
  readonly stages: readonly string[];
  /** How well mutants are told from normals. */
  readonly auroc: number;
}

/** A candidate with its score of every trial. */
export interface Tried extends Candidate {
  readonly scores: readonly number[];
}

/** The pictures to tell apart: the normals, then mutants of some of them. */
export function trialsOf(normals: readonly RgbImage[], random: Random): Trial[] {
  const trials: Trial[] = normals.map((picture, source) => ({ picture, source, mutant: false }));
  for (let i = 0; i < Math.min(CHOOSE.mutated, normals.length); i++) {
    const others = normals.filter((_, j) => j !== i);
    for (const kind of MUTATIONS) {
      const mutant = mutate(kind, normals[i]!, others, random);
      if (mutant) trials.push({ picture: mutant.image, source: i, mutant: true });
    }
  }
  return trials;
}

/**
 * Neighbouring stages together, at least two where there are: [a, b], [b, c], [a, b, c]. A single stage wins such
 * comparisons by luck and pays for it on fine or on large defects.
 */
export function stageSets(names: readonly string[]): string[][] {
  const sets: string[][] = [];
  for (let k = Math.min(2, names.length); k <= names.length; k++) {
    for (let i = 0; i + k <= names.length; i++) sets.push(names.slice(i, i + k));
  }
  return sets;
}

/** A seeded share of each normal's cells, all stages at once. */
function drawBank(perImage: readonly (readonly Rows[])[], random: Random): { bank: Rows[]; sources: number[] } {
  const sources: number[] = [];
  const share = Math.ceil(CHOOSE.bank / perImage.length);
  const drawn = perImage.map((stages, i) => {
    const cells = random.shuffle(Array.from({ length: stages[0]!.height }, (_, p) => p)).slice(0, share);
    for (const _ of cells) sources.push(i);
    return stages.map((s) => pickRows(s, cells));
  });
  const bank = drawn[0]!.map((first, s): Rows => {
    const data = new Float32Array(sources.length * first.channels);
    let at = 0;
    for (const stages of drawn) {
      data.set(stages[s]!.data, at);
      at += stages[s]!.data.length;
    }
    return { data, height: sources.length, width: 1, channels: first.channels };
  });
  return { bank, sources };
}

/**
 * Scores every set of stages of one backbone. Images of the needs are indices into `trials`, whose first ones are the
 * normals. `hidden` is the bias that hides a row.
 */
export function* compareStages(
  trials: readonly Trial[],
  backbone: BackboneFacts,
  settings: Pick<CellSpec, 'stride' | 'neighbourhood' | 'standardise'> & {
    readonly pool: Pool;
    readonly hidden: number;
  },
  random: Random,
  /** Sets to score, each in the backbone's order; all neighbouring stages where absent. */
  sets: readonly (readonly string[])[] = stageSets(backbone.stages.map((s) => s.name)),
): Needs<Tried[]> {
  const asked = new Set(sets.flat());
  const names = backbone.stages.map((s) => s.name).filter((name) => asked.has(name));
  const spec: CellSpec = {
    stages: names,
    stride: settings.stride,
    side: null,
    alignCorners: false,
    neighbourhood: settings.neighbourhood,
    standardise: settings.standardise,
    places: 0,
  };
  const normals = trials.flatMap((t, i) => (t.mutant ? [] : [i]));
  const raw = spec.standardise ? stagesAnswer(yield { do: 'stages', images: normals, names }) : [];
  const scales = spec.standardise ? names.map((_, s) => stageScale(raw.map((stages) => stages[s]!))) : [];
  const of = (image: number): RowsOf => ({ image, spec, scales, places: null });
  const { bank, sources } = drawBank(rowsAnswer(yield { do: 'rows', of: normals.map(of) }), random);
  const banks = names.map((n) => `choose/${n}`);
  for (const [s, rows] of bank.entries()) yield { do: 'keep', name: banks[s]!, rows };
  const cosines: (readonly Float32Array[])[] = [];
  for (const [i, trial] of trials.entries()) {
    yield { do: 'progress', stage: `choosing features: ${backbone.id}`, done: i, total: trials.length };
    const bias = Float32Array.from(sources, (source) => (source === trial.source ? settings.hidden : 0));
    cosines.push(largestAnswer(yield { do: 'match', of: of(i), banks, bias }));
  }
  for (const name of banks) yield { do: 'drop', name };
  return sets.map((stages) => {
    const used = stages.map((s) => names.indexOf(s));
    const scores = trials.map((t, i) =>
      poolMap(
        distanceMap(
          used.map((s) => cosines[i]![s]!),
          gridOf(t.picture, spec),
        ),
        settings.pool,
      ),
    );
    return { backbone: backbone.id, stages, auroc: separation(trials, scores), scores };
  });
}

/** AUROC of mutants against normals, over the trials at `indices`. */
function separation(
  trials: readonly Trial[],
  scores: readonly number[],
  indices: readonly number[] = [...trials.keys()],
): number {
  const ranked = rank(
    indices.map((i) => trials[i]!.mutant),
    indices.map((i) => scores[i]!),
  );
  return ranked.positives.length > 0 && ranked.negatives.length > 0 ? auroc(ranked) : 0.5;
}

/** Share of resamples of the normals, each drawn with its mutants, in which `a` separates better than `b`. */
function surelyBetter(trials: readonly Trial[], a: Tried, b: Tried, random: Random): number {
  const families = new Map<number, number[]>();
  for (const [i, t] of trials.entries()) families.set(t.source, [...(families.get(t.source) ?? []), i]);
  const list = [...families.values()];
  let wins = 0;
  for (let k = 0; k < CHOOSE.resamples; k++) {
    const drawn = list.flatMap(() => random.pick(list));
    if (separation(trials, a.scores, drawn) > separation(trials, b.scores, drawn)) wins++;
  }
  return wins / CHOOSE.resamples;
}

/** The preferred candidate, or the best of those that are clearly and surely better on these trials. */
export function bestOf(
  candidates: readonly Tried[],
  preferred: { readonly backbone: string; readonly stages: readonly string[] },
  trials: readonly Trial[],
  random: Random,
): Tried {
  const sorted = [...candidates].sort((a, b) => b.auroc - a.auroc);
  const same = sorted.filter((c) => c.backbone === preferred.backbone);
  const own = same.find((c) => c.stages.join() === preferred.stages.join()) ?? same[0];
  if (!own) return sorted[0]!;
  const better = sorted.find(
    (c) => c.auroc >= own.auroc + CHOOSE.clear && surelyBetter(trials, c, own, random) >= CHOOSE.sure,
  );
  return better ?? own;
}
