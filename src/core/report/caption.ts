/** The strip below a picture: verdict, score, and the first sentence, wrapped to the width without a font at hand. */
import type { InspectionResult, UnknownRegion } from '../scene.ts';
import { textWidth } from './labels.ts';
import { DRAWING, escapeXml, figure, PALETTE, VERDICT_WORDS } from './style.ts';

const FILL = { pass: '#0b6e4f', review: '#8a6100', reject: PALETTE.violation } as const;
const MAX_LINES = 3;
/** Regular weight is so much narrower than the bold that `textWidth` estimates. */
const REGULAR = 0.88;

/** Words to lines no wider than `width` pixels; a cut text ends in an ellipsis. */
export function wrap(text: string, width: number, fontSize: number, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && textWidth(longer, fontSize) * REGULAR > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  if (line) lines.push(line);
  if (lines.length <= maxLines) return lines;
  const last = lines[maxLines - 1]!;
  return [...lines.slice(0, maxLines - 1), `${last.slice(0, Math.max(1, last.length - 2))}…`];
}

/** The detectors beside the rules that are beyond their border, the loudest first, and what they say. */
function loudDetectors(result: InspectionResult): { readonly name: string; readonly sentence: string }[] {
  return Object.entries(result.detectors)
    .filter(([name, d]) => name !== 'composition' && d.unit > 1)
    .sort((a, b) => b[1].unit - a[1].unit)
    .map(([name, d]) => {
      const { normals } = result.fingerprint;
      const parts = typeof normals === 'number' ? `${normals} good ${normals === 1 ? 'part' : 'parts'}` : 'good parts';
      const where = d.strongest ? ` ${placeWords(d.strongest)} (outlined)` : '';
      const far = `${figure(d.unit)} times as far from them as a good part may be`;
      return { name, sentence: `Looks unlike the ${parts}${where}: ${far} (${name}).` };
    });
}

/** What the detectors beside the rules say, the loudest first: a reject must never stand without a reason. */
export function detectorSentences(result: InspectionResult): string[] {
  return loudDetectors(result).map((d) => d.sentence);
}

/** Borders of the thirds of a picture, a little wider in the middle. */
const THIRDS = [0.36, 0.64] as const;

/** Where a region lies in the picture, as a person points: "at the upper left", "in the middle". */
export function placeWords({ centroid: [x, y], area }: Pick<UnknownRegion, 'centroid' | 'area'>): string {
  if (area > 0.5) return 'over most of the picture';
  const pick = (v: number, words: readonly [string, string]): string =>
    v < THIRDS[0] ? words[0] : v > THIRDS[1] ? words[1] : '';
  const words = [pick(y, ['upper', 'lower']), pick(x, ['left', 'right'])].filter((w) => w !== '');
  if (words.length === 0) return 'in the middle';
  if (words.length === 2) return `at the ${words.join(' ')}`;
  return words[0] === 'upper' ? 'at the top' : words[0] === 'lower' ? 'at the bottom' : `on the ${words[0]}`;
}

/** The sentence a person should read first. */
export function firstSentence(result: InspectionResult): string {
  const first = result.violations[0];
  if (first) return first.because ? `${first.because} ${first.message}` : first.message;
  return detectorSentences(result)[0] ?? result.reviewReasons[0] ?? 'All rules hold.';
}

/**
 * Who speaks first and what it says, as `NAME: SENTENCE`: the rule of the first violation, else the loudest detector beyond
 * its border, else `review` with the first doubt. Null for a pass alone.
 */
export function firstCause(result: InspectionResult): string | null {
  const rule = result.violations[0];
  if (rule) return `${rule.rule}: ${rule.message}`;
  const loud = loudDetectors(result)[0];
  if (loud) return `${loud.name}: ${loud.sentence}`;
  return result.verdict === 'pass' ? null : `review: ${result.reviewReasons[0] ?? firstSentence(result)}`;
}

/** SVG of the strip, to stand below a picture of `width` x `height` pixels. */
export function captionStrip(
  result: InspectionResult,
  canvas: { readonly width: number; readonly height: number; readonly scale: number },
): { svg: string; height: number } {
  const size = DRAWING.captionSize * canvas.scale;
  const pad = size * 0.8;
  const word = VERDICT_WORDS[result.verdict];
  const chip = textWidth(word, size) + size;
  const left = pad * 2 + chip;
  const more = result.violations.length > 1 ? ` (and ${result.violations.length - 1} more)` : '';
  const lines = wrap(firstSentence(result) + more, canvas.width - left - pad, size, MAX_LINES);
  const leading = size * 1.35;
  const height = Math.ceil(Math.max(1, lines.length) * leading + size * 1.15 + pad * 1.7);
  const n = (v: number): string => String(Math.round(v * 10) / 10);
  const top = canvas.height;
  const text = (x: number, y: number, fill: string, weight: number, s: string, fontSize = size) =>
    `<text x="${n(x)}" y="${n(top + y)}" font-size="${n(fontSize)}" font-weight="${weight}" fill="${fill}">${escapeXml(s)}</text>`;
  const p = result.p === null ? [] : [`p ${figure(result.p)}`];
  const facts = [result.image, `unit ${figure(result.unit)}`, `score ${figure(result.score)}`, ...p].join('  ·  ');
  return {
    height,
    svg:
      `<rect x="0" y="${top}" width="${canvas.width}" height="${height}" fill="#14181d"/>` +
      `<rect x="${n(pad)}" y="${n(top + pad)}" width="${n(chip)}" height="${n(size * 1.6)}" rx="${n(size * 0.3)}" fill="${FILL[result.verdict]}"/>` +
      text(pad + size / 2, pad + size * 1.15, '#fff', 700, word) +
      lines.map((l, i) => text(left, pad + size * 1.05 + i * leading, '#f3f5f7', 500, l)).join('') +
      text(left, pad + size * 1.05 + Math.max(1, lines.length) * leading, '#a9b4bf', 400, facts, size * 0.8),
  };
}
