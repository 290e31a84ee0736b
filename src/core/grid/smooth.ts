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

/** Every channel smoothed; `sigma` in cells, 0 gives the map itself. A new grid. */
export function gaussianSmooth(map: FeatureGrid, sigma: number): FeatureGrid {
  if (!(sigma > 0)) return map;
  const weights = kernel(sigma);
  const radius = (weights.length - 1) / 2;
  const { height, width, channels } = map;
  const pass = (from: FeatureGrid, n: number, step: number, lines: readonly number[]): FeatureGrid => {
    const out = zeros(height, width, channels);
    const index = Int32Array.from({ length: n + 2 * radius }, (_, i) => mirrored(i - radius, n) * step);
    for (const start of lines) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * from.data[start + index[i + k]!]!;
        out.data[start + i * step] = sum;
      }
    }
    return out;
  };
  const row = width * channels;
  const columns = Array.from({ length: row }, (_, i) => i);
  const rows = Array.from({ length: height * channels }, (_, i) => Math.floor(i / channels) * row + (i % channels));
  return pass(pass(map, height, row, columns), width, channels, rows);
}
