/**
 * Coordinates without their brackets. YAML reads `{ box: .1,.2,.3,.4 }` as a number and three keys, and the schema would
 * complain about every one of them; a person needs to hear one thing.
 */
import type { FaultDetail, Path } from './document.ts';

/** Keys that hold a list of such lists. */
const LISTS: ReadonlySet<string> = new Set(['boxes', 'points']);
/** Keys that hold one. */
const SINGLES: ReadonlySet<string> = new Set(['box']);
const NUMBER = /^-?(\d+\.?\d*|\.\d+)$/;
const isNumber = (v: unknown): boolean => typeof v === 'number' || (typeof v === 'string' && NUMBER.test(v.trim()));

export interface LooseNumbers {
  /** The key whose brackets are missing; whatever else is wrong at or below `scope` follows from it. */
  readonly path: Path;
  readonly scope: Path;
  readonly detail: FaultDetail;
}

function fault(key: string, numbers: readonly unknown[]): FaultDetail {
  const [size, form, sample] =
    key === 'points' ? [2, '[x, y]', '[0.5, 0.25]'] : [4, '[left, top, right, bottom]', '[0.1, 0.2, 0.4, 0.6]'];
  const list = LISTS.has(key);
  // Keys that are whole numbers, or stand twice, have lost their order: then no example is better than a wrong one.
  const whole =
    numbers.length > 0 && numbers.length % size === 0 && !numbers.slice(1).some((v) => /^\d+$/.test(String(v)));
  const groups = whole
    ? Array.from(
        { length: numbers.length / size },
        (_, i) =>
          `[${numbers
            .slice(i * size, (i + 1) * size)
            .map(Number)
            .join(', ')}]`,
      )
    : [sample];
  return {
    code: 'WRONG_TYPE',
    message: `the numbers of ${key} lack their brackets`,
    expected: `${key}: ${list ? `[${form}, ...]` : form}, fractions of the image`,
    example: `${key}: ${list ? `[${groups.join(', ')}]` : groups[0]}`,
  };
}

/** The numbers that a value was meant to list, or null where it was not meant so. */
function meant(key: string, value: unknown, after: readonly string[]): unknown[] | null {
  if (!LISTS.has(key) && !SINGLES.has(key)) return null;
  if (isNumber(value)) return [value, ...after];
  if (typeof value === 'string') {
    const parts = value.split(/[\s,;]+/).filter(Boolean);
    return parts.length > 1 && parts.every(isNumber) ? parts : null;
  }
  const flat = LISTS.has(key) && Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === 'number');
  return flat ? [...(value as number[])] : null;
}

/** Every place of a document where brackets are missing around coordinates. */
export function looseNumbers(value: unknown, path: Path = []): LooseNumbers[] {
  if (Array.isArray(value)) return value.flatMap((v, i) => looseNumbers(v, [...path, i]));
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const stray = Object.entries(value).filter(([k, v]) => NUMBER.test(k) && v === null);
  // Keys that look like whole numbers come first in an object whatever their place in the text.
  const strayKeys = stray.map(([k]) => k);
  return entries.flatMap(([key, child]) => {
    const numbers = meant(key, child, strayKeys);
    if (!numbers) return looseNumbers(child, [...path, key]);
    // Stray keys stand beside the key: all that the mapping is accused of follows from them.
    const scope = strayKeys.length > 0 ? path : [...path, key];
    return [{ path: [...path, key], scope, detail: fault(key, numbers) }];
  });
}
