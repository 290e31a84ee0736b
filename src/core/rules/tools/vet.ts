/**
 * Is a rule file to be trusted? Every rule is run on the normals that it did not learn from, on mutants, and (where the
 * caller has pictures) on pictures changed a little; the answer is keep, relax or drop, with reasons (FIELD E.1).
 */

import { clopperPearson } from '../../metrics/intervals.ts';
import type { CompiledRule, CompiledRules } from '../compiled.ts';
import { leaveOneOut, type RuleEstimate } from '../estimates.ts';
import { evaluateRules } from '../evaluate.ts';
import { type LearningSet, type LearntRules, learnFrom } from '../learn.ts';
import { VET } from './constants.ts';
import { mutationTest, scoreOf, type Trial, talliesOf } from './kill.ts';

/** What small changes of light, turn and crop did to a rule. */
export interface Stability {
  /** Changed pictures on which it fires though it was quiet on the picture itself. */
  readonly fired: number;
  readonly of: number;
  readonly worst: number;
  /** "gain 0.93 of 004.jpg". */
  readonly worstAt: string | null;
}

export type Advice = 'keep' | 'relax' | 'drop';

export interface VettedRule {
  readonly rule: string;
  readonly kind: string;
  readonly line: number;
  readonly estimate: RuleEstimate;
  /** Mutants of the interests that the rule speaks of: how many there are, and on how many it fires. */
  readonly mutants: { readonly killed: number; readonly own: number };
  /** A rule, itself not to be dropped, that kills everything this one kills. */
  readonly redundantWith: string | null;
  readonly stability: Stability | null;
  readonly advice: Advice;
  readonly reasons: readonly string[];
}

export interface Vetting {
  readonly rules: readonly VettedRule[];
  readonly normals: number;
  readonly calibration: number;
  /** The smallest false-alarm rate that so many normals can show. */
  readonly limit: number;
  /** Normals that any reject rule fires on when they are left out. */
  readonly alarms: { readonly fired: number; readonly of: number; readonly low: number; readonly high: number };
  /** Mutation score of the rules that are not to be dropped. */
  readonly score: number | null;
  readonly seed: number;
}

export interface VetInput extends LearningSet {
  readonly compiled: CompiledRules;
  readonly seed?: number;
  readonly stability?: ReadonlyMap<string, Stability>;
}

/** Kinds that no operator of the mutants touches: their silence proves nothing. */
const BEYOND_MUTANTS: ReadonlySet<string> = new Set([
  'likeness',
  'match',
  'structure',
  'text',
  'crossings',
  'touching',
]);

/** Numbers that the normals show where the rule fires on some of them: what a wider bound would have to hold. */
function spanOf(rule: CompiledRule, learnt: LearntRules, { compiled, ...input }: VetInput): string | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let quantity: string | null = null;
  for (const scene of input.normals) {
    for (const m of evaluateRules(compiled, learnt, scene, input.masks).measurements) {
      if (m.rule !== rule.id || typeof m.measured !== 'number' || (quantity !== null && m.quantity !== quantity))
        continue;
      quantity = m.quantity;
      low = Math.min(low, m.measured);
      high = Math.max(high, m.measured);
    }
  }
  return quantity === null
    ? null
    : `the normals reach from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))} (${quantity})`;
}

/** The rule whose kills include all of this one's: the one that kills least beyond them. */
function coveredBy(rule: string, kills: ReadonlyMap<string, ReadonlySet<Trial>>): string | null {
  const mine = kills.get(rule)!;
  if (mine.size === 0) return null;
  let best: string | null = null;
  for (const [other, theirs] of kills) {
    if (other === rule || theirs.size < mine.size || ![...mine].every((t) => theirs.has(t))) continue;
    if (best === null || theirs.size < kills.get(best)!.size) best = other;
  }
  return best;
}

interface Evidence {
  readonly rule: CompiledRule;
  readonly estimate: RuleEstimate;
  /** Mutants killed of all, and mutants that touch its interests. */
  readonly killed: number;
  readonly own: number;
  readonly redundantWith: string | null;
  readonly stability: Stability | null;
}

const percent = (v: number): string => `${(100 * v).toFixed(1)} %`;

