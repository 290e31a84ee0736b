/** Changing a kit: replace parts and say where the picture then differs. */
import type { Random } from '../core/grid/random.ts';
import type { Polygon } from './geometry.ts';
import type { KitState, Part } from './kit.ts';
import { outlinesOf } from './outlines.ts';

export interface DefectedKit {
  readonly state: KitState;
  /** Where the picture is wrong, in sheet units; polygons may overlap. */
  readonly polygons: readonly Polygon[];
  /** What was done, for the manifest. */
  readonly note: string;
}

/** Uniform in a range. */
export const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + (high - low) * random.next();
export const sign = (random: Random): number => (random.next() < 0.5 ? -1 : 1);
export type Of<K extends Part['kind']> = Part & { readonly kind: K };

/** The parts of a kind, in the order of the kit. */
export function all<K extends Part['kind']>(state: KitState, kind: K): Of<K>[] {
  return state.parts.filter((p): p is Of<K> => p.kind === kind);
}

/** The kit with some parts replaced by none, one or several. */
export function swap(state: KitState, changes: ReadonlyMap<Part, readonly Part[]>): KitState {
  return { ...state, parts: state.parts.flatMap((p) => changes.get(p) ?? [p]) };
}

/** Replaces parts (by none, one or several) and takes the outlines before and after as ground truth. */
export function replaced(state: KitState, note: string, ...changes: (readonly [Part, readonly Part[]])[]): DefectedKit {
  const polygons = changes.flatMap(([before, after]) =>
    [...(after.includes(before) ? [] : [before]), ...after.filter((p) => p !== before)].flatMap(outlinesOf),
  );
  return { state: swap(state, new Map(changes)), polygons, note };
}
