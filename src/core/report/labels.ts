/** Labels that do not cover one another: greedy placement around what they name, with a leader where they had to move. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface LabelRequest {
  readonly text: string;
  /** What the label names, in pixels. */
  readonly anchor: Rect;
  /** Placed first, and kept clear of by the others. */
  readonly important: boolean;
}

export interface PlacedLabel extends Rect {
  readonly text: string;
  readonly index: number;
  /** From the label to its anchor, where the two do not touch. */
  readonly leader: readonly [x1: number, y1: number, x2: number, y2: number] | null;
}

/** Widths in em of a bold sans-serif face, on the wide side: a label must not be narrower than its text. */
const WIDTHS = { thin: 0.4, narrow: 0.5, wide: 1.05, upper: 0.79, other: 0.69 } as const;

/** Width of `text` in pixels at `fontSize`, estimated without a font. */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const c of text) {
    if (/[iljI.,:;'|! ]/.test(c)) em += WIDTHS.thin;
    else if (/[tfr()[\]"-]/.test(c)) em += WIDTHS.narrow;
    else if (/[mwMW@%—]/.test(c)) em += WIDTHS.wide;
    else em += /[A-Z]/.test(c) ? WIDTHS.upper : WIDTHS.other;
  }
  return em * fontSize;
}

const overlapArea = (a: Rect, b: Rect): number =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

const clamp = (v: number, low: number, high: number): number => Math.max(low, Math.min(v, Math.max(low, high)));

/**
 * Places each label beside its anchor, inside `bounds`, covering no other label while there is room for it. Important
 * ones go first. The result keeps the order of placement; `index` points back at the request.
 */
export function placeLabels(requests: readonly LabelRequest[], bounds: Rect, fontSize: number): PlacedLabel[] {
  const height = fontSize * 1.5;
  const order = requests
    .map((_, i) => i)
    .sort((a, b) => Number(requests[b]!.important) - Number(requests[a]!.important) || a - b);
  const placed: PlacedLabel[] = [];
  for (const index of order) {
    const request = requests[index]!;
    const width = Math.min(bounds.width, textWidth(request.text, fontSize) + fontSize);
    const spot = bestSpot(request.anchor, { width, height }, bounds, placed);
    placed.push({ ...spot, text: request.text, index, leader: leaderOf(spot, request.anchor) });
  }
  return placed;
}

function bestSpot(anchor: Rect, size: { width: number; height: number }, bounds: Rect, taken: readonly Rect[]): Rect {
  let best: Rect | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [x, y] of candidates(anchor, size)) {
    const spot: Rect = {
      x: clamp(x, bounds.x, bounds.x + bounds.width - size.width),
      y: clamp(y, bounds.y, bounds.y + bounds.height - size.height),
      ...size,
    };
    const covered = taken.reduce((sum, t) => sum + overlapArea(spot, t), 0);
    if (covered === 0) return spot;
    if (covered < least) [best, least] = [spot, covered];
  }
  return scan(anchor, size, bounds, taken) ?? best!;
}

/** Above, below, inside, right, left; then the same farther out. */
function* candidates(a: Rect, s: { width: number; height: number }): Generator<[number, number]> {
  const middle = a.x + a.width / 2 - s.width / 2;
  for (let step = 0; step < 6; step++) {
    const d = 2 + step * s.height * 1.1;
    yield [a.x, a.y - s.height - d];
    yield [middle, a.y - s.height - d];
    yield [a.x, a.y + a.height + d];
    yield [middle, a.y + a.height + d];
    if (step === 0 && a.height > s.height * 3) yield [middle, a.y + 2];
    yield [a.x + a.width + d, a.y + a.height / 2 - s.height / 2];
    yield [a.x - s.width - d, a.y + a.height / 2 - s.height / 2];
  }
}

/** Every row and column of label size inside the bounds, nearest to the anchor first; undefined when all is taken. */
function scan(
  anchor: Rect,
  size: { width: number; height: number },
  bounds: Rect,
  taken: readonly Rect[],
): Rect | undefined {
  let best: Rect | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (let y = bounds.y; y + size.height <= bounds.y + bounds.height; y += size.height / 2) {
    for (let x = bounds.x; x + size.width <= bounds.x + bounds.width; x += size.height) {
      const spot = { x, y, ...size };
      const far = Math.hypot(x + size.width / 2 - anchor.x - anchor.width / 2, y - anchor.y - anchor.height / 2);
      if (far < nearest && taken.every((t) => overlapArea(spot, t) === 0)) [best, nearest] = [spot, far];
    }
  }
  return best;
}

function leaderOf(label: Rect, anchor: Rect): PlacedLabel['leader'] {
  const x2 = clamp(label.x + label.width / 2, anchor.x, anchor.x + anchor.width);
  const y2 = clamp(label.y + label.height / 2, anchor.y, anchor.y + anchor.height);
  const x1 = clamp(x2, label.x, label.x + label.width);
  const y1 = clamp(y2, label.y, label.y + label.height);
  return Math.hypot(x2 - x1, y2 - y1) > label.height / 2 ? [x1, y1, x2, y2] : null;
}
