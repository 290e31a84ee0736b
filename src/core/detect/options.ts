/** Options of a detector in the rule file: a table of what is allowed, read with defaults; every fault is named. */
import { LogsadError } from '../errors.ts';

export type OptionRule =
  | {
      readonly is: 'number';
      readonly low: number;
      readonly high: number;
      readonly whole?: boolean;
      readonly default: number;
    }
  | { readonly is: 'boolean'; readonly default: boolean }
  /** One of some words; with `other` any further text. */
  | { readonly is: 'word'; readonly words: readonly string[]; readonly other?: boolean; readonly default: string }
  /** Several texts, or one of some words in their place. */
  | { readonly is: 'texts'; readonly words: readonly string[]; readonly default: string };

export type OptionTable = Readonly<Record<string, OptionRule & { readonly about: string }>>;

type Value<R extends OptionRule> = R['is'] extends 'number'
  ? number
  : R['is'] extends 'boolean'
    ? boolean
    : R['is'] extends 'texts'
      ? string | readonly string[]
      : string;
export type Options<T extends OptionTable> = { readonly [K in keyof T]: Value<T[K]> };

function expected(rule: OptionRule): string {
  if (rule.is === 'number') return `a ${rule.whole ? 'whole ' : ''}number from ${rule.low} to ${rule.high}`;
  if (rule.is === 'boolean') return 'true or false';
  const words = rule.words.join(', ');
  return rule.is === 'word' ? `${words}${rule.other ? ' or another name' : ''}` : `${words} or a list of names`;
}

function fits(rule: OptionRule, v: unknown): boolean {
  if (rule.is === 'number') {
    return typeof v === 'number' && v >= rule.low && v <= rule.high && (!rule.whole || Number.isInteger(v));
  }
  if (rule.is === 'boolean') return typeof v === 'boolean';
  if (typeof v === 'string') return rule.words.includes(v) || (rule.is === 'word' && rule.other === true && v !== '');
  return rule.is === 'texts' && Array.isArray(v) && v.length > 0 && v.every((t) => typeof t === 'string' && t !== '');
}

/** Options of every detector on a dense backbone: whose features, and which of its stages. */
export const DENSE_OPTIONS = {
  backbone: {
    is: 'word',
    words: ['auto', 'default'],
    other: true,
    default: 'default',
    about: 'default (of the model set), auto (chosen on mutated normals), or the id of a dense model',
  },
  stages: {
    is: 'texts',
    words: ['auto', 'default'],
    default: 'default',
    about: 'stages of the backbone, auto, or default',
  },
} as const;

/** Checks the given options against the table. @throws LogsadError DETECTOR_OPTION */
export function readOptions<T extends OptionTable>(
  detector: string,
  table: T,
  given: Readonly<Record<string, unknown>>,
): Options<T> {
  const fault = (option: string, wanted: string, v: unknown): LogsadError => {
    const [name, rule] = Object.entries(table)[0]!;
    const example = `${name}: ${String(rule.default)}`;
    return new LogsadError('DETECTOR_OPTION', {
      detector,
      option,
      expected: wanted,
      found: JSON.stringify(v) ?? 'nothing',
      example,
    });
  };
  for (const [key, v] of Object.entries(given)) {
    const rule = Object.hasOwn(table, key) ? table[key] : undefined;
    if (!rule) throw fault(key, `one of ${Object.keys(table).join(', ')}`, key);
    if (!fits(rule, v)) throw fault(key, expected(rule), v);
  }
  const out = Object.fromEntries(Object.entries(table).map(([k, rule]) => [k, given[k] ?? rule.default]));
  return out as Options<T>;
}
