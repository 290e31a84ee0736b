/**
 * Two rule files on the same Scenes: which verdicts change. Only rules whose text differs, and what hangs on them, are
 * judged; the others are asked for where the two disagree (FIELD E.10). Detectors beside the rules see no rule text and are
 * left out: what is compared is the verdict of the composition.
 */

import { DECIDE } from '../../decide.ts';
import { canonicalJson } from '../../digest.ts';
import type { Scene, Verdict, Violation } from '../../scene.ts';
import { bind } from '../compile.ts';
import type { CompiledRules } from '../compiled.ts';
import type { RuleSpec } from '../definition.ts';
import { evaluateRules, type RulesOutcome } from '../evaluate.ts';
import { type LearningSet, type LearntRules, learnFrom } from '../learn.ts';
import { guardedBy } from '../ruleMeaning.ts';
import type { RegionMasks } from '../view.ts';

export type RuleChange = 'added' | 'removed' | 'edited';

export interface SceneChange {
  readonly image: string;
  readonly before: Verdict;
  readonly after: Verdict;
  /** First cause under either file. */
  readonly cause: string | null;
}

export interface SceneDiff extends SceneChange {
  readonly units: { readonly before: number; readonly after: number };
}

export interface RuleDiff {
  /** Rules that say something else, by id. */
  readonly changed: Readonly<Record<string, RuleChange>>;
  /** Rules that are judged for every Scene: the changed ones, those that depend on them, and their guards. */
  readonly judged: readonly string[];
  /** What changes for a Scene; null where its verdict stays. */
  compare(scene: Scene): SceneDiff | null;
}

export interface DiffInput {
  readonly a: CompiledRules;
  readonly b: CompiledRules;
  /** What either file learns from (they may set different normals aside); without any, stated bounds alone are judged. */
  readonly sets?: readonly [LearningSet, LearningSet];
  /** In short: both files learn from these, none set aside. */
  readonly normals?: readonly Scene[];
  /** Mask files that regions name. */
  readonly masks?: RegionMasks;
}

/** What a rule says; its reason is no part of that. */
const content = ({ because: _, ...rest }: RuleSpec): string => canonicalJson(rest);

/** Rules of two files that say something else. */
export function changesBetween(a: readonly RuleSpec[], b: readonly RuleSpec[]): Record<string, RuleChange> {
  const before = new Map(a.map((r) => [r.id, content(r)]));
  const after = new Map(b.map((r) => [r.id, content(r)]));
  const out: Record<string, RuleChange> = {};
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    if (!after.has(id)) out[id] = 'removed';
    else if (!before.has(id)) out[id] = 'added';
    else if (before.get(id) !== after.get(id)) out[id] = 'edited';
  }
  return out;
}

/** Grows a set of rules by those whose guards name one of them, then by the guards that all of these need. */
export function closure(rules: readonly RuleSpec[], start: ReadonlySet<string>): Set<string> {
  const out = new Set(start);
  for (let grown = true; grown; ) {
    const before = out.size;
    for (const r of rules) if (!out.has(r.id) && guardedBy(r).some((id) => out.has(id))) out.add(r.id);
    grown = out.size > before;
  }
  for (let grown = true; grown; ) {
    const before = out.size;
    for (const r of rules) if (out.has(r.id)) for (const id of guardedBy(r)) out.add(id);
    grown = out.size > before;
  }
  return out;
}

interface Side {
  readonly compiled: CompiledRules;
  readonly learnt: LearntRules | null;
}

function side(compiled: CompiledRules, keep: (id: string) => boolean, set: LearningSet | undefined): Side {
  const rules = compiled.file.rules.filter((r) => keep(r.id));
  const part = bind({ ...compiled.file, rules, cases: [] }, () => ({ file: compiled.file.product, line: 1, col: 1 }));
  return { compiled: part, learnt: set ? learnFrom(part, set) : null };
}

