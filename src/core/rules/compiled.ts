/** What the compiler hands out: rules bound to their kinds, with their places in the file. */
import type { RuleFile, RuleSpec } from './definition.ts';
import type { AnyRuleKind, RuleContext } from './kind.ts';

export interface RulePlace {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

export interface CompiledRule {
  readonly id: string;
  readonly spec: RuleSpec;
  /** null for the combinators `all`, `any` and `not`. */
  readonly kind: AnyRuleKind | null;
  readonly context: RuleContext;
  readonly interests: readonly string[];
  readonly place: RulePlace;
  /** Rules a combinator judges together. */
  readonly parts: readonly CompiledRule[];
}

export interface CompiledRules {
  readonly file: RuleFile;
  /** In an order in which every rule comes after those its guards name. */
  readonly rules: readonly CompiledRule[];
  readonly digests: {
    /** Everything that makes a Profile stale: frame, regions, ignore, interests, attributes, variants, detectors. */
    readonly grounding: string;
    /** What the rules say; titles, reasons, provenance and vetting are not in it. */
    readonly rules: string;
  };
  positionOf(rule: string): RulePlace;
  /** Where an interest is defined. */
  interestAt(interest: string): RulePlace;
}

/** Every rule and every part of a combinator. */
export function flatten(rules: readonly CompiledRule[]): readonly CompiledRule[] {
  return rules.flatMap((r) => [r, ...flatten(r.parts)]);
}
