/**
 * Normals as they are judged: what an instance resembles is decided by borders that its own image had no part in. Rules
 * still learn from the Scenes as they are; a part that looks odd to three others must not shrink the sample of four.
 */
import type { RuleFile } from '../rules/definition.ts';
import type { Likeness, Scene } from '../scene.ts';
import { heldOutLikeness } from './likeness.ts';

/** Beyond so many instances of an interest one image cannot move a border, and pairs would cost more than they tell. */
const MOST = 2500;

/** The Scenes of all normals with likeness and status by the others, in order. */
export function heldOutScenes(file: RuleFile, normals: readonly Scene[]): Scene[] {
  const replaced = new Map<number, Map<number, Likeness>>(normals.map((_, i) => [i, new Map()]));
  for (const spec of Object.values(file.interests)) {
    const mine = normals.flatMap((scene, n) =>
      scene.instances
        .filter((i) => i.interest === spec.id && i.likeness !== undefined)
        .map((instance) => ({ image: String(n), instance, n })),
    );
    if (mine.length > MOST) continue;
    heldOutLikeness(spec.form, mine).forEach((likeness, k) => {
      if (likeness) replaced.get(mine[k]!.n)!.set(mine[k]!.instance.id, likeness);
    });
  }
  return normals.map((scene, n) => ({
    ...scene,
    instances: scene.instances.map((i) => {
      const likeness = replaced.get(n)!.get(i.id);
      return likeness ? { ...i, likeness, status: likeness.value > 1 ? ('unknown' as const) : ('known' as const) } : i;
    }),
  }));
}
