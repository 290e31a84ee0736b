/**
 * Attributes by few-shot prototypes (FINDINGS 3): one exemplar image per value starts a prototype, a few k-means passes
 * over the normals settle it, diagonal whitening weighs the terms. A reading gives the nearest value, its margin over
 * the runner-up, and the distance to every value in tolerance units (1 = as far as normals of that value may lie).
 */
import type { AttributeReading, Instance } from '../scene.ts';
import { learnScalar, type ScalarReference } from '../statistics.ts';

export const ATTRIBUTE = {
  /** k-means passes over the normals. Study 3: 10. */
  passes: 10,
  /** Within-class variance believed before any is seen: this share of the variance between values ... */
  priorShare: 0.05,
  /** ... counted as so many observations. */
  priorCount: 4,
  /** Smallest within-class standard deviation of a Lab term. */
  labFloor: 1.5,
  /** ... and of a pooled-feature term. */
  featureFloor: 0.005,
  /** Floor of the spread of in-class distances (a block-mean of whitened squares is about 1). Study 4: .5. */
  distanceFloor: 0.25,
} as const;

/** Lab mean, Lab spread, pooled feature: the terms an attribute is told apart by. */
const LAB_TERMS = 6;

export interface AttributeModel {
  readonly attribute: string;
  readonly of: string;
  readonly values: readonly string[];
  /** `[values, d]` row-major. */
  readonly prototypes: Float32Array;
  /** Reciprocal within-class standard deviation per term, length d. */
  readonly whitening: Float32Array;
  /** In-class distance per value; drives the tolerance units. */
  readonly references: readonly ScalarReference[];
}

export type AttributeSource = Pick<Instance, 'lab' | 'labStd' | 'feature'>;

function termsOf(s: AttributeSource): Float32Array {
  const out = new Float32Array(LAB_TERMS + s.feature.length);
  out.set(s.lab, 0);
  out.set(s.labStd, 3);
  out.set(s.feature, LAB_TERMS);
  return out;
}

/** Root of the mean of two block means (colour block, feature block) of whitened squared differences. */
function distance(terms: Float32Array, prototypes: Float32Array, row: number, whitening: Float32Array): number {
  const d = terms.length;
  const from = row * d;
  let colour = 0;
  for (let i = 0; i < LAB_TERMS; i++) colour += ((terms[i]! - prototypes[from + i]!) * whitening[i]!) ** 2;
  let deep = 0;
  for (let i = LAB_TERMS; i < d; i++) deep += ((terms[i]! - prototypes[from + i]!) * whitening[i]!) ** 2;
  return Math.sqrt(d > LAB_TERMS ? (colour / LAB_TERMS + deep / (d - LAB_TERMS)) / 2 : colour / LAB_TERMS);
}

function nearest(
  terms: Float32Array,
  m: { prototypes: Float32Array; whitening: Float32Array; values: readonly string[] },
): number {
  let best = 0;
  let least = Infinity;
  for (let v = 0; v < m.values.length; v++) {
    const d = distance(terms, m.prototypes, v, m.whitening);
    if (d < least) {
      least = d;
      best = v;
    }
  }
  return best;
}

/** Class means, then the reciprocal within-class deviation, shrunk towards a share of the spread between values. */
function settle(rows: readonly Float32Array[], owner: readonly number[], seeds: Float32Array, values: number) {
  const d = rows[0]!.length;
  const prototypes = Float32Array.from(seeds);
  const n = new Float64Array(values);
  const sum = new Float64Array(values * d);
  rows.forEach((r, i) => {
    n[owner[i]!]!++;
    for (let k = 0; k < d; k++) sum[owner[i]! * d + k]! += r[k]!;
  });
  for (let v = 0; v < values; v++) {
    if (n[v]! > 0) for (let k = 0; k < d; k++) prototypes[v * d + k] = sum[v * d + k]! / n[v]!;
  }
  const whitening = new Float32Array(d);
  const free = Math.max(0, rows.length - values);
  for (let k = 0; k < d; k++) {
    let within = 0;
    rows.forEach((r, i) => {
      within += (r[k]! - prototypes[owner[i]! * d + k]!) ** 2;
    });
    let centre = 0;
    for (let v = 0; v < values; v++) centre += prototypes[v * d + k]! / values;
    let between = 0;
    for (let v = 0; v < values; v++) between += (prototypes[v * d + k]! - centre) ** 2 / Math.max(1, values - 1);
    const prior = ATTRIBUTE.priorShare * between;
    const variance = (within + ATTRIBUTE.priorCount * prior) / (free + ATTRIBUTE.priorCount);
    const floor = k < LAB_TERMS ? ATTRIBUTE.labFloor : ATTRIBUTE.featureFloor;
    whitening[k] = 1 / Math.max(floor, Math.sqrt(variance));
  }
  return { prototypes, whitening };
}

