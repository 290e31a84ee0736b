/**
 * The open set (FINDINGS 10.1): how far an instance lies from what the normals showed of its interest. Core terms decide
 * known or unknown. A thing is known by its pooled feature (nearest normal instance) and its gross area; a stuff by its
 * colour alone (nearest normal), because its feature and area follow how much of it there is, which is no question of
 * identity. Weak terms (fine area, elongation, per-axis colour) are kept for the `likeness` rule. Everything in tolerance
 * units, 1 = border.
 */
import type { Instance, Likeness } from '../scene.ts';
import { learnScalar, marginOf, type ScalarReference } from '../statistics.ts';
import { cosineDistance } from './pool.ts';

export const LIKENESS = {
  /** Smallest spread believed of a nearest-neighbour distance (cosine). */
  featureFloor: 0.01,
  /** Smallest spread of the logarithm of an area: gross departures only (a border of 4 sigmas at a factor of 1 / 0.35). */
  areaFloor: 0.26,
  /** ... and for the weak, fine term. */
  fineAreaFloor: 0.04,
  elongationFloor: 0.05,
  /** Lab units. */
  colourFloor: 2,
  /** Smallest spread of a stuff's Lab distance to the nearest normal: identity, not a shade. */
  stuffColourFloor: 3,
} as const;

/** What identifies a normal instance: the image it came from (left out when that image itself is judged). */
export interface ReferenceInstance {
  readonly image: string;
  readonly instance: Pick<Instance, 'area' | 'length' | 'width' | 'lab' | 'feature'>;
}

export interface LikenessModel {
  readonly interest: string;
  readonly form: 'thing' | 'stuff';
  readonly images: readonly string[];
  /** Pooled features of the normal instances, `[n, d]` row-major, with d = `dimension`. */
  readonly rows: Float32Array;
  readonly dimension: number;
  /** Mean Lab of the normal instances, `[n, 3]`. */
  readonly labs: readonly (readonly number[])[];
  readonly feature: ScalarReference;
  /** Lab distance to the nearest normal instance. */
  readonly tint: ScalarReference;
  readonly area: ScalarReference;
  readonly fineArea: ScalarReference;
  readonly elongation: ScalarReference;
  readonly colour: readonly ScalarReference[];
}

const elongation = (i: { length: number; width: number }): number =>
  Math.log(Math.max(1e-6, i.length) / Math.max(1e-6, i.width));

function nearestDistance(
  rows: Float32Array,
  d: number,
  images: readonly string[],
  feature: ArrayLike<number>,
  without?: string,
): number {
  let best = Infinity;
  for (let r = 0; r < images.length; r++) {
    if (images[r] === without) continue;
    const v = cosineDistance(rows.subarray(r * d, r * d + d), feature);
    if (v < best) best = v;
  }
  return best;
}

function nearestLab(
  labs: readonly (readonly number[])[],
  images: readonly string[],
  lab: readonly number[],
  without?: string,
): number {
  let best = Infinity;
  for (let r = 0; r < images.length; r++) {
    if (images[r] === without) continue;
    const q = labs[r]!;
    best = Math.min(best, Math.hypot(lab[0]! - q[0]!, lab[1]! - q[1]!, lab[2]! - q[2]!));
  }
  return best;
}

/** The borders of one interest; see LikenessModel. */
type Borders = Pick<LikenessModel, 'feature' | 'tint' | 'area' | 'fineArea' | 'elongation' | 'colour'>;

/** Borders from normals and, per normal, its distances to the nearest normal of another image (Infinity: no other). */
function learnBorders(
  normals: readonly ReferenceInstance[],
  distances: readonly number[],
  tints: readonly number[],
  relit: readonly ReferenceInstance[],
): Borders {
  const logArea = normals.map((n) => Math.log(n.instance.area));
  const finite = (v: readonly number[]): number[] => v.filter((x) => Number.isFinite(x));
  const weak = (value: (i: ReferenceInstance['instance']) => number, floor: number): ScalarReference =>
    learnScalar(
      normals.map((n) => value(n.instance)),
      { floor, tier: 'weak', calibration: relit.map((n) => value(n.instance)) },
    );
  return {
    feature: learnScalar(finite(distances), { floor: LIKENESS.featureFloor, oneSided: true }),
    tint: learnScalar(finite(tints), { floor: LIKENESS.stuffColourFloor, oneSided: true }),
    area: learnScalar(logArea, { floor: LIKENESS.areaFloor }),
    fineArea: weak((i) => Math.log(i.area), LIKENESS.fineAreaFloor),
    elongation: weak(elongation, LIKENESS.elongationFloor),
    colour: [0, 1, 2].map((c) => weak((i) => i.lab[c]!, LIKENESS.colourFloor)),
  };
}

