/** Guards: what they name, and whether any image can meet them. */
import type { Guard, RuleFile } from './definition.ts';
import type { Path } from './document.ts';
import { nearest } from './faults.ts';
import { type Bench, resolve } from './names.ts';
import { record } from './normalise.ts';
import type { PlacedRule } from './redundancy.ts';

/** `when` may be one condition or a list of them: where the index-th one is written. */
function guardPath(bench: Bench, path: Path, index: number): Path {
  let raw: unknown = bench.doc.value;
  for (const step of path) raw = Array.isArray(raw) ? raw[Number(step)] : record(raw)[String(step)];
  return Array.isArray(record(raw).when) ? [...path, 'when', index] : [...path, 'when'];
}

function unreachable(bench: Bench, at: Path, message: string, values: readonly string[], got?: string): void {
  const guess = got === undefined ? undefined : nearest(got, values);
  bench.faults.push(
    bench.doc.faultAt(at, {
      code: 'UNREACHABLE',
      message,
      expected: values.length > 0 ? `one of ${values.join(', ')}` : 'a condition that some image meets',
      example: `is: ${guess ?? values[0] ?? 'blue'}`,
      didYouMean: guess,
    }),
  );
}

const valuesOf = (file: RuleFile, attribute: string | undefined): readonly string[] =>
  attribute !== undefined && Object.hasOwn(file.attributes, attribute)
    ? Object.keys(file.attributes[attribute]!.values)
    : [];

function checkGuard(bench: Bench, guard: Guard, at: Path): void {
  if ('rule' in guard) {
    resolve(bench, 'rule', guard.rule, [...at, 'rule']);
    return;
  }
  if ('attribute' in guard) {
    if (!resolve(bench, 'attribute', guard.attribute, [...at, 'attribute'])) return;
    const values = valuesOf(bench.file, guard.attribute);
    for (const v of guard.is) {
      if (!values.includes(v))
        unreachable(
          bench,
          [...at, 'is'],
          `${v} is no value of ${guard.attribute}: the rule would never apply`,
          values,
          v,
        );
    }
    return;
  }
  if (!bench.file.variants) {
    unreachable(bench, [...at, 'variant'], 'the file has no variants: the rule would never apply', []);
    return;
  }
  const values = valuesOf(bench.file, bench.file.variants.by);
  for (const v of guard.variant) {
    if (!values.includes(v))
      unreachable(bench, [...at, 'variant'], `${v} is no variant: the rule would never apply`, values, v);
  }
}

/** All conditions of one rule, one by one and together. */
export function checkGuards(bench: Bench, { spec, path }: PlacedRule): void {
  spec.when.forEach((guard, i) => {
    checkGuard(bench, guard, guardPath(bench, path, i));
  });
  // Two conditions on one thing that share no value can never be met together.
  const seen = new Map<string, readonly string[]>();
  for (const guard of spec.when) {
    const key = 'attribute' in guard ? guard.attribute : 'variant' in guard ? 'variant' : `rule ${guard.rule}`;
    const values = 'attribute' in guard ? guard.is : 'variant' in guard ? guard.variant : [guard.is];
    const before = seen.get(key);
    if (before && !values.some((v) => before.includes(v))) {
      unreachable(
        bench,
        guardPath(bench, path, 0),
        `${key} cannot be ${before.join(' or ')} and ${values.join(' or ')} at once`,
        [],
      );
    }
    seen.set(key, before ? values.filter((v) => before.includes(v)) : values);
  }
}
