/** Times, figures and words as people read them. */
import type { Inspection } from './types.ts';

const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** The time of today, the day of longer ago. */
export function when(iso: string): string {
  const time = new Date(iso);
  return Date.now() - time.getTime() < DAY_MS ? clock.format(time) : `${day.format(time)} ${clock.format(time)}`;
}
export const exactly = (iso: string): string => full.format(new Date(iso));

export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString()} ${n === 1 ? one : many}`;
/** "1 verdict changes", "3 verdicts change". */
export const changing = (n: number): string => `${plural(n, 'verdict')} ${n === 1 ? 'changes' : 'change'}`;

/** The first cause without the id of its rule, and that id. */
export function causeOf({ cause }: Pick<Inspection, 'cause'>): { rule: string; text: string } | null {
  if (cause === null) return null;
  const cut = cause.indexOf(': ');
  return { rule: cause.slice(0, cut), text: cause.slice(cut + 2) };
}

export const REVIEW_WORDS = { ok: 'OK', nok: 'NOK', unknown: 'Don’t know' } as const;
