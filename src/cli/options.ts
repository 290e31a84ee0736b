/** Checks of option values; a wrong one is a usage fault that says what was expected. */
import { InvalidArgumentError } from 'commander';

/** A parser for whole numbers from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < least) {
      throw new InvalidArgumentError(`expected a whole number, at least ${least}, got "${text}"`);
    }
    return n;
  };
}

/** A parser for whole numbers from `least` on, with commas between them; each once, in rising order. */
export function wholeNumbers(least: number): (text: string) => number[] {
  const one = wholeNumber(least);
  return (text) => [...new Set(text.split(',').map((part) => one(part.trim())))].sort((a, b) => a - b);
}

/** A parser for one of some words. */
export function choice<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((w) => w === text);
    if (found === undefined) throw new InvalidArgumentError(`expected ${words.join(' or ')}, got "${text}"`);
    return found;
  };
}

/** Output names for images: no folders, no two alike, `ext` instead of the image's own ending. */
export function outputNames(names: readonly string[], ext: string): Map<string, string> {
  const flat = (name: string): string => name.replace(/^(\.\.?[\\/])+/, '').replace(/[\\/:]+/g, '__');
  const stems = names.map((n) => flat(n).replace(/\.[^.]+$/, ''));
  const twice = new Set(stems.filter((s, i) => stems.indexOf(s) !== i));
  return new Map(names.map((n, i) => [n, `${twice.has(stems[i]!) ? flat(n) : stems[i]}${ext}`]));
}
