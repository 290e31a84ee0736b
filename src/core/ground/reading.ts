/** From a text recogniser's class probabilities to a string (CTC, greedy): repeats are one, blanks separate. */
import type { FeatureGrid } from '../grid/grid.ts';
import type { TextReading } from '../scene.ts';

/** The class that stands for "no character here". */
const BLANK = 0;

/**
 * @param steps probabilities `[t, 1, k]`, one row per step along the line; class 0 is the blank
 * @param alphabet character of class 1, 2, ...; the classes behind them are spaces
 * @returns confidence is the mean probability of the characters kept, 0 for an empty line
 */
export function decodeLine(steps: FeatureGrid, alphabet: readonly string[]): TextReading {
  const k = steps.channels;
  let value = '';
  let sum = 0;
  let kept = 0;
  let last = BLANK;
  for (let t = 0; t < steps.height * steps.width; t++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (steps.data[t * k + c]! > steps.data[t * k + best]!) best = c;
    if (best !== BLANK && best !== last) {
      value += alphabet[best - 1] ?? ' ';
      sum += steps.data[t * k + best]!;
      kept++;
    }
    last = best;
  }
  const text = value.replace(/\s+/g, ' ').trim();
  return { value: text, confidence: text === '' ? 0 : Math.min(1, sum / kept) };
}
