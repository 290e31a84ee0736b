/** Edits of one Scene, as a defect would change what is seen: each returns a new Scene and leaves the given one alone. */
import { cellSize } from '../../frame.ts';
import { shapeOf } from '../../grid/extent.ts';
import { emptyMask, type Mask } from '../../grid/grid.ts';
import { type Moments, momentsOfMask } from '../../grid/regions.ts';
import { decodeRuns, encodeRuns } from '../../grid/runs.ts';
import type { Box, Instance, Point, Scene } from '../../scene.ts';

/** An instance with everything that lies in it (`parent`, over any number of steps). */
export function withChildren(scene: Scene, id: number): ReadonlySet<number> {
  const family = new Set([id]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const i of scene.instances) {
      if (i.parent === undefined || family.has(i.id) || !family.has(i.parent)) continue;
      family.add(i.id);
      grown = true;
    }
  }
  return family;
}

/** Instances renumbered densely from 0, parents with them. */
function renumbered(instances: readonly Instance[]): Instance[] {
  const ids = new Map(instances.map((i, n) => [i.id, n]));
  return instances.map((i) => {
    const { parent, ...rest } = { ...i, id: ids.get(i.id)! };
    const host = parent === undefined ? undefined : ids.get(parent);
    return host === undefined ? rest : { ...rest, parent: host };
  });
}

export function without(scene: Scene, gone: ReadonlySet<number>): Scene {
  return { ...scene, instances: renumbered(scene.instances.filter((i) => !gone.has(i.id))) };
}

function replaced(scene: Scene, change: (i: Instance) => Instance): Scene {
  return { ...scene, instances: scene.instances.map(change) };
}

const hasMask = (i: Instance): boolean => i.mask.length > 0;
const maskOf = (scene: Scene, i: Instance): Mask => decodeRuns(i.mask, scene.grid.height, scene.grid.width);

/** Width and height of a cell as fractions of the image. */
function cellOf({ frame, grid }: Scene): Point {
  return [(frame.box[2] - frame.box[0]) / grid.width, (frame.box[3] - frame.box[1]) / grid.height];
}

const shifted = (b: Box, dx: number, dy: number): Box => [b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy];

/** Whether a box lies within the part of the image that is seen. */
export function fits({ frame }: Scene, b: Box): boolean {
  return b[0] >= frame.box[0] && b[1] >= frame.box[1] && b[2] <= frame.box[2] && b[3] <= frame.box[3];
}

/** Moves the cells of a mask; what leaves the grid is lost. */
function shiftMask(mask: Mask, dx: number, dy: number): Mask {
  const out = emptyMask(mask.height, mask.width);
  for (let y = Math.max(0, dy); y < Math.min(mask.height, mask.height + dy); y++) {
    for (let x = Math.max(0, dx); x < Math.min(mask.width, mask.width + dx); x++) {
      out.data[y * mask.width + x] = mask.data[(y - dy) * mask.width + x - dx]!;
    }
  }
  return out;
}

function movedInstance(scene: Scene, i: Instance, dx: number, dy: number): Instance {
  const [cw, ch] = cellOf(scene);
  const mask = hasMask(i)
    ? encodeRuns(shiftMask(maskOf(scene, i), Math.round(dx / cw), Math.round(dy / ch)).data)
    : i.mask;
  return { ...i, box: shifted(i.box, dx, dy), centroid: [i.centroid[0] + dx, i.centroid[1] + dy], mask };
}

/** Moves an instance and what lies in it by `(dx, dy)` image fractions; masks follow to the nearest cell. */
export function moved(scene: Scene, id: number, dx: number, dy: number): Scene {
  const family = withChildren(scene, id);
  return replaced(scene, (i) => (family.has(i.id) ? movedInstance(scene, i, dx, dy) : i));
}

/** A second instance with everything that lies in it, `(dx, dy)` image fractions from the first. */
export function duplicated(scene: Scene, id: number, dx: number, dy: number): Scene {
  const family = [...withChildren(scene, id)];
  const ids = new Map(family.map((old, n) => [old, scene.instances.length + n]));
  const copies = family.map((old) => {
    const copy = movedInstance(scene, scene.instances.find((i) => i.id === old)!, dx, dy);
    const parent = copy.parent === undefined ? undefined : (ids.get(copy.parent) ?? copy.parent);
    return { ...copy, id: ids.get(old)!, ...(parent === undefined ? {} : { parent }) };
  });
  return { ...scene, instances: [...scene.instances, ...copies] };
}

/** Two instances change places (centroids), each with what lies in it. */
export function swapped(scene: Scene, a: number, b: number): Scene {
  const at = (id: number): Point => scene.instances.find((i) => i.id === id)!.centroid;
  const [ax, ay] = at(a);
  const [bx, by] = at(b);
  return moved(moved(scene, a, bx - ax, by - ay), b, ax - bx, ay - by);
}

