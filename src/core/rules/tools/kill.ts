/** Mutation testing of a rule file: which rule kills which mutant, the score, and who survives (issue C 4; FIELD E.2). */
import type { Scene } from '../../scene.ts';
import type { CompiledRules } from '../compiled.ts';
import { evaluateRules } from '../evaluate.ts';
import { type LearningSet, type LearntRules, teaching } from '../learn.ts';
import type { RegionMasks } from '../view.ts';
import { MUTATION } from './constants.ts';
import { mutants } from './mutants.ts';
import { type Mutant, OPERATORS, type Operator, seenInterests } from './operators.ts';
import { learnPanel, outside } from './panel.ts';

export interface Tally {
  readonly killed: number;
  readonly of: number;
}

/** A mutant as it is reported: without its Scene. */
export type MutantName = Omit<Mutant, 'scene'>;

export interface Smallest {
  readonly interest: string;
  readonly operator: Operator;
  /** Share of the mutants of each size that is killed, in the order of the sizes; null where none left the normals' range. */
  readonly sizes: readonly { readonly size: number; readonly killed: number; readonly of: number }[];
  /** The smallest size that is seen, as are all larger ones on its side (areas: of shrinking and growing, the nearer to 1). */
  readonly seen: number | null;
}

export interface MutationReport {
  readonly seed: number;
  readonly normals: number;
  /** Mean over operators of the share killed; null without any mutant. */
  readonly score: number | null;
  readonly operators: Readonly<Partial<Record<Operator, Tally>>>;
  /** rule -> operator -> mutants it kills, of those counted. */
  readonly matrix: Readonly<Record<string, Readonly<Partial<Record<Operator, number>>>>>;
  readonly survivors: readonly MutantName[];
  /** Mutants that a normal could have been: not counted. */
  readonly inside: readonly MutantName[];
  readonly smallest: readonly Smallest[];
}

/** A mutant that left the range of the normals, and the rules that fire on it (and, in mutation tests, not on its normal). */
export interface Trial {
  readonly mutant: Mutant;
  readonly killers: readonly string[];
}

/** Rules with a margin above 1, whether or not an earlier cause hides them in a report. */
export function firing(compiled: CompiledRules, learnt: LearntRules, scene: Scene, masks?: RegionMasks): string[] {
  const out = new Set<string>();
  for (const m of evaluateRules(compiled, learnt, scene, masks).measurements) if (m.margin > 1) out.add(m.rule);
  return [...out];
}

/**
 * Mutants split into those that left the range of the normals of the variant they were made from, and the others. A
 * normal that was set aside is neither mutated nor part of that range.
 */
export function drawTrials(
  compiled: CompiledRules,
  set: LearningSet,
  seed: number,
  count?: number,
): { leaving: Mutant[]; inside: Mutant[] } {
  const { normals } = teaching(set);
  const panel = learnPanel(compiled.file, normals);
  const variants = new Map(normals.map((s) => [s.image, s.variant]));
  const leaving: Mutant[] = [];
  const inside: Mutant[] = [];
  for (const m of mutants(compiled.file, normals, seed, count)) {
    const off = outside(panel, m.scene, variants.get(m.image) ?? null).length > 0;
    (off ? leaving : inside).push(m);
  }
  return { leaving, inside };
}

const nameOf = ({ scene: _, ...rest }: Mutant): MutantName => rest;

/** Mean over operators of the share of counted mutants that are killed. */
export function scoreOf(operators: MutationReport['operators']): number | null {
  const shares = Object.values(operators).map((t) => t.killed / t.of);
  return shares.length === 0 ? null : shares.reduce((a, b) => a + b, 0) / shares.length;
}

function smallestSeen(operator: Operator, sizes: Smallest['sizes']): number | null {
  const seen = (s: { killed: number; of: number }): boolean => s.killed >= MUTATION.seen * s.of;
  // From the grossest size inwards, for as long as everything is seen; shrinking and growing are two ladders.
  const ladder = (list: Smallest['sizes']): number | null => {
    let found: number | null = null;
    for (const s of list) {
      if (!seen(s)) break;
      found = s.size;
    }
    return found;
  };
  if (operator !== 'area') return ladder([...sizes].sort((a, b) => b.size - a.size));
  const less = ladder(sizes.filter((s) => s.size < 1).sort((a, b) => a.size - b.size));
  const more = ladder(sizes.filter((s) => s.size > 1).sort((a, b) => b.size - a.size));
  if (less === null || more === null) return null;
  // The coarser of the two says what is seen whatever the direction.
  return 1 - less > more - 1 ? less : more;
}

