/**
 * Plane geometry of the demo product. The kit is laid out in a sheet of `SHEET.width` x `SHEET.height` units (y down,
 * angles in degrees, clockwise as seen); a photograph maps sheet units to fractions of the image.
 */
import type { Box, Point } from '../core/scene.ts';

/** Size of the drawing sheet in units; every picture has this aspect ratio. */
export const SHEET = { width: 1024, height: 768 } as const;

export type Polygon = readonly Point[];

export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Degrees, clockwise. */
  readonly angle: number;
}

/** Points of `polygon`, given around the origin, turned and moved to `pose`. */
export function place(polygon: Polygon, pose: Pose): Polygon {
  const a = (pose.angle * Math.PI) / 180;
  const [c, s] = [Math.cos(a), Math.sin(a)];
  return polygon.map(([x, y]) => [pose.x + c * x - s * y, pose.y + s * x + c * y]);
}

/** An axis-parallel rectangle from `(x0, y0)` to `(x1, y1)`, corners rounded by `r`. */
export function rectangle(x0: number, y0: number, x1: number, y1: number, r = 0): Polygon {
  if (r <= 0) {
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  }
  const corners: [number, number, number][] = [
    [x1 - r, y0 + r, -90],
    [x1 - r, y1 - r, 0],
    [x0 + r, y1 - r, 90],
    [x0 + r, y0 + r, 180],
  ];
  return corners.flatMap(([cx, cy, from]) => arc(cx, cy, r, from, from + 90, 6));
}

/** `n + 1` points on a circle from angle `from` to `to` (degrees). */
export function arc(cx: number, cy: number, r: number, from: number, to: number, n: number): Polygon {
  return Array.from({ length: n + 1 }, (_, i) => {
    const a = ((from + ((to - from) * i) / n) * Math.PI) / 180;
    return [cx + r * Math.cos(a), cy + r * Math.sin(a)] as const;
  });
}

/** A regular polygon of `n` corners on radius `r`; 48 corners stand for a circle. */
export function regular(n: number, r: number, cx = 0, cy = 0): Polygon {
  return arc(cx, cy, r, 0, 360 - 360 / n, n - 1);
}

/** A ring as one outline: out along the circle, in along the hole, joined by a cut of no width (any fill rule). */
export function ring(r: number, hole: number): Polygon {
  return [...arc(0, 0, r, 0, 360, 40), ...arc(0, 0, hole, 360, 0, 40)];
}

/** The outline of a line of varying width: `halfWidth(t)` on either side of the points, t from 0 to 1. */
export function ribbon(line: Polygon, halfWidth: (t: number) => number): Polygon {
  const left: Point[] = [];
  const right: Point[] = [];
  line.forEach(([x, y], i) => {
    const a = line[Math.max(0, i - 1)]!;
    const b = line[Math.min(line.length - 1, i + 1)]!;
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const h = halfWidth(i / Math.max(1, line.length - 1)) / length;
    left.push([x - (b[1] - a[1]) * h, y + (b[0] - a[0]) * h]);
    right.unshift([x + (b[1] - a[1]) * h, y - (b[0] - a[0]) * h]);
  });
  return [...left, ...right];
}

/** Signed area by the shoelace formula; positive for clockwise as seen. */
function signedArea(polygon: Polygon): number {
  let sum = 0;
  polygon.forEach(([x, y], i) => {
    const [u, v] = polygon[(i + 1) % polygon.length]!;
    sum += x * v - u * y;
  });
  return sum / 2;
}

/** Area in square units. */
export const areaOf = (polygon: Polygon): number => Math.abs(signedArea(polygon));

/** The part of `subject` inside the convex `clip` (Sutherland and Hodgman, 1974); empty where they do not meet. */
export function clipConvex(subject: Polygon, clip: Polygon): Polygon {
  const turn = Math.sign(signedArea(clip));
  let out: Polygon = subject;
  clip.forEach((a, i) => {
    const b = clip[(i + 1) % clip.length]!;
    const side = (p: Point): number => turn * ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
    const kept: Point[] = [];
    out.forEach((p, j) => {
      const q = out[(j + 1) % out.length]!;
      const [sp, sq] = [side(p), side(q)];
      if (sp >= 0) kept.push(p);
      if (sp >= 0 !== sq >= 0) {
        const t = sp / (sp - sq);
        kept.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
      }
    });
    out = kept;
  });
  return out;
}

/** Bounding box `[x0, y0, x1, y1]` of one or more polygons, in their own units. */
export function boundsOf(...polygons: readonly Polygon[]): Box {
  const xs = polygons.flatMap((p) => p.map(([x]) => x));
  const ys = polygons.flatMap((p) => p.map(([, y]) => y));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