/**
 * Learns from the instances of one interest over the normals; leave-one-image-out for the nearest-neighbour distance.
 * @param relit the same interest under other light: widens the weak terms only
 */
export function learnLikeness(
  interest: string,
  form: 'thing' | 'stuff',
  normals: readonly ReferenceInstance[],
  relit: readonly ReferenceInstance[] = [],
): LikenessModel {
  const images = normals.map((n) => n.image);
  const d = normals[0]?.instance.feature.length ?? 0;
  const rows = new Float32Array(normals.length * d);
  normals.forEach((n, i) => {
    rows.set(n.instance.feature, i * d);
  });
  const labs = normals.map((n) => n.instance.lab);
  const distances = normals.map((n) => nearestDistance(rows, d, images, n.instance.feature, n.image));
  const tints = normals.map((n) => nearestLab(labs, images, n.instance.lab, n.image));
  return { interest, form, images, labs, rows, dimension: d, ...learnBorders(normals, distances, tints, relit) };
}

/** The nearest normal of any other image, and the nearest of a third image: enough to leave any one image out. */
interface Nearest {
  readonly image: string;
  readonly distance: number;
  readonly elsewhere: number;
}

function nearestOfOthers(normals: readonly ReferenceInstance[], away: (i: number, j: number) => number): Nearest[] {
  return normals.map((n, i) => {
    let [image, distance, elsewhere] = ['', Infinity, Infinity];
    normals.forEach((other, j) => {
      if (other.image === n.image) return;
      const v = away(i, j);
      if (v < distance) {
        if (other.image !== image) elsewhere = distance;
        [image, distance] = [other.image, v];
      } else if (other.image !== image && v < elsewhere) elsewhere = v;
    });
    return { image, distance, elsewhere };
  });
}

/**
 * Likeness of every normal instance by borders that its own image had no part in, in the order of `normals`. Null for
 * those of the only image.
 */
export function heldOutLikeness(form: 'thing' | 'stuff', normals: readonly ReferenceInstance[]): (Likeness | null)[] {
  const features = nearestOfOthers(normals, (i, j) =>
    cosineDistance(normals[i]!.instance.feature, normals[j]!.instance.feature),
  );
  const tints = nearestOfOthers(normals, (i, j) => {
    const [p, q] = [normals[i]!.instance.lab, normals[j]!.instance.lab];
    return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  });
  const borders = new Map<string, Borders | null>();
  for (const image of new Set(normals.map((n) => n.image))) {
    const rest = normals.flatMap((n, i) => (n.image === image ? [] : [i]));
    const without = (list: readonly Nearest[]): number[] =>
      rest.map((i) => (list[i]!.image === image ? list[i]!.elsewhere : list[i]!.distance));
    const others = rest.map((i) => normals[i]!);
    borders.set(image, rest.length === 0 ? null : learnBorders(others, without(features), without(tints), []));
  }
  return normals.map((n, i) => {
    const b = borders.get(n.image)!;
    return b === null ? null : likenessBy(b, form, n.instance, features[i]!.distance, tints[i]!.distance);
  });
}

/**
 * @param without image whose own instances are left out of the references (a normal judging itself)
 */
export function likenessOf(
  model: LikenessModel,
  instance: Pick<Instance, 'area' | 'length' | 'width' | 'lab' | 'feature'>,
  without?: string,
): Likeness {
  const d = nearestDistance(model.rows, model.dimension, model.images, instance.feature, without);
  const tint = nearestLab(model.labs, model.images, instance.lab, without);
  return likenessBy(model, model.form, instance, d, tint);
}

/** @param d pooled-feature distance to the nearest reference; `tint` the same in Lab */
function likenessBy(
  borders: Borders,
  form: 'thing' | 'stuff',
  instance: ReferenceInstance['instance'],
  d: number,
  tint: number,
): Likeness {
  const logArea = Math.log(Math.max(1e-9, instance.area));
  const terms: Record<string, number> = {
    feature: Number.isFinite(d) ? marginOf(borders.feature, d) : 0,
    tint: Number.isFinite(tint) ? marginOf(borders.tint, tint) : 0,
    area: marginOf(borders.area, logArea),
    fineArea: marginOf(borders.fineArea, logArea),
    elongation: marginOf(borders.elongation, elongation(instance)),
    colour: Math.max(...borders.colour.map((c, i) => marginOf(c, instance.lab[i]!))),
  };
  return { value: form === 'stuff' ? terms.tint! : Math.max(terms.feature!, terms.area!), terms };
}
