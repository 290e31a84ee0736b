/**
 * From raw stages to rows that are matched, and from distances per cell to a score. The plain path of what the generated
 * graph of adapters/backbones/cellGraph.ts computes: tests hold the two against each other and against the goldens.
 */
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, type Grid, type Mask, zeros } from '../grid/grid.ts';
import { unitRows } from '../grid/linear.ts';
import { downscaleArea, resizeBilinear } from '../grid/resample.ts';

/** How raw stages become rows; the order of the steps is ALGORITHM 1.4. */
export interface CellSpec {
  /** Names of the stages used. */
  readonly stages: readonly string[];
  /** Pixels per cell of the grid. */
  readonly stride: number;
  /** Rows and columns of the grid where they are fixed, as the paper's 64; overrides `stride`. */
  readonly side: number | null;
  /** Interpolation with coinciding corners (paper) instead of coinciding edges. */
  readonly alignCorners: boolean;
  /** Side of the neighbourhood averaged on the stage's own grid: 1 none, 3 as PatchCore. */
  readonly neighbourhood: 1 | 3;
  /** Channels are z-scored by what is fed before they get unit length. */
  readonly standardise: boolean;
  /** Columns appended to every row after it got unit length (places.ts), 0 for none. */
  readonly places: number;
}

/** Mean and reciprocal deviation per channel, one entry per stage. */
export interface CellScale {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

export interface GridSize {
  readonly width: number;
  readonly height: number;
}

/** Size of the grid of cells over a frame. */
export function gridOf(frame: GridSize, spec: Pick<CellSpec, 'stride' | 'side'>): GridSize {
  if (spec.side !== null) return { width: spec.side, height: spec.side };
  return { width: frame.width / spec.stride, height: frame.height / spec.stride };
}

/** Mean over the 3 x 3 neighbours that lie inside. */
function neighbourhoodMean(grid: FeatureGrid): FeatureGrid {
  const { width, height, channels: c, data } = grid;
  const out = zeros(height, width, c);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * c;
      let n = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const from = (v * width + u) * c;
          for (let k = 0; k < c; k++) out.data[at + k]! += data[from + k]!;
          n++;
        }
      }
      for (let k = 0; k < c; k++) out.data[at + k]! /= n;
    }
  }
  return out;
}

/** A stage on the grid of cells: averaged where it is finer by a whole factor, interpolated otherwise. */
function onGrid(stage: FeatureGrid, size: GridSize, spec: CellSpec): FeatureGrid {
  const pooled = spec.neighbourhood > 1 ? neighbourhoodMean(stage) : stage;
  const { width, height } = size;
  if (spec.side === null && pooled.width % width === 0 && pooled.height % height === 0) {
    return downscaleArea(pooled, height, width);
  }
  return resizeBilinear(pooled, height, width, { alignCorners: spec.alignCorners, antialias: false });
}

/**
 * Unit rows of every stage on one grid, `[h * w, 1, c]` each.
 * @param stages raw stages `[h_s, w_s, c]` in the order of `spec.stages`
 * @param scales with `spec.standardise`: one per stage
 */
export function cellRows(
  stages: readonly FeatureGrid[],
  size: GridSize,
  spec: CellSpec,
  scales: readonly CellScale[] = [],
  places: Rows | null = null,
): Rows[] {
  return stages.map((stage, i) => {
    const grid = onGrid(stage, size, spec);
    const c = grid.channels;
    const values = grid.data.slice();
    const scale = spec.standardise ? scales[i] : undefined;
    if (scale)
      for (let k = 0; k < values.length; k++) values[k] = (values[k]! - scale.mean[k % c]!) * scale.scale[k % c]!;
    return joined({ data: unitRows(values, c), height: size.width * size.height, width: 1, channels: c }, places);
  });
}

/** Rows side by side. */
export function joined(rows: Rows, more: Rows | null): Rows {
  if (!more) return rows;
  const [c, p] = [rows.channels, more.channels];
  const data = new Float32Array(rows.height * (c + p));
  for (let r = 0; r < rows.height; r++) {
    data.set(rows.data.subarray(r * c, (r + 1) * c), r * (c + p));
    data.set(more.data.subarray(r * p, (r + 1) * p), r * (c + p) + c);
  }
  return { data, height: rows.height, width: 1, channels: c + p };
}

/** Below this a product is no cosine, with a positional term or without, but that of a hidden row. */
const NOTHING = -32;

/** Mean over the stages of 1 - cosine per cell (Eq. 1); cells outside `scored` are 0. `[h, w, 1]`. */
export function distanceMap(cosines: readonly Float32Array[], size: GridSize, scored: Mask | null = null): FeatureGrid {
  const out = zeros(size.height, size.width);
  for (let i = 0; i < out.data.length; i++) {
    if (scored && !scored.data[i]) continue;
    let sum = 0;
    // Where every row was hidden there is nothing to be like: as far as an orthogonal vector.
    for (const c of cosines) sum += c[i]! < NOTHING ? 1 : 1 - c[i]!;
    out.data[i] = Math.max(0, sum / cosines.length);
  }
  return out;
}

/** How a map becomes one number: its largest value, or the mean of its largest share q (AnomalyDINO: 1 %). */
export type Pool = { readonly pool: 'max' } | { readonly pool: 'topQ'; readonly q: number };

/** Pools the values of a map over the scored cells; 0 where there are none. */
export function poolMap(map: FeatureGrid, pool: Pool, scored: Mask | null = null): number {
  const values = scored ? map.data.filter((_, i) => scored.data[i]) : map.data;
  if (values.length === 0) return 0;
  if (pool.pool === 'max') return values.reduce((m, v) => Math.max(m, v), 0);
  const sorted = Float64Array.from(values).sort();
  const n = Math.max(1, Math.floor(pool.q * sorted.length));
  let sum = 0;
  for (let i = sorted.length - n; i < sorted.length; i++) sum += sorted[i]!;
  return sum / n;
}

/** A map at another size, for drawing and pixel metrics. */
export function resizeMap(map: FeatureGrid, size: GridSize): FeatureGrid {
  return resizeBilinear(map as Grid<Float32Array>, size.height, size.width, { antialias: false });
}
