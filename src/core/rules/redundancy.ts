/** Rules that say what another one says already, or that no image can satisfy together (interval reasoning). */
import { canonicalJson } from '../digest.ts';
import { type AllowedCounts, type CountBounds, isAllowed, statedCounts } from './allowed.ts';
import type { RuleSpec } from './definition.ts';
import type { Path } from './document.ts';
import { kindOf } from './kinds/index.ts';
import type { Bench } from './names.ts';

/** A rule and where it stands; parts of combinators are members of their own. */
export interface PlacedRule {
  readonly spec: RuleSpec;
  readonly path: Path;
  /** Its shape is right: meaning may be asked for. */
  readonly whole: boolean;
}

const guardKeys = (spec: RuleSpec): string[] => spec.when.map((g) => canonicalJson(g));

/** Whether `a` applies wherever `b` does. */
function appliesWherever(a: RuleSpec, b: RuleSpec): boolean {
  const needed = guardKeys(b);
  return guardKeys(a).every((g) => needed.includes(g));
}

/** The settings that decide what a rule measures and allows; names and reasons aside. */
const content = ({ id: _i, because: _b, severity: _s, when: _w, ...rest }: RuleSpec): string => canonicalJson(rest);

/** Earlier rules of the same kind and interest that a rule is compared with, and the counts looked at. */
const COMPARED = 20;
const COUNTS = 1000;

export function checkRedundancy(bench: Bench, rules: readonly PlacedRule[]): void {
  const groups = new Map<string, PlacedRule[]>();
  const seen = new Map<string, PlacedRule[]>();
  for (const rule of rules) {
    if (kindOf(rule.spec.kind) === undefined) continue;
    const same = seen.get(content(rule.spec)) ?? [];
    const twin = same.find((o) => appliesWherever(o.spec, rule.spec) || appliesWherever(rule.spec, o.spec));
    if (twin) reportSubsumed(bench, rule, twin, 'says the same as');
    seen.set(content(rule.spec), [...same, rule]);
    const bounds = countBounds(rule.spec);
    if (!bounds || twin) continue;
    const { equals: _e, atLeast: _l, atMost: _m, oneOf: _o, ...about } = rule.spec.params;
    const key = canonicalJson({ kind: rule.spec.kind, about });
    const others = groups.get(key) ?? [];
    for (const other of others.slice(-COMPARED)) compareCounts(bench, rule, bounds, other, countBounds(other.spec)!);
    groups.set(key, [...others, rule]);
  }
}

function countBounds(spec: RuleSpec): AllowedCounts | null {
  const known = kindOf(spec.kind)?.params.properties;
  return known && 'atLeast' in known && 'equals' in known ? statedCounts(spec.params as CountBounds) : null;
}

/** Largest number that interval reasoning looks at: beyond it, two open intervals agree. */
function reach(a: AllowedCounts, b: AllowedCounts): number {
  return Math.max(a.high ?? a.low, b.high ?? b.low) + 1;
}

function compareCounts(
  bench: Bench,
  rule: PlacedRule,
  mine: AllowedCounts,
  other: PlacedRule,
  theirs: AllowedCounts,
): void {
  const top = Math.min(reach(mine, theirs), COUNTS);
  let both = false;
  let mineInTheirs = true;
  let theirsInMine = true;
  for (let k = 0; k <= top; k++) {
    const [m, t] = [isAllowed(mine, k), isAllowed(theirs, k)];
    both ||= m && t;
    mineInTheirs &&= !m || t;
    theirsInMine &&= !t || m;
  }
  if (!both && (appliesWherever(other.spec, rule.spec) || appliesWherever(rule.spec, other.spec))) {
    const { line } = bench.doc.positionOf(other.path);
    bench.faults.push(
      bench.doc.faultAt(rule.path, {
        code: 'CONTRADICTION',
        message: `no count satisfies both ${rule.spec.id} and ${other.spec.id} (line ${line})`,
        expected: 'bounds that share a value, or guards that keep the rules apart',
        example: 'when: { attribute: cable-colour, is: blue }',
      }),
    );
  } else if (theirsInMine && appliesWherever(other.spec, rule.spec) && asSevere(other, rule))
    reportSubsumed(bench, rule, other, 'says no more than');
  else if (mineInTheirs && appliesWherever(rule.spec, other.spec) && asSevere(rule, other))
    reportSubsumed(bench, other, rule, 'says no more than');
}

const asSevere = (a: PlacedRule, b: PlacedRule): boolean => a.spec.severity === 'reject' || b.spec.severity === 'warn';

function reportSubsumed({ doc, faults }: Bench, rule: PlacedRule, by: PlacedRule, verb: string): void {
  const at = doc.positionOf(rule.path);
  if (faults.some((f) => f.code === 'SUBSUMED' && f.line === at.line && f.col === at.col)) return;
  const { line } = doc.positionOf(by.path);
  faults.push(
    doc.faultAt(rule.path, {
      code: 'SUBSUMED',
      message: `${rule.spec.id} ${verb} ${by.spec.id} (line ${line})`,
      expected: 'one of the two removed, or a stricter bound here',
      example: `# ${rule.spec.id}: removed`,
    }),
  );
}
