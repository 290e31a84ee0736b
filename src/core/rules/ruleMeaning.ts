/** Faults of meaning in rules: references, guards, bounds, rules that repeat or contradict one another. */
import { type AllowedCounts, type CountBounds, isAllowed, statedCounts } from './allowed.ts';
import { canonicalJson } from '../digest.ts';
import type { Guard, RuleSpec } from './definition.ts';
import type { Path } from './document.ts';
import { nearest } from './faults.ts';
import type { RuleContext } from './kind.ts';
import { kindOf } from './kinds/index.ts';
import { type Bench, circles, resolve } from './meaning.ts';
import { record } from './normalise.ts';

/** A rule and where it stands; parts of combinators are members of their own. */
export interface PlacedRule {
  readonly spec: RuleSpec;
  readonly path: Path;
  /** Its shape is right: meaning may be asked for. */
  readonly whole: boolean;
}

/** All checks of all rules. */
export function checkRules(bench: Bench, rules: readonly PlacedRule[], top: readonly PlacedRule[]): void {
  checkIds(bench, rules);
  for (const rule of rules) {
    const named = checkReferences(bench, rule);
    checkGuards(bench, rule);
    if (!rule.whole) continue;
    checkBounds(bench, rule);
    if (!named) continue;
    const kind = kindOf(rule.spec.kind);
    if (!kind?.check) continue;
    const context: RuleContext = { file: bench.file, rule: rule.spec, tier: 'core' };
    for (const c of kind.check(rule.spec.params, context)) {
      const { path, candidates, got, ...detail } = c;
      const guess = candidates && got !== undefined ? nearest(got, candidates) : undefined;
      bench.faults.push(bench.doc.faultAt([...rule.path, ...path], { ...detail, didYouMean: guess }));
    }
  }
  checkRing(bench, top);
  checkRedundancy(bench, top.filter((r) => r.whole));
}

function checkIds({ doc, faults }: Bench, rules: readonly PlacedRule[]): void {
  const first = new Map<string, PlacedRule>();
  for (const rule of rules) {
    const before = first.get(rule.spec.id);
    if (!before) {
      first.set(rule.spec.id, rule);
      continue;
    }
    const { line } = doc.positionOf(before.path);
    faults.push(doc.faultAt([...rule.path, 'id'], { code: 'DUPLICATE_ID', message: `another rule is called ${rule.spec.id} (line ${line})`, expected: 'an id of its own', example: `id: ${rule.spec.id}-2` }));
  }
}

type Schema = { readonly 'x-ref'?: 'interest' | 'attribute' | 'place'; readonly 'x-also'?: readonly string[]; readonly properties?: Record<string, Schema>; readonly items?: Schema; readonly anyOf?: readonly Schema[] };

/** Walks a value along its schema and resolves every name in it. */
function walk(bench: Bench, schema: Schema, value: unknown, path: Path): boolean {
  if (schema['x-ref'] !== undefined) return typeof value !== 'string' || resolve(bench, schema['x-ref'], value, path, schema['x-also']);
  if (schema.anyOf) {
    const fitting = schema.anyOf.filter((s) => (typeof value === 'string' ? s.properties === undefined : s.properties !== undefined));
    return fitting.map((s) => walk(bench, s, value, path)).every(Boolean);
  }
  if (schema.items && Array.isArray(value)) return value.map((v, i) => walk(bench, schema.items!, v, [...path, i])).every(Boolean);
  if (!schema.properties) return true;
  const members = record(value);
  return Object.entries(schema.properties)
    .map(([key, s]) => (Object.hasOwn(members, key) ? walk(bench, s, members[key], [...path, key]) : true))
    .every(Boolean);
}

function checkReferences(bench: Bench, { spec, path }: PlacedRule): boolean {
  const kind = kindOf(spec.kind);
  return kind ? walk(bench, kind.params as unknown as Schema, spec.params, path) : true;
}

function guardPath(bench: Bench, path: Path, index: number): Path {
  let raw: unknown = bench.doc.value;
  for (const step of path) raw = Array.isArray(raw) ? raw[Number(step)] : record(raw)[String(step)];
  return Array.isArray(record(raw).when) ? [...path, 'when', index] : [...path, 'when'];
}

function checkGuards(bench: Bench, { spec, path }: PlacedRule): void {
  const { file, doc, faults } = bench;
  const unreachable = (at: Path, message: string, values: readonly string[], got?: string): void => {
    const guess = got === undefined ? undefined : nearest(got, values);
    faults.push(doc.faultAt(at, { code: 'UNREACHABLE', message, expected: values.length > 0 ? `one of ${values.join(', ')}` : 'a condition that some image meets', example: `is: ${guess ?? values[0] ?? 'blue'}`, didYouMean: guess }));
  };
  spec.when.forEach((guard, i) => {
    const at = guardPath(bench, path, i);
    if ('attribute' in guard) {
      if (!resolve(bench, 'attribute', guard.attribute, [...at, 'attribute'])) return;
      const values = Object.keys(file.attributes[guard.attribute]!.values);
      for (const v of guard.is) if (!values.includes(v)) unreachable([...at, 'is'], `${v} is no value of ${guard.attribute}: the rule would never apply`, values, v);
    } else if ('rule' in guard) {
      resolve(bench, 'rule', guard.rule, [...at, 'rule']);
    } else {
      const by = file.variants && Object.hasOwn(file.attributes, file.variants.by) ? Object.keys(file.attributes[file.variants.by]!.values) : [];
      if (!file.variants) unreachable([...at, 'variant'], 'the file has no variants: the rule would never apply', []);
      else for (const v of guard.variant) if (!by.includes(v)) unreachable([...at, 'variant'], `${v} is no variant: the rule would never apply`, by, v);
    }
  });
  checkTogether(bench, spec.when, guardPath(bench, path, 0), unreachable);
}

