/** A Scene indexed for rules: instances by interest, guards' readings, boxes and origins. Built once per scene. */
import type { AttributeReading, Box, Instance, Point, Scene } from '../scene.ts';
import { AGREEMENT, LEARN } from './constants.ts';
import type { RuleFile, Shape } from './definition.ts';

/** Masks that regions refer to by file name, as the caller has read them: cells of the whole image. */
export type RegionMasks = Readonly<
  Record<string, { readonly width: number; readonly height: number; readonly data: Uint8Array }>
>;

/** No mask file: one value, so that caches can tell it from any other. */
export const NO_MASKS: RegionMasks = Object.freeze({});

export interface SceneView {
  readonly scene: Scene;
  readonly file: RuleFile;
  readonly masks: RegionMasks;
  /** Known instances of an interest, largest first. */
  known(interest: string): readonly Instance[];
  /** Refused candidates of an interest. */
  refused(interest: string): readonly Instance[];
  byId(id: number): Instance | undefined;
  /** Long-side units per image fraction, per axis. */
  readonly unitX: number;
  readonly unitY: number;
}

const NONE: readonly Instance[] = [];

/** The last view of each Scene: one picture is judged by many bounds of the same file (folds, parts of a file). */
const views = new WeakMap<Scene, SceneView>();

/** Whether a view made under one file serves another: names are looked up in these sections alone. */
const serves = (view: SceneView, file: RuleFile, masks: RegionMasks): boolean =>
  view.masks === masks &&
  view.file.interests === file.interests &&
  view.file.attributes === file.attributes &&
  view.file.regions === file.regions;

/** A Scene indexed by interest. Scenes are immutable: asking again gives the same view. */
export function viewOf(scene: Scene, file: RuleFile, masks: RegionMasks = NO_MASKS): SceneView {
  const last = views.get(scene);
  if (last && serves(last, file, masks)) return last;
  const view = index(scene, file, masks);
  views.set(scene, view);
  return view;
}

function index(scene: Scene, file: RuleFile, masks: RegionMasks): SceneView {
  const known = new Map<string, Instance[]>();
  const refused = new Map<string, Instance[]>();
  const ids = new Map<number, Instance>();
  for (const instance of scene.instances) {
    const into = instance.status === 'known' ? known : refused;
    const list = into.get(instance.interest);
    if (list) list.push(instance);
    else into.set(instance.interest, [instance]);
    ids.set(instance.id, instance);
  }
  // Total order by what is measured, not by id: results do not depend on the order of detection.
  const order = (a: Instance, b: Instance): number =>
    b.area - a.area || a.centroid[0] - b.centroid[0] || a.centroid[1] - b.centroid[1] || a.id - b.id;
  for (const list of known.values()) if (list.length > 1) list.sort(order);
  for (const list of refused.values()) if (list.length > 1) list.sort(order);
  const long = Math.max(scene.frame.imageWidth, scene.frame.imageHeight);
  return {
    scene,
    file,
    masks,
    known: (interest) => known.get(interest) ?? NONE,
    refused: (interest) => refused.get(interest) ?? NONE,
    byId: (id) => ids.get(id),
    unitX: scene.frame.imageWidth / long,
    unitY: scene.frame.imageHeight / long,
  };
}

/** Instances that make up a stuff-like whole: those at least `speckShare` of the largest. `list` is largest first. */
export function withoutSpecks(list: readonly Instance[]): readonly Instance[] {
  if (list.length < 2) return list;
  const least = LEARN.speckShare * list[0]!.area;
  return list[list.length - 1]!.area >= least ? list : list.filter((i) => i.area >= least);
}

export function totalArea(list: readonly Instance[]): number {
  let sum = 0;
  for (const i of list) sum += i.area;
  return sum;
}

export const idsOf = (list: readonly Instance[]): number[] => list.map((i) => i.id);

/** Smallest box around all boxes. @throws RangeError for none. */
export function unionBox(boxes: readonly Box[]): Box {
  if (boxes.length === 0) throw new RangeError('unionBox: no boxes');
  let [x0, y0, x1, y1] = boxes[0]!;
  for (const b of boxes) {
    x0 = Math.min(x0, b[0]);
    y0 = Math.min(y0, b[1]);
    x1 = Math.max(x1, b[2]);
    y1 = Math.max(y1, b[3]);
  }
  return [x0, y0, x1, y1];
}

/** Area-weighted mean of centroids. */
export function meanCentroid(list: readonly Instance[]): Point {
  const total = totalArea(list);
  if (list.length === 1 || total === 0) return list[0]!.centroid;
  let x = 0;
  let y = 0;
  for (const i of list) {
    x += i.area * i.centroid[0];
    y += i.area * i.centroid[1];
  }
  return [x / total, y / total];
}

export const boxArea = (b: Box): number => Math.max(0, b[2] - b[0]) * Math.max(0, b[3] - b[1]);
export const centreOf = (b: Box): Point => [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2];

export function intersectBoxes(a: Box, b: Box): Box {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
}

const WHOLE: Box = [0, 0, 1, 1];

/** The shapes a name stands for: `product`, `image`, a region, or the instances of an interest. */
export function shapeOf(view: SceneView, name: string): Shape {
  // A region called `product` replaces the product found in the picture.
  if (Object.hasOwn(view.file.regions, name)) return view.file.regions[name]!;
  if (name === 'product') return { box: view.scene.product };
  if (name === 'image') return { box: WHOLE };
  return { interest: name };
}

