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
  const distances = normals
    .map((n) => nearestDistance(rows, d, images, n.instance.feature, n.image))
    .filter((v) => Number.isFinite(v));
  const logArea = normals.map((n) => Math.log(n.instance.area));
  const labs = normals.map((n) => n.instance.lab);
  const weak = (value: (i: ReferenceInstance['instance']) => number, floor: number): ScalarReference =>
    learnScalar(
      normals.map((n) => value(n.instance)),
      { floor, tier: 'weak', calibration: relit.map((n) => value(n.instance)) },
    );
  const tints = normals.map((n) => nearestLab(labs, images, n.instance.lab, n.image)).filter((v) => Number.isFinite(v));
  return {
    interest,
    form,
    images,
    labs,
    rows,
    dimension: d,
    feature: learnScalar(distances, { floor: LIKENESS.featureFloor, oneSided: true }),
    tint: learnScalar(tints, { floor: LIKENESS.stuffColourFloor, oneSided: true }),
    area: learnScalar(logArea, { floor: LIKENESS.areaFloor }),
    fineArea: weak((i) => Math.log(i.area), LIKENESS.fineAreaFloor),
    elongation: weak(elongation, LIKENESS.elongationFloor),
    colour: [0, 1, 2].map((c) => weak((i) => i.lab[c]!, LIKENESS.colourFloor)),
  };
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
  const logArea = Math.log(Math.max(1e-9, instance.area));
  const terms: Record<string, number> = {
    feature: Number.isFinite(d) ? marginOf(model.feature, d) : 0,
    tint: Number.isFinite(tint) ? marginOf(model.tint, tint) : 0,
    area: marginOf(model.area, logArea),
    fineArea: marginOf(model.fineArea, logArea),
    elongation: marginOf(model.elongation, elongation(instance)),
    colour: Math.max(...model.colour.map((c, i) => marginOf(c, instance.lab[i]!))),
  };
  return { value: model.form === 'stuff' ? terms.tint! : Math.max(terms.feature!, terms.area!), terms };
}
