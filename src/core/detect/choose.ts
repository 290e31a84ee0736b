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
  /** A candidate must beat the set's own backbone by this much AUROC: less is noise with so few pictures. */
  clear: 0.03,
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
): Needs<Candidate[]> {
  const names = backbone.stages.map((s) => s.name);
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
  return stageSets(names).map((stages) => {
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
    return {
      backbone: backbone.id,
      stages,
      auroc:
        auroc(
          rank(
            trials.map((t) => t.mutant),
            scores,
          ),
        ) ?? 0.5,
    };
  });
}

/** The best candidate; one of the preferred backbone where no other is clearly better. */
export function bestOf(candidates: readonly Candidate[], preferred: string): Candidate {
  const best = (list: readonly Candidate[]): Candidate | undefined =>
    list.reduce<Candidate | undefined>((a, b) => (a && a.auroc >= b.auroc ? a : b), undefined);
  const own = best(candidates.filter((c) => c.backbone === preferred));
  const other = best(candidates)!;
  return own && other.auroc < own.auroc + CHOOSE.clear ? own : other;
}
