/**
 * Pooled features of a mask: the mean of the normalised stage vectors over its cells, unit norm per stage and scaled so
 * that the dot product of two pooled vectors is the mean cosine over stages (the pooling of Eq. 2, on any backbone).
 */
import type { FeatureGrid } from '../grid/grid.ts';

/**
 * @param stages normalised stages `[h_s, w_s, c_s]` covering the same frame as the mask's grid
 * @param cells indices of the mask's cells in a `[gh, gw]` grid
 * @returns the stages' pooled vectors side by side, total norm 1 (all zeros for no cells)
 */
export function poolFeatures(
  stages: readonly FeatureGrid[],
  cells: ArrayLike<number>,
  gw: number,
  gh: number,
): Float32Array {
  const out = new Float32Array(stages.reduce((n, s) => n + s.channels, 0));
  let at = 0;
  const part = 1 / Math.sqrt(Math.max(1, stages.length));
  for (const stage of stages) {
    poolStage(stage, cells, gw, gh, out, at);
    let norm = 0;
    for (let k = 0; k < stage.channels; k++) norm += out[at + k]! ** 2;
    const f = norm > 0 ? part / Math.sqrt(norm) : 0;
    for (let k = 0; k < stage.channels; k++) out[at + k]! *= f;
    at += stage.channels;
  }
  return out;
}

/** Sums the stage's vectors over the cells into `out`; cells that fall on one coarse position are counted first. */
function poolStage(
  stage: FeatureGrid,
  cells: ArrayLike<number>,
  gw: number,
  gh: number,
  out: Float32Array,
  at: number,
): void {
  const { width, height, channels: c, data } = stage;
  const count = new Int32Array(width * height);
  const touched: number[] = [];
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    const x = Math.min(width - 1, Math.floor((((cell % gw) + 0.5) * width) / gw));
    const y = Math.min(height - 1, Math.floor(((Math.floor(cell / gw) + 0.5) * height) / gh));
    const p = y * width + x;
    if (count[p]!++ === 0) touched.push(p);
  }
  for (const p of touched) {
    const n = count[p]!;
    const from = p * c;
    for (let k = 0; k < c; k++) out[at + k]! += n * data[from + k]!;
  }
}

/** `1 - dot`, in [0, 2] for unit vectors. */
export function cosineDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!;
  return 1 - dot;
}
