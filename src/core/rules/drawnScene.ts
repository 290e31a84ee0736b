/**
 * Scenes that people write: drawn as a block of letters, or listed as facts. Used by tests, by `cases:` of a rule file
 * and by the examples of every kind. What is drawn is measured by the same code as photographs.
 */

import { cellArea, cellSize, toImageX, toImageY } from '../frame.ts';
import { shapeOf } from '../grid/extent.ts';
import { emptyMask, labelGrid, type Mask } from '../grid/grid.ts';
import { fillHoles } from '../grid/morphology.ts';
import { components, maskOf, momentsOfMask } from '../grid/regions.ts';
import { encodeRuns } from '../grid/runs.ts';
import type { AttributeReading, Box, Instance, Scene, SceneFrame } from '../scene.ts';
import { AGREEMENT } from './constants.ts';

export type DrawnAttribute = string | null | Readonly<Record<string, number>>;

/** What a letter stands for: an interest, or an interest with the facts of its instances. */
export interface DrawnPart {
  readonly interest: string;
  /** A value, null for none of them, or a distance per value (the nearest within 1 wins). */
  readonly attributes?: Readonly<Record<string, DrawnAttribute>>;
  /** Tolerance units; above 1 the instance is refused. */
  readonly likeness?: number;
  readonly lab?: readonly [number, number, number];
  readonly feature?: readonly number[];
  readonly text?: string;
}
export type Legend = Readonly<Record<string, string | DrawnPart>>;

export interface SceneOptions {
  readonly image?: string;
  readonly variant?: string | null;
  readonly product?: Box;
  readonly unknown?: Scene['unknown'];
  readonly detectors?: Readonly<Record<string, number>>;
  /** Interest an interest lies in. */
  readonly parents?: Readonly<Record<string, string>>;
}

/** Native pixels per letter: letters are squares. */
const CELL = 10;
const BLANK = new Set(['.', ' ']);

function attributes(given: DrawnPart['attributes']): Instance['attributes'] {
  const out: Record<string, AttributeReading> = {};
  for (const [name, a] of Object.entries(given ?? {})) {
    if (a === null || typeof a === 'string') {
      out[name] = { value: a, margin: a === null ? 0 : 1, distances: a === null ? {} : { [a]: AGREEMENT.drawnNear } };
      continue;
    }
    const sorted = Object.entries(a).sort((x, y) => x[1] - y[1]);
    const [first, second] = [sorted[0], sorted[1]];
    const margin = first && second && second[1] > 0 ? 1 - first[1] / second[1] : 1;
    out[name] = { value: first && first[1] <= 1 ? first[0] : null, margin, distances: a };
  }
  return out;
}

type Facts = Pick<Instance, 'mask' | 'area' | 'box' | 'centroid' | 'orientation' | 'length' | 'width'>;

function instance(id: number, part: DrawnPart, facts: Facts): Instance {
  return {
    id,
    interest: part.interest,
    status: (part.likeness ?? 0) > 1 ? 'unknown' : 'known',
    ...facts,
    lab: part.lab ?? [50, 0, 0],
    labStd: [1, 1, 1],
    feature: part.feature ?? [],
    attributes: attributes(part.attributes),
    ...(part.likeness === undefined ? {} : { likeness: { value: part.likeness, terms: { feature: part.likeness } } }),
    ...(part.text === undefined ? {} : { text: { value: part.text, confidence: 1 } }),
    grounding: ['drawn'],
  };
}

/** What a mask says by itself: place, size, shape. */
export function factsOf(frame: SceneFrame, mask: Mask): Facts {
  const m = momentsOfMask(mask);
  const size = cellSize(frame, mask);
  const shape = shapeOf(m, [size.x, size.y]);
  const { width, height } = mask;
  const box: Box = [
    toImageX(frame, m.box[0], width),
    toImageY(frame, m.box[1], height),
    toImageX(frame, m.box[2], width),
    toImageY(frame, m.box[3], height),
  ];
  return {
    mask: encodeRuns(mask.data),
    area: m.area * cellArea(frame, mask),
    box,
    centroid: [toImageX(frame, m.centroid[0], width), toImageY(frame, m.centroid[1], height)],
    orientation: shape.orientation,
    length: shape.length,
    width: shape.width,
  };
}

function sceneOf(frame: SceneFrame, grid: Scene['grid'], instances: readonly Instance[], options: SceneOptions): Scene {
  const boxes = instances.map((i) => i.box);
  const around = (k: 0 | 1 | 2 | 3): number =>
    k < 2 ? Math.min(...boxes.map((b) => b[k])) : Math.max(...boxes.map((b) => b[k]));
  return {
    schema: 'logsad/scene/v1',
    image: options.image ?? 'drawn',
    frame,
    grid,
    variant: options.variant ?? null,
    product: options.product ?? (boxes.length === 0 ? [0, 0, 1, 1] : [around(0), around(1), around(2), around(3)]),
    instances: withParents(instances, options.parents ?? {}),
    unknown: options.unknown ?? [],
    quality: {},
    detectors: Object.fromEntries(Object.entries(options.detectors ?? {}).map(([name, score]) => [name, { score }])),
  };
}

