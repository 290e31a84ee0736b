/** The smallest change of one rule after which it lets a part pass that a person calls good. */

import { statedCounts } from '../rules/allowed.ts';
import type { CompiledRule } from '../rules/compiled.ts';
import type { Measurement } from '../scene.ts';
import { REVIEW } from './constants.ts';
import { replaceSetting, setSetting } from './edits.ts';

/** Outwards to three digits, so that what is written never cuts off what it was made for. */
export function outwards(v: number, direction: 1 | -1): number {
  if (v === 0) return 0;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(v))) - 2);
  return Number(((direction > 0 ? Math.ceil(v / step) : Math.floor(v / step)) * step).toPrecision(3));
}

export interface Widened {
  readonly text: string;
  /** What was done, for a sentence: "tolerance 1.3 of the learnt one". */
  readonly what: string;
}

/** A stated interval opened as far as the worst of its measurements, plus room in proportion to its width. */
function statedInterval(text: string, rule: CompiledRule, found: readonly Measurement[]): Widened | null {
  if (rule.spec.within === 'learnt') return null;
  let [low, high] = rule.spec.within;
  for (const { measured } of found) {
    if (typeof measured !== 'number') return null;
    const width = low !== null && high !== null ? high - low : Math.abs(low ?? high ?? 1);
    const room = (REVIEW.room - 1) * width;
    if (low !== null && measured < low) low = outwards(measured - room, -1);
    if (high !== null && measured > high) high = outwards(measured + room, 1);
  }
  const next = setSetting(text, rule.id, 'within', [low, high]);
  return next === null ? null : { text: next, what: `from ${low ?? 'anything'} to ${high ?? 'anything'}` };
}

/** A stated number of parts with the number that was seen added. */
function statedNumber(text: string, rule: CompiledRule, found: readonly Measurement[]): Widened | null {
  const { equals, oneOf, atLeast, atMost } = rule.spec.params as Record<string, unknown>;
  const stated = statedCounts(rule.spec.params);
  const seen = found.flatMap(({ measured }) => (typeof measured === 'number' ? [measured] : []));
  if (!stated || seen.length === 0) return null;
  if (equals !== undefined || oneOf !== undefined) {
    const set = [...new Set([...(stated.set ?? []), ...seen])].sort((a, b) => a - b);
    const old = equals === undefined ? 'oneOf' : 'equals';
    const next = replaceSetting(text, rule.id, old, 'oneOf', set);
    return next === null ? null : { text: next, what: `${set.join(', ')} of them` };
  }
  const [least, most] = [Math.min(...seen), Math.max(...seen)];
  if (typeof atLeast === 'number' && least < atLeast && least > 0) {
    const next = setSetting(text, rule.id, 'atLeast', least);
    return next === null ? null : { text: next, what: `at least ${least}` };
  }
  if (typeof atMost === 'number' && most > atMost) {
    const next = setSetting(text, rule.id, 'atMost', most);
    return next === null ? null : { text: next, what: `at most ${most}` };
  }
  return null;
}

/** Whether the tolerance of a rule is learnt and can be asked to be another. */
export const hasTolerance = (rule: CompiledRule): boolean =>
  rule.kind?.settings.includes('tolerance') === true && rule.spec.within === 'learnt' && !rule.spec.params.near;

/** A learnt tolerance as much larger as the part lies beyond it. */
function learntTolerance(text: string, rule: CompiledRule, found: readonly Measurement[]): Widened | null {
  if (!hasTolerance(rule)) return null;
  const margin = found.reduce((m, f) => Math.max(m, f.margin), 0);
  const tolerance = outwards((rule.spec.tolerance ?? 1) * margin * REVIEW.room, 1);
  if (!(tolerance > 0 && tolerance <= REVIEW.widest)) return null;
  const next = setSetting(text, rule.id, 'tolerance', tolerance);
  return next === null ? null : { text: next, what: `${tolerance} times the learnt tolerance` };
}

/** `found`: what the rule measured on the part, violated. Null where no bound of the rule can be moved. */
export function widen(text: string, rule: CompiledRule, found: readonly Measurement[]): Widened | null {
  if (found.length === 0) return null;
  return statedInterval(text, rule, found) ?? statedNumber(text, rule, found) ?? learntTolerance(text, rule, found);
}
