/**
 * Structural defects of the demo kit: blemishes drawn over the parts, and one bent part. The ground truth is the very
 * polygon that is filled, so masks are exact down to the smallest size.
 */
import type { Random } from '../core/grid/random.ts';
import type { Point } from '../core/scene.ts';
import type { DefectedKit } from './change.ts';
import { areaOf, boundsOf, clipConvex, type Polygon, place, rectangle, regular, ribbon, SHEET } from './geometry.ts';
import { BAYS, type KitState, type Mark, SIZE, TRAY } from './kit.ts';
import { pathData } from './materials.ts';
import { outlinesOf, regionsOf, shankLine } from './outlines.ts';

export interface StructuralDefect {
  readonly name: string;
  readonly apply: (state: KitState, random: Random) => DefectedKit;
}

/** Smallest and largest area of a blemish as a share of the picture; sizes are log-uniform in between. */
export const SIZES: readonly [number, number] = [0.001, 0.02];
/** Draws until a blemish, cut off at the edge of what it lies on, still has the least size. */
const ATTEMPTS = 200;

/** A flat convex surface that can be damaged, with what damage looks like on it. */
interface Surface {
  readonly name: string;
  readonly outline: Polygon;
  /** Colours of a scratch or crack and of a stain. */
  readonly line: string;
  readonly stain: string;
}

const SHEET_AREA = SHEET.width * SHEET.height;

function surfaces(state: KitState): Record<'label' | 'plug' | 'cap' | 'glass' | 'floor' | 'tray', Surface> {
  const one = (interest: string): Polygon => state.parts.flatMap((p) => regionsOf(p)[interest] ?? [])[0]!;
  const [, , x1, y1] = BAYS.cable;
  const vial = state.parts.find((p) => p.kind === 'vial')!;
  const { half, width, wall, neckBottom } = SIZE.vial;
  const inner = rectangle(-width / 2 + wall, neckBottom + 24, width / 2 - wall, half - width / 2);
  return {
    label: { name: 'label', outline: one('label'), line: '#55504a', stain: '#8a5a2b' },
    plug: { name: 'plug', outline: one('plug'), line: '#f3ece6', stain: '#1c1a18' },
    cap: { name: 'cap', outline: one('cap'), line: '#f3ece6', stain: '#1c1a18' },
    glass: { name: 'glass', outline: place(inner, vial.pose), line: '#ffffff', stain: '#d9d2bd' },
    floor: { name: 'foam', outline: rectangle(552, 262, x1 - 148, y1 - 268), line: '#aab4bd', stain: '#d6c08c' },
    tray: {
      name: 'tray',
      outline: rectangle(TRAY[0] + 20, TRAY[1] + 20, TRAY[2] - 20, TRAY[3] - 20),
      line: '#aab4bd',
      stain: '#d6c08c',
    },
  };
}

/** A random point inside the bounding box of a surface, a share `inset` of its sides away from the edge. */
function somewhere(surface: Surface, random: Random, inset = 0.15): Point {
  const [x0, y0, x1, y1] = boundsOf(surface.outline);
  const at = (a: number, b: number): number => a + (b - a) * (inset + (1 - 2 * inset) * random.next());
  return [at(x0, x1), at(y0, y1)];
}

/** An irregular round shape of about `area` square units. */
function blob(centre: Point, area: number, random: Random, roughness: number): Polygon {
  const r = Math.sqrt(area / Math.PI);
  const [p, q, a, b] = [random.next() * 7, random.next() * 7, random.normal() * roughness, random.normal() * roughness];
  return regular(36, 1).map(([c, s]) => {
    const t = Math.atan2(s, c);
    const k =
      r *
      (1 + a * 0.5 * Math.sin(2 * t + p) + b * 0.4 * Math.sin(3 * t + q) + 0.25 * roughness * Math.sin(7 * t + p * q));
    return [centre[0] + k * c, centre[1] + k * s] as const;
  });
}

/** A wandering line of `length` units from `start`. `wander` turns it per step, in degrees. */
function walk(start: Point, angle: number, length: number, steps: number, wander: number, random: Random): Polygon {
  const points: Point[] = [start];
  let a = (angle * Math.PI) / 180;
  for (let i = 0; i < steps; i++) {
    const [x, y] = points.at(-1)!;
    points.push([x + (length / steps) * Math.cos(a), y + (length / steps) * Math.sin(a)]);
    a += (random.normal() * wander * Math.PI) / 180;
  }
  return points;
}

const drawn = (polygon: Polygon, colour: string, opacity: number): string =>
  `<path d="${pathData([polygon])}" fill="${colour}" fill-opacity="${opacity}"/>`;

/** A share of the picture, log-uniform in `range` cut to SIZES; in square units. */
function drawArea(random: Random, range: readonly [number, number] = SIZES): number {
  const [low, high] = [Math.max(SIZES[0], range[0]), Math.min(SIZES[1], range[1])];
  return SHEET_AREA * low * (high / low) ** random.next();
}

