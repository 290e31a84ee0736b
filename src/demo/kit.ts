/**
 * The demo product: a small sensor kit in a foam tray. Which parts it has, where they lie and how a correct kit
 * varies. Outlines are `outlines.ts`, drawing is `draw.ts`, defects are `logical.ts` and `structural.ts`.
 */
import type { Random } from '../core/grid/random.ts';
import type { Box, Point } from '../core/scene.ts';
import type { Polygon, Pose } from './geometry.ts';

export const VARIANTS = ['red', 'blue', 'green'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What is printed on the label of each variant. */
export const LABEL_TEXT: Readonly<Record<Variant, string>> = {
  red: 'KIT-RED-42',
  blue: 'KIT-BLUE-57',
  green: 'KIT-GREEN-68',
};

/** Sizes of the parts, in sheet units. */
export const SIZE = {
  screw: { long: 300, short: 166, shank: 12, head: 20, headLength: 32, hinge: 0.52 },
  washer: { radius: 30, hole: 13 },
  nut: { radius: 33, bore: 15 },
  plug: { width: 156, height: 112, relief: 30 },
  cable: { turns: [46, 60, 74, 88], thickness: 15 },
  vial: { half: 270, width: 92, capBottom: -190, capWidth: 88, neckBottom: -168, wall: 7, full: 430 },
  label: { width: 394, height: 80, text: 31 },
} as const;

/** The tray and its recesses, in sheet units `[x0, y0, x1, y1]`. */
export const TRAY: Box = [52, 42, 972, 726];
export const BAYS = {
  screws: [104, 92, 514, 330],
  washers: [104, 354, 300, 564],
  nuts: [318, 354, 514, 564],
  label: [104, 588, 514, 682],
  cable: [542, 92, 780, 682],
  vial: [808, 92, 920, 682],
} as const satisfies Record<string, Box>;

/** Where each part of a correct kit rests before it is jittered. */
const REST = {
  screws: [
    { x: 309, y: 133, length: SIZE.screw.long },
    { x: 309, y: 211, length: SIZE.screw.long },
    { x: 207, y: 289, length: SIZE.screw.short },
    { x: 411, y: 289, length: SIZE.screw.short },
  ],
  washers: [
    [155, 408],
    [249, 408],
    [155, 510],
    [249, 510],
  ],
  nuts: [
    [367, 408],
    [465, 408],
    [416, 508],
  ],
  plug: [661, 190],
  coil: [661, 520],
  vial: [864, 387],
  label: [309, 635],
  level: 0.62,
} as const satisfies Record<string, unknown>;

/** Half ranges of the uniform jitter of a correct kit (units, degrees, shares) and of the photograph. */
const JITTER = {
  part: { place: 8, angle: 2.5 },
  screw: { place: 6, angle: 1.8 },
  loose: { place: 7 },
  fitted: { place: 3, angle: 0.9 },
  level: 0.012,
  camera: { place: 11, angle: 0.7, zoom: 0.01, gain: 0.07, warmth: 0.02, slope: 0.05 },
} as const;

export type Part =
  | { readonly kind: 'screw'; readonly pose: Pose; readonly length: number; readonly bend: number }
  | { readonly kind: 'washer'; readonly pose: Pose }
  | { readonly kind: 'nut'; readonly pose: Pose }
  | { readonly kind: 'plug'; readonly pose: Pose; readonly colour: Variant }
  | { readonly kind: 'cable'; readonly pose: Pose; readonly turns: readonly { dx: number; dy: number; r: number }[] }
  | { readonly kind: 'vial'; readonly pose: Pose; readonly level: number; readonly colour: Variant }
  | { readonly kind: 'label'; readonly pose: Pose; readonly text: string };

/** A blemish drawn over the parts: its SVG and the very polygons that it covers, both in sheet units. */
export interface Mark {
  readonly svg: string;
  readonly polygons: readonly Polygon[];
}

/** How the picture was taken. The first five place the sheet, the others act on pixels (`camera.ts`). */
export interface Camera {
  readonly dx: number;
  readonly dy: number;
  readonly angle: number;
  readonly zoom: number;
  readonly gain: number;
  readonly warmth: number;
  readonly slope: readonly [number, number];
  readonly blur: number;
  readonly noise: number;
  readonly noiseSeed: number;
}

export interface KitState {
  readonly variant: Variant;
  readonly parts: readonly Part[];
  readonly marks: readonly Mark[];
  readonly camera: Camera;
}

const spread = (random: Random, half: number): number => (2 * random.next() - 1) * half;

function jitter(random: Random, at: Point, j: { place: number; angle?: number }): Pose {
  return {
    x: at[0] + spread(random, j.place),
    y: at[1] + spread(random, j.place),
    angle: j.angle === undefined ? random.next() * 360 : spread(random, j.angle),
  };
}

/** A correct kit of `variant` as one photograph shows it. */
export function sampleKit(variant: Variant, random: Random): KitState {
  const screws = REST.screws.map(
    (s): Part => ({ kind: 'screw', pose: jitter(random, [s.x, s.y], JITTER.screw), length: s.length, bend: 0 }),
  );
  const washers = REST.washers.map((at): Part => ({ kind: 'washer', pose: jitter(random, at, JITTER.loose) }));
  const nuts = REST.nuts.map((at): Part => ({ kind: 'nut', pose: jitter(random, at, JITTER.loose) }));
  const turns = SIZE.cable.turns.map((r) => ({
    dx: spread(random, 2),
    dy: spread(random, 2),
    r: r + spread(random, 1),
  }));
  return {
    variant,
    parts: [
      ...screws,
      ...washers,
      ...nuts,
      { kind: 'cable', pose: { ...jitter(random, REST.coil, JITTER.part), angle: 0 }, turns },
      { kind: 'plug', pose: jitter(random, REST.plug, JITTER.part), colour: variant },
      {
        kind: 'vial',
        pose: jitter(random, REST.vial, JITTER.fitted),
        level: REST.level + spread(random, JITTER.level),
        colour: variant,
      },
      { kind: 'label', pose: jitter(random, REST.label, JITTER.fitted), text: LABEL_TEXT[variant] },
    ],
    marks: [],
    camera: sampleCamera(random),
  };
}

function sampleCamera(random: Random): Camera {
  const j = JITTER.camera;
  return {
    dx: spread(random, j.place),
    dy: spread(random, j.place),
    angle: spread(random, j.angle),
    zoom: 1 + spread(random, j.zoom),
    gain: 1 + spread(random, j.gain),
    warmth: spread(random, j.warmth),
    slope: [spread(random, j.slope), spread(random, j.slope)],
    blur: 0.08 + 0.06 * random.next(),
    noise: 1.6 + 1.2 * random.next(),
    noiseSeed: random.int(2 ** 31),
  };
}
