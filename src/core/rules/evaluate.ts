/** Compiled rules and their learnt references on one Scene: measurements of every rule, violations by cause. */
import type { Measurement, Scene, Violation } from '../scene.ts';
import type { CompiledRule, CompiledRules } from './compiled.ts';
import { MARGIN, PRECEDENCE } from './constants.ts';
import type { RuleFile } from './definition.ts';
import { isEmpty, type Judgement } from './kind.ts';
import { applies, type LearntRules, referenceFor } from './learn.ts';
import { UNKNOWN } from './names.ts';
import { NO_MASKS, type RegionMasks, type SceneView, viewOf } from './view.ts';

export interface RulesOutcome {
  /** At least one per rule, in the order of the file's rules. */
  readonly measurements: readonly Measurement[];
  /** Ordered by severity, then cause (RULES, principle 9), then margin. */
  readonly violations: readonly Violation[];
  /** Composition score in tolerance units: the largest margin of the reject rules; alarm above 1. */
  readonly unit: number;
}

interface Judged {
  readonly rule: CompiledRule;
  readonly judgements: readonly (Judgement & { readonly reason?: string })[];
  /** Largest margin; null where the rule was not judged. */
  readonly margin: number | null;
}

const EMPTY_EXPECTATION = { low: null, high: null, centre: null, text: 'something to measure' } as const;

/** What an absent interest means, by the rule's or the kind's `onEmpty`. */
function judgeEmpty(rule: CompiledRule, reason: string, instances: readonly number[]): Judgement & { reason: string } {
  const policy = rule.spec.onEmpty ?? rule.kind!.onEmpty;
  const shared = { quantity: 'nothing', measured: null, expected: EMPTY_EXPECTATION, instances, reason };
  if (policy === 'skip') return { ...shared, margin: 0, skipped: reason };
  return { ...shared, margin: policy === 'violate' ? 1 + MARGIN.gross : 0 };
}

function judgeRule(
  rule: CompiledRule,
  view: SceneView,
  learnt: LearntRules | null,
  violated: (id: string) => boolean | null,
): Judged {
  const unmet = applies(view, rule.spec.when, violated);
  if (unmet !== null) return skippedRule(rule, unmet);
  if (!rule.kind) return judgeCombination(rule, view, learnt, violated);
  const reading = rule.kind.measure(view, rule.spec.params, rule.context);
  if (isEmpty(reading)) {
    const judgement = judgeEmpty(rule, reading.empty, reading.instances ?? []);
    return { rule, judgements: [judgement], margin: judgement.skipped === undefined ? judgement.margin : null };
  }
  const reference = referenceFor(learnt, rule.id, view.scene.variant);
  const judgements = rule.kind.judge(reading, reference?.value ?? null, rule.spec.params, rule.context);
  if (judgements.length === 0) return skippedRule(rule, 'nothing to judge');
  let margin: number | null = null;
  for (const j of judgements) if (j.skipped === undefined) margin = Math.max(margin ?? 0, j.margin);
  return { rule, judgements, margin };
}

function skippedRule(rule: CompiledRule, reason: string): Judged {
  const judgement: Judgement = {
    quantity: 'nothing',
    measured: null,
    expected: EMPTY_EXPECTATION,
    margin: 0,
    instances: [],
    skipped: reason,
  };
  return { rule, judgements: [judgement], margin: null };
}