/** Tries `make` until what is left of its polygons inside the surface has a size within SIZES. */
function mark(state: KitState, note: string, make: () => Mark): DefectedKit {
  for (let i = 0; i < ATTEMPTS; i++) {
    const made = make();
    const area = made.polygons.reduce((sum, p) => sum + areaOf(p), 0) / SHEET_AREA;
    if (area >= SIZES[0] && area <= SIZES[1]) {
      return { state: { ...state, marks: [...state.marks, made] }, polygons: made.polygons, note };
    }
  }
  throw new RangeError(`demo: no room for ${note}`);
}

/** Cuts polygons to the surface and draws what is left. */
function cut(polygons: readonly Polygon[], surface: Surface, paint: (p: Polygon) => string): Mark {
  const kept = polygons.map((p) => clipConvex(p, surface.outline)).filter((p) => p.length > 2);
  return { polygons: kept, svg: kept.map(paint).join('') };
}

function scratch(state: KitState, random: Random): DefectedKit {
  const s = surfaces(state);
  const surface = random.pick([s.label, s.plug, s.glass]);
  return mark(state, `scratch on the ${surface.name}`, () => {
    const area = drawArea(random, [0.0016, 0.006]);
    const angle = surface.name === 'glass' ? 80 + 20 * random.next() : -20 + 40 * random.next();
    const length = Math.min(240, 90 + area / 14);
    const strokes = Math.max(1, Math.round(area / (length * 5.5)));
    const half = area / strokes / length / 1.6;
    const [x, y] = somewhere(surface, random, 0.1);
    const lines = Array.from({ length: strokes }, (_, i) => {
      const start: Point = [x + 3 * random.normal(), y + (i - strokes / 2) * 4.5 * half];
      return ribbon(walk(start, angle, length, 8, 3, random), (t) => Math.max(1.6, half * (1 - (2 * t - 1) ** 4)));
    });
    return cut(lines, surface, (p) => drawn(p, surface.line, 0.85));
  });
}

function stain(state: KitState, random: Random): DefectedKit {
  const s = surfaces(state);
  const surface = random.pick([s.label, s.floor, s.plug]);
  const edge = surface === s.floor ? s.tray : surface;
  return mark(state, `stain on the ${surface.name}`, () => {
    const area = drawArea(random, surface === s.floor ? SIZES : [SIZES[0], 0.009]);
    const centre = somewhere(surface, random);
    const outer = blob(centre, area * 1.15, random, 0.35);
    const inner = outer.map(
      ([x, y]): Point => [centre[0] + 0.86 * (x - centre[0]), centre[1] + 0.86 * (y - centre[1])],
    );
    const made = cut([outer], edge, (p) => drawn(p, surface.stain, 0.55));
    return { ...made, svg: made.svg + cut([inner], edge, (p) => drawn(p, surface.stain, 0.25)).svg };
  });
}

function crack(state: KitState, random: Random): DefectedKit {
  const s = surfaces(state);
  const surface = random.pick([s.glass, s.glass, s.plug]);
  return mark(state, `crack in the ${surface.name}`, () => {
    const area = drawArea(random, [0.0014, 0.0035]);
    const half = 3 + 1.2 * random.next();
    const length = area / (1.1 * half);
    const angle = surface === s.glass ? 90 + 25 * random.normal() : random.next() * 360;
    const main = walk(somewhere(surface, random, 0.05), angle, length * 0.7, 9, 34, random);
    const branch = walk(main[4]!, angle + 50 * (random.next() < 0.5 ? -1 : 1), length * 0.3, 5, 30, random);
    const taper = (t: number): number => half * (1 - 0.8 * t);
    return cut([ribbon(main, taper), ribbon(branch, taper)], surface, (p) =>
      drawn(p, surface === s.glass ? '#f6fbff' : '#0d0b0a', 0.88),
    );
  });
}

function chip(state: KitState, random: Random): DefectedKit {
  const s = surfaces(state);
  const nuts = state.parts
    .filter((p) => p.kind === 'nut')
    .map((p): Surface => ({ name: 'nut', outline: outlinesOf(p)[0]!, line: '#8b7544', stain: '' }));
  const surface = random.pick([s.plug, s.cap, s.label, random.pick(nuts)]);
  return mark(state, `chip out of the ${surface.name}`, () => {
    const area = drawArea(random, [0.001, surface.name === 'nut' ? 0.0018 : 0.005]);
    const corner = random.pick(surface.outline);
    const outer = blob(corner, area * 3.4, random, 0.25);
    const inner = outer.map(([x, y]): Point => [corner[0] + 0.8 * (x - corner[0]), corner[1] + 0.8 * (y - corner[1])]);
    const face = surface.name === 'label' ? '#b9b3a6' : surface.name === 'nut' ? '#7d6228' : '#d9cfc6';
    const made = cut([outer], surface, (p) => drawn(p, face, 1));
    return { ...made, svg: made.svg + cut([inner], surface, (p) => drawn(p, '#232a31', 1)).svg };
  });
}

