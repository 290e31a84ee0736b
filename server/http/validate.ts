/** Checks of what comes in, from the schemas of the endpoints. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { TSchema } from 'typebox';
import { LogsadError } from '../../src/index.ts';

/** Bodies are taken as they are; addresses carry text, so numbers and flags in them are read off it. */
const strict = new Ajv2020({ allErrors: true, strict: false });
const coercing = new Ajv2020({ allErrors: true, strict: false, coerceTypes: true, useDefaults: true });

const MOST_FAULTS = 10;

/** @throws LogsadError REQUEST_INVALID with every fault */
export type Check = (value: unknown, what: string) => unknown;

/** PostgreSQL stores no NUL in text. */
function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, inner]) => hasNul(key) || hasNul(inner));
}

export function checker(schema: TSchema | undefined, from: 'address' | 'body'): Check {
  if (schema === undefined) {
    return (value, what) => {
      const names = from === 'address' && what === 'query' ? Object.keys(value as object) : [];
      if (names.length > 0)
        throw new LogsadError('REQUEST_INVALID', { reason: `${what}: unknown ${names.join(', ')}` });
      return {};
    };
  }
  const validate: ValidateFunction = (from === 'body' ? strict : coercing).compile(schema);
  return (value, what) => {
    const copy = from === 'address' ? { ...(value as object) } : value;
    if (hasNul(copy)) throw new LogsadError('REQUEST_INVALID', { reason: `${what}: a NUL character in a text` });
    if (validate(copy)) return copy;
    const faults = (validate.errors ?? []).slice(0, MOST_FAULTS).map((e) => {
      const extra = e.params as { additionalProperty?: string; allowedValues?: string[] };
      const tail = extra.additionalProperty ?? extra.allowedValues?.join(', ');
      return `${what}${e.instancePath.replaceAll('/', '.')} ${e.message ?? 'is not valid'}${tail ? ` (${tail})` : ''}`;
    });
    throw new LogsadError('REQUEST_INVALID', { reason: faults.join('; ') });
  };
}
