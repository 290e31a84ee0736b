/**
 * Where a cell may find its match, after alignment to the product: columns appended to queries and bank rows, so that the
 * search stays one matrix product. A bank without places cannot see that a part is missing (FINDINGS 10.2).
 */
import { cellSize, toCellX, toCellY } from '../frame.ts';
import type { Rows } from '../grid/cluster.ts';
import { zeros } from '../grid/grid.ts';
import type { Box, SceneFrame } from '../scene.ts';
import type { GridSize } from './cells.ts';

export const PLACES = {
  /** Columns of a positional term. */
  term: 4,
  /** Added to the product with a row outside the window; `PATCH.hidden` hides a row on its own. */
  outside: -64,
  /** Most tiles of a window: every tile is a column of every row. */
  tiles: 256,
} as const;

/** The tiles of a window: the plane around the product's origin, cut into squares. */
export interface Tiles {
  /** Long-side units: left and top edge of the first tile, and the side of each. */
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly columns: number;
  readonly rows: number;
}

/** How places enter the match. */
export type Place =
  /** `weight^2 / 2 * |p - p'|^2` is taken off the cosine. */
  | { readonly by: 'term'; readonly weight: number }
  /** Only rows whose place lies within one tile of the query's tile are compared. */
  | { readonly by: 'window'; readonly tiles: Tiles };

export const placeColumns = (place: Place | null): number =>
  place === null ? 0 : place.by === 'term' ? PLACES.term : place.tiles.columns * place.tiles.rows;

/** Cells in long-side units from the product's origin: the middle of its left and right edge, its top edge. `[h * w, 1, 2]`. */
export function positions(frame: SceneFrame, size: GridSize, product: Box): Rows {
  const unit = cellSize(frame, size);
  const ox = toCellX(frame, (product[0] + product[2]) / 2, size.width);
  const oy = toCellY(frame, product[1], size.height);
  const data = new Float32Array(size.width * size.height * 2);
  for (let i = 0; i < size.width * size.height; i++) {
    data[2 * i] = unit.x * ((i % size.width) + 0.5 - ox);
    data[2 * i + 1] = unit.y * (Math.floor(i / size.width) + 0.5 - oy);
  }
  return { data, height: size.width * size.height, width: 1, channels: 2 };
}

/**
 * Tiles of side `window` over all places that normals show; coarser ones where these were too many.
 * @param places per normal, as of `positions`
 */
export function tilesOf(places: readonly Rows[], window: number): Tiles {
  let [x0, y0, x1, y1] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const { data } of places) {
    for (let i = 0; i < data.length; i += 2) {
      x0 = Math.min(x0, data[i]!);
      x1 = Math.max(x1, data[i]!);
      y0 = Math.min(y0, data[i + 1]!);
      y1 = Math.max(y1, data[i + 1]!);
    }
  }
  const count = (length: number, side: number): number => Math.max(1, Math.ceil(length / side));
  let side = window;
  while (count(x1 - x0, side) * count(y1 - y0, side) > PLACES.tiles) side *= 1.1;
  return { x: x0, y: y0, side, columns: count(x1 - x0, side), rows: count(y1 - y0, side) };
}

const clamp = (v: number, most: number): number => Math.max(0, Math.min(most, v));

/** One-hot tile of each query; of each bank row 0 in the tiles that may see it and `outside` in the others. */
function windowRows(role: 'query' | 'bank', at: Rows, tiles: Tiles): Rows {
  const { columns, rows, side } = tiles;
  const n = at.height;
  const out = zeros(n, 1, columns * rows);
  if (role === 'bank') out.data.fill(PLACES.outside);
  for (let i = 0; i < n; i++) {
    const column = clamp(Math.floor((at.data[2 * i]! - tiles.x) / side), columns - 1);
    const row = clamp(Math.floor((at.data[2 * i + 1]! - tiles.y) / side), rows - 1);
    if (role === 'query') {
      out.data[i * out.channels + row * columns + column] = 1;
      continue;
    }
    for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++)
        out.data[i * out.channels + y * columns + x] = 0;
    }
  }
  return out;
}

/**
 * The columns that put `place` into the product of a query's and a bank's row.
 * Term: queries [wp, 1, -|wp|^2 / 2], bank rows [wp, -|wp|^2 / 2, 1]; window: see `windowRows`.
 * @param at places `[n, 1, 2]`, as of `positions`
 */
export function placeRows(role: 'query' | 'bank', at: Rows, place: Place): Rows {
  if (place.by === 'window') return windowRows(role, at, place.tiles);
  const data = new Float32Array(at.height * PLACES.term);
  for (let i = 0; i < at.height; i++) {
    const px = place.weight * at.data[2 * i]!;
    const py = place.weight * at.data[2 * i + 1]!;
    const half = -(px * px + py * py) / 2;
    data.set(role === 'query' ? [px, py, 1, half] : [px, py, half, 1], i * PLACES.term);
  }
  return { data, height: at.height, width: 1, channels: PLACES.term };
}

/** Places as the coreset sees them: what lies a window (or, for a term, its own length) apart is as far as unlike features. */
export function spreadPlaces(at: Rows, place: Place): Rows {
  const by = place.by === 'term' ? place.weight : 1 / place.tiles.side;
  return { ...at, data: at.data.map((v) => v * by) };
}
