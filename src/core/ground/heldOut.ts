/**
 * Normals as they are judged: what an instance resembles, which values its attributes have and whether it is large enough
 * to be one at all is decided by what its own image had no part in. Rules still learn from the Scenes as they are; a part
 * that looks odd to three others must not shrink the sample of four.
 *
 * Not all is held out. The only normal that shows a value of an attribute keeps its own reading, for the others know no
 * such value; the instances of an only normal keep theirs likewise. Interests of more than `MOST` instances keep all their
 * readings. Likeness borders are learnt without relit normals here, so they may be narrower than those a picture meets.
 */
import type { RuleFile } from '../rules/definition.ts';
import type { AttributeReading, Instance, Likeness, Scene } from '../scene.ts';
import { heldOutReadings } from './attributes.ts';
import { GROUND } from './constants.ts';
import { heldOutLikeness } from './likeness.ts';
import { sizeOf, variantOf } from './model.ts';
import { isAllSpoken } from './wordCandidates.ts';

/** Beyond so many instances of an interest one image cannot move a border, and pairs would cost more than they tell. */
const MOST = 2500;

interface Owned {
  /** Index of the normal, as the name of its image: file names may stand twice. */
  readonly image: string;
  readonly instance: Instance;
  readonly n: number;
}

/** What is put in place of an instance's own facts; a speck is dropped. */
interface Held {
  likeness?: Likeness;
  readonly attributes: Record<string, AttributeReading>;
  speck?: true;
}

/** The Scenes of all normals with likeness, status, attributes and variant by the others, in order. */
export function heldOutScenes(file: RuleFile, normals: readonly Scene[]): Scene[] {
  const replaced = normals.map(() => new Map<number, Held>());
  const heldOf = ({ n, instance }: Owned): Held => {
    const known = replaced[n]!.get(instance.id) ?? { attributes: {} };
    replaced[n]!.set(instance.id, known);
    return known;
  };
  // As published nothing is too small to count (see app/offered.ts), here as in the picture that is judged.
  const all = file.scoring === 'paper' && isAllSpoken(file);
  for (const spec of Object.values(file.interests)) {
    const mine = instancesOf(normals, spec.id);
    if (mine.length > MOST) continue;
    if (!all && spec.form === 'thing' && spec.clean.minArea === undefined)
      for (const speck of specksOf(mine)) heldOf(speck).speck = true;
    const like = mine.filter((m) => m.instance.likeness !== undefined);
    heldOutLikeness(spec.form, like).forEach((likeness, k) => {
      if (likeness) heldOf(like[k]!).likeness = likeness;
    });
    for (const a of Object.values(file.attributes)) {
      if (a.of !== spec.id) continue;
      const read = mine.flatMap((m) => {
        const reading = m.instance.attributes[a.id];
        return reading ? [{ ...m, reading }] : [];
      });
      heldOutReadings(a.id, read).forEach((reading, k) => {
        if (reading) heldOf(read[k]!).attributes[a.id] = reading;
      });
    }
  }
  return normals.map((scene, n) => {
    const instances = scene.instances.flatMap((i) => asHeld(i, replaced[n]!.get(i.id)));
    return { ...scene, instances, variant: variantOf(file, instances) ?? scene.variant };
  });
}

function instancesOf(normals: readonly Scene[], interest: string): Owned[] {
  return normals.flatMap((scene, n) =>
    scene.instances.filter((i) => i.interest === interest).map((instance) => ({ image: String(n), instance, n })),
  );
}

/** Instances that are specks against the median of the other images'. */
function specksOf(mine: readonly Owned[]): Owned[] {
  const usual = new Map<string, number>();
  for (const image of new Set(mine.map((m) => m.image))) {
    const others = mine.filter((m) => m.image !== image).map((m) => m.instance.area);
    usual.set(image, others.length > 0 ? sizeOf(others) : 0);
  }
  return mine.filter((m) => m.instance.area < GROUND.minThingArea * usual.get(m.image)!);
}

function asHeld(i: Instance, held: Held | undefined): Instance[] {
  if (!held) return [i];
  if (held.speck) return [];
  const attributes = { ...i.attributes, ...held.attributes };
  const { likeness } = held;
  if (!likeness) return [{ ...i, attributes }];
  return [{ ...i, attributes, likeness, status: likeness.value > 1 ? 'unknown' : 'known' }];
}
