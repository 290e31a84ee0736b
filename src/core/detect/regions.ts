/** Where a map lies above what normals show: regions of the open set (RULES, principle 8), beside those of the grounding. */
import { cellArea, toImageX, toImageY } from '../frame.ts';
import { emptyMask, type FeatureGrid, type Mask } from '../grid/grid.ts';
import { components, runsOf } from '../grid/regions.ts';
import type { DetectorReading, Scene, SceneFrame, UnknownRegion } from '../scene.ts';
import { learnScalar, median, type ScalarReference, widened } from '../statistics.ts';
import { type GridSize, resizeMap } from './cells.ts';
import type { Detection } from './detector.ts';

export const MAP_REGIONS = {
  /** Smallest spread believed of the peaks of maps, as a share of their median. */
  floor: 0.04,
  /** Smaller regions (share of the image) are no finding of their own; the score has them anyway. */
  minArea: 0.0004,
} as const;

/**
 * The border of a detector's map: what the peaks of the normals' maps, each judged without itself, stay below, with room
 * for what other focus and light typically add to them.
 */
export function mapBorder(readings: readonly DetectorReading[]): ScalarReference {
  const peakOf = (r: Pick<DetectorReading, 'peak' | 'score'>): number => r.peak ?? r.score;
  const peaks = readings.map(peakOf);
  const sorted = [...peaks].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const bounds = learnScalar(peaks, { floor: MAP_REGIONS.floor * middle || MAP_REGIONS.floor, oneSided: true });
  const raises = readings.flatMap((r) => (r.altered ? [Math.max(0, peakOf(r.altered) - peakOf(r))] : []));
  return widened(bounds, raises.length > 0 ? median(raises) : 0);
}

/**
 * What detectors say of a normal that is looked at again: it was judged once for all while learning, without itself. Its
 * bank merely robbed of its rows has holes that no bank learnt without it would have, so the map, which is not stored, is
 * held to the peak that is.
 */
export function asLeftOut(
  found: Readonly<Record<string, Detection>>,
  stored: Readonly<Record<string, DetectorReading>>,
): Readonly<Record<string, Detection>> {
  const known = ([name, { reading, map }]: [string, Detection]): [string, Detection] => {
    const { altered: _, ...own } = stored[name] ?? reading;
    const peak = own.peak ?? own.score;
    return [name, { reading: own, map: map && { ...map, data: map.data.map((v) => Math.min(v, peak)) } }];
  };
  return Object.fromEntries(Object.entries(found).map(known));
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
  return regionsOf(mask, data, border, frame).filter((r) => r.area >= MAP_REGIONS.minArea);
}

/**
 * The region that carries a map's score, also where the map stays below its border (a score that pools many cells may pass
 * its own): what is connected to the peak and at least half as high above the middle of the normals. On the scene's grid,
 * never smaller than `minArea` cells in all; null where the map has no border or is flat.
 */
export function strongestRegion(
  map: FeatureGrid,
  border: ScalarReference,
  frame: SceneFrame,
  size: GridSize,
): UnknownRegion | null {
  if (!Number.isFinite(border.high) || !(border.tolerance > 0)) return null;
  const { data, width, height } = resizeMap(map, size);
  const sorted = data.slice().sort();
  const peak = sorted.at(-1) ?? 0;
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (!(peak > middle)) return null;
  const half = (peak + (peak > border.centre ? border.centre : middle)) / 2;
  const least = Math.max(1, Math.ceil(MAP_REGIONS.minArea / cellArea(frame, size)));
  const level = Math.min(half, sorted[Math.max(0, sorted.length - least)]!);
  const mask = emptyMask(height, width);
  for (let i = 0; i < data.length; i++) mask.data[i] = data[i]! >= level ? 1 : 0;
  return regionsOf(mask, data, border, frame, data.indexOf(peak))[0] ?? null;
}

/** Connected regions of a mask (only the one that holds the cell `at`, where given), measured on the map below it. */
function regionsOf(
  mask: Mask,
  data: Float32Array,
  border: ScalarReference,
  frame: SceneFrame,
  at?: number,
): UnknownRegion[] {
  const { width, height } = mask;
  const cell = cellArea(frame, mask);
  const parts = components(mask);
  const sums = new Float64Array(parts.regions.length + 1);
  for (let i = 0; i < data.length; i++)
    if (mask.data[i]) sums[parts.labels.data[i]!]! += (data[i]! - border.centre) / border.tolerance;
  return parts.regions
    .filter((r) => at === undefined || parts.labels.data[at] === r.id)
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
