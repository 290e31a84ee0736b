/**
 * A small technical stroke font of our own, so that labels look the same on every machine: a rasteriser without
 * installed fonts draws no text at all, and another font would be another label. Each letter is a pen path in a cell
 * 6 wide and 10 high (baseline at 10).
 */
const PEN: Readonly<Record<string, string>> = {
  '0': 'M3 0C1 0 .2 2 .2 5S1 10 3 10 5.8 8 5.8 5 5 0 3 0Z',
  '1': 'M1 2.2L3.4 0V10M1.2 10H5.6',
  '2': 'M.5 2.6C.5 .9 1.6 0 3 0S5.6 1 5.6 2.8C5.6 4.8 3.4 6.2 .4 10H5.8',
  '3': 'M.6 1.6C1.1 .5 2 0 3.1 0 4.6 0 5.5 1 5.5 2.4S4.4 4.7 2.4 4.7C4.6 4.7 5.8 5.7 5.8 7.3S4.6 10 3 10C1.6 10 .6 9.3 .2 8.2',
  '4': 'M4.4 10V0L.2 7.2H6',
  '5': 'M5.3 0H1.1L.7 4.6C1.3 4 2.1 3.7 3 3.7 4.7 3.7 5.8 4.9 5.8 6.8S4.6 10 2.9 10C1.7 10 .8 9.5 .2 8.6',
  '6': 'M5 .3C2.2 .6 .2 3.2 .2 6.6 .2 8.8 1.4 10 3 10S5.8 8.8 5.8 6.9 4.6 3.9 3.1 3.9C1.6 3.9 .5 4.9 .2 6.4',
  '7': 'M.2 0H5.8C3.8 3 2.5 6 2.2 10',
  '8': 'M3 4.7C1.5 4.7 .6 3.8 .6 2.4S1.5 0 3 0 5.4 1 5.4 2.4 4.5 4.7 3 4.7C1.3 4.7 .2 5.8 .2 7.4S1.3 10 3 10 5.8 9 5.8 7.4 4.7 4.7 3 4.7Z',
  '9': 'M1 9.7C3.8 9.4 5.8 6.8 5.8 3.4 5.8 1.2 4.6 0 3 0S.2 1.2 .2 3.1 1.4 6.1 2.9 6.1C4.4 6.1 5.5 5.1 5.8 3.6',
  '-': 'M1 5.6H5',
  B: 'M.4 0V10H3.4C5 10 5.8 8.8 5.8 7.4S5 4.8 3.4 4.8H.4M.4 0H3.1C4.6 0 5.3 1.1 5.3 2.4S4.6 4.8 3.1 4.8',
  D: 'M.4 0V10H2.6C4.9 10 5.8 7.8 5.8 5S4.9 0 2.6 0Z',
  E: 'M5.5 0H.5V10H5.7M.5 4.8H4.8',
  G: 'M5.6 2.2C5.1 .8 4.2 0 3.1 0 1.1 0 .2 2.2 .2 5S1.1 10 3.1 10C4.6 10 5.7 9 5.8 7V5.4H3.4',
  I: 'M3 0V10M1.2 0H4.8M1.2 10H4.8',
  K: 'M.5 0V10M5.6 0L.5 6.2M2.4 4L5.8 10',
  L: 'M.6 0V10H5.7',
  N: 'M.4 10V0L5.6 10V0',
  R: 'M.4 10V0H3.3C4.9 0 5.6 1.2 5.6 2.7S4.9 5.4 3.3 5.4H.4M3.2 5.4L5.8 10',
  T: 'M.1 0H5.9M3 0V10',
  U: 'M.4 0V6.6C.4 8.8 1.4 10 3 10S5.6 8.8 5.6 6.6V0',
};

/** The characters that can be printed. */
export const PRINTABLE: ReadonlySet<string> = new Set(Object.keys(PEN));

/** Advance from one letter to the next, in cells of the font (6 wide, 10 high). */
const ADVANCE = 8.2;

/** Width of `text` printed `height` units high. */
export const textWidth = (text: string, height: number): number => ((text.length * ADVANCE - 2.2) * height) / 10;

/** Left and right edge of letter `i`, from the left end of the text. */
export function letterSpan(i: number, height: number): readonly [number, number] {
  return [((i * ADVANCE - 1) * height) / 10, ((i * ADVANCE + 7) * height) / 10];
}

/**
 * SVG strokes of `text`, its top left corner at `(x, y)`.
 * @throws RangeError for a character outside PRINTABLE.
 */
export function printText(text: string, x: number, y: number, height: number, colour: string): string {
  const k = height / 10;
  const strokes = [...text].map((letter, i) => {
    const d = PEN[letter];
    if (d === undefined) throw new RangeError(`glyphs: no pen path for "${letter}"`);
    return `<path transform="translate(${(i * ADVANCE).toFixed(1)} 0)" d="${d}"/>`;
  });
  return `<g transform="translate(${x} ${y}) scale(${k})" fill="none" stroke="${colour}" stroke-width="1.35" stroke-linecap="round" stroke-linejoin="round">${strokes.join('')}</g>`;
}
