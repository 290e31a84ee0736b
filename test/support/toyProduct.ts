/** A small product without pictures: a bottle with a liquid, a label and a mark on it, and two clips. Scenes by formula. */
import { emptyMask } from '../../src/core/grid/grid.ts';
import { createRandom, type Random } from '../../src/core/grid/random.ts';
import { encodeRuns } from '../../src/core/grid/runs.ts';
import { type CompiledRules, compileRules } from '../../src/core/rules/index.ts';
import type { Box, Instance, Scene } from '../../src/core/scene.ts';

export const TOY_HEAD = `schema: logsad/rules/v1
product: toy
interests:
  liquid: { form: stuff, colour: red }
  label: { form: thing, colour: white }
  mark: { form: thing, parent: label, colour: black }
  clip: { form: thing, colour: blue }
attributes:
  flavour: { of: liquid, values: { red: { colour: red }, green: { colour: green } } }
  sign: { of: mark, values: { red: { colour: red }, green: { colour: green } } }
variants: { by: flavour }
`;

export const TOY_RULES = `${TOY_HEAD}
rules:
  - { id: one-label, kind: count, of: label, equals: 1, because: One label. }
  - { id: one-mark, kind: count, of: mark, equals: 1 }
  - { id: two-clips, kind: count, of: clip, equals: 2 }
  - { id: filled, kind: presence, of: liquid }
  - { id: level, kind: extent, of: liquid, edge: top }
  - { id: label-place, kind: position, of: label }
  - { id: mark-place, kind: position, of: mark, relativeTo: label }
  - { id: fits, kind: agreement, between: [flavour, sign] }
`;

export const compiledToy = (text: string = TOY_RULES): CompiledRules => compileRules(text, 'toy.yaml');

const GRID = 80;

function part(
  id: number,
  interest: string,
  [x0, y0, x1, y1]: Box,
  lab: readonly [number, number, number],
  extra: Partial<Instance> = {},
): Instance {
  const mask = emptyMask(GRID, GRID);
  const cell = (v: number): number => Math.round(v * GRID);
  for (let y = cell(y0); y < cell(y1); y++) mask.data.fill(1, y * GRID + cell(x0), y * GRID + cell(x1));
  return {
    id,
    interest,
    status: 'known',
    mask: encodeRuns(mask.data),
    area: (x1 - x0) * (y1 - y0),
    box: [x0, y0, x1, y1],
    centroid: [(x0 + x1) / 2, (y0 + y1) / 2],
    orientation: 0,
    length: Math.max(x1 - x0, y1 - y0),
    width: Math.min(x1 - x0, y1 - y0),
    lab,
    labStd: [1, 1, 1],
    feature: [1, 0],
    attributes: {},
    ...extra,
  };
}

/** `spread`: standard deviation of places, in fractions of the image. */
export function toyScene(image: string, random: Random, spread = 0.002): Scene {
  const j = (): number => spread * Math.max(-2.5, Math.min(2.5, random.normal()));
  const variant = random.next() < 0.5 ? 'red' : 'green';
  const other = variant === 'red' ? 'green' : 'red';
  const reading = { value: variant, margin: 0.9, distances: { [variant]: 0.3, [other]: 4 } };
  const [x, y] = [j(), j()];
  const at = (b: Box, dx = 0, dy = 0): Box => [b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy];
  const instances = [
    part(0, 'liquid', [0.25, 0.3 + j(), 0.75, 0.9], [40 + 50 * j(), variant === 'red' ? 50 : -40, 20], {
      attributes: { flavour: reading },
    }),
    part(1, 'label', at([0.35, 0.45, 0.65, 0.65], x, y), [90, 0, 0]),
    part(2, 'mark', at([0.45, 0.5, 0.55, 0.6], x + j() / 2, y + j() / 2), [20, 0, 0], {
      parent: 1,
      attributes: { sign: reading },
    }),
    part(3, 'clip', at([0.1, 0.1, 0.2, 0.16], j(), j()), [30, 10, -50]),
    part(4, 'clip', at([0.8, 0.1, 0.9, 0.16], j(), j()), [30, 10, -50]),
  ];
  return {
    schema: 'logsad/scene/v1',
    image,
    frame: { imageWidth: 640, imageHeight: 640, box: [0, 0, 1, 1], width: 640, height: 640 },
    grid: { width: GRID, height: GRID },
    variant,
    product: [0.1, 0.1, 0.9, 0.9],
    instances,
    unknown: [],
    quality: {},
    detectors: {},
  };
}

export function toyNormals(n: number, seed = 1): Scene[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, (_, i) => toyScene(`${String(i).padStart(3, '0')}.png`, random));
}
