/** From a text recogniser's class probabilities to a string (CTC, greedy): repeats are one, blanks separate. */
import { emptyMask, type FeatureGrid, type Mask, type RgbImage } from '../grid/grid.ts';
import { type CellBox, components, type Region } from '../grid/regions.ts';
import type { TextReading } from '../scene.ts';

/** Where print is looked for in what surrounds it. Chosen on demo labels (seeds 500 to 529), before the seeds that tests read. */
export const PRINT = {
  /** Grey levels per step of the histogram whose fullest step is the paper. */
  step: 8,
  /** Ink differs from the paper by at least this share of the difference of the strongest ink. */
  contrast: 0.4,
  /** Share of pixels that are taken for the strongest ink. */
  strongest: 0.01,
  /** Ink patches of a smaller share of the picture are dust. */
  dust: 0.0004,
  /** Ink that fills less than this share of its box is a printed frame, or a piece of one. */
  hollow: 0.12,
  /** Ink so many times as wide as high is a rule. */
  rule: 8,
  /** Patches so many times as high as wide are bars; so many bars in a row are a bar code. */
  bar: 4,
  bars: 5,
  /** Room around the ink, in heights of the ink: a recogniser is trained on lines with some. */
  above: 0.3,
  beside: 0.5,
} as const;

/** Ink of a picture: pixels that differ from its commonest grey level about as much as the strongest ink does. */
function inkOf({ data, width, height }: RgbImage): Mask {
  const grey = Float32Array.from({ length: width * height }, (_, i) => {
    const k = 3 * i;
    return 0.299 * data[k]! + 0.587 * data[k + 1]! + 0.114 * data[k + 2]!;
  });
  const counts = new Uint32Array(Math.ceil(256 / PRINT.step));
  for (const v of grey) counts[Math.floor(v / PRINT.step)]!++;
  const paper = (counts.indexOf(Math.max(...counts)) + 0.5) * PRINT.step;
  const differences = grey.map((v) => Math.abs(v - paper));
  const strongest = Float32Array.from(differences).sort()[Math.floor((1 - PRINT.strongest) * (grey.length - 1))]!;
  const least = Math.max(PRINT.step, PRINT.contrast * strongest);
  const ink = emptyMask(height, width);
  for (let i = 0; i < ink.data.length; i++) if (differences[i]! >= least) ink.data[i] = 1;
  return ink;
}

/** Patches from left to right without runs of bars. */
function withoutBars(patches: readonly Region[]): Region[] {
  const sorted = [...patches].sort((a, b) => a.box[0] - b.box[0]);
  const isBar = ({ box: [x0, y0, x1, y1] }: Region): boolean => y1 - y0 >= PRINT.bar * (x1 - x0);
  const runs: Region[][] = [];
  for (const [i, patch] of sorted.entries()) {
    if (i > 0 && isBar(patch) && isBar(sorted[i - 1]!)) runs.at(-1)!.push(patch);
    else runs.push([patch]);
  }
  return runs.filter((r) => r.length < PRINT.bars).flat();
}

/**
 * The line of print on a label: its ink without what reaches the border of the picture (the label's edge and shadow, what
 * it lies on), printed frames, rules and bar codes, with some room. A recogniser is trained on such lines; given a whole label, it
 * reads a bar code as one more character.
 * @returns box in pixels; the whole picture where no ink stands free
 */
export function printBox(line: RgbImage): CellBox {
  const { width, height } = line;
  const { regions } = components(inkOf(line), { connectivity: 8 });
  const large = regions.filter((r) => r.area >= PRINT.dust * width * height);
  const free = large.filter(({ box: [x0, y0, x1, y1], area }) => {
    const [w, h] = [x1 - x0, y1 - y0];
    const inside = x0 > 0 && y0 > 0 && x1 < width && y1 < height;
    return inside && area >= PRINT.hollow * w * h && w < PRINT.rule * h;
  });
  const print = withoutBars(free);
  if (print.length === 0) return [0, 0, width, height];
  const most = (side: 0 | 1 | 2 | 3): number[] => print.map((r) => r.box[side]);
  const [x0, y0, x1, y1] = [Math.min(...most(0)), Math.min(...most(1)), Math.max(...most(2)), Math.max(...most(3))];
  const [dx, dy] = [Math.round(PRINT.beside * (y1 - y0)), Math.round(PRINT.above * (y1 - y0))];
  // The room ends where other ink begins.
  const others = free.filter((r) => !print.includes(r)).map((r) => r.box);
  const left = Math.max(0, ...others.map((b) => b[2]).filter((x) => x <= x0));
  const right = Math.min(width, ...others.map((b) => b[0]).filter((x) => x >= x1));
  return [Math.max(left, x0 - dx), Math.max(0, y0 - dy), Math.min(right, x1 + dx), Math.min(height, y1 + dy)];
}

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
