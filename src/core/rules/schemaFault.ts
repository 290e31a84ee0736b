/** What Ajv found, told as an author needs it: the nearest known word, what was expected, an example to copy. */
import type { ErrorObject } from 'ajv';
import { type Path, type RuleDocument, shorten } from './document.ts';
import { type Fault, nearest } from './faults.ts';
import { record } from './normalise.ts';

type Annotated = {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Record<string, Annotated>;
  readonly anyOf?: readonly Annotated[];
  readonly const?: unknown;
  readonly items?: Annotated;
  readonly minimum?: number;
};

const pathOf = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map((p) => (/^\d+$/.test(p) ? Number(p) : p));

/** A value as YAML in one line, to copy. */
export function inline(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(inline).join(', ')}]`;
  if (typeof v === 'object' && v !== null)
    return `{ ${Object.entries(v)
      .map(([k, x]) => `${k}: ${inline(x)}`)
      .join(', ')} }`;
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

const ARTICLE: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'nothing',
};

const typeName = (v: unknown): string =>
  v === null ? 'nothing' : Array.isArray(v) ? 'a list' : (ARTICLE[typeof v] ?? typeof v);

function expectedOf(schema: Annotated): string {
  const choices = schema.anyOf?.map((a) => a.const).filter((c) => c !== undefined) ?? [];
  if (choices.length > 0 && choices.length === schema.anyOf?.length) return `one of ${choices.join(', ')}`;
  if (schema.const !== undefined) return String(schema.const);
  return schema.description ?? ARTICLE[schema.type ?? ''] ?? 'something else';
}

const NAME = 'a letter, then up to 63 letters, digits, - or _';

interface Found {
  readonly doc: RuleDocument;
  readonly path: Path;
  readonly schema: Annotated;
  readonly e: ErrorObject;
  /** The last step of the path, as a person calls it. */
  readonly name: string;
  readonly expected: string;
  readonly example: string;
}

function unknownKey({ doc, path, schema, e }: Found): Fault {
  const key = String(e.params.additionalProperty);
  const known = Object.keys(schema.properties ?? {});
  const at = [...path, key];
  if (known.length === 0) {
    return doc.faultAt(
      at,
      { code: 'BAD_NAME', message: `${shorten(key)} is no name`, expected: NAME, example: 'fruit-label:' },
      'key',
    );
  }
  const guess = nearest(key, known);
  const shown = guess ?? known[0]!;
  const detail = {
    code: 'UNKNOWN_KEY',
    message: `${shorten(key)} is not known here`,
    expected: `one of ${known.join(', ')}`,
    example: `${shown}: ${exampleOf(schema.properties?.[shown])}`,
    didYouMean: guess,
  } as const;
  return doc.faultAt(at, detail, 'key');
}

function missingKey({ doc, path, schema, e }: Found): Fault {
  const key = String(e.params.missingProperty);
  const wanted = schema.properties?.[key] ?? {};
  return doc.faultAt(path, {
    code: 'MISSING_KEY',
    message: `${key} is missing`,
    expected: `${key}: ${expectedOf(wanted)}`,
    example: `${key}: ${exampleOf(wanted)}`,
  });
}

function wrongType({ doc, path, schema, e, name, expected, example }: Found): Fault {
  const wanted = schema.description ? `${ARTICLE[schema.type ?? ''] ?? expected}: ${expected}` : expected;
  return doc.faultAt(path, {
    code: 'WRONG_TYPE',
    message: `${name} is ${typeName(e.data)}`,
    expected: wanted,
    example,
  });
}

function wrongChoice({ doc, path, schema, e, name, expected, example }: Found): Fault {
  const options = schema.anyOf ?? [schema];
  const choices = options.flatMap((a) => a.anyOf ?? [a]).flatMap((a) => (typeof a.const === 'string' ? [a.const] : []));
  const text = typeof e.data === 'string';
  const shown = text || typeof e.data === 'number' ? ` ${shorten(String(e.data))}` : '';
  return doc.faultAt(path, {
    code: !text && choices.length > 0 && choices.length === options.length ? 'WRONG_TYPE' : 'WRONG_VALUE',
    message: `${name}${shown} is not allowed`,
    expected,
    example,
    didYouMean: text ? nearest(e.data as string, choices) : undefined,
  });
}

function wrongPattern({ doc, path, schema, e, name, expected, example }: Found): Fault {
  const unit = schema.description?.startsWith('fraction') ?? false;
  const message = `${shorten(String(e.data))} is not allowed as ${name}`;
  return doc.faultAt(path, {
    code: unit ? 'WRONG_VALUE' : 'BAD_NAME',
    message,
    expected: unit ? expected : NAME,
    example,
  });
}

const BY_KEYWORD: Readonly<Record<string, (found: Found) => Fault>> = {
  additionalProperties: unknownKey,
  required: missingKey,
  type: wrongType,
  anyOf: wrongChoice,
  const: wrongChoice,
  enum: wrongChoice,
  pattern: wrongPattern,
};

/** One Ajv error (of a validator with `verbose`) below `base` as a fault. */
export function faultOf(doc: RuleDocument, base: Path, e: ErrorObject): Fault {
  const path = [...base, ...pathOf(e.instancePath)];
  const last = path[path.length - 1];
  const schema = record(e.parentSchema) as Annotated;
  const name = last === undefined ? 'the file' : String(last);
  const expected = expectedOf(schema);
  const example = typeof last === 'string' ? `${name}: ${exampleOf(schema)}` : exampleOf(schema);
  const tell = BY_KEYWORD[e.keyword];
  if (tell) return tell({ doc, path, schema, e, name, expected, example });
  return doc.faultAt(path, {
    code: 'WRONG_VALUE',
    message: `${name} ${e.message ?? 'is not allowed'}`,
    expected,
    example,
  });
}