function withParents(instances: readonly Instance[], parents: Readonly<Record<string, string>>): Instance[] {
  return instances.map((i) => {
    const [x, y] = i.centroid;
    const host = instances.find(
      (h) => h.interest === parents[i.interest] && x >= h.box[0] && x <= h.box[2] && y >= h.box[1] && y <= h.box[3],
    );
    return host && i.parent === undefined ? { ...i, parent: host.id } : i;
  });
}

/**
 * A block of letters as a Scene. Every letter is a cell; `.` and blanks are background; each 8-connected component of
 * one letter is an instance of the interest that the legend names, its holes filled (a frame holds what it surrounds).
 * @throws RangeError on a letter that the legend does not name, naming its line and column.
 */
export function drawScene(drawing: string, legend: Legend, options: SceneOptions = {}): Scene {
  const rows = drawing.replace(/^\n+|\s+$/g, '').split('\n');
  const width = Math.max(1, ...rows.map((r) => [...r].length));
  const height = rows.length;
  const letters = Object.keys(legend);
  const labels = labelGrid(height, width);
  rows.forEach((row, y) => {
    [...row].forEach((c, x) => {
      if (BLANK.has(c)) return;
      const at = letters.indexOf(c);
      if (at < 0)
        throw new RangeError(
          `drawing, line ${y + 1}, column ${x + 1}: the legend does not name \u201c${c}\u201d (it names ${letters.join(', ')})`,
        );
      labels.data[y * width + x] = at + 1;
    });
  });
  const frame: SceneFrame = {
    imageWidth: width * CELL,
    imageHeight: height * CELL,
    box: [0, 0, 1, 1],
    width: width * CELL,
    height: height * CELL,
  };
  const parts = components(labels);
  const instances = parts.regions.map((region, id) => {
    const entry = legend[letters[region.value - 1]!]!;
    const part = typeof entry === 'string' ? { interest: entry } : entry;
    return instance(id, part, factsOf(frame, fillHoles(maskOf(parts, (r) => r.id === region.id))));
  });
  return sceneOf(frame, { width, height }, instances, options);
}

/** Masks on one grid as a Scene of a square image: each 8-connected component is an instance of the mask's part. */
export function sceneOfMasks(
  maps: readonly { readonly part: DrawnPart; readonly mask: Mask }[],
  options: SceneOptions = {},
): Scene {
  const { width, height } = maps[0]?.mask ?? { width: 1, height: 1 };
  const frame: SceneFrame = { imageWidth: width, imageHeight: height, box: [0, 0, 1, 1], width, height };
  const instances: Instance[] = [];
  for (const { part, mask } of maps) {
    const pieces = components(mask);
    for (const region of pieces.regions) {
      instances.push(
        instance(
          instances.length,
          part,
          factsOf(
            frame,
            maskOf(pieces, (r) => r.id === region.id),
          ),
        ),
      );
    }
  }
  return sceneOf(frame, { width, height }, instances, options);
}

/** One instance as a person lists it; what is missing follows from the box. */
export interface ListedInstance extends DrawnPart {
  readonly box: Box;
  readonly area?: number;
  readonly centroid?: readonly [number, number];
  /** Degrees, from the x axis downwards. */
  readonly orientation?: number;
  readonly length?: number;
  readonly width?: number;
}

/** Listed scenes are rastered this fine, for the kinds that need pixels. */
const RASTER = 128;

/** Listed instances as a Scene; masks are the boxes, whatever area is stated. */
export function sceneOfFacts(
  listed: readonly ListedInstance[],
  options: SceneOptions & { readonly imageWidth?: number; readonly imageHeight?: number } = {},
): Scene {
  const imageWidth = options.imageWidth ?? 640;
  const imageHeight = options.imageHeight ?? 640;
  const frame: SceneFrame = { imageWidth, imageHeight, box: [0, 0, 1, 1], width: imageWidth, height: imageHeight };
  const long = Math.max(imageWidth, imageHeight);
  const instances = listed.map((l, id) => {
    const mask = emptyMask(RASTER, RASTER);
    const [x0, y0, x1, y1] = l.box.map((v) => Math.round(v * RASTER)) as unknown as Box;
    for (let y = y0; y < Math.max(y1, y0 + 1); y++)
      mask.data.fill(1, y * RASTER + x0, y * RASTER + Math.max(x1, x0 + 1));
    const w = ((l.box[2] - l.box[0]) * imageWidth) / long;
    const h = ((l.box[3] - l.box[1]) * imageHeight) / long;
    return instance(id, l, {
      mask: encodeRuns(mask.data),
      area: l.area ?? (l.box[2] - l.box[0]) * (l.box[3] - l.box[1]),
      box: l.box,
      centroid: l.centroid ?? [(l.box[0] + l.box[2]) / 2, (l.box[1] + l.box[3]) / 2],
      orientation: l.orientation === undefined ? (w >= h ? 0 : -Math.PI / 2) : (l.orientation * Math.PI) / 180,
      length: l.length ?? Math.max(w, h),
      width: l.width ?? Math.min(w, h),
    });
  });
  return sceneOf(frame, { width: RASTER, height: RASTER }, instances, options);
}
