/**
 * The pixel side of the open set (FINDINGS 10.1): a cell whose winning logit is lower than any normal ever showed for
 * that class resembles nothing learnt and is `unknown` instead of the nearest class. Borders between classes always win
 * narrowly, so the floor comes from the normals' own low quantile, borders included.
 */
import { cellArea, toImageX, toImageY } from '../frame.ts';
import type { FeatureGrid, LabelGrid, Mask } from '../grid/grid.ts';
import { emptyMask } from '../grid/grid.ts';
import { erode } from '../grid/morphology.ts';
import { components, runsOf } from '../grid/regions.ts';
import type { SceneFrame, UnknownRegion } from '../scene.ts';
import { learnScalar, quantile, type ScalarReference } from '../statistics.ts';

/** Labels of cells that belong to no class. */
export const UNKNOWN_CELL = -1;
export const IGNORED_CELL = -2;

export const OPEN_SET = {
  /** The quantile of a class's winning logits that an image is represented by. */
  quantile: 0.002,
  /** A class with fewer cells in an image says nothing about its floor there. */
  minCells: 40,
  /** Smallest spread of that quantile between images. */
  floorSpread: 0.02,
  /** A region of unknown cells smaller than this share of the image is noise. */
  minRegion: 0.0008,
} as const;

/** Low quantile of the winning logit per class of one image; absent for classes with few cells. */
export function confidenceQuantiles(classes: readonly string[], labels: LabelGrid, confidence: FeatureGrid): Record<string, number> {
  const values: number[][] = classes.map(() => []);
  for (let i = 0; i < labels.data.length; i++) values[labels.data[i]!]?.push(confidence.data[i]!);
  const out: Record<string, number> = {};
  classes.forEach((c, k) => {
    if (values[k]!.length >= OPEN_SET.minCells) out[c] = quantile(values[k]!, OPEN_SET.quantile);
  });
  return out;
}

/** Floor per class over normals: below `low`, no normal cell of the class was ever seen. */
export function learnFloors(classes: readonly string[], normals: readonly Readonly<Record<string, number>>[]): Record<string, ScalarReference> {
  const out: Record<string, ScalarReference> = {};
  for (const c of classes) {
    const values = normals.flatMap((n) => (c in n ? [n[c]!] : []));
    if (values.length > 0) out[c] = learnScalar(values, { floor: OPEN_SET.floorSpread });
  }
  return out;
}

/** Marks cells below their class's floor as UNKNOWN_CELL, and cells of `ignored` as IGNORED_CELL, in place. */
export function markUnknown(
  classes: readonly string[],
  labels: LabelGrid,
  confidence: FeatureGrid,
  floors: Readonly<Record<string, ScalarReference>>,
): void {
  const low = classes.map((c) => floors[c]?.low ?? -Infinity);
  for (let i = 0; i < labels.data.length; i++) {
    const c = labels.data[i]!;
    if (c >= 0 && confidence.data[i]! < low[c]!) labels.data[i] = UNKNOWN_CELL;
  }
}

/** Connected regions of unknown cells, those that survive one erosion and are large enough. */
export function unknownRegions(frame: SceneFrame, labels: LabelGrid): UnknownRegion[] {
  const { width, height } = labels;
  const mask: Mask = emptyMask(height, width);
  let any = false;
  for (let i = 0; i < mask.data.length; i++) {
    if (labels.data[i] === UNKNOWN_CELL) {
      mask.data[i] = 1;
      any = true;
    }
  }
  if (!any) return [];
  const cell = cellArea(frame, labels);
  const parts = components(mask);
  const cores = erode(mask, { shape: 'square', radius: 1 });
  const solid = new Set<number>();
  for (let i = 0; i < cores.data.length; i++) if (cores.data[i]) solid.add(parts.labels.data[i]!);
  return parts.regions
    .filter((r) => solid.has(r.id) && r.area * cell >= OPEN_SET.minRegion)
    .map((r) => ({
      mask: runsOf(parts, r),
      area: r.area * cell,
      box: [
        toImageX(frame, r.box[0], width),
        toImageY(frame, r.box[1], height),
        toImageX(frame, r.box[2], width),
        toImageY(frame, r.box[3], height),
      ],
      centroid: [toImageX(frame, r.centroid[0], width), toImageY(frame, r.centroid[1], height)],
      // Grows with the size of what nothing explains: 1 at the smallest region that counts.
      distance: 1 + Math.log2((r.area * cell) / OPEN_SET.minRegion),
    }));
}