/** `all`: the worst part decides; `any`: the best; `not`: what holds is the violation, graded by how clearly it holds. */
function judgeCombination(
  rule: CompiledRule,
  view: SceneView,
  learnt: LearntRules | null,
  violated: (id: string) => boolean | null,
): Judged {
  const parts = rule.parts.map((part) => judgeRule(part, view, learnt, violated)).filter((p) => p.margin !== null);
  if (parts.length === 0) return skippedRule(rule, 'no part of it could be judged');
  const margins = parts.map((p) => p.margin!);
  const { kind } = rule.spec;
  const own = margins[0]!;
  const margin =
    kind === 'all'
      ? Math.max(...margins)
      : kind === 'any'
        ? Math.min(...margins)
        : own > 1
          ? 1 / own
          : Math.max(1 + 1e-9, 1 + MARGIN.gross * (1 - own));
  const deciding = kind === 'all' ? parts.filter((p) => p.margin! > 1) : parts;
  const sentences = deciding.map((p) => sentenceOf(p));
  const judgement: Judgement & { reason: string } = {
    quantity: kind,
    measured: deciding.length === 0 ? 'all hold' : sentences.join('; '),
    expected: {
      low: null,
      high: null,
      centre: null,
      text: kind === 'not' ? 'this not to hold' : kind === 'all' ? 'all to hold' : 'one of them to hold',
    },
    margin,
    instances: [...new Set(deciding.flatMap((p) => p.judgements.flatMap((j) => j.instances)))],
    reason:
      kind === 'not'
        ? `must not hold: ${sentences.join('; ')}`
        : kind === 'any'
          ? `none of them holds: ${sentences.join('; ')}`
          : sentences.join('; '),
  };
  return { rule, judgements: [judgement], margin };
}

/** The sentence of a rule's worst judgement. */
function sentenceOf(judged: Judged): string {
  const worst = judged.judgements.reduce((a, b) => (b.margin > a.margin ? b : a));
  return messageOf(judged.rule, worst);
}

function messageOf(rule: CompiledRule, j: Judgement & { readonly reason?: string }): string {
  if (j.reason !== undefined) return j.reason;
  return rule.kind!.message(j, rule.spec.params, rule.context);
}

function classOf(rule: CompiledRule): number {
  if (rule.kind) return PRECEDENCE[rule.kind.precedence];
  return Math.min(...rule.parts.map(classOf));
}

/**
 * Judges one Scene. `learnt` null judges stated bounds only. Pure and total: margins are finite, an absent interest
 * means what `onEmpty` says.
 */
export function evaluateRules(
  compiled: CompiledRules,
  learnt: LearntRules | null,
  scene: Scene,
  masks: RegionMasks = NO_MASKS,
): RulesOutcome {
  const view = viewOf(scene, compiled.file, masks);
  const outcomes = new Map<string, boolean | null>();
  const judged: Judged[] = [];
  let unit = 0;
  const hidden = new Map<string, string>();
  for (const rule of compiled.rules) {
    const j = judgeRule(rule, view, learnt, (id) => outcomes.get(id) ?? null);
    judged.push(j);
    outcomes.set(rule.id, j.margin === null ? null : j.margin > 1);
    if (j.margin === null || rule.spec.severity !== 'reject') continue;
    unit = Math.max(unit, j.margin);
    if (j.margin > 1 && rule.kind?.hides && rule.interests[0] !== undefined) hidden.set(rule.interests[0], rule.id);
  }
  const measurements: Measurement[] = [];
  const violations: (Violation & { readonly rank: number })[] = [];
  for (const { rule, judgements } of judged) {
    const cause = hides(rule, hidden);
    for (const j of judgements) {
      const measurement = measurementOf(rule, j, cause);
      measurements.push(measurement);
      if (measurement.violated) violations.push({ ...violationOf(rule, j, measurement), rank: classOf(rule) });
    }
  }
  for (const v of strangers(compiled, scene)) {
    violations.push({ ...v, rank: PRECEDENCE.likeness });
    unit = Math.max(unit, v.margin);
  }
  return { measurements, violations: inOrderOfCause(violations, compiled.file), unit };
}

/**
 * Instances that resemble no normal one are a finding of their own (RULES, principle 8), whether or not a rule counts
 * them; a `likeness` rule of the interest says it in its own words instead.
 */