/** Boxes of a shape in image fractions (several for an interest with several instances); none where it is absent. */
export function boxesOf(view: SceneView, shape: Shape, depth = 0): readonly Box[] {
  if ('box' in shape) return [shape.box];
  if ('polygon' in shape) return [unionBox(shape.polygon.map(([x, y]) => [x, y, x, y] as Box))];
  if ('interest' in shape) {
    const grow = shape.grow ?? 0;
    const gx = grow / view.unitX;
    const gy = grow / view.unitY;
    return view.known(shape.interest).map(({ box: b }) => [b[0] - gx, b[1] - gy, b[2] + gx, b[3] + gy] as Box);
  }
  if ('region' in shape) return depth > 8 ? [] : boxesOf(view, shapeOf(view, shape.region), depth + 1);
  const mask = view.masks[shape.mask];
  if (!mask) return [];
  let box: Box | null = null;
  for (let i = 0; i < mask.data.length; i++) {
    if (!mask.data[i]) continue;
    const x = i % mask.width;
    const y = Math.floor(i / mask.width);
    const cell: Box = [x / mask.width, y / mask.height, (x + 1) / mask.width, (y + 1) / mask.height];
    box = box ? unionBox([box, cell]) : cell;
  }
  return box ? [box] : [];
}

/** Whether a point lies in a named region, product, image or any instance's box of an interest. */
export function within(view: SceneView, name: string, [x, y]: Point): boolean {
  return contains(view, shapeOf(view, name), x, y, 0);
}

function contains(view: SceneView, shape: Shape, x: number, y: number, depth: number): boolean {
  if ('polygon' in shape) return inPolygon(shape.polygon, x, y);
  if ('region' in shape) return depth < 8 && contains(view, shapeOf(view, shape.region), x, y, depth + 1);
  if ('mask' in shape) {
    const mask = view.masks[shape.mask];
    if (!mask) return false;
    const cx = Math.min(mask.width - 1, Math.max(0, Math.floor(x * mask.width)));
    const cy = Math.min(mask.height - 1, Math.max(0, Math.floor(y * mask.height)));
    return mask.data[cy * mask.width + cx]! !== 0;
  }
  return boxesOf(view, shape).some((b) => x >= b[0] && x <= b[2] && y >= b[1] && y <= b[3]);
}

function inPolygon(polygon: readonly Point[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i]!;
    const [xj, yj] = polygon[j]!;
    if (yi > y !== yj > y && x < xi + ((y - yi) * (xj - xi)) / (yj - yi)) odd = !odd;
  }
  return odd;
}

/** Area of a region (polygons by the shoelace formula, interests by their instances), as a fraction of the image. */
export function areaOfShape(view: SceneView, name: string): number {
  const shape = shapeOf(view, name);
  if ('interest' in shape) return totalArea(view.known(shape.interest));
  if ('polygon' in shape) {
    let twice = 0;
    shape.polygon.forEach(([x, y], i) => {
      const [nx, ny] = shape.polygon[(i + 1) % shape.polygon.length]!;
      twice += x * ny - nx * y;
    });
    return Math.abs(twice) / 2;
  }
  if ('mask' in shape) {
    const mask = view.masks[shape.mask];
    return mask ? mask.data.reduce((n, v) => n + (v ? 1 : 0), 0) / mask.data.length : 0;
  }
  return boxesOf(view, shape).reduce((sum, b) => sum + boxArea(b), 0);
}

/** Distances to every value of an attribute for one instance; null where it carries no reading. */
export function distancesOf(view: SceneView, attribute: string, instance: Instance): Record<string, number> | null {
  const reading: AttributeReading | undefined = instance.attributes[attribute];
  if (!reading) return null;
  const values = Object.keys(view.file.attributes[attribute]?.values ?? {});
  const out: Record<string, number> = {};
  for (const value of values) {
    const d = reading.distances[value];
    const drawn = reading.value === value ? AGREEMENT.drawnNear : AGREEMENT.drawnFar;
    out[value] = Math.min(AGREEMENT.distanceCap, d === undefined || !Number.isFinite(d) ? drawn : Math.max(0, d));
  }
  return out;
}

export interface ImageReading {
  readonly value: string | null;
  readonly distances: Readonly<Record<string, number>>;
  readonly instances: readonly number[];
}

/** The reading of an attribute for the whole image: distances averaged over its instances by area. */
export function imageReading(view: SceneView, attribute: string): ImageReading | null {
  const of = view.file.attributes[attribute]?.of;
  if (of === undefined) return null;
  const carriers = withoutSpecks(view.known(of)).filter((i) => i.attributes[attribute]);
  if (carriers.length === 0) {
    const { absent } = view.file.attributes[attribute]!;
    if (absent === undefined) return null;
    const values = Object.keys(view.file.attributes[attribute]!.values);
    const distances = Object.fromEntries(
      values.map((v) => [v, v === absent ? AGREEMENT.drawnNear : AGREEMENT.drawnFar]),
    );
    return { value: absent, distances, instances: [] };
  }
  if (carriers.length === 1) {
    const only = carriers[0]!;
    return {
      value: only.attributes[attribute]!.value,
      distances: distancesOf(view, attribute, only)!,
      instances: [only.id],
    };
  }
  const total = totalArea(carriers);
  const distances: Record<string, number> = {};
  const votes: Record<string, number> = {};
  for (const i of carriers) {
    for (const [value, d] of Object.entries(distancesOf(view, attribute, i)!)) {
      distances[value] = (distances[value] ?? 0) + (d * i.area) / total;
    }
    const value = i.attributes[attribute]!.value;
    if (value !== null) votes[value] = (votes[value] ?? 0) + i.area;
  }
  const best = Object.entries(votes).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0];
  return { value: best?.[0] ?? null, distances, instances: idsOf(carriers) };
}
