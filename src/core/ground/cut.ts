/**
 * Masks cut out of a grid: one region's box of cells and where it lies. A picture full of specks has thousands of
 * regions; whatever is done to one of them must cost its box, not the grid.
 */
import { bodiesOf } from '../grid/bodies.ts';
import { kMeans } from '../grid/cluster.ts';
import type { Mask } from '../grid/grid.ts';
import { emptyMask } from '../grid/grid.ts';
import { createRandom } from '../grid/random.ts';
import type { Components, Region } from '../grid/regions.ts';

/** A mask whose cell (x, y) is cell (x + `x0`, y + `y0`) of a grid `width` x `height`. */
export interface Cut {
  readonly mask: Mask;
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
}

/** A whole grid's mask as it is. */
export function wholeCut(mask: Mask): Cut {
  return { mask, x0: 0, y0: 0, width: mask.width, height: mask.height };
}

/** The cells of a region that `within` holds too, in the region's box. */
export function cutRegion({ labels }: Components, region: Region, within: Mask): Cut {
  const [x0, y0, x1, y1] = region.box;
  const mask = emptyMask(y1 - y0, x1 - x0);
  for (let y = y0, i = 0; y < y1; y++) {
    for (let x = x0; x < x1; x++, i++) {
      const at = y * labels.width + x;
      mask.data[i] = labels.data[at] === region.id && within.data[at] ? 1 : 0;
    }
  }
  return { mask, x0, y0, width: labels.width, height: labels.height };
}

/** Row-major indices of the set cells in the whole grid, ascending. */
export function cellsOfCut({ mask, x0, y0, width }: Cut): number[] {
  const cells: number[] = [];
  for (let y = 0, i = 0; y < mask.height; y++) {
    const base = (y + y0) * width + x0;
    for (let x = 0; x < mask.width; x++, i++) if (mask.data[i]) cells.push(base + x);
  }
  return cells;
}

/** Run lengths over `total` cells with those of `cells` (ascending) set. */
export function runsOfCells(cells: readonly number[], total: number): number[] {
  const runs: number[] = [];
  let end = 0;
  for (let i = 0; i < cells.length; ) {
    const start = cells[i]!;
    let stop = start;
    while (i < cells.length && cells[i] === stop) {
      stop++;
      i++;
    }
    runs.push(start - end, stop - start);
    end = stop;
  }
  if (total > end || runs.length === 0) runs.push(total - end);
  return runs;
}

/** Cuts one region at its necks (`neck`: see bodiesOf); the region itself where it has none. */
export function splitAtNecks(cut: Cut, neck: number): Cut[] {
  const bodies = bodiesOf(cut.mask, neck);
  const count = bodies.data.reduce((m, v) => Math.max(m, v), 0);
  if (count < 2) return [cut];
  return Array.from({ length: count }, (_, k) => ({
    ...cut,
    mask: { ...cut.mask, data: Uint8Array.from(bodies.data, (v) => (v === k + 1 ? 1 : 0)) },
  }));
}

/** Cuts one region into `parts` by k-means on its cells' places; fewer where a part would be empty. */
export function splitCut(cut: Cut, parts: number): Cut[] {
  const cells = cellsOfCut(cut);
  const points = new Float32Array(cells.length * 2);
  cells.forEach((c, i) => {
    points[i * 2] = c % cut.width;
    points[i * 2 + 1] = Math.floor(c / cut.width);
  });
  const { labels } = kMeans({ data: points, height: cells.length, width: 1, channels: 2 }, parts, createRandom(1));
  const out = Array.from({ length: parts }, () => emptyMask(cut.mask.height, cut.mask.width));
  const filled = new Uint8Array(parts);
  cells.forEach((c, i) => {
    const part = labels[i]!;
    const x = (c % cut.width) - cut.x0;
    const y = Math.floor(c / cut.width) - cut.y0;
    out[part]!.data[y * cut.mask.width + x] = 1;
    filled[part] = 1;
  });
  return out.filter((_, p) => filled[p] === 1).map((mask) => ({ ...cut, mask }));
}
