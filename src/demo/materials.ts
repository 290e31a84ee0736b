/** What the parts are made of: tones and gradients, lit from the top left, and the writing of SVG paths. */
import type { Polygon } from './geometry.ts';
import { SIZE, type Variant } from './kit.ts';

/** Dark, base and light tone of each variant's plastic. */
export const PLASTIC: Readonly<Record<Variant, readonly [string, string, string]>> = {
  red: ['#7d1714', '#c5352e', '#ea7566'],
  blue: ['#163a78', '#2b66bd', '#71a4e6'],
  green: ['#14572f', '#2c9152', '#74c78f'],
};

/** A number as SVG text, to a hundredth of a unit. */
export const fixed = (v: number): string => String(Math.round(v * 100) / 100);

/** SVG path data of closed polygons. */
export function pathData(polygons: readonly Polygon[]): string {
  return polygons.map((p) => `M${p.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join('L')}Z`).join('');
}

function linear(
  id: string,
  along: readonly [number, number, number, number],
  stops: readonly (readonly [number, string, number?])[],
): string {
  const [x1, y1, x2, y2] = along;
  const inner = stops.map(([o, c, a = 1]) => `<stop offset="${o}" stop-color="${c}" stop-opacity="${a}"/>`).join('');
  return `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${inner}</linearGradient>`;
}

/** Gradients that `drawPart` refers to; they go into the `<defs>` of the document once. */
export function partDefs(): string {
  const { shank, head } = SIZE.screw;
  const w = SIZE.vial.width / 2;
  const steel: [number, string][] = [
    [0, '#4b5158'],
    [0.2, '#b7bdc3'],
    [0.34, '#fbfcfc'],
    [0.5, '#c3c8cd'],
    [0.78, '#757b82'],
    [1, '#363b41'],
  ];
  const plastics = Object.entries(PLASTIC).map(
    ([name, [dark, base, light]]) =>
      linear(
        `plug-${name}`,
        [-70, -70, 60, 70],
        [
          [0, light],
          [0.3, base],
          [0.8, base],
          [1, dark],
        ],
      ) +
      linear(
        `cap-${name}`,
        [-44, 0, 44, 0],
        [
          [0, dark],
          [0.22, base],
          [0.36, light],
          [0.5, base],
          [0.85, base],
          [1, dark],
        ],
      ),
  );
  return [
    linear('shank', [0, -shank, 0, shank], steel),
    linear(
      'head',
      [0, -head, 0, head],
      [
        [0, '#6a7077'],
        [0.24, '#969ca3'],
        [0.25, '#eef1f2'],
        [0.6, '#c4cacf'],
        [0.72, '#aab0b6'],
        [0.74, '#6d737a'],
        [1, '#43484e'],
      ],
    ),
    linear(
      'washer',
      [-26, -26, 26, 26],
      [
        [0, '#ffffff'],
        [0.25, '#b3b9bf'],
        [0.45, '#e9ecee'],
        [0.62, '#9aa1a8'],
        [0.8, '#cdd2d6'],
        [1, '#767d84'],
      ],
    ),
    linear(
      'rim',
      [-26, -26, 26, 26],
      [
        [0, '#ffffff', 0.9],
        [0.5, '#8a9097', 0.5],
        [1, '#2e3338', 0.9],
      ],
    ),
    linear(
      'brass',
      [-26, -26, 26, 26],
      [
        [0, '#fff0bd'],
        [0.35, '#dcb863'],
        [0.6, '#c69c45'],
        [1, '#8a6420'],
      ],
    ),
    linear(
      'bore',
      [-14, -14, 14, 14],
      [
        [0, '#241a08'],
        [0.6, '#4a3814'],
        [1, '#a07f3a'],
      ],
    ),
    linear(
      'gel',
      [-w, 0, w, 0],
      [
        [0, '#7a3f06', 0.96],
        [0.14, '#c8740f', 0.95],
        [0.4, '#f6b23a', 0.94],
        [0.6, '#efa02a', 0.94],
        [0.86, '#bf690c', 0.95],
        [1, '#6d3705', 0.96],
      ],
    ),
    linear(
      'glass',
      [-w, 0, w, 0],
      [
        [0, '#e8f1f5', 0.55],
        [0.1, '#c4d3da', 0.28],
        [0.5, '#dfe9ee', 0.24],
        [0.9, '#b9c9d1', 0.26],
        [1, '#f0f6f8', 0.5],
      ],
    ),
    linear(
      'crimp',
      [-40, 0, 40, 0],
      [
        [0, '#63686e'],
        [0.25, '#e8ebed'],
        [0.45, '#b3b8bd'],
        [0.7, '#dde0e3'],
        [1, '#565b61'],
      ],
    ),
    linear(
      'paper',
      [0, -40, 60, 40],
      [
        [0, '#fbfaf6'],
        [1, '#e9e6de'],
      ],
    ),
    ...plastics,
  ].join('');
}
