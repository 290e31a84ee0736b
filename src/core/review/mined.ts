/** Predicates that a missed part breaks and no good part does: mining (rules/tools/mine.ts) asked about one part. */
import { canonicalJson } from '../digest.ts';
import type { CompiledRules } from '../rules/compiled.ts';
import type { RuleSpec } from '../rules/definition.ts';
import { leaveOneOut, type RuleEstimate } from '../rules/estimates.ts';
import { evaluateRules } from '../rules/evaluate.ts';
import { type LearningSet, type LearntRules, learnFrom, referenceFor, teaching } from '../rules/learn.ts';
import { candidateRules, type RawRule } from '../rules/tools/candidates.ts';
import { MINE } from '../rules/tools/constants.ts';
import { bindCandidates, relationHolds } from '../rules/tools/mine.ts';
import type { Scene } from '../scene.ts';
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

/** Every candidate with its bound, and those that good parts of the profile break: the same for every review. */
interface Material {
  readonly raws: readonly RawRule[];
  readonly bound: CompiledRules;
  readonly learnt: LearntRules;
  readonly broken: ReadonlySet<string>;
}

const materials = new WeakMap<LearningSet, { readonly grounding: string; readonly material: Material }>();

function materialOf(compiled: CompiledRules, set: LearningSet): Material {
  const known = materials.get(set);
  if (known?.grounding === compiled.digests.grounding) return known.material;
  const { normals, calibration } = teaching(set);
  const raws = candidateRules(compiled.file, normals);
  const bound = bindCandidates(compiled, raws);
  const learnt = learnFrom(bound, set);
  const broken = new Set(
    bound.rules.filter((r) => normals.some((s) => !relationHolds(r, s, set.masks))).map((r) => r.id),
  );
  for (const scene of [...normals, ...calibration])
    for (const id of firing({ bound, learnt }, scene, set).keys()) broken.add(id);
  const material = { raws, bound, learnt, broken };
  materials.set(set, { grounding: compiled.digests.grounding, material });
  return material;
}

/** Margins above 1, by rule. */
function firing(
  { bound, learnt }: Pick<Material, 'bound' | 'learnt'>,
  scene: Scene,
  set: LearningSet,
): Map<string, number> {
  return new Map([...marginsOf(evaluateRules(bound, learnt, scene, set.masks))].filter(([, m]) => m > 1));
}

/** Those that catch most misses first, then those that the part breaks most clearly. */
export function minedFor({ compiled, set, part, good, bad }: MinedInput): Predicate[] {
  const material = materialOf(compiled, set);
  const said = new Set(compiled.file.rules.map(subject));
  const ids = new Set(compiled.file.rules.map((r) => r.id));
  const fresh = (id: string): boolean => {
    const rule = material.bound.rules.find((r) => r.id === id)!;
    return !ids.has(id) && !material.broken.has(id) && !said.has(subject(rule.spec));
  };
  const found = firing(material, part.scene, set);
  if (found.size > 0) for (const g of good) for (const id of firing(material, g.scene, set).keys()) found.delete(id);
  const ranked = [...found]
    .filter(([id]) => fresh(id))
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, REVIEW.mined);
  const wanted = new Set(ranked.map(([id]) => id));
  const chosen = material.raws.filter((r) => wanted.has(r.id));
  if (chosen.length === 0) return [];
  const bound = bindCandidates(compiled, chosen);
  const estimates = new Map(leaveOneOut(bound, set).rules.map((e) => [e.rule, e]));
  const caught = bad.filter((b) => b.id !== part.id).map((b) => ({ id: b.id, by: firing(material, b.scene, set) }));
  return chosen
    .flatMap((raw): Predicate[] => {
      const estimate = estimates.get(raw.id)!;
      if (estimate.n === 0 || estimate.fired > MINE.heldOutRate * estimate.n) return [];
      const rule = bound.rules.find((r) => r.id === raw.id)!;
      const reference = referenceFor(material.learnt, raw.id, null);
      const sentence = rule.kind!.explain(rule.spec.params, reference, rule.context);
      const catches = caught.flatMap(({ id, by }) => (by.has(raw.id) ? [id] : []));
      return [{ raw, sentence, margin: found.get(raw.id)!, estimate, catches }];
    })
    .sort((a, b) => b.catches.length - a.catches.length || b.margin - a.margin || (a.raw.id < b.raw.id ? -1 : 1));
}
