/**
 * Anomaly maps over whole images in tolerance units: every detector's distances in what it learnt from normals (1 at the
 * border), the violated rules painted where they point, and the largest of all as the fused map.
 */
import { type FeatureGrid, type Grid, type Mask, zeros } from '../grid/grid.ts';
import { downscaleArea, resizeBilinear } from '../grid/resample.ts';
import { decodeRuns } from '../grid/runs.ts';
import type { Box, Scene, SceneFrame, Violation } from '../scene.ts';
import type { ScalarReference } from '../statistics.ts';

/** Name of the map that is the largest of all others. */
export const FUSED = 'fused';

export interface MapSize {
  readonly width: number;
  readonly height: number;
}

export interface DetectorMap {
  readonly map: FeatureGrid;
  readonly border: ScalarReference;
}

/** Distances in tolerance units; as they are where too few normals gave no border. */
export function unitMap({ map, border }: DetectorMap): FeatureGrid {
  const known = Number.isFinite(border.centre) && Number.isFinite(border.tolerance) && border.tolerance > 0;
  if (!known) return map;
  return { ...map, data: map.data.map((v) => (v - border.centre) / border.tolerance) };
}

/** A map over the frame, bilinear at the size of the whole image; `outside` where the frame did not look. */
export function overImage(map: FeatureGrid, frame: SceneFrame, size: MapSize, outside: number): Grid<Float32Array> {
  const [x0, y0, x1, y1] = frame.box;
  const left = Math.round(x0 * size.width);
  const top = Math.round(y0 * size.height);
  const width = Math.max(1, Math.round(x1 * size.width) - left);
  const height = Math.max(1, Math.round(y1 * size.height) - top);
  const inner = resizeBilinear(map, height, width, { antialias: false });
  if (width === size.width && height === size.height) return inner;
  const out = zeros(size.height, size.width);
  out.data.fill(outside);
  for (let y = 0; y < height; y++) {
    out.data.set(inner.data.subarray(y * width, (y + 1) * width), (top + y) * size.width + left);
  }
  return out;
}

/**
 * Margins of violated rules painted over the instances they accuse and the boxes where a part was expected; -Infinity
 * where no rule says anything.
 */
function ruleMap(scene: Scene, violations: readonly Violation[], size: MapSize): Grid<Float32Array> {
  const out = zeros(size.height, size.width);
  out.data.fill(Number.NEGATIVE_INFINITY);
  const byId = new Map(scene.instances.map((i) => [i.id, i]));
  for (const v of violations) {
    if (v.severity !== 'reject') continue;
    for (const id of v.instances) {
      const instance = byId.get(id);
      if (instance) paint(out, decodeRuns(instance.mask, scene.grid.height, scene.grid.width), scene.frame, v.margin);
    }
    if (v.ghost) paintBox(out, v.ghost, v.margin);
  }
  return out;
}

function paint(out: Grid<Float32Array>, mask: Mask, { box }: SceneFrame, value: number): void {
  const [x0, y0, x1, y1] = box;
  // The cell that each column and each row of pixels lies in, -1 outside the frame.
  const cellsOf = (n: number, from: number, to: number, cells: number): Int32Array =>
    Int32Array.from({ length: n }, (_, i) => {
      const c = Math.floor((((i + 0.5) / n - from) / (to - from)) * cells);
      return c >= 0 && c < cells ? c : -1;
    });
  const columns = cellsOf(out.width, x0, x1, mask.width);
  const rows = cellsOf(out.height, y0, y1, mask.height);
  for (let y = 0; y < out.height; y++) {
    if (rows[y]! < 0) continue;
    for (let x = 0; x < out.width; x++) {
      if (columns[x]! < 0 || mask.data[rows[y]! * mask.width + columns[x]!] === 0) continue;
      const i = y * out.width + x;
      if (out.data[i]! < value) out.data[i] = value;
    }
  }
}

function paintBox(out: Grid<Float32Array>, [x0, y0, x1, y1]: Box, value: number): void {
  const clip = (v: number, n: number): number => Math.min(n, Math.max(0, Math.round(v * n)));
  for (let y = clip(y0, out.height); y < clip(y1, out.height); y++) {
    for (let x = clip(x0, out.width); x < clip(x1, out.width); x++) {
      const i = y * out.width + x;
      if (out.data[i]! < value) out.data[i] = value;
    }
  }
}

/**
 * All maps of one judged image at `size`: one per detector that has one, `rules` under the name given (null leaves them
 * out; 0 where no rule says anything), and the largest of all as `fused`. Units of most pixels of a good part are negative,
 * so rules enter the fusion only where they painted: a floor of 0 would level all below the border. Raw distances (no
 * border) compare with nothing and stay out of the fusion, unless they are the only map. Empty where there is nothing to show.
 */
export function imageMaps(
  scene: Scene,
  violations: readonly Violation[],
  maps: Readonly<Record<string, DetectorMap>>,
  size: MapSize,
  rules: string | null,
): Record<string, Grid<Float32Array>> {
  const out: Record<string, Grid<Float32Array>> = {};
  const parts: Grid<Float32Array>[] = [];
  for (const [name, m] of Object.entries(maps)) {
    const unit = unitMap(m);
    const raw = unit === m.map;
    // Nothing is known of what the frame left out: the unit of a distance of zero.
    const outside = raw ? 0 : -m.border.centre / m.border.tolerance;
    out[name] = overImage(unit, scene.frame, size, outside);
    if (!raw) parts.push(out[name]);
  }
  if (rules !== null) {
    const painted = ruleMap(scene, violations, size);
    out[rules] = { ...painted, data: painted.data.map((v) => (v === Number.NEGATIVE_INFINITY ? 0 : v)) };
    // Without a map below it, the finite floor of the rules' own map.
    parts.push(parts.length > 0 ? painted : out[rules]);
  }
  const all = Object.values(out);
  if (all.length === 0) return out;
  if (parts.length === 0) parts.push(all.length === 1 ? all[0]! : zeros(size.height, size.width));
  const fused = parts[0]!.data.slice();
  for (const part of parts.slice(1)) {
    for (let i = 0; i < fused.length; i++) if (part.data[i]! > fused[i]!) fused[i] = part.data[i]!;
  }
  out[FUSED] = { data: fused, ...size, channels: 1 };
  return out;
}

/** A mask at another size: a pixel counts where at least half of it is covered; masks that vanish keep their fullest pixel. */
export function maskAt(mask: Mask, size: MapSize): Mask {
  if (mask.width === size.width && mask.height === size.height) return mask;
  const cover: FeatureGrid = { ...mask, data: Float32Array.from(mask.data, (v) => (v === 0 ? 0 : 1)) };
  const shrunk =
    size.width <= mask.width && size.height <= mask.height
      ? downscaleArea(cover, size.height, size.width)
      : resizeBilinear(cover, size.height, size.width);
  const most = shrunk.data.reduce((m, v) => Math.max(m, v), 0);
  const least = most === 0 ? 1 : Math.min(0.5, most);
  return { ...mask, ...size, data: Uint8Array.from(shrunk.data, (v) => (v >= least ? 1 : 0)) };
}
