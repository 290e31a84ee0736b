/** Predicates that a missed part breaks and no good part does: mining (rules/tools/mine.ts) asked about one part. */
import { canonicalJson } from '../digest.ts';
import type { CompiledRules } from '../rules/compiled.ts';
import type { RuleSpec } from '../rules/definition.ts';
import { leaveOneOut, type RuleEstimate } from '../rules/estimates.ts';
import { evaluateRules } from '../rules/evaluate.ts';
import { type LearningSet, learnFrom, referenceFor, teaching } from '../rules/learn.ts';
import { candidateRules, type RawRule } from '../rules/tools/candidates.ts';
import { MINE } from '../rules/tools/constants.ts';
import { bindCandidates, relationHolds } from '../rules/tools/mine.ts';
import { REVIEW } from './constants.ts';
import type { StoredPart } from './rejudge.ts';
import { marginsOf } from './tighten.ts';

export interface Predicate {
  readonly raw: RawRule;
  readonly sentence: string;
  readonly margin: number;
  /** Left out in turn, on how many normals it fired. */
  readonly estimate: RuleEstimate;
  /** Other reviewed misses that it catches. */
  readonly catches: readonly string[];
}

/** What a rule says of what, whatever its bound. */
const subject = ({ kind, params, when, forEach }: RuleSpec): string => {
  const { equals: _, oneOf: __, atLeast: ___, atMost: ____, ...rest } = params;
  return canonicalJson([kind, rest, when, forEach ?? null]);
};

export interface MinedInput {
  readonly compiled: CompiledRules;
  readonly set: LearningSet;
  readonly part: StoredPart;
  /** Reviewed parts: none called good may break the rule; others that are bad count for it. */
  readonly good: readonly StoredPart[];
  readonly bad: readonly StoredPart[];
}

/** Those that catch most misses first, then those that the part breaks most clearly. */
export function minedFor({ compiled, set, part, good, bad }: MinedInput): Predicate[] {
  const { normals, calibration } = teaching(set);
  const said = new Set(compiled.file.rules.map(subject));
  const ids = new Set(compiled.file.rules.map((r) => r.id));
  const raws = candidateRules(compiled.file, normals).filter((r) => !ids.has(r.id));
  const all = bindCandidates(compiled, raws);
  const firstOf = (list: readonly { readonly id: string }[]): Set<string> => new Set(list.map((r) => r.id));
  const fresh = firstOf(
    all.rules.filter((r) => !said.has(subject(r.spec)) && normals.every((s) => relationHolds(r, s, set.masks))),
  );
  const keep = (wanted: ReadonlySet<string>): { bound: CompiledRules; raws: RawRule[] } => {
    const some = raws.filter((r) => wanted.has(r.id));
    return { bound: bindCandidates(compiled, some), raws: some };
  };
  const first = keep(fresh);
  const learnt = learnFrom(first.bound, set);
  const firing = (scene: StoredPart['scene']): Map<string, number> =>
    new Map([...marginsOf(evaluateRules(first.bound, learnt, scene, set.masks))].filter(([, m]) => m > 1));
  const found = firing(part.scene);
  const quiet = [...normals, ...calibration, ...good.map((g) => g.scene)];
  for (const scene of found.size > 0 ? quiet : []) for (const id of firing(scene).keys()) found.delete(id);
  const ranked = [...found].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, REVIEW.mined);
  const { bound, raws: chosen } = keep(new Set(ranked.map(([id]) => id)));
  if (chosen.length === 0) return [];
  const estimates = new Map(leaveOneOut(bound, set).rules.map((e) => [e.rule, e]));
  const caught = bad.filter((b) => b.id !== part.id).map((b) => ({ id: b.id, by: firing(b.scene) }));
  return chosen
    .flatMap((raw): Predicate[] => {
      const estimate = estimates.get(raw.id)!;
      if (estimate.n === 0 || estimate.fired > MINE.heldOutRate * estimate.n) return [];
      const rule = bound.rules.find((r) => r.id === raw.id)!;
      const sentence = rule.kind!.explain(rule.spec.params, referenceFor(learnt, raw.id, null), rule.context);
      const catches = caught.flatMap(({ id, by }) => (by.has(raw.id) ? [id] : []));
      return [{ raw, sentence, margin: found.get(raw.id)!, estimate, catches }];
    })
    .sort((a, b) => b.catches.length - a.catches.length || b.margin - a.margin || (a.raw.id < b.raw.id ? -1 : 1));
}
