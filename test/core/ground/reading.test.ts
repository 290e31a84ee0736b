/** Where print is looked for on a label, on drawings of grey boxes. */
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/core/grid/grid.ts';
import { printBox } from '../../../src/core/ground/reading.ts';

type Rect = readonly [x0: number, y0: number, x1: number, y1: number];
const [WIDTH, HEIGHT] = [200, 50];
const LETTERS: readonly Rect[] = [
  [20, 15, 30, 35],
  [35, 15, 45, 35],
  [50, 24, 58, 27],
  [63, 15, 73, 35],
];
/** Letters with half a height beside and three tenths above. */
const LINE = [10, 9, 83, 41];

function label(ink: readonly Rect[], paper = 230, print = 20): RgbImage {
  const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(paper);
  for (const [x0, y0, x1, y1] of ink)
    for (let y = y0; y < y1; y++) data.fill(print, (y * WIDTH + x0) * 3, (y * WIDTH + x1) * 3);
  return { data, width: WIDTH, height: HEIGHT, channels: 3 };
}
const frame = ([x0, y0, x1, y1]: Rect): Rect[] => [
  [x0, y0, x1, y0 + 1],
  [x0, y1 - 1, x1, y1],
  [x0, y0, x0 + 1, y1],
  [x1 - 1, y0, x1, y1],
];
const bars: readonly Rect[] = Array.from({ length: 6 }, (_, i): Rect => [80 + 5 * i, 10, 82 + 5 * i, 40]);

type Case = [name: string, ink: readonly Rect[], wanted: readonly number[], paper?: number, print?: number];

describe('the line of print', () => {
  it.each<Case>([
    ['alone', LETTERS, LINE],
    ['in white on black', LETTERS, LINE, 10, 240],
    ['beside a thing that reaches the border', [...LETTERS, [150, 0, 200, 50]], LINE],
    ['in a printed frame', [...LETTERS, ...frame([3, 3, 197, 47])], LINE],
    ['over a rule', [...LETTERS, [20, 44, 120, 46]], LINE],
    ['with dust', [...LETTERS, [160, 20, 161, 21]], LINE],
    // The room beside the last letter ends at the first bar.
    ['before a bar code', [...LETTERS, ...bars], [10, 9, 80, 41]],
    // Two strokes are print: an l, an I, a 1.
    ['with slim letters', [...LETTERS, [80, 15, 83, 35], [88, 15, 91, 35]], [10, 9, 101, 41]],
  ])('%s', (_, ink, wanted, paper = 230, print = 20) => {
    expect(printBox(label(ink, paper, print))).toEqual(wanted);
  });

  it('is the whole picture where nothing stands free', () => {
    expect(printBox(label([]))).toEqual([0, 0, WIDTH, HEIGHT]);
    expect(printBox(label([[0, 10, 90, 40]]))).toEqual([0, 0, WIDTH, HEIGHT]);
    expect(printBox({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 })).toEqual([0, 0, 1, 1]);
  });
});