function advise(e: Evidence, span: () => string | null): { advice: Advice; reasons: string[] } {
  const { fired, n, interval, worstImage } = e.estimate;
  const drop: string[] = [];
  const relax: string[] = [];
  const notes: string[] = [];
  if (n === 0) drop.push('it applied to none of the normals');
  else if (interval.low > VET.dropRate)
    drop.push(`it fires on ${fired} of ${n} normals, at least ${percent(interval.low)} of all`);
  else if (fired > Math.max(1, VET.relaxRate * n)) {
    const s = span();
    relax.push(
      `it fires on ${fired} of ${n} normals (${e.estimate.images.slice(0, 3).join(', ')})${s === null ? '' : `; ${s}`}`,
    );
  } else if (fired > 0) notes.push(`it fires on ${fired} of ${n} normals (${worstImage}), within what is allowed`);
  if (e.stability && e.stability.fired > VET.unstableRate * e.stability.of) {
    relax.push(
      `small changes of light, turn or crop set it off in ${e.stability.fired} of ${e.stability.of} pictures (${e.stability.worstAt})`,
    );
  }
  if (e.killed === 0 && e.own >= VET.vacuousMutants && e.rule.kind && !BEYOND_MUTANTS.has(e.rule.kind.kind)) {
    drop.push(`none of ${e.own} mutants of ${e.rule.interests.join(', ')} sets it off: it accepts anything`);
  } else if (e.killed === 0) notes.push('no mutant tests it');
  if (e.redundantWith !== null) notes.push(`${e.redundantWith} kills every mutant that it kills`);
  if (drop.length > 0) return { advice: 'drop', reasons: [...drop, ...relax, ...notes] };
  return relax.length > 0 ? { advice: 'relax', reasons: [...relax, ...notes] } : { advice: 'keep', reasons: notes };
}

/** The mutation score of the rules that stay. */
function scoreWithout(gone: ReadonlySet<string>, trials: readonly Trial[]): number | null {
  const left = trials.map((t) => ({ ...t, killers: t.killers.filter((k) => !gone.has(k)) }));
  return scoreOf(talliesOf(left.filter((t) => t.mutant.counted)));
}

/** Vets every rule of a file. Deterministic for a seed. */
export function vetRules(input: VetInput): Vetting {
  const { compiled, normals, calibration = [], seed = 0 } = input;
  const held = leaveOneOut(compiled, input);
  const learnt = learnFrom(compiled, input);
  const { report, trials } = mutationTest(compiled, learnt, input, { seed });
  const kills = new Map(compiled.rules.map((r) => [r.id, new Set(trials.filter((t) => t.killers.includes(r.id)))]));
  const vetted = compiled.rules.map((rule) => {
    const estimate = held.rules.find((e) => e.rule === rule.id)!;
    const own = trials.filter((t) => t.mutant.interests.some((i) => rule.interests.includes(i)));
    const mine = kills.get(rule.id)!;
    const evidence: Evidence = {
      rule,
      estimate,
      killed: mine.size,
      own: own.length,
      redundantWith: null,
      stability: input.stability?.get(rule.id) ?? null,
    };
    const dropped = advise(evidence, () => null).advice === 'drop';
    return { evidence, dropped, mutants: { killed: own.filter((t) => mine.has(t)).length, own: own.length } };
  });
  // What is to go stands in for nothing, and counts for nothing.
  const gone = new Set(vetted.filter((v) => v.dropped).map((v) => v.evidence.rule.id));
  const staying = new Map([...kills].filter(([id]) => !gone.has(id)));
  const rules = vetted.map(({ evidence, dropped, mutants }): VettedRule => {
    const { rule, estimate, stability } = evidence;
    const redundantWith = dropped ? null : coveredBy(rule.id, staying);
    return {
      rule: rule.id,
      kind: rule.spec.kind,
      line: rule.place.line,
      estimate,
      mutants,
      redundantWith,
      stability,
      ...advise({ ...evidence, redundantWith }, () => spanOf(rule, learnt, input)),
    };
  });
  const fired = held.units.filter((u) => u > 1).length;
  return {
    rules: rules.sort((a, b) => a.line - b.line),
    normals: normals.length,
    calibration: calibration.length,
    limit: held.limit,
    alarms: { fired, of: held.units.length, ...clopperPearson(fired, held.units.length) },
    score: gone.size === 0 ? report.score : scoreWithout(gone, trials),
    seed,
  };
}
