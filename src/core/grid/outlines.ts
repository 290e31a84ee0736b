/** Outlines of masks as polygons along cell edges, for drawing and for perimeters. */
import type { LabelGrid, Mask } from './grid.ts';

/** A corner of cells, `[x, y]` in cells: (0, 0) is the top left corner of the first cell. */
export type CellPoint = readonly [number, number];

export interface ContourOptions {
  /** Outline the cells of this value instead of all non-zero cells. */
  readonly value?: number;
  /** Leave out corners that lie within this distance (cells) of the outline drawn without them. Default 0. */
  readonly tolerance?: number;
}

/** Steps right, down, left, up. */
const DX = [1, 0, -1, 0] as const;
const DY = [0, 1, 0, -1] as const;
/** From a corner, the offset of the cell ahead on the left hand and on the right hand, per direction of travel. */
const AHEAD_LEFT = [
  [0, -1],
  [0, 0],
  [-1, 0],
  [-1, -1],
] as const;
const AHEAD_RIGHT = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const;

/**
 * Closed polygons around the set cells: outer borders clockwise (as seen, y down), holes counter-clockwise, without the
 * repeated first corner and without corners on straight stretches. Regions are 8-connected, so two cells that touch at a
 * corner share one outline; fill them with the even-odd or the non-zero rule alike.
 */
export function contours(cells: Mask | LabelGrid, options: ContourOptions = {}): CellPoint[][] {
  const { data, width, height } = cells;
  const { value, tolerance = 0 } = options;
  const isSet = (x: number, y: number): boolean => {
    if (x < 0 || y < 0 || x >= width || y >= height) return false;
    const v = data[y * width + x]!;
    return value === undefined ? v !== 0 : v === value;
  };
  // Every polygon runs to the right somewhere: marking those top edges is enough to walk each polygon once.
  const walked = new Uint8Array(width * height);
  const polygons: CellPoint[][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (walked[y * width + x] === 0 && isSet(x, y) && !isSet(x, y - 1)) {
        const polygon = walk(x, y, isSet, (cx, cy) => {
          walked[cy * width + cx] = 1;
        });
        polygons.push(tolerance > 0 ? simplify(polygon, tolerance) : polygon);
      }
    }
  }
  return polygons;
}

/** Follows the border with the set cells on the right hand, from the top edge of cell (x, y) round to it again. */
function walk(
  startX: number,
  startY: number,
  isSet: (x: number, y: number) => boolean,
  mark: (x: number, y: number) => void,
): CellPoint[] {
  const points: CellPoint[] = [];
  let x = startX;
  let y = startY;
  let direction = 0;
  do {
    if (direction === 0) mark(x, y);
    x += DX[direction]!;
    y += DY[direction]!;
    const left = AHEAD_LEFT[direction]!;
    const right = AHEAD_RIGHT[direction]!;
    // Left first: a diagonal neighbour belongs to the same region.
    const turn = isSet(x + left[0], y + left[1]) ? 3 : isSet(x + right[0], y + right[1]) ? 0 : 1;
    if (turn !== 0) points.push([x, y]);
    direction = (direction + turn) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return points;
}

function distanceToSegment([px, py]: CellPoint, [ax, ay]: CellPoint, [bx, by]: CellPoint): number {
  const dx = bx - ax;
  const dy = by - ay;
  const square = dx * dx + dy * dy;
  const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / square));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** Ramer-Douglas-Peucker on a ring, cut at its first corner and the corner farthest from it. */
function simplify(ring: readonly CellPoint[], tolerance: number): CellPoint[] {
  const n = ring.length;
  const at = (i: number): CellPoint => ring[i % n]!;
  const keep = new Uint8Array(n);
  let far = 0;
  for (let i = 1; i < n; i++) if (gap(at(i), at(0)) > gap(at(far), at(0))) far = i;
  keep[0] = 1;
  keep[far] = 1;
  const open: [number, number][] = [
    [0, far],
    [far, n],
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const [from, to] = next;
    let worst = tolerance;
    let split = -1;
    for (let i = from + 1; i < to; i++) {
      const d = distanceToSegment(at(i), at(from), at(to));
      if (d > worst) {
        worst = d;
        split = i;
      }
    }
    if (split < 0) continue;
    keep[split] = 1;
    open.push([from, split], [split, to]);
  }
  const kept = ring.filter((_, i) => keep[i] === 1);
  // Fewer than three corners enclose nothing: a small region stays as it is.
  return kept.length < 3 ? [...ring] : kept;
}

function gap(a: CellPoint, b: CellPoint): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Enclosed area in cells: positive for an outer border, negative for a hole. */
export function signedArea(polygon: readonly CellPoint[]): number {
  let twice = 0;
  polygon.forEach(([x, y], i) => {
    const [nx, ny] = polygon[(i + 1) % polygon.length]!;
    twice += x * ny - nx * y;
  });
  return twice / 2;
}

/** Length of the closed polygon; `cellWidth`, `cellHeight`: size of a cell in the wanted unit. */
export function perimeter(polygon: readonly CellPoint[], cellWidth = 1, cellHeight = 1): number {
  return polygon.reduce((sum, [x, y], i) => {
    const [nx, ny] = polygon[(i + 1) % polygon.length]!;
    return sum + Math.hypot((nx - x) * cellWidth, (ny - y) * cellHeight);
  }, 0);
}
