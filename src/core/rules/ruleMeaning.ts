/** Faults of meaning in rules: references, guards, bounds, rules that repeat or contradict one another. */

import type { RuleSpec } from './definition.ts';
import type { Path } from './document.ts';
import { nearest } from './faults.ts';
import { checkGuards } from './guardMeaning.ts';
import type { RuleContext } from './kind.ts';
import { kindOf } from './kinds/index.ts';
import { type Bench, circles, FINDINGS, resolve } from './names.ts';
import { record } from './normalise.ts';
import { checkRedundancy, type PlacedRule } from './redundancy.ts';

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
  checkRedundancy(
    bench,
    top.filter((r) => r.whole),
  );
}

function checkIds({ doc, faults }: Bench, rules: readonly PlacedRule[]): void {
  const first = new Map<string, PlacedRule>();
  for (const rule of rules) {
    if (FINDINGS.includes(rule.spec.id))
      faults.push(
        doc.faultAt([...rule.path, 'id'], {
          code: 'BAD_NAME',
          message: `${rule.spec.id} is the name of a finding that every rule file has`,
          expected: `any other id; taken: ${FINDINGS.join(', ')}`,
          example: `id: ${rule.spec.id}-part`,
        }),
      );
    const before = first.get(rule.spec.id);
    if (!before) {
      first.set(rule.spec.id, rule);
      continue;
    }
    const { line } = doc.positionOf(before.path);
    faults.push(
      doc.faultAt([...rule.path, 'id'], {
        code: 'DUPLICATE_ID',
        message: `another rule is called ${rule.spec.id} (line ${line})`,
        expected: 'an id of its own',
        example: `id: ${rule.spec.id}-2`,
      }),
    );
  }
}

type Schema = {
  readonly 'x-ref'?: 'interest' | 'attribute' | 'place';
  readonly 'x-also'?: readonly string[];
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};

/** Walks a value along its schema and resolves every name in it. */
function walk(bench: Bench, schema: Schema, value: unknown, path: Path): boolean {
  if (schema['x-ref'] !== undefined)
    return typeof value !== 'string' || resolve(bench, schema['x-ref'], value, path, schema['x-also']);
  if (schema.anyOf) {
    const fitting = schema.anyOf.filter((s) =>
      typeof value === 'string' ? s.properties === undefined : s.properties !== undefined,
    );
    return fitting.map((s) => walk(bench, s, value, path)).every(Boolean);
  }
  if (schema.items && Array.isArray(value))
    return value.map((v, i) => walk(bench, schema.items!, v, [...path, i])).every(Boolean);
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

function checkBounds({ doc, faults }: Bench, { spec, path }: PlacedRule): void {
  const { within } = spec;
  if (within !== 'learnt') {
    const [low, high] = within;
    if (low === null && high === null)
      faults.push(
        doc.faultAt([...path, 'within'], {
          code: 'VACUOUS',
          message: 'both sides are open: every image satisfies it',
          expected: 'at least one number, or learnt',
          example: 'within: [0.2, 0.3]',
        }),
      );
    else if (low !== null && high !== null && low > high)
      faults.push(
        doc.faultAt([...path, 'within'], {
          code: 'CONTRADICTION',
          message: `the lower bound ${low} is above the upper bound ${high}`,
          expected: '[low, high] with low no larger than high',
          example: `within: [${high}, ${low}]`,
        }),
      );
    for (const [setting, example] of [
      ['alarm', 'alarm: 0.01'],
      ['tolerance', 'tolerance: 1.5'],
    ] as const) {
      if (spec[setting] === undefined) continue;
      faults.push(
        doc.faultAt(
          [...path, setting],
          {
            code: 'CONTRADICTION',
            message: `${setting} asks for a learnt bound, but within states one`,
            expected: `${setting} with within: learnt, or a stated bound alone`,
            example,
          },
          'key',
        ),
      );
    }
  }
  if (spec.reference !== 'learnt' && spec.as !== 'ratio') {
    faults.push(
      doc.faultAt(
        [...path, 'reference'],
        {
          code: 'CONTRADICTION',
          message: 'a reference is only used by a ratio',
          expected: 'as: ratio beside reference',
          example: 'as: ratio\nreference: 366',
        },
        'key',
      ),
    );
  }
}

/** Guards on rules must not lead back to the rule. */
function checkRing({ doc, faults }: Bench, rules: readonly PlacedRule[]): void {
  const byId = new Map(rules.map((r) => [r.spec.id, r]));
  for (const ring of circles([...byId.keys()], (id) => guardedBy(byId.get(id)!.spec))) {
    faults.push(
      doc.faultAt([...byId.get(ring[0]!)!.path, 'when'], {
        code: 'CYCLE',
        message: `guards lead in a circle: ${ring.join(' > ')}`,
        expected: 'a chain of guards that ends',
        example: 'when: { rule: one-label, is: held }',
      }),
    );
  }
}

/** Rules that a rule's guards, or those of its parts, name. */
export function guardedBy(spec: RuleSpec): string[] {
  return [...spec.when.flatMap((g) => ('rule' in g ? [g.rule] : [])), ...spec.rules.flatMap(guardedBy)];
}
