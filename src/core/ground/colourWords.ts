/**
 * Colour words as regions of CIE Lab: a hue sector with a chroma range, or a lightness range for the greys. A closed
 * list; the bounds are in degrees and Lab units. Membership falls off linearly over a soft border, so that it can serve
 * as a feature as well as a segmenter.
 */
import type { ColourSpec } from '../rules/definition.ts';

export interface WordRange {
  /** Hue sector `[from, to]` in degrees (to < from wraps); absent for greys. */
  readonly hue?: readonly [number, number];
  readonly chroma: readonly [number, number];
  readonly light: readonly [number, number];
}

const WIDE = 200;

/** Lab hue angles: red about 30, orange 60, yellow 95, green 140, cyan 200, blue 280, purple 315, pink 0. */
export const COLOUR_WORDS: Readonly<Record<string, WordRange>> = {
  black: { chroma: [0, 18], light: [0, 22] },
  grey: { chroma: [0, 12], light: [22, 82] },
  white: { chroma: [0, 12], light: [82, 101] },
  silver: { chroma: [0, 14], light: [40, 90] },
  red: { hue: [8, 48], chroma: [28, WIDE], light: [15, 75] },
  orange: { hue: [48, 78], chroma: [30, WIDE], light: [35, 90] },
  yellow: { hue: [74, 108], chroma: [30, WIDE], light: [45, 101] },
  gold: { hue: [66, 95], chroma: [22, WIDE], light: [35, 85] },
  brown: { hue: [30, 80], chroma: [12, 50], light: [12, 50] },
  green: { hue: [108, 172], chroma: [18, WIDE], light: [10, 95] },
  cyan: { hue: [172, 228], chroma: [14, WIDE], light: [25, 97] },
  blue: { hue: [228, 300], chroma: [16, WIDE], light: [8, 85] },
  purple: { hue: [298, 338], chroma: [16, WIDE], light: [8, 80] },
  pink: { hue: [338, 22], chroma: [12, 70], light: [50, 95] },
  beige: { hue: [60, 100], chroma: [8, 32], light: [65, 95] },
};

/** Modifiers shift the lightness range: `dark red`, `light blue`. */
const MODIFIERS: Readonly<Record<string, (l: readonly [number, number]) => readonly [number, number]>> = {
  dark: ([low, high]) => [Math.max(0, low - 12), Math.min(high, (low + high) / 2)],
  light: ([low, high]) => [Math.max(low, (low + high) / 2), Math.min(101, high + 10)],
  bright: ([low, high]) => [Math.max(low, (low + high) / 2), 101],
};

/** The range a word stands for, or null where the word is not in the list. */
export function colourRange(word: string): WordRange | null {
  const parts = word
    .trim()
    .toLowerCase()
    .split(/[\s-]+/);
  const base = COLOUR_WORDS[parts[parts.length - 1]!.replace('gray', 'grey')];
  if (!base || parts.length > 2) return null;
  if (parts.length === 1) return base;
  const modify = MODIFIERS[parts[0]!];
  return modify ? { ...base, light: modify(base.light) } : null;
}

const SOFT = { hue: 12, chroma: 8, light: 8 } as const;

function inside(v: number, low: number, high: number, soft: number): number {
  if (v >= low && v <= high) return 1;
  const d = v < low ? low - v : v - high;
  return Math.max(0, 1 - d / soft);
}

function hueDistance(h: number, from: number, to: number): number {
  const span = (to - from + 360) % 360;
  const at = (h - from + 360) % 360;
  return at <= span ? 0 : Math.min(at - span, 360 - at);
}

function wordMembership(range: WordRange, l: number, a: number, b: number): number {
  const chroma = Math.hypot(a, b);
  const m = Math.min(
    inside(l, range.light[0], range.light[1], SOFT.light),
    inside(chroma, range.chroma[0], range.chroma[1], SOFT.chroma),
  );
  if (!range.hue || m === 0) return m;
  const hue = (Math.atan2(b, a) * 180) / Math.PI;
  return Math.min(m, Math.max(0, 1 - hueDistance((hue + 360) % 360, range.hue[0], range.hue[1]) / SOFT.hue));
}

/** How much a Lab colour belongs to a colour grounding, 0..1: the best of its words and of its Lab ball. */
export function membership(spec: ColourSpec, l: number, a: number, b: number): number {
  let best = 0;
  for (const word of spec.words) {
    const range = colourRange(word);
    if (range) best = Math.max(best, wordMembership(range, l, a, b));
  }
  if (spec.lab) {
    const radius = spec.deltaE ?? 12;
    const d = Math.hypot(l - spec.lab[0], a - spec.lab[1], b - spec.lab[2]);
    best = Math.max(best, inside(d, 0, radius, radius / 2));
  }
  return best;
}
