/** Mutants of a set of normals: a seeded choice of them, every operator, every size. */
import { createRandom, type Random } from '../../grid/random.ts';
import type { Scene } from '../../scene.ts';
import type { RuleFile } from '../definition.ts';
import { MUTATION } from './constants.ts';
import { APPLY, type Mutant, OPERATORS, type Operator } from './operators.ts';

/** Normals to mutate: the variants in turn, each in seeded order. */
export function chooseNormals(normals: readonly Scene[], random: Random, count: number = MUTATION.normals): Scene[] {
  const groups = new Map<string, Scene[]>();
  for (const s of random.shuffle(normals)) groups.set(s.variant ?? '', [...(groups.get(s.variant ?? '') ?? []), s]);
  const queues = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, g]) => g);
  const out: Scene[] = [];
  for (let round = 0; out.length < Math.min(count, normals.length); round++) {
    for (const q of queues) if (q[round] && out.length < count) out.push(q[round]!);
  }
  return out;
}

const countedSizes: Readonly<Partial<Record<Operator, readonly number[]>>> = MUTATION.counted;

/** All mutants of one normal by one operator. */
export function mutantsOf(operator: Operator, file: RuleFile, scene: Scene, random: Random): Mutant[] {
  return APPLY[operator](file, scene, random).map((d) => ({
    ...d,
    image: scene.image,
    counted: d.size === null || (countedSizes[operator]?.includes(d.size) ?? true),
  }));
}

/** Mutants of a seeded choice of normals, operator by operator. The same seed gives the same mutants. */
export function mutants(file: RuleFile, normals: readonly Scene[], seed: number, count?: number): Mutant[] {
  const random = createRandom(seed);
  const chosen = chooseNormals(normals, random, count);
  return OPERATORS.flatMap((operator) => chosen.flatMap((scene) => mutantsOf(operator, file, scene, random)));
}