/** Two conditions on one attribute that share no value can never be met together. */
function checkTogether(_: Bench, guards: readonly Guard[], at: Path, report: (at: Path, message: string, values: readonly string[]) => void): void {
  const seen = new Map<string, readonly string[]>();
  for (const guard of guards) {
    const key = 'attribute' in guard ? guard.attribute : 'variant' in guard ? 'variant' : `rule ${guard.rule}`;
    const values = 'attribute' in guard ? guard.is : 'variant' in guard ? guard.variant : [guard.is];
    const before = seen.get(key);
    if (before && !values.some((v) => before.includes(v))) report(at, `${key} cannot be ${before.join(' or ')} and ${values.join(' or ')} at once`, []);
    seen.set(key, before ? values.filter((v) => before.includes(v)) : values);
  }
}

function checkBounds({ doc, faults }: Bench, { spec, path }: PlacedRule): void {
  const { within } = spec;
  if (within !== 'learnt') {
    const [low, high] = within;
    if (low === null && high === null) faults.push(doc.faultAt([...path, 'within'], { code: 'VACUOUS', message: 'both sides are open: every image satisfies it', expected: 'at least one number, or learnt', example: 'within: [0.2, 0.3]' }));
    else if (low !== null && high !== null && low > high) faults.push(doc.faultAt([...path, 'within'], { code: 'CONTRADICTION', message: `the lower bound ${low} is above the upper bound ${high}`, expected: '[low, high] with low no larger than high', example: `within: [${high}, ${low}]` }));
    if (spec.alarm !== undefined) faults.push(doc.faultAt([...path, 'alarm'], { code: 'CONTRADICTION', message: 'alarm asks for a learnt bound, but within states one', expected: 'alarm with within: learnt, or a stated bound alone', example: 'alarm: 0.01' }, 'key'));
  }
  if (spec.reference !== 'learnt' && spec.as !== 'ratio') {
    faults.push(doc.faultAt([...path, 'reference'], { code: 'CONTRADICTION', message: 'a reference is only used by a ratio', expected: 'as: ratio beside reference', example: 'as: ratio\nreference: 366' }, 'key'));
  }
}

/** Guards on rules must not lead back to the rule. */
function checkRing({ doc, faults }: Bench, rules: readonly PlacedRule[]): void {
  const byId = new Map(rules.map((r) => [r.spec.id, r]));
  for (const ring of circles([...byId.keys()], (id) => guardedBy(byId.get(id)!.spec))) {
    faults.push(doc.faultAt([...byId.get(ring[0]!)!.path, 'when'], { code: 'CYCLE', message: `guards lead in a circle: ${ring.join(' > ')}`, expected: 'a chain of guards that ends', example: 'when: { rule: one-label, is: held }' }));
  }
}

/** Rules that a rule's guards, or those of its parts, name. */
export function guardedBy(spec: RuleSpec): string[] {
  return [...spec.when.flatMap((g) => ('rule' in g ? [g.rule] : [])), ...spec.rules.flatMap(guardedBy)];
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

function checkRedundancy(bench: Bench, rules: readonly PlacedRule[]): void {
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

function compareCounts(bench: Bench, rule: PlacedRule, mine: AllowedCounts, other: PlacedRule, theirs: AllowedCounts): void {
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
    bench.faults.push(bench.doc.faultAt(rule.path, { code: 'CONTRADICTION', message: `no count satisfies both ${rule.spec.id} and ${other.spec.id} (line ${line})`, expected: 'bounds that share a value, or guards that keep the rules apart', example: 'when: { attribute: cable-colour, is: blue }' }));
  } else if (theirsInMine && appliesWherever(other.spec, rule.spec) && asSevere(other, rule)) reportSubsumed(bench, rule, other, 'says no more than');
  else if (mineInTheirs && appliesWherever(rule.spec, other.spec) && asSevere(rule, other)) reportSubsumed(bench, other, rule, 'says no more than');
}

const asSevere = (a: PlacedRule, b: PlacedRule): boolean => a.spec.severity === 'reject' || b.spec.severity === 'warn';

function reportSubsumed({ doc, faults }: Bench, rule: PlacedRule, by: PlacedRule, verb: string): void {
  const { line } = doc.positionOf(by.path);
  faults.push(doc.faultAt(rule.path, { code: 'SUBSUMED', message: `${rule.spec.id} ${verb} ${by.spec.id} (line ${line})`, expected: 'one of the two removed, or a stricter bound here', example: `# ${rule.spec.id}: removed` }));
}
