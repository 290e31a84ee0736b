/**
 * Rules without an author and without an LLM (FIELD E.3): of everything that could be said about the interests, what holds
 * on all normals, also when each is left out, ranked by the mutants it kills beyond those already killed (greedy set
 * cover; every operator weighs the same). Bounds are learnt by the same module as anyone's.
 */
import type { Scene } from '../../scene.ts';
import { bind } from '../compile.ts';
import type { CompiledRule, CompiledRules } from '../compiled.ts';
import { leaveOneOut, type RuleEstimate } from '../estimates.ts';
import { evaluateRules } from '../evaluate.ts';
import { isEmpty } from '../kind.ts';
import { type LearningSet, type LearntRules, learnFrom, referenceFor, teaching } from '../learn.ts';
import { rule as normaliseRule } from '../normalise.ts';
import { type RegionMasks, viewOf } from '../view.ts';
import { candidateRules, type RawRule } from './candidates.ts';
import { MINE } from './constants.ts';
import { drawTrials, runTrials, type Trial } from './kill.ts';
import { OPERATORS, type Operator } from './operators.ts';

export interface MinedRule {
  readonly raw: RawRule;
  readonly tier: 'core' | 'weak';
  /** The rule in a sentence, with the learnt numbers. */
  readonly sentence: string;
  /** Normals that its bound rests on. */
  readonly n: number;
  readonly estimate: RuleEstimate;
  /** Normals set aside as gross outliers when the bound was learnt. */
  readonly setAside: readonly string[];
  /** Mutants killed, and of these those that no earlier rule kills. */
  readonly kills: number;
  readonly adds: number;
}

export interface Mining {
  /** In the order of what they add. */
  readonly rules: readonly MinedRule[];
  /** Rules that hold and kill nothing further. */
  readonly spare: readonly MinedRule[];
  /** Candidates that do not hold on all normals, and why. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  readonly score: number | null;
  readonly mutants: number;
  readonly normals: number;
  readonly seed: number;
}

export interface MineInput extends LearningSet {
  /** Interests, attributes, regions and variants are used; its rules are not looked at. */
  readonly compiled: CompiledRules;
  readonly seed?: number;
}

/** Candidates bound to their kinds. */
export function bindCandidates(compiled: CompiledRules, raws: readonly RawRule[]): CompiledRules {
  const rules = raws.map((raw) => normaliseRule(raw, raw.id));
  return bind({ ...compiled.file, rules, cases: [] }, () => ({ file: 'mined', line: 1, col: 1 }));
}

/** Relations that normals show by a hair, or not at all, are no rules: readings that every normal must pass. */
export function relationHolds(rule: CompiledRule, scene: Scene, masks?: RegionMasks): boolean {
  const { kind, params } = rule.spec;
  if (kind !== 'order' && kind !== 'inside') return true;
  const reading = rule.kind!.measure(viewOf(scene, rule.context.file, masks), params, rule.context);
  if (isEmpty(reading)) return true;
  if (kind === 'order') return (reading as { gap: number }).gap >= MINE.orderGap;
  return (reading as readonly { share: number }[]).every((r) => r.share >= MINE.insideShare);
}

interface Held {
  readonly compiled: CompiledRules;
  readonly learnt: LearntRules;
  readonly estimates: ReadonlyMap<string, RuleEstimate>;
  readonly refused: { id: string; reason: string }[];
}

/** Candidates that hold on all normals, and on nearly all that are left out. */
function holding(input: MineInput): Held {
  const { masks } = input;
  const { normals, calibration } = teaching(input);
  const refused: Held['refused'] = [];
  const raws = candidateRules(input.compiled.file, normals);
  const relations = bindCandidates(input.compiled, raws);
  const seen = new Set(
    relations.rules.filter((r) => normals.every((s) => relationHolds(r, s, masks))).map((r) => r.id),
  );
  const first = bindCandidates(
    input.compiled,
    raws.filter((r) => seen.has(r.id)),
  );
  const learnt = learnFrom(first, input);
  const judged = new Map<string, number>();
  const broken = new Map<string, string>();
  for (const scene of [...normals, ...calibration]) {
    for (const m of evaluateRules(first, learnt, scene, masks).measurements) {
      if (m.margin > 1) broken.set(m.rule, scene.image);
      if (m.skipped === undefined || m.margin > 0) judged.set(m.rule, (judged.get(m.rule) ?? 0) + 1);
    }
  }
  const estimates = new Map(leaveOneOut(first, input).rules.map((e) => [e.rule, e]));
  const reasonAgainst = (id: string): string | null => {
    const e = estimates.get(id)!;
    if (broken.has(id)) return `does not hold on ${broken.get(id)}`;
    if ((judged.get(id) ?? 0) === 0) return 'no normal shows what it speaks of';
    if (e.fired > MINE.heldOutRate * e.n) return `fired on ${e.fired} of ${e.n} normals that were left out`;
    return null;
  };
  const kept = new Set<string>();
  for (const { id } of first.rules) {
    const reason = reasonAgainst(id);
    if (reason === null) kept.add(id);
    else refused.push({ id, reason });
  }
  return {
    compiled: bindCandidates(
      input.compiled,
      raws.filter((r) => kept.has(r.id)),
    ),
    learnt,
    estimates,
    refused,
  };
}

