/** Distances to values as margins: shared by kinds that compare what an attribute is with what it may be. */
import { median } from '../statistics.ts';
import { AGREEMENT, LEARN, MARGIN } from './constants.ts';

/**
 * Margin of the cheapest allowed reading against the cheapest of all (FINDINGS 3): their gap in typical distances.
 * 0.2 at a tie, 1 at a gap of 1 / gain typical distances; below a tie it falls off smoothly, so that no two readings
 * share a rank.
 */
export function gapMargin(allowed: number, cheapestOther: number, typical: number): number {
  const gap = (allowed - cheapestOther) / typical;
  const margin = gap <= 0 ? MARGIN.held * Math.exp(gap) : MARGIN.held + (1 - MARGIN.held) * AGREEMENT.gain * gap;
  return Math.min(MARGIN.cap, margin);
}

/** What is seen often enough among normals to be allowed; at least once where they are few. */
export function seenOften<T extends string>(values: readonly T[], share: number = LEARN.pairShare): T[] {
  const votes = new Map<T, number>();
  for (const v of values) votes.set(v, (votes.get(v) ?? 0) + 1);
  return [...votes]
    .filter(([, n]) => n >= share * values.length)
    .map(([v]) => v)
    .sort();
}

/** The typical distance of a right reading, never below what few normals can show. */
export function typicalDistance(cheapest: readonly number[]): number {
  return cheapest.length === 0 ? AGREEMENT.typicalFloor : Math.max(AGREEMENT.typicalFloor, median(cheapest));
}