/**
 * Learns one attribute.
 * @param seeds instances of each value's exemplar images, by value; values without any are left out of the model
 * @param normals instances of the interest over all normals
 * @returns null where fewer than two values have an exemplar
 */
export function learnAttribute(
  attribute: string,
  of: string,
  seeds: ReadonlyMap<string, readonly AttributeSource[]>,
  normals: readonly AttributeSource[],
): AttributeModel | null {
  const values = [...seeds].filter(([, s]) => s.length > 0).map(([v]) => v);
  if (values.length < 2) return null;
  const seedRows = values.flatMap((v, i) => seeds.get(v)!.map((s) => ({ terms: termsOf(s), owner: i })));
  const d = seedRows[0]!.terms.length;
  const start = new Float32Array(values.length * d);
  let model = {
    values,
    ...settle(
      seedRows.map((s) => s.terms),
      seedRows.map((s) => s.owner),
      start,
      values.length,
    ),
  };
  const rows = normals.map(termsOf);
  let owner = rows.map((r) => nearest(r, model));
  for (let pass = 0; pass < ATTRIBUTE.passes && rows.length > 0; pass++) {
    model = { values, ...settle(rows, owner, model.prototypes, values.length) };
    owner = rows.map((r) => nearest(r, model));
  }
  return { attribute, of, ...model, references: inClass(rows, owner, model) };
}

/** How far the members of each value lie from its prototype. */
function inClass(
  rows: readonly Float32Array[],
  owner: readonly number[],
  m: Pick<AttributeModel, 'values' | 'prototypes' | 'whitening'>,
): ScalarReference[] {
  return m.values.map((_, v) =>
    learnScalar(
      rows.flatMap((r, i) => (owner[i] === v ? [distance(r, m.prototypes, v, m.whitening)] : [])),
      { floor: ATTRIBUTE.distanceFloor, oneSided: true },
    ),
  );
}

/**
 * Reads every normal by prototypes that its own image had no part in: the values that the others were given stay, means,
 * whitening and borders are made anew without the image.
 * @param normals instances of all normals with the reading they were given, in order
 * @returns in the same order; null where the image alone shows some value, or has none itself
 */
export function heldOutReadings(
  attribute: string,
  normals: readonly {
    readonly image: string;
    readonly instance: AttributeSource;
    readonly reading: AttributeReading;
  }[],
): (AttributeReading | null)[] {
  const values = Object.keys(normals[0]?.reading.distances ?? {});
  // Read by words: nothing was learnt from the normals, so nothing is held out.
  if (values.length < 2) return normals.map(() => null);
  const rows = normals.map((n) => termsOf(n.instance));
  const owner = normals.map((n) => values.indexOf(n.reading.value ?? ''));
  const start = new Float32Array(values.length * (rows[0]?.length ?? 0));
  const without = new Map<string, AttributeModel | null>();
  for (const image of new Set(normals.map((n) => n.image))) {
    const rest = normals.flatMap((n, i) => (n.image === image || owner[i]! < 0 ? [] : [i]));
    const [others, theirs] = [rest.map((i) => rows[i]!), rest.map((i) => owner[i]!)];
    if (new Set(theirs).size < values.length) {
      without.set(image, null);
      continue;
    }
    const model = { values, ...settle(others, theirs, start, values.length) };
    without.set(image, { attribute, of: '', ...model, references: inClass(others, theirs, model) });
  }
  return normals.map((n) => {
    const model = without.get(n.image)!;
    return model && values.length > 1 ? readAttribute(model, n.instance) : null;
  });
}

/** Reads one attribute off an instance. */
export function readAttribute(model: AttributeModel, instance: AttributeSource): AttributeReading {
  const terms = termsOf(instance);
  const distances: Record<string, number> = {};
  let best = -1;
  let least = Infinity;
  let second = Infinity;
  model.values.forEach((value, v) => {
    const reference = model.references[v]!;
    const border = Number.isFinite(reference.tolerance)
      ? reference.centre + reference.tolerance
      : 1 + 4 * ATTRIBUTE.distanceFloor;
    const u = distance(terms, model.prototypes, v, model.whitening) / border;
    distances[value] = u;
    if (u < least) {
      second = least;
      least = u;
      best = v;
    } else if (u < second) second = u;
  });
  return { value: best < 0 ? null : model.values[best]!, margin: second > 0 ? 1 - least / second : 0, distances };
}