function tabulate(interests: readonly string[], trials: readonly Trial[]): Smallest[] {
  const sized = ['move', 'area', 'colour', 'level'] as const;
  return interests.flatMap((interest) =>
    sized.flatMap((operator): Smallest[] => {
      const mine = trials.filter((t) => t.mutant.operator === operator && t.mutant.interests[0] === interest);
      if (mine.length === 0) return [];
      const sizes = MUTATION[operator].flatMap((size) => {
        const here = mine.filter((t) => t.mutant.size === size);
        return here.length === 0
          ? []
          : [{ size, killed: here.filter((t) => t.killers.length > 0).length, of: here.length }];
      });
      return [{ interest, operator, sizes, seen: smallestSeen(operator, sizes) }];
    }),
  );
}

/** Runs the rules on trials. */
export function runTrials(
  compiled: CompiledRules,
  learnt: LearntRules,
  leaving: readonly Mutant[],
  masks?: RegionMasks,
): Trial[] {
  return leaving.map((mutant) => ({ mutant, killers: firing(compiled, learnt, mutant.scene, masks) }));
}

/** A rule that fires on a normal as it is has noticed nothing in a mutant of it. */
function silenced(
  trials: readonly Trial[],
  compiled: CompiledRules,
  learnt: LearntRules,
  { normals, masks }: LearningSet,
): Trial[] {
  const before = new Map<string, readonly string[]>();
  const own = (image: string): readonly string[] => {
    const scene = normals.find((s) => s.image === image);
    const found = before.get(image) ?? (scene ? firing(compiled, learnt, scene, masks) : []);
    before.set(image, found);
    return found;
  };
  return trials.map((t) => ({ ...t, killers: t.killers.filter((k) => !own(t.mutant.image).includes(k)) }));
}

/** Per operator: how many of its mutants any rule kills. */
export function talliesOf(trials: readonly Trial[]): Partial<Record<Operator, Tally>> {
  const out: Partial<Record<Operator, Tally>> = {};
  for (const operator of OPERATORS) {
    const mine = trials.filter((t) => t.mutant.operator === operator);
    if (mine.length > 0) out[operator] = { killed: mine.filter((t) => t.killers.length > 0).length, of: mine.length };
  }
  return out;
}

export function reportTrials(
  compiled: CompiledRules,
  trials: readonly Trial[],
  inside: readonly Mutant[],
  seed: number,
  normals: number,
): MutationReport {
  const counted = trials.filter((t) => t.mutant.counted);
  const operators = talliesOf(counted);
  const matrix: Record<string, Partial<Record<Operator, number>>> = Object.fromEntries(
    compiled.rules.map((r) => [r.id, {}]),
  );
  for (const t of counted) {
    const { operator } = t.mutant;
    for (const rule of t.killers) matrix[rule]![operator] = (matrix[rule]![operator] ?? 0) + 1;
  }
  return {
    seed,
    normals,
    score: scoreOf(operators),
    operators,
    matrix,
    survivors: counted.filter((t) => t.killers.length === 0).map((t) => nameOf(t.mutant)),
    inside: inside.map(nameOf),
    smallest: tabulate(seenInterests(compiled.file), trials),
  };
}

/**
 * Mutation testing. The normals of `set` are mutated and span the range that does not count; bounds are those of `learnt`.
 * Deterministic for a seed.
 */
export function mutationTest(
  compiled: CompiledRules,
  learnt: LearntRules,
  set: LearningSet,
  options: { readonly seed: number },
): { report: MutationReport; trials: readonly Trial[] } {
  const { leaving, inside } = drawTrials(compiled, set, options.seed);
  const trials = silenced(runTrials(compiled, learnt, leaving, set.masks), compiled, learnt, set);
  const mutated = new Set([...leaving, ...inside].map((m) => m.image)).size;
  return { report: reportTrials(compiled, trials, inside, options.seed, mutated), trials };
}
