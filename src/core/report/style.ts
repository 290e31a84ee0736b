/** What pictures, pages and the terminal share: colours, number formats, escaping. */
import type { Verdict } from '../scene.ts';

/**
 * Okabe and Ito's palette (2008), told apart with any common colour blindness. Vermillion is kept for violations and
 * purple for what is unknown; both also differ in stroke and hatching, so nothing hangs on colour alone.
 */
export const PALETTE = {
  interests: ['#56b4e9', '#f0e442', '#009e73', '#e69f00', '#0072b2', '#ffffff'],
  /** Interests beyond the palette repeat it with these dashes. */
  dashes: ['', '7 4', '2 4'],
  violation: '#d55e00',
  unknown: '#cc79a7',
  ghost: '#ffffff',
  ink: '#101418',
} as const;

/** Strokes, type and limits of a drawing, in pixels at a long side of `reference`; all scale with the picture. */
export const DRAWING = {
  reference: 960,
  /** Corners within this distance (cells of the mask) of a smoother outline are left out. */
  tolerance: 0.8,
  outline: 1.8,
  halo: 3.6,
  violation: 4.5,
  fontSize: 16,
  captionSize: 19,
  /** An interest with more instances than this gets one label with the number instead of one each. */
  labelsPerInterest: 3,
  /** The same for instances that the same violations point at: their labels are longer. */
  accusedPerInterest: 2,
  /** Label of a violation names at most so many rules. */
  rulesPerLabel: 2,
} as const;

export interface Look {
  readonly colour: string;
  readonly dash: string;
}

/** Colour and dash per interest, by the alphabet, so that one interest looks the same in every picture of a product. */
export function looks(interests: Iterable<string>): Map<string, Look> {
  const names = [...new Set(interests)].sort();
  const n = PALETTE.interests.length;
  return new Map(
    names.map((name, i) => [
      name,
      { colour: PALETTE.interests[i % n]!, dash: PALETTE.dashes[Math.floor(i / n) % PALETTE.dashes.length]! },
    ]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text to XML or HTML; control characters that XML forbids are dropped. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones XML 1.0 does not allow.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** Three significant digits, integers whole, null as a dash. */
export function figure(value: number | string | null): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = { pass: 'PASS', review: 'REVIEW', reject: 'REJECT' };
