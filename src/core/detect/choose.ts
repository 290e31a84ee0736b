/**
 * Which stages of which backbone suit a product, decided on its own normals (FINDINGS 10.5): normals are told from
 * cut-and-paste mutants of normals (core/detect/mutants.ts) by every candidate, each picture without its own rows.
 */
import { pickRows, type Rows } from '../grid/cluster.ts';
import type { Mask, RgbImage } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { stageScale } from '../ground/features.ts';
import { auroc, rank } from '../metrics/image.ts';
import { type CellSpec, distanceMap, gridOf, type Pool, poolMap } from './cells.ts';
import type { BackboneFacts, Needs, RowsOf } from './detector.ts';
import { largestAnswer, rowsAnswer, stagesAnswer } from './detector.ts';
import { MUTATIONS, type Mutant, mutate } from './mutants.ts';

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
  /** Cells that count, on the grid of the comparison; null or absent for all. */
  readonly scored?: Mask | null;
}

/** Whether the middle of a change lies where cells count: a mutant that detectors must not see tells nothing of them. */
function counts({ x, y, width, height }: Mutant['patch'], picture: RgbImage, scored: Mask | null): boolean {
  if (!scored) return true;
  const column = Math.floor(((x + width / 2) * scored.width) / picture.width);
  const row = Math.floor(((y + height / 2) * scored.height) / picture.height);
  return scored.data[row * scored.width + column] !== 0;
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

/** The pictures to tell apart: the normals, then mutants of some of them. `scored`: cells of each normal that count. */
export function trialsOf(
  normals: readonly RgbImage[],
  random: Random,
  scored: readonly (Mask | null)[] = normals.map(() => null),
): Trial[] {
  const trials: Trial[] = normals.map((picture, source) => ({
    picture,
    source,
    mutant: false,
    scored: scored[source]!,
  }));
  for (let i = 0; i < Math.min(CHOOSE.mutated, normals.length); i++) {
    const others = normals.filter((_, j) => j !== i);
    for (const kind of MUTATIONS) {
      const mutant = mutate(kind, normals[i]!, others, random, (p) => counts(p, normals[i]!, scored[i]!));
      if (mutant) trials.push({ picture: mutant.image, source: i, mutant: true, scored: scored[i]! });
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

/** A seeded share of each normal's cells that count, all stages at once. */
function drawBank(
  perImage: readonly (readonly Rows[])[],
  scored: readonly (Mask | null)[],
  random: Random,
): { bank: Rows[]; sources: number[] } {
  const sources: number[] = [];
  const share = Math.ceil(CHOOSE.bank / perImage.length);
  const drawn = perImage.map((stages, i) => {
    const all = Array.from({ length: stages[0]!.height }, (_, p) => p);
    const cells = random.shuffle(all.filter((p) => scored[i]?.data[p] !== 0)).slice(0, share);
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
  const counted = normals.map((i) => trials[i]!.scored ?? null);
  const { bank, sources } = drawBank(rowsAnswer(yield { do: 'rows', of: normals.map(of) }), counted, random);
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
    const scores = trials.map(({ picture, scored = null }, i) => {
      const map = distanceMap(
        used.map((s) => cosines[i]![s]!),
        gridOf(picture, spec),
        scored,
      );
      return poolMap(map, settings.pool, scored);
    });
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
