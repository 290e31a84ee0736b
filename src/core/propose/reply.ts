/** From what a model said to data: JSON found in prose, brought into the full schema's shape, and checked by ajv. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { fromPortable, toPortable } from './portable.ts';

/** What is read of an answer at most, and how many faults are told back. */
export const REPLY_LIMITS = { characters: 400_000, faults: 12, quoted: 120 } as const;

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, allowUnionTypes: true });

/** A shape of answer: the full schema, and the portable one that is sent. */
export interface ReplySchema<T> {
  readonly name: string;
  /** The shape that is asked for. */
  readonly full: TSchema;
  readonly portable: Readonly<Record<string, unknown>>;
  readonly validate: ValidateFunction<T>;
}

/** @param checked what ajv checks, where another check (the compiler's) says more about a part of `full` */
export function replySchema<T>(name: string, full: TSchema, checked: TSchema = full): ReplySchema<T> {
  return { name, full, portable: toPortable(full), validate: ajv.compile<T>(checked) };
}

export type Read<T> =
  | { readonly value: T }
  /** Nothing that could be read as JSON. */
  | { readonly faults: readonly string[]; readonly json: boolean };

/** The first JSON object of a text: the text itself, a fenced block, or the longest balanced piece. */
export function findJson(text: string): unknown {
  const whole = text.slice(0, REPLY_LIMITS.characters).trim();
  for (const piece of [whole, ...fenced(whole), ...balanced(whole)]) {
    try {
      const value: unknown = JSON.parse(piece);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch {
      // Not this piece.
    }
  }
  return undefined;
}

const FENCE = '```';

/** What stands between fences, the word `json` after the opening one left out; each character is looked at once. */
function fenced(text: string): string[] {
  const pieces: string[] = [];
  let from = text.indexOf(FENCE);
  while (from >= 0) {
    const start = from + FENCE.length;
    const end = text.indexOf(FENCE, start);
    if (end < 0) break;
    const piece = text.slice(start, end);
    pieces.push(piece.startsWith('json') ? piece.slice('json'.length) : piece);
    from = text.indexOf(FENCE, end + FENCE.length);
  }
  return pieces;
}

/** Balanced `{...}` pieces at the outermost level, longest first; braces in strings do not count. */
function balanced(text: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"' && depth > 0) quoted = true;
    else if (c === '{' && depth++ === 0) start = i;
    else if (c === '}' && depth > 0 && --depth === 0) pieces.push(text.slice(start, i + 1));
  }
  return pieces.sort((a, b) => b.length - a.length).slice(0, 5);
}

/** Reads an answer. Never throws. */
export function readReply<T>(schema: ReplySchema<T>, text: string): Read<T> {
  const found = findJson(text);
  if (found === undefined) return { faults: ['the answer holds no JSON object'], json: false };
  const value = fromPortable(schema.full, found);
  if (schema.validate(value)) return { value };
  return { faults: told(schema.validate.errors ?? []), json: true };
}

/** Where an `anyOf` failed, what its branches complained about is noise. */
function told(errors: readonly ErrorObject[]): string[] {
  const unions = errors.filter((e) => e.keyword === 'anyOf');
  const kept = errors.filter((e) => !unions.some((u) => u !== e && e.schemaPath.startsWith(`${u.schemaPath}/`)));
  return [...new Set(kept.map(sentence))].slice(0, REPLY_LIMITS.faults);
}

const shown = (v: unknown): string => (JSON.stringify(v) ?? 'nothing').slice(0, REPLY_LIMITS.quoted);

function sentence(e: ErrorObject): string {
  const at = e.instancePath === '' ? 'the answer' : e.instancePath.slice(1).replaceAll('/', '.');
  const p = e.params as Readonly<Record<string, unknown>>;
  switch (e.keyword) {
    case 'required':
      return `${at}: ${String(p.missingProperty)} is missing`;
    case 'additionalProperties':
      return `${at}: ${String(p.additionalProperty)} is not known here`;
    case 'const':
      return `${at}: expected ${shown(p.allowedValue)}, got ${shown(e.data)}`;
    case 'anyOf':
      return `${at}: ${shown(e.data)} is none of the forms allowed here`;
    default:
      return `${at}: ${e.message ?? 'is not allowed'}, got ${shown(e.data)}`;
  }
}
