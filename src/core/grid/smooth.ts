/** Gaussian smoothing of maps, as scipy.ndimage: the border is mirrored with its own row, cut off at four sigmas. */
import { type FeatureGrid, zeros } from './grid.ts';

/** Standard deviations at which the kernel ends (scipy's `truncate`). */
const TRUNCATE = 4;

function kernel(sigma: number): Float64Array {
  const radius = Math.floor(TRUNCATE * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

/** Index with the border mirrored, the edge itself repeated: -1 reads 0, n reads n - 1. */
function mirrored(i: number, n: number): number {
  const period = 2 * n;
  const at = ((i % period) + period) % period;
  return at < n ? at : period - 1 - at;
}

/** Columns first: whole rows are added up, so that memory is read in order. */
function downwards({ data, height }: FeatureGrid, row: number, weights: Float64Array): Float64Array {
  const radius = (weights.length - 1) / 2;
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < weights.length; k++) {
      const w = weights[k]!;
      const from = mirrored(y + k - radius, height) * row;
      for (let i = 0, to = y * row; i < row; i++, to++) out[to]! += w * data[from + i]!;
    }
  }
  return out;
}

/** Every channel smoothed; `sigma` in cells, 0 gives the map itself. A new grid. */
export function gaussianSmooth(map: FeatureGrid, sigma: number): FeatureGrid {
  if (!(sigma > 0)) return map;
  const weights = kernel(sigma);
  const radius = (weights.length - 1) / 2;
  const { height, width, channels } = map;
  const row = width * channels;
  const columns = downwards(map, row, weights);
  const out = zeros(height, width, channels);
  // One row with its mirrored ends, so that the inner loop has no border to look at.
  const line = new Float64Array(width + 2 * radius);
  const source = Int32Array.from(line, (_, x) => mirrored(x - radius, width) * channels);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const start = y * row + c;
      for (let x = 0; x < line.length; x++) line[x] = columns[start + source[x]!]!;
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * line[x + k]!;
        out.data[start + x * channels] = sum;
      }
    }
  }
  return out;
}