function strangers(compiled: CompiledRules, scene: Scene): Violation[] {
  if (!scene.instances.some((i) => i.status === 'unknown')) return [];
  const spoken = new Set(compiled.rules.flatMap((r) => (r.spec.kind === 'likeness' ? r.interests : [])));
  return scene.instances.flatMap((i): Violation[] => {
    if (i.status !== 'unknown' || !i.likeness || !(i.likeness.value > 1) || spoken.has(i.interest)) return [];
    const margin = Math.min(i.likeness.value, MARGIN.cap);
    return [
      {
        rule: UNKNOWN,
        kind: UNKNOWN,
        interests: [i.interest],
        quantity: 'likeness',
        measured: margin,
        expected: { low: null, high: 1, centre: 0, text: `at most 1, as normal ${i.interest}` },
        margin,
        violated: true,
        instances: [i.id],
        severity: 'reject',
        because: 'What resembles no normal part is not that part.',
        message: `something in place of ${i.interest} resembles no normal one (${margin.toPrecision(2)} times the border)`,
        ...compiled.interestAt(i.interest),
        fingerprint: `${UNKNOWN}/${i.interest}/${i.centroid.map((c) => c.toFixed(2)).join(',')}`,
      },
    ];
  });
}

/** Why a rule on the looks of an interest is moot: the rule that found it missing or of the wrong size. */
function hides(rule: CompiledRule, hidden: ReadonlyMap<string, string>): string | undefined {
  if (hidden.size === 0 || rule.kind?.hides || classOf(rule) < PRECEDENCE.appearance) return undefined;
  for (const interest of rule.interests) {
    const by = hidden.get(interest);
    if (by !== undefined) return `${interest} already violates ${by}`;
  }
  return undefined;
}

function measurementOf(rule: CompiledRule, j: Judgement, hiddenBy: string | undefined): Measurement {
  const skipped = j.skipped ?? hiddenBy;
  const m: { -readonly [K in keyof Measurement]: Measurement[K] } = {
    rule: rule.id,
    kind: rule.spec.kind,
    interests: rule.interests,
    quantity: j.quantity,
    measured: j.measured,
    expected: j.expected,
    margin: j.margin,
    violated: skipped === undefined && j.margin > 1,
    instances: j.instances,
  };
  if (j.ghost !== undefined) m.ghost = j.ghost;
  if (skipped !== undefined) m.skipped = skipped;
  return m;
}

function violationOf(rule: CompiledRule, j: Judgement, measurement: Measurement): Violation {
  return {
    ...measurement,
    severity: rule.spec.severity,
    because: rule.spec.because,
    message: messageOf(rule, j),
    ...rule.place,
    fingerprint: `${rule.id}/${j.quantity}${j.where === undefined ? '' : `/${j.where}`}`,
  };
}

/** Ancestors of an interest through `parent`, nearest first; cycles were refused by the compiler. */
function ancestors(file: RuleFile, interest: string): string[] {
  const out: string[] = [];
  let at = Object.hasOwn(file.interests, interest) ? file.interests[interest]!.parent : undefined;
  while (at !== undefined && !out.includes(at) && Object.hasOwn(file.interests, at)) {
    out.push(at);
    at = file.interests[at]!.parent;
  }
  return out;
}

/**
 * Severity, class of cause, margin; and within a class what lies in a violated parent comes after it: a label that is
 * not there explains the icon that is missing on it.
 */
function inOrderOfCause(violations: readonly (Violation & { readonly rank: number })[], file: RuleFile): Violation[] {
  if (violations.length < 2) return violations.map(({ rank: _, ...v }) => v);
  const wrong = new Map<string, number>();
  for (const v of violations) {
    const own = v.interests[0];
    if (own !== undefined && v.severity === 'reject')
      wrong.set(own, Math.min(wrong.get(own) ?? Number.POSITIVE_INFINITY, v.rank));
  }
  const follows = (v: Violation & { rank: number }): number =>
    v.interests.length > 0 &&
    ancestors(file, v.interests[0]!).some((a) => (wrong.get(a) ?? Number.POSITIVE_INFINITY) <= v.rank)
      ? 1
      : 0;
  return violations
    .map((v) => ({ v, follows: follows(v) }))
    .sort(
      (a, b) =>
        (a.v.severity === b.v.severity ? 0 : a.v.severity === 'reject' ? -1 : 1) ||
        a.v.rank - b.v.rank ||
        a.follows - b.follows ||
        b.v.margin - a.v.margin ||
        (a.v.fingerprint < b.v.fingerprint ? -1 : 1),
    )
    .map(({ v: { rank: _, ...v } }) => v);
}