/** Nearest-cell enlargement of a mask about a point in cells. */
function scaleMask(mask: Mask, [cx, cy]: Point, s: number): Mask {
  const out = emptyMask(mask.height, mask.width);
  for (let y = 0, at = 0; y < mask.height; y++) {
    const sy = Math.floor(cy + (y + 0.5 - cy) / s);
    for (let x = 0; x < mask.width; x++, at++) {
      const sx = Math.floor(cx + (x + 0.5 - cx) / s);
      if (sx >= 0 && sy >= 0 && sx < mask.width && sy < mask.height) out.data[at] = mask.data[sy * mask.width + sx]!;
    }
  }
  return out;
}

/** Multiplies the area by `factor`, about the centroid; the aspect ratio stays. */
export function scaled(scene: Scene, id: number, factor: number): Scene {
  const s = Math.sqrt(factor);
  const [cw, ch] = cellOf(scene);
  return replaced(scene, (i) => {
    if (i.id !== id) return i;
    const [x, y] = i.centroid;
    const cells: Point = [(x - scene.frame.box[0]) / cw, (y - scene.frame.box[1]) / ch];
    return {
      ...i,
      area: i.area * factor,
      length: i.length * s,
      width: i.width * s,
      box: [x + (i.box[0] - x) * s, y + (i.box[1] - y) * s, x + (i.box[2] - x) * s, y + (i.box[3] - y) * s],
      mask: hasMask(i) ? encodeRuns(scaleMask(maskOf(scene, i), cells, s).data) : i.mask,
    };
  });
}

/** Shifts the mean colour by `[L, a, b]`. */
export function recoloured(scene: Scene, id: number, shift: readonly [number, number, number]): Scene {
  return replaced(scene, (i) =>
    i.id === id ? { ...i, lab: [i.lab[0] + shift[0], i.lab[1] + shift[1], i.lab[2] + shift[2]] } : i,
  );
}

/** Reads another value off an instance: its distances to the old and the new value change places. */
export function reattributed(scene: Scene, id: number, attribute: string, value: string): Scene {
  return replaced(scene, (i) => {
    const reading = i.id === id ? i.attributes[attribute] : undefined;
    if (!reading || reading.value === null) return i;
    const { [reading.value]: near, [value]: far, ...others } = reading.distances;
    const distances = {
      ...others,
      ...(far === undefined ? {} : { [reading.value]: far }),
      ...(near === undefined ? {} : { [value]: near }),
    };
    return { ...i, attributes: { ...i.attributes, [attribute]: { ...reading, value, distances } } };
  });
}

/** Rows above the new edge are emptied, or filled as the first full row below the old one. */
function levelMask(mask: Mask, oldTop: number, newTop: number): Mask {
  const out: Mask = { ...mask, data: mask.data.slice() };
  const row = (y: number): Uint8Array => out.data.subarray(y * mask.width, (y + 1) * mask.width);
  if (newTop > oldTop) out.data.fill(0, 0, Math.min(mask.height, newTop) * mask.width);
  else {
    const model = row(Math.min(mask.height - 1, Math.max(0, oldTop))).slice();
    for (let y = Math.max(0, newTop); y < oldTop; y++) row(y).set(model);
  }
  return out;
}

/** What new moments make of an instance: areas and lengths in proportion, so trimming conventions do not matter. */
function reshaped(scene: Scene, i: Instance, before: Moments, after: Moments): Instance {
  const [cw, ch] = cellOf(scene);
  const size = cellSize(scene.frame, scene.grid);
  const [old, now] = [before, after].map((m) => shapeOf(m, [size.x, size.y])) as [
    ReturnType<typeof shapeOf>,
    ReturnType<typeof shapeOf>,
  ];
  return {
    ...i,
    area: (i.area * after.area) / before.area,
    centroid: [
      i.centroid[0] + (after.centroid[0] - before.centroid[0]) * cw,
      i.centroid[1] + (after.centroid[1] - before.centroid[1]) * ch,
    ],
    length: (i.length * now.length) / Math.max(1e-9, old.length),
    width: (i.width * now.width) / Math.max(1e-9, old.width),
    orientation: now.orientation,
  };
}

/** Raises (`by` > 0) or lowers the top edge of an instance by a fraction of the image height. */
export function levelled(scene: Scene, id: number, by: number): Scene {
  const [, ch] = cellOf(scene);
  return replaced(scene, (i) => {
    if (i.id !== id) return i;
    const [x0, y0, x1, y1] = i.box;
    const box: Box = [x0, y0 - by, x1, y1];
    if (!hasMask(i)) {
      const area = (i.area * (y1 - y0 + by)) / (y1 - y0);
      return { ...i, box, area, centroid: [i.centroid[0], i.centroid[1] - by / 2] };
    }
    const mask = maskOf(scene, i);
    const top = (y: number): number => Math.round((y - scene.frame.box[1]) / ch);
    const next = levelMask(mask, top(y0), top(y0 - by));
    const after = momentsOfMask(next);
    if (after.area === 0) return i;
    return { ...reshaped(scene, i, momentsOfMask(mask), after), box, mask: encodeRuns(next.data) };
  });
}
