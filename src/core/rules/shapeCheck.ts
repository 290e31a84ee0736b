/** Schema faults: Ajv's findings told as an author needs them, with the nearest known word. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { LIMITS } from './constants.ts';
import type { Path, RuleDocument } from './document.ts';
import { shorten } from './document.ts';
import { type Fault, nearest } from './faults.ts';
import { KINDS, kindOf } from './kinds/index.ts';
import { combinatorOf, record } from './normalise.ts';
import { COMBINATOR_NAMES, combinatorSchema, FileSchema, ruleSchema } from './schema.ts';

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

type Annotated = { readonly description?: string; readonly examples?: readonly unknown[]; readonly type?: string; readonly pattern?: string; readonly enum?: readonly unknown[]; readonly properties?: Record<string, Annotated>; readonly anyOf?: readonly Annotated[]; readonly const?: unknown; readonly items?: Annotated; readonly minimum?: number };

const pathOf = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map((p) => (/^\d+$/.test(p) ? Number(p) : p));

/** A value as YAML in one line, to copy. */
function inline(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(inline).join(', ')}]`;
  if (typeof v === 'object' && v !== null) return `{ ${Object.entries(v).map(([k, x]) => `${k}: ${inline(x)}`).join(', ')} }`;
  return String(v);
}

/** A valid example of what a schema takes. */
export function exampleOf(schema: unknown): string {
  const s = record(schema) as Annotated;
  if (s.examples?.[0] !== undefined) return inline(s.examples[0]);
  if (s.const !== undefined) return inline(s.const);
  if (s.anyOf?.[0]) return exampleOf(s.anyOf[0]);
  if (s.type === 'number') return '0.5';
  if (s.type === 'integer') return String(Math.max(1, s.minimum ?? 1));
  if (s.type === 'boolean') return 'true';
  if (s.type === 'array') return `[${exampleOf(s.items)}]`;
  return s.type === 'string' ? 'label' : '{ }';
}

const ARTICLE: Readonly<Record<string, string>> = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a mapping', null: 'nothing' };

const typeName = (v: unknown): string => (v === null ? 'nothing' : Array.isArray(v) ? 'a list' : ARTICLE[typeof v] ?? typeof v);

function expectedOf(schema: Annotated): string {
  const choices = schema.anyOf?.map((a) => a.const).filter((c) => c !== undefined) ?? [];
  if (choices.length > 0 && choices.length === schema.anyOf?.length) return `one of ${choices.join(', ')}`;
  if (schema.const !== undefined) return String(schema.const);
  return schema.description ?? ARTICLE[schema.type ?? ''] ?? 'something else';
}

/** One Ajv error as a fault. */
function faultOf(doc: RuleDocument, base: Path, e: ErrorObject): Fault {
  const path = [...base, ...pathOf(e.instancePath)];
  const name = path.length === 0 ? 'the file' : String(path[path.length - 1]);
  const schema = record(e.parentSchema) as Annotated;
  const data = e.data;
  if (e.keyword === 'additionalProperties') {
    const key = String(e.params.additionalProperty);
    const known = Object.keys(schema.properties ?? {});
    if (known.length === 0) return doc.faultAt([...path, key], { code: 'BAD_NAME', message: `${shorten(key)} is no name`, expected: 'a letter, then up to 63 letters, digits, - or _', example: 'fruit-label:' }, 'key');
    const guess = nearest(key, known);
    return doc.faultAt([...path, key], { code: 'UNKNOWN_KEY', message: `${shorten(key)} is not known here`, expected: `one of ${known.join(', ')}`, example: `${guess ?? known[0]}: ${exampleOf(schema.properties?.[guess ?? known[0]!])}`, didYouMean: guess }, 'key');
  }
  if (e.keyword === 'required') {
    const key = String(e.params.missingProperty);
    const wanted = schema.properties?.[key] ?? {};
    return doc.faultAt(path, { code: 'MISSING_KEY', message: `${key} is missing`, expected: `${key}: ${expectedOf(wanted)}`, example: `${key}: ${exampleOf(wanted)}` });
  }
  const expected = expectedOf(schema);
  const example = typeof path[path.length - 1] === 'string' ? `${name}: ${exampleOf(schema)}` : exampleOf(schema);
  if (e.keyword === 'type') return doc.faultAt(path, { code: 'WRONG_TYPE', message: `${name} is ${typeName(data)}`, expected: schema.description ? `${ARTICLE[schema.type ?? ''] ?? expected}: ${expected}` : expected, example });
  if (e.keyword === 'anyOf' || e.keyword === 'const' || e.keyword === 'enum') {
    const choices = (schema.anyOf ?? [schema]).flatMap((a) => (typeof a.const === 'string' ? [a.const] : []));
    const wrongType = typeof data !== 'string' && choices.length > 0 && choices.length === (schema.anyOf ?? [schema]).length;
    const shown = typeof data === 'string' || typeof data === 'number' ? ` ${shorten(String(data))}` : '';
    return doc.faultAt(path, { code: wrongType ? 'WRONG_TYPE' : 'WRONG_VALUE', message: `${name}${shown} is not allowed`, expected, example, didYouMean: typeof data === 'string' ? nearest(data, choices) : undefined });
  }
  if (e.keyword === 'pattern') return doc.faultAt(path, { code: schema.description?.startsWith('fraction') ? 'WRONG_VALUE' : 'BAD_NAME', message: `${shorten(String(data))} is not allowed as ${name}`, expected: schema.description?.startsWith('fraction') ? expected : 'a letter, then up to 63 letters, digits, - or _', example });
  return doc.faultAt(path, { code: 'WRONG_VALUE', message: `${name} ${e.message ?? 'is not allowed'}`, expected, example });
}

/** Where an `anyOf` failed, what its branches complained about is noise, unless exactly one branch was meant. */
function withoutNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((e) => e.keyword === 'anyOf');
  return errors.filter((e) => !unions.some((u) => u !== e && e.schemaPath.startsWith(`${u.schemaPath}/`)));
}

function check(doc: RuleDocument, value: unknown, base: Path, validate: ValidateFunction): Fault[] {
  if (validate(value)) return [];
  const seen = new Set<string>();
  // Far more errors than anyone reads: the first ones tell.
  const errors = (validate.errors ?? []).slice(0, 10 * LIMITS.faults);
  return withoutNoise(errors).slice(0, LIMITS.faults).flatMap((e) => {
    const key = `${e.instancePath}|${e.keyword}|${JSON.stringify(e.params)}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [faultOf(doc, base, e)];
  });
}

