/** Nearest-neighbour resizing of anything, labels and masks included: values are picked, never mixed. */
import type { Grid, GridData } from './grid.ts';

/**
 * Which source cell a target cell reads. `centre`: the one under its middle, floor((i + 0.5) * scale), as Pillow;
 * unbiased. `corner`: floor(i * scale), as torch and OpenCV: the published segmentation reads its masks so
 * (golden/segment), its picks lie up to half a target cell towards the origin.
 */
export type NearestRule = 'centre' | 'corner';

/** Source index per target index along one axis. */
function picks(source: number, target: number, rule: NearestRule): Int32Array {
  const index = new Int32Array(target);
  for (let i = 0; i < target; i++) {
    // Multiply before dividing: exact in integers for `corner`, so no column is lost to rounding.
    const at = rule === 'corner' ? (i * source) / target : ((2 * i + 1) * source) / (2 * target);
    index[i] = Math.min(source - 1, Math.floor(at));
  }
  return index;
}

/** Nearest resize to `[height, width, c]`, a new grid. @throws RangeError on an empty size. */
export function resizeNearest<T extends GridData>(
  grid: Grid<T>,
  height: number,
  width: number,
  rule: NearestRule = 'centre',
): Grid<T> {
  if (!(height > 0 && width > 0 && grid.height > 0 && grid.width > 0)) {
    throw new RangeError(`resize: cannot resize [${grid.height}, ${grid.width}] to [${height}, ${width}]`);
  }
  const { channels, data } = grid;
  const rows = picks(grid.height, height, rule);
  const columns = picks(grid.width, width, rule);
  const Data = data.constructor as new (n: number) => T;
  const target = new Data(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = rows[y]! * grid.width;
    for (let x = 0; x < width; x++) {
      const s = (from + columns[x]!) * channels;
      const t = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) target[t + c] = data[s + c]!;
    }
  }
  return { data: target, height, width, channels };
}