/** Weight of a mutant: every operator counts one in all. */
function weights(trials: readonly Trial[]): Map<Operator, number> {
  return new Map(OPERATORS.map((o) => [o, 1 / Math.max(1, trials.filter((t) => t.mutant.operator === o).length)]));
}

/**
 * Greedy set cover: the rule that adds most, among equals the one that is farther from firing on a normal, then the more
 * fundamental. Weak kinds are asked only for what no core rule kills.
 */
function cover(held: Held, trials: readonly Trial[]): { chosen: { id: string; adds: number }[]; left: Set<Trial> } {
  const weight = weights(trials);
  const operators = new Set(trials.map((t) => t.mutant.operator)).size;
  const left = new Set(trials);
  const chosen: { id: string; adds: number }[] = [];
  for (const tier of ['core', 'weak'] as const) {
    const open = held.compiled.rules.filter((r) => r.context.tier === tier).map((r) => r.id);
    for (;;) {
      let best: { id: string; gain: number; adds: number } | null = null;
      for (const id of open) {
        const mine = [...left].filter((t) => t.killers.includes(id));
        const gain = mine.reduce((sum, t) => sum + weight.get(t.mutant.operator)!, 0) / Math.max(1, operators);
        const worst = held.estimates.get(id)!.worst;
        const better =
          best === null ||
          gain > best.gain + 1e-9 ||
          (gain > best.gain - 1e-9 && worst < held.estimates.get(best.id)!.worst - 1e-9);
        if (better) best = { id, gain, adds: mine.length };
      }
      if (best === null || best.gain < MINE.leastGain) break;
      const id = best.id;
      chosen.push({ id, adds: best.adds });
      open.splice(open.indexOf(id), 1);
      for (const t of [...left]) if (t.killers.includes(id)) left.delete(t);
    }
  }
  return { chosen, left };
}

function describe(
  held: Held,
  raws: ReadonlyMap<string, RawRule>,
  trials: readonly Trial[],
  id: string,
  adds: number,
): MinedRule {
  const rule = held.compiled.rules.find((r) => r.id === id)!;
  const reference = referenceFor(held.learnt, id, null);
  const estimate = held.estimates.get(id)!;
  return {
    raw: raws.get(id)!,
    tier: rule.context.tier,
    sentence: rule.kind!.explain(rule.spec.params, reference, rule.context),
    n: reference?.n ?? estimate.n,
    estimate,
    setAside: reference?.setAside ?? [],
    kills: trials.filter((t) => t.killers.includes(id)).length,
    adds,
  };
}

/** Everything that holds, run on mutants: shared by mining and by the question which rule would kill a survivor. */
export function holdingRules(input: MineInput): {
  compiled: CompiledRules;
  learnt: LearntRules;
  raws: ReadonlyMap<string, RawRule>;
} {
  const held = holding(input);
  const raws = new Map(candidateRules(input.compiled.file, teaching(input).normals).map((r) => [r.id, r]));
  return { compiled: held.compiled, learnt: held.learnt, raws };
}

/** Mines rules. Deterministic for a seed. */
export function mineRules(input: MineInput): Mining {
  const { normals, seed = 0 } = input;
  const held = holding(input);
  const raws = new Map(candidateRules(input.compiled.file, teaching(input).normals).map((r) => [r.id, r]));
  const { leaving } = drawTrials(input.compiled, input, seed);
  const trials = runTrials(held.compiled, held.learnt, leaving, input.masks);
  const { chosen, left } = cover(held, trials);
  const taken = new Set(chosen.map((c) => c.id));
  const rest = held.compiled.rules.filter((r) => !taken.has(r.id));
  const weight = weights(trials);
  const operators = new Set(trials.map((t) => t.mutant.operator)).size;
  const lost = [...left].reduce((sum, t) => sum + weight.get(t.mutant.operator)!, 0);
  return {
    rules: chosen.map(({ id, adds }) => describe(held, raws, trials, id, adds)),
    spare: rest.map((r) => describe(held, raws, trials, r.id, 0)),
    refused: held.refused,
    score: operators === 0 ? null : 1 - lost / operators,
    mutants: trials.length,
    normals: normals.length,
    seed,
  };
}