/** Faults of the file's shape, rules aside. */
export function checkFileShape(doc: RuleDocument): Fault[] {
  return check(doc, doc.value, [], validator('file', () => FileSchema));
}

/** Faults of one rule's shape: its kind, then the kind's schema; parts of a combinator likewise. */
export function checkRuleShape(doc: RuleDocument, value: unknown, path: Path, part = false): Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const r = record(value);
  const suffix = part ? ' part' : '';
  const combinator = combinatorOf(r);
  if (combinator !== undefined) {
    const own = check(doc, value, path, validator(combinator + suffix, () => combinatorSchema(combinator as 'all', part)));
    const parts = Array.isArray(r[combinator]) ? (r[combinator] as unknown[]) : null;
    const below = parts ? parts.flatMap((p, i) => checkRuleShape(doc, p, [...path, combinator, i], true)) : checkRuleShape(doc, r[combinator], [...path, combinator], true);
    return [...own, ...below];
  }
  const names = KINDS.map((k) => k.kind);
  if (r.kind === undefined) {
    return [doc.faultAt(path, { code: 'MISSING_KEY', message: 'kind is missing', expected: `kind: one of ${names.join(', ')}; or ${COMBINATOR_NAMES.join(', ')}`, example: 'kind: count' })];
  }
  const kind = typeof r.kind === 'string' ? kindOf(r.kind) : undefined;
  if (!kind) {
    const got = typeof r.kind === 'string' ? r.kind : inline(r.kind);
    const guess = nearest(got, names);
    return [doc.faultAt([...path, 'kind'], { code: 'UNKNOWN_KIND', message: `${shorten(got)} is no kind of rule`, expected: `one of ${names.join(', ')}`, example: `kind: ${guess ?? 'count'}`, didYouMean: guess })];
  }
  return check(doc, value, path, validator(kind.kind + suffix, () => ruleSchema(kind, part)));
}
