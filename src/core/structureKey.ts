/** Under what name a Scene keeps the map value of a `structure` rule. */
import { canonicalJson } from './digest.ts';

/**
 * What was pooled and how, not the rule's id: a rule that is edited to look elsewhere, or to pool otherwise, must not be
 * judged by what its former self read on the normals. What a region means is part of the grounding digest.
 * @param params of a `structure` rule, `max` where it names no pool
 */
export function structureKey({ of, region, pool }: Readonly<Record<string, unknown>>): string {
  return canonicalJson([of ?? null, region ?? null, pool ?? 'max']);
}
