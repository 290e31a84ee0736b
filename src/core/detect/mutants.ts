/**
 * Cut-and-paste defects on normal pictures: stand-ins for the defects nobody has photographed yet, on which features,
 * stages and settings can be compared without a single anomalous part. Pure pixels and a seed.
 */
import type { RgbImage } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';

export const MUTANTS = {
  /** Long side of a defect as a share of the picture's long side, drawn log-uniformly. */
  smallest: 0.025,
  largest: 0.16,
  /** Mean change in grey levels inside the defect below which it is drawn anew: it could not be seen. */
  visible: 9,
  attempts: 24,
  /** Of so many random places the one with most structure is taken: defects sit on products, not on backgrounds. */
  places: 3,
  /** Width of a scratch as a share of the picture's long side. */
  scratch: 0.006,
  /** Change of colour of spots and scratches, grey levels. */
  colour: [35, 110],
} as const;

/** What kinds of defect there are, in the order in which they are dealt. */
export const MUTATIONS = ['paste', 'delete', 'spot', 'blur', 'scratch', 'shift'] as const;
export type Mutation = (typeof MUTATIONS)[number];

interface Patch {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Mutant {
  readonly kind: Mutation;
  readonly image: RgbImage;
  /** Where it was changed, pixels. */
  readonly patch: Patch;
}

const clampByte = (v: number): number => Math.max(0, Math.min(255, Math.round(v)));

function drawPatch(image: RgbImage, random: Random): Patch {
  const long = Math.max(image.width, image.height);
  const { smallest, largest } = MUTANTS;
  const side = long * smallest * (largest / smallest) ** random.next();
  const aspect = 2 ** (2 * random.next() - 1);
  const width = Math.max(3, Math.min(image.width - 2, Math.round(side * Math.min(1, aspect))));
  const height = Math.max(3, Math.min(image.height - 2, Math.round(side / Math.max(1, aspect))));
  return {
    x: 1 + random.int(Math.max(1, image.width - width - 1)),
    y: 1 + random.int(Math.max(1, image.height - height - 1)),
    width,
    height,
  };
}

/** Sum of squared deviations of green inside a patch per pixel: how much there is to damage. */
function structure(image: RgbImage, p: Patch): number {
  let sum = 0;
  let square = 0;
  for (let y = p.y; y < p.y + p.height; y++) {
    for (let x = p.x; x < p.x + p.width; x++) {
      const v = image.data[3 * (y * image.width + x) + 1]!;
      sum += v;
      square += v * v;
    }
  }
  const n = p.width * p.height;
  return square / n - (sum / n) ** 2;
}

function place(image: RgbImage, random: Random): Patch {
  let best = drawPatch(image, random);
  for (let i = 1; i < MUTANTS.places; i++) {
    const p = { ...drawPatch(image, random), width: best.width, height: best.height };
    const inside = {
      ...p,
      x: Math.min(p.x, image.width - p.width - 1),
      y: Math.min(p.y, image.height - p.height - 1),
    };
    if (structure(image, inside) > structure(image, best)) best = inside;
  }
  return best;
}

type Paint = (x: number, y: number, channel: number) => number;

/** A copy of the image in which every pixel of the patch that `covers` says is painted. */
function painted(image: RgbImage, p: Patch, paint: Paint, covers: (x: number, y: number) => number): RgbImage {
  const data = image.data.slice();
  for (let y = p.y; y < p.y + p.height; y++) {
    for (let x = p.x; x < p.x + p.width; x++) {
      const share = covers(x, y);
      if (share <= 0) continue;
      for (let c = 0; c < 3; c++) {
        const at = 3 * (y * image.width + x) + c;
        data[at] = clampByte(image.data[at]! * (1 - share) + share * paint(x, y, c));
      }
    }
  }
  return { ...image, data };
}

const everywhere = (): number => 1;

/** 1 inside the ellipse that fills the patch, falling to 0 over its rim. */
function ellipse(p: Patch): (x: number, y: number) => number {
  return (x, y) => {
    const dx = (x + 0.5 - p.x - p.width / 2) / (p.width / 2);
    const dy = (y + 0.5 - p.y - p.height / 2) / (p.height / 2);
    return Math.max(0, Math.min(1, 3 * (1 - Math.hypot(dx, dy))));
  };
}

function pasteFrom(source: RgbImage, from: Patch): (to: Patch) => Paint {
  return (to) => (x, y, c) => {
    const sx = Math.min(source.width - 1, from.x + x - to.x);
    const sy = Math.min(source.height - 1, from.y + y - to.y);
    return source.data[3 * (sy * source.width + sx) + c]!;
  };
}

/** Fills the patch from its rim: the mean of what stands left and right and above and below, weighted by nearness. */
function inpaint(image: RgbImage, p: Patch): Paint {
  const at = (x: number, y: number, c: number): number => image.data[3 * (y * image.width + x) + c]!;
  return (x, y, c) => {
    const [l, r] = [x - p.x + 1, p.x + p.width - x];
    const [t, b] = [y - p.y + 1, p.y + p.height - y];
    const values = [
      at(p.x - 1, y, c) / l,
      at(p.x + p.width, y, c) / r,
      at(x, p.y - 1, c) / t,
      at(x, p.y + p.height, c) / b,
    ];
    return values.reduce((s, v) => s + v, 0) / (1 / l + 1 / r + 1 / t + 1 / b);
  };
}

function blurred(image: RgbImage, p: Patch): Paint {
  const r = Math.max(2, Math.round(Math.min(p.width, p.height) / 5));
  return (x, y, c) => {
    let sum = 0;
    let n = 0;
    for (let v = Math.max(0, y - r); v <= Math.min(image.height - 1, y + r); v++) {
      for (let u = Math.max(0, x - r); u <= Math.min(image.width - 1, x + r); u++) {
        sum += image.data[3 * (v * image.width + u) + c]!;
        n++;
      }
    }
    return sum / n;
  };
}

/** A straight stroke across the patch, from corner to corner. */
function stroke(p: Patch, width: number, falling: boolean): (x: number, y: number) => number {
  const length = Math.hypot(p.width, p.height);
  return (x, y) => {
    const dx = x + 0.5 - p.x;
    const dy = falling ? y + 0.5 - p.y : p.y + p.height - y - 0.5;
    const distance = Math.abs(dx * p.height - dy * p.width) / length;
    return Math.max(0, Math.min(1, width / 2 + 0.5 - distance));
  };
}

function tint(image: RgbImage, random: Random): Paint {
  const [low, high] = MUTANTS.colour;
  const shift = [0, 1, 2].map(() => (low + (high - low) * random.next()) * (random.next() < 0.5 ? -1 : 1));
  // One common direction half of the time: stains darken, scratches shine.
  if (random.next() < 0.5) shift.fill(shift[0]!);
  return (x, y, c) => image.data[3 * (y * image.width + x) + c]! + shift[c]!;
}

function draw(kind: Mutation, image: RgbImage, others: readonly RgbImage[], random: Random): Mutant {
  const p = place(image, random);
  const make = (paint: Paint, covers: (x: number, y: number) => number): Mutant => ({
    kind,
    patch: p,
    image: painted(image, p, paint, covers),
  });
  if (kind === 'delete') return make(inpaint(image, p), everywhere);
  if (kind === 'blur') return make(blurred(image, p), ellipse(p));
  if (kind === 'spot') return make(tint(image, random), ellipse(p));
  if (kind === 'scratch') {
    const width = Math.max(1.5, MUTANTS.scratch * Math.max(image.width, image.height));
    return make(tint(image, random), stroke(p, width, random.next() < 0.5));
  }
  if (kind === 'shift') {
    const by = (): number =>
      Math.round((random.next() < 0.5 ? -1 : 1) * (0.4 + 0.6 * random.next()) * Math.min(p.width, p.height));
    const from = {
      ...p,
      x: Math.max(0, Math.min(image.width - p.width, p.x + by())),
      y: Math.max(0, Math.min(image.height - p.height, p.y + by())),
    };
    return make(pasteFrom(image, from)(p), everywhere);
  }
  const source = others.length > 0 ? random.pick(others) : image;
  const from = { ...drawPatch(source, random), width: p.width, height: p.height };
  const inside = {
    ...from,
    x: Math.min(from.x, Math.max(0, source.width - p.width)),
    y: Math.min(from.y, Math.max(0, source.height - p.height)),
  };
  return make(pasteFrom(source, inside)(p), everywhere);
}

function change(before: RgbImage, { image, patch: p }: Mutant): number {
  let sum = 0;
  let n = 0;
  for (let y = p.y; y < p.y + p.height; y++) {
    for (let x = 3 * (y * image.width + p.x); x < 3 * (y * image.width + p.x + p.width); x++) {
      const d = Math.abs(image.data[x]! - before.data[x]!);
      sum += d;
      if (d > 0) n++;
    }
  }
  return n === 0 ? 0 : sum / n;
}

/**
 * One defect of `kind` on a normal picture; `others` (of any size) give what is pasted. Redrawn until it can be seen and
 * lies where it `counts`; null where nothing of that kind came (a blank picture has nothing to blur).
 */
export function mutate(
  kind: Mutation,
  image: RgbImage,
  others: readonly RgbImage[],
  random: Random,
  counts: (patch: Patch) => boolean = () => true,
): Mutant | null {
  for (let i = 0; i < MUTANTS.attempts; i++) {
    const mutant = draw(kind, image, others, random);
    if (counts(mutant.patch) && change(image, mutant) >= MUTANTS.visible) return mutant;
  }
  return null;
}
