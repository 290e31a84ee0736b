/** Where a map lies above what normals show: regions of the open set (RULES, principle 8), beside those of the grounding. */
import { cellArea, toImageX, toImageY } from '../frame.ts';
import { emptyMask, type FeatureGrid } from '../grid/grid.ts';
import { components, runsOf } from '../grid/regions.ts';
import type { DetectorReading, Scene, SceneFrame, UnknownRegion } from '../scene.ts';
import { learnScalar, type ScalarReference } from '../statistics.ts';
import { type GridSize, resizeMap } from './cells.ts';

export const MAP_REGIONS = {
  /** Smallest spread believed of the peaks of maps, as a share of their median. */
  floor: 0.04,
  /** Smaller regions (share of the image) are no finding of their own; the score has them anyway. */
  minArea: 0.0004,
} as const;

/** The border of a detector's map: what the peaks of the normals' maps, each judged without itself, stay below. */
export function mapBorder(readings: readonly DetectorReading[]): ScalarReference {
  const peaks = readings.map((r) => r.peak ?? r.score);
  const sorted = [...peaks].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return learnScalar(peaks, { floor: MAP_REGIONS.floor * middle || MAP_REGIONS.floor, oneSided: true });
}

/** Connected regions of a map above its border, on the scene's grid; `distance` is their mean in tolerance units. */
export function regionsAbove(
  map: FeatureGrid,
  border: ScalarReference,
  frame: SceneFrame,
  size: GridSize,
): UnknownRegion[] {
  if (!Number.isFinite(border.high)) return [];
  const { data, width, height } = resizeMap(map, size);
  const mask = emptyMask(height, width);
  let any = false;
  for (let i = 0; i < data.length; i++) {
    if (data[i]! > border.high) {
      mask.data[i] = 1;
      any = true;
    }
  }
  if (!any) return [];
  const cell = cellArea(frame, size);
  const parts = components(mask);
  const sums = new Float64Array(parts.regions.length + 1);
  for (let i = 0; i < data.length; i++)
    if (mask.data[i]) sums[parts.labels.data[i]!]! += (data[i]! - border.centre) / border.tolerance;
  return parts.regions
    .filter((r) => r.area * cell >= MAP_REGIONS.minArea)
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
      distance: sums[r.id]! / r.area,
    }));
}

/** The Scene of a picture in which nothing is grounded: its detectors are all there is to say. */
export function bareScene(image: string, frame: SceneFrame, cell: number): Scene {
  return {
    schema: 'logsad/scene/v1',
    image,
    frame,
    grid: { width: Math.ceil(frame.width / cell), height: Math.ceil(frame.height / cell) },
    variant: null,
    product: frame.box,
    instances: [],
    unknown: [],
    quality: {},
    detectors: {},
  };
}