function bent(state: KitState, random: Random): DefectedKit {
  const part = random.pick(state.parts.filter((p) => p.kind === 'screw'));
  const bend = (random.next() < 0.5 ? -1 : 1) * (12 + 14 * random.next());
  const tip = (line: Polygon): Polygon =>
    place(
      ribbon(line, () => SIZE.screw.shank),
      part.pose,
    );
  const hinge: Point = [-part.length / 2 + part.length * SIZE.screw.hinge, 0];
  return {
    state: { ...state, parts: state.parts.map((p) => (p === part ? { ...part, bend } : p)) },
    polygons: [tip([hinge, [part.length / 2, 0]]), tip(shankLine(part.length, bend).slice(1))],
    note: `screw bent by ${Math.abs(bend).toFixed(0)} degrees`,
  };
}

/** Crumbs of plastic, or a fibre; anywhere on the tray. */
function contamination(state: KitState, random: Random): DefectedKit {
  const surface = surfaces(state).tray;
  const fibre = random.next() < 0.4;
  return mark(state, fibre ? 'a fibre on the kit' : 'crumbs on the kit', () => {
    const area = drawArea(random, fibre ? [0.001, 0.003] : SIZES);
    const centre = somewhere(surface, random, 0.06);
    if (fibre) {
      const line = walk(centre, random.next() * 360, area / 6.5, 26, 24, random);
      return cut([ribbon(line, () => 3.25)], surface, (p) => drawn(p, '#d36bb0', 0.95));
    }
    const n = 1 + random.int(5);
    const reach = Math.sqrt(area) * (n === 1 ? 0 : 1.1);
    const crumbs = Array.from({ length: n }, (_, i) => {
      const a = (2 * Math.PI * i) / n + random.next();
      return blob([centre[0] + reach * Math.cos(a), centre[1] + reach * Math.sin(a)], area / n, random, 0.3);
    });
    const base = random.pick(['#d8d24a', '#e6e2d4', '#4a3527', '#c65a9e']);
    return cut(crumbs, surface, (p) => {
      const [x0, y0, x1, y1] = boundsOf(p);
      const [cx, cy] = [x0 + 0.42 * (x1 - x0), y0 + 0.38 * (y1 - y0)];
      const top = p.map(([x, y]): Point => [cx + 0.6 * (x - cx), cy + 0.6 * (y - cy)]);
      return (
        drawn(p, base, 1) +
        `<path d="${pathData([p])}" fill="#000" fill-opacity=".28"/>` +
        drawn(top, base, 1) +
        drawn(top, '#fff', 0.14)
      );
    });
  });
}

function dent(state: KitState, random: Random): DefectedKit {
  const s = surfaces(state);
  const surface = random.pick([s.cap, s.plug, s.floor]);
  return mark(state, `dent in the ${surface.name}`, () => {
    const area = drawArea(random, surface === s.floor ? [0.002, 0.012] : [0.0012, 0.005]);
    const squash = 0.7 + 0.6 * random.next();
    const r = Math.sqrt(area / Math.PI);
    const [x, y] = somewhere(surface, random, 0.2);
    const ellipse = place(
      regular(40, r).map(([a, b]): Point => [a * squash, b / squash]),
      { x, y, angle: random.next() * 180 },
    );
    const stops =
      '<stop offset="0" stop-color="#000" stop-opacity=".72"/><stop offset=".5" stop-color="#000" stop-opacity=".4"/><stop offset=".75" stop-color="#000" stop-opacity=".14"/><stop offset=".8" stop-color="#fff" stop-opacity=".16"/><stop offset="1" stop-color="#fff" stop-opacity=".6"/>';
    const made = cut(
      [ellipse],
      surface === s.floor ? s.tray : surface,
      (p) => `<path d="${pathData([p])}" fill="url(#dent)"/>`,
    );
    return {
      ...made,
      svg: `<defs><linearGradient id="dent" x1="0" y1="0" x2="1" y2="1">${stops}</linearGradient></defs>${made.svg}`,
    };
  });
}

/** Every structural defect the generator knows, in the order in which they are dealt out. */
export const STRUCTURAL_DEFECTS: readonly StructuralDefect[] = [
  { name: 'scratch', apply: scratch },
  { name: 'stain', apply: stain },
  { name: 'crack', apply: crack },
  { name: 'chip', apply: chip },
  { name: 'bent', apply: bent },
  { name: 'contamination', apply: contamination },
  { name: 'dent', apply: dent },
];
