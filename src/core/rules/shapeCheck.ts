/** Schema faults: Ajv's findings told as an author needs them, with the nearest known word. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { LIMITS } from './constants.ts';
import type { Path, RuleDocument } from './document.ts';
import { shorten } from './document.ts';
import { type Fault, nearest } from './faults.ts';
import { KINDS, kindOf } from './kinds/index.ts';
import { looseNumbers } from './looseNumbers.ts';
import { combinatorOf, record } from './normalise.ts';
import { COMBINATOR_NAMES, combinatorSchema, FileSchema, ruleSchema } from './schema.ts';
import { faultOf, inline } from './schemaFault.ts';

const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, allowUnionTypes: true });
ajv.addKeyword('x-ref');
ajv.addKeyword('x-also');

/** Validators compile on first use: a file with three kinds does not pay for twenty. */
const validators = new Map<string, ValidateFunction>();

function validator(name: string, schema: () => TSchema): ValidateFunction {
  let v = validators.get(name);
  if (!v) {
    v = ajv.compile(schema());
    validators.set(name, v);
  }
  return v;
}

/** Where an `anyOf` failed, what its branches complained about is noise, unless exactly one branch was meant. */
function withoutNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((e) => e.keyword === 'anyOf');
  return errors.filter((e) => !unions.some((u) => u !== e && e.schemaPath.startsWith(`${u.schemaPath}/`)));
}

/** `told`: places about which something was said that explains whatever is wrong at or below them. */
function check(
  doc: RuleDocument,
  value: unknown,
  base: Path,
  validate: ValidateFunction,
  told: readonly Path[] = [],
): Fault[] {
  if (validate(value)) return [];
  const seen = new Set<string>();
  const pointers = told.map((path) => path.map((p) => `/${p}`).join(''));
  const explained = (e: ErrorObject): boolean => pointers.some((p) => `${e.instancePath}/`.startsWith(`${p}/`));
  // Far more errors than anyone reads: the first ones tell.
  const errors = (validate.errors ?? []).slice(0, 10 * LIMITS.faults).filter((e) => !explained(e));
  return withoutNoise(errors)
    .slice(0, LIMITS.faults)
    .flatMap((e) => {
      const key = `${e.instancePath}|${e.keyword}|${JSON.stringify(e.params)}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [faultOf(doc, base, e)];
    });
}

/** Faults of the file's shape, rules aside. */
export function checkFileShape(doc: RuleDocument): Fault[] {
  const loose = looseNumbers(doc.value);
  const own = check(
    doc,
    doc.value,
    [],
    validator('file', () => FileSchema),
    loose.map((l) => l.scope),
  );
  return [...loose.map((l) => doc.faultAt(l.path, l.detail, 'key')), ...own];
}

/** Faults of one rule's shape: its kind, then the kind's schema; parts of a combinator likewise. */
export function checkRuleShape(doc: RuleDocument, value: unknown, path: Path, part = false): Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const r = record(value);
  const suffix = part ? ' part' : '';
  const combinator = combinatorOf(r);
  if (combinator !== undefined) {
    const own = check(
      doc,
      value,
      path,
      validator(combinator + suffix, () => combinatorSchema(combinator as 'all', part)),
    );
    const parts = Array.isArray(r[combinator]) ? (r[combinator] as unknown[]) : null;
    const below = parts
      ? parts.flatMap((p, i) => checkRuleShape(doc, p, [...path, combinator, i], true))
      : checkRuleShape(doc, r[combinator], [...path, combinator], true);
    return [...own, ...below];
  }
  const names = KINDS.map((k) => k.kind);
  if (r.kind === undefined) {
    return [
      doc.faultAt(path, {
        code: 'MISSING_KEY',
        message: 'kind is missing',
        expected: `kind: one of ${names.join(', ')}; or ${COMBINATOR_NAMES.join(', ')}`,
        example: 'kind: count',
      }),
    ];
  }
  const kind = typeof r.kind === 'string' ? kindOf(r.kind) : undefined;
  if (!kind) {
    const got = typeof r.kind === 'string' ? r.kind : inline(r.kind);
    const guess = nearest(got, names);
    return [
      doc.faultAt([...path, 'kind'], {
        code: 'UNKNOWN_KIND',
        message: `${shorten(got)} is no kind of rule`,
        expected: `one of ${names.join(', ')}`,
        example: `kind: ${guess ?? 'count'}`,
        didYouMean: guess,
      }),
    ];
  }
  return check(
    doc,
    value,
    path,
    validator(kind.kind + suffix, () => ruleSchema(kind, part)),
  );
}
