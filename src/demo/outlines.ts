/** The exact outlines of the parts of a kit, in sheet units, and their way into the photograph. */
import type { Point } from '../core/scene.ts';
import { arc, type Polygon, place, rectangle, regular, ribbon, ring, SHEET } from './geometry.ts';
import { letterSpan, textWidth } from './glyphs.ts';
import { type Camera, type Part, SIZE } from './kit.ts';

/** The centre line of a screw's shank around the part's middle: straight to the hinge, then bent by `bend` degrees. */
export function shankLine(length: number, bend: number): Polygon {
  const from = -length / 2 + SIZE.screw.headLength;
  const end = length / 2;
  if (bend === 0)
    return [
      [from, 0],
      [end, 0],
    ];
  const hinge = -length / 2 + length * SIZE.screw.hinge;
  const steps = 8;
  const points: Point[] = [
    [from, 0],
    [hinge, 0],
  ];
  for (let i = 1; i <= steps; i++) {
    const a = (bend * (i - 0.5) * Math.PI) / (steps * 180);
    const [x, y] = points.at(-1)!;
    points.push([x + ((end - hinge) / steps) * Math.cos(a), y + ((end - hinge) / steps) * Math.sin(a)]);
  }
  return points;
}

/** Height of the gel's surface around the vial's middle. */
export const levelY = (level: number): number => SIZE.vial.half - SIZE.vial.wall - level * SIZE.vial.full;

/** Exact outlines of a part by interest, in sheet units; the glass of a vial is its empty share. */
export function regionsOf(part: Part): Readonly<Record<string, readonly Polygon[]>> {
  const at = (polygon: Polygon): Polygon => place(polygon, part.pose);
  if (part.kind === 'screw') {
    const { head, headLength, shank } = SIZE.screw;
    const left = -part.length / 2;
    const line = shankLine(part.length, part.bend);
    return { screw: [at(rectangle(left, -head, left + headLength, head)), at(ribbon(line, () => shank))] };
  }
  if (part.kind === 'washer') return { washer: [at(ring(SIZE.washer.radius, SIZE.washer.hole))] };
  if (part.kind === 'nut') return { nut: [at(regular(6, SIZE.nut.radius))] };
  if (part.kind === 'plug') {
    const { width: w, height: h } = SIZE.plug;
    return { plug: [at(rectangle(-w / 2, -h / 2, w / 2, h / 2, 12))] };
  }
  if (part.kind === 'cable') {
    const half = SIZE.cable.thickness / 2;
    return { cable: [at(ring(SIZE.cable.turns.at(-1)! + half, SIZE.cable.turns[0] - half))] };
  }
  if (part.kind === 'vial') {
    const v = SIZE.vial;
    const w = v.width / 2;
    const top = levelY(part.level);
    return {
      cap: [at(rectangle(-v.capWidth / 2, -v.half, v.capWidth / 2, v.capBottom, 10))],
      glass: [at(rectangle(-w, v.neckBottom, w, top))],
      gel: [at([[-w + v.wall, top], [w - v.wall, top], ...arc(0, v.half - w, w - v.wall, 0, 180, 16)])],
    };
  }
  const { width: w, height: h } = SIZE.label;
  return { label: [at(rectangle(-w / 2, -h / 2, w / 2, h / 2))] };
}

/** The outline of the whole part, as one or more polygons that may overlap. */
export function outlinesOf(part: Part): readonly Polygon[] {
  const regions = Object.values(regionsOf(part)).flat();
  if (part.kind === 'plug') {
    const { height, relief } = SIZE.plug;
    return [...regions, place(rectangle(-20, height / 2 - 6, 20, height / 2 - 6 + relief, 5), part.pose)];
  }
  if (part.kind !== 'vial') return regions;
  const { half, width, capWidth, capBottom } = SIZE.vial;
  const body = rectangle(-width / 2, capBottom, width / 2, half, 40);
  return [rectangle(-capWidth / 2, -half, capWidth / 2, capBottom, 10), body].map((p) => place(p, part.pose));
}

/** The lead from the plug's strain relief to the coil: four control points of a cubic, null where either is missing. */
export function leadCurve(parts: readonly Part[]): readonly [Point, Point, Point, Point] | null {
  const plug = parts.find((p) => p.kind === 'plug');
  const coil = parts.find((p) => p.kind === 'cable');
  if (plug === undefined || coil === undefined) return null;
  const [[x0, y0]] = place([[0, SIZE.plug.height / 2 + 18]], plug.pose) as [Point];
  const [x1, y1] = [coil.pose.x + SIZE.cable.turns.at(-1)!, coil.pose.y];
  return [
    [x0, y0],
    [x0 - 6, y0 + 100],
    [x1 + 6, y1 - 150],
    [x1, y1],
  ];
}

/** Straight pieces that stand for the lead's curve. */
const LEAD_STEPS = 14;

/** The outline of the lead, in sheet units; none where plug or coil is missing. */
export function leadOutline(parts: readonly Part[]): readonly Polygon[] {
  const curve = leadCurve(parts);
  if (curve === null) return [];
  const line = Array.from({ length: LEAD_STEPS + 1 }, (_, i): Point => {
    const t = i / LEAD_STEPS;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    const at = (axis: 0 | 1): number => curve.reduce((sum, p, k) => sum + weights[k]! * p[axis], 0);
    return [at(0), at(1)];
  });
  return [ribbon(line, () => SIZE.cable.thickness / 2)];
}

/** Left end and top of the print on a label, around the label's middle. */
export const PRINT: Point = [-SIZE.label.width / 2 + 24, -SIZE.label.text / 2];

/** The quadrilateral around letters `from` to `to` (exclusive) of a label's text. */
export function printArea(part: Part & { kind: 'label' }, from = 0, to = part.text.length): Polygon {
  const h = SIZE.label.text;
  const right = to === part.text.length && from === 0 ? textWidth(part.text, h) + 6 : letterSpan(to - 1, h)[1];
  const left = PRINT[0] + letterSpan(from, h)[0];
  return place(rectangle(left, PRINT[1] - 5, PRINT[0] + right, PRINT[1] + h + 5), part.pose);
}

/** Sheet units to fractions of the photograph. */
export function toImage(polygon: Polygon, camera: Camera): Polygon {
  const [cx, cy] = [SHEET.width / 2, SHEET.height / 2];
  const scaled = polygon.map(([x, y]): Point => [(x - cx) * camera.zoom, (y - cy) * camera.zoom]);
  return place(scaled, { x: cx + camera.dx, y: cy + camera.dy, angle: camera.angle }).map(
    ([x, y]): Point => [x / SHEET.width, y / SHEET.height],
  );
}