/** Whether two sets give the same bounds to a rule that both files write alike. */
function alike([a, b]: readonly [LearningSet, LearningSet]): boolean {
  const [p, q] = [a.aside ?? new Set<Scene>(), b.aside ?? new Set<Scene>()];
  return p.size === q.size && [...p].every((s) => q.has(s));
}

const RANK: Readonly<Record<Verdict, number>> = { pass: 0, review: 1, reject: 2 };

/** The composition's verdict, as core/decide.ts gives it. */
function verdictOf(outcome: RulesOutcome): Verdict {
  if (outcome.unit > 1) return 'reject';
  const warned = outcome.violations.some((v) => v.severity === 'warn');
  return warned || outcome.unit > 1 - DECIDE.reviewBand ? 'review' : 'pass';
}

const worse = (a: Verdict, b: Verdict): Verdict => (RANK[a] >= RANK[b] ? a : b);

function causeOf(violations: readonly Violation[]): string | null {
  return violations[0]?.message ?? null;
}

/** Prepares the comparison of two files; what both say alike is learnt once, when a Scene first asks for it. */
export function diffRules(input: DiffInput): RuleDiff {
  const { a, b, sets = input.normals && [{ normals: input.normals }, { normals: input.normals }] } = input;
  const masks = input.masks ?? sets?.[0].masks;
  const rules = [...a.file.rules, ...b.file.rules];
  const changed = changesBetween(a.file.rules, b.file.rules);
  // An edit that moves which normals are set aside moves the bounds of every other rule as well.
  const started = sets && !alike(sets) ? rules.map((r) => r.id) : Object.keys(changed);
  const touched = closure(rules, new Set(started));
  // The same words for the same things: one view of a Scene serves both sides.
  const alikeFiles = a.digests.grounding === b.digests.grounding;
  const { interests, attributes, regions } = a.file;
  const other: CompiledRules = alikeFiles ? { ...b, file: { ...b.file, interests, attributes, regions } } : b;
  const sides = [a, other].map((c, i) => side(c, (id) => touched.has(id), sets?.[i])) as [Side, Side];
  let rest: Side | null = null;
  const judge = (s: Side, scene: Scene): RulesOutcome => evaluateRules(s.compiled, s.learnt, scene, masks);
  return {
    changed,
    judged: [...touched],
    compare(scene) {
      if (touched.size === 0) return null;
      const [before, after] = sides.map((s) => judge(s, scene)) as [RulesOutcome, RulesOutcome];
      if (verdictOf(before) === verdictOf(after)) return null;
      // The verdict is the worse of these rules' and the others': the same others on both sides.
      rest ??= side(a, (id) => !touched.has(id), sets?.[0]);
      const others = judge(rest, scene);
      const both = [before, after].map((o) => worse(verdictOf(o), verdictOf(others))) as [Verdict, Verdict];
      if (both[0] === both[1]) return null;
      const cause = RANK[both[0]] > RANK[both[1]] ? before : after;
      return {
        image: scene.image,
        before: both[0],
        after: both[1],
        cause: causeOf(cause.violations),
        units: { before: Math.max(before.unit, others.unit), after: Math.max(after.unit, others.unit) },
      };
    },
  };
}

/** What is known of an image: good or not. */
export type Label = 'good' | 'bad';

export interface DiffSummary {
  readonly scenes: number;
  readonly changes: readonly SceneDiff[];
  /** Changes towards and away from the label, where there is one: a good part passes, a bad one does not. */
  readonly fixes: readonly string[];
  readonly breaks: readonly string[];
}

/** Adds up changes against labels. A bad part that is sent to review counts as found. */
export function summariseDiff(
  scenes: number,
  changes: readonly SceneDiff[],
  labels: ReadonlyMap<string, Label> | null,
): DiffSummary {
  const fixes: string[] = [];
  const breaks: string[] = [];
  for (const c of changes) {
    const label = labels?.get(c.image);
    if (label === undefined) continue;
    const better = RANK[c.after] < RANK[c.before] === (label === 'good');
    (better ? fixes : breaks).push(c.image);
  }
  return { scenes, changes, fixes, breaks };
}
