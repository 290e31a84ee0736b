/** Drawn stand-ins for products, and answers to questions about them: what the products of this folder share. */
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import type {
  Correction,
  Description,
  Drawn,
  Revision,
  RuleReply,
  RulesReply,
} from '../../../src/core/propose/replies.ts';
import { images } from '../../../src/index.ts';
import type { Script } from '../llmServer.ts';

export interface Replies {
  readonly describe: Description;
  readonly correct: Correction;
  readonly rules: RulesReply;
  /** What is said instead of a rule that the normals speak against; without, it is withdrawn. */
  readonly better?: Readonly<Record<string, RuleReply>>;
}

export interface Product {
  readonly name: string;
  /** The description of the category in a person's words: what would stand in the instructions. */
  readonly instructions: string;
  readonly size: { readonly width: number; readonly height: number };
  /** One correct product; the pictures 0 to `shown.length - 1` are drawn without any displacement. */
  draw(index: number, random: Random): string;
  /** Names of the pictures that the answers speak of. */
  readonly shown: readonly string[];
  readonly replies: Replies;
}

export const svg = (width: number, height: number, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
export const rect = (x: number, y: number, w: number, h: number, fill: string, extra = ''): string =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" ${extra}/>`;
export const disc = (x: number, y: number, r: number, fill: string, extra = ''): string =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" ${extra}/>`;

/** Light that falls off to one side and a little grain: flat colours would make every feature the same. */
export function grain(width: number, height: number, random: Random, count = 260): string {
  let out = '';
  for (let i = 0; i < count; i++) {
    const light = random.next() < 0.5 ? '#fff' : '#000';
    out += `<rect x="${(random.next() * width).toFixed(1)}" y="${(random.next() * height).toFixed(1)}" width="2" height="2" fill="${light}" opacity="0.06"/>`;
  }
  return out;
}

export const stuff = (
  image: string,
  points: readonly (readonly [number, number])[],
  { width, height }: Product['size'],
): Drawn => ({
  image,
  boxes: [],
  points: points.map(([x, y]) => ({ x: x / width, y: y / height })),
});
/** Boxes as `[x, y, w, h]` in pixels. */
export const things = (
  image: string,
  boxes: readonly (readonly [number, number, number, number])[],
  { width, height }: Product['size'],
): Drawn => ({
  image,
  boxes: boxes.map(([x, y, w, h]) => ({ x0: x / width, y0: y / height, x1: (x + w) / width, y1: (y + h) / height })),
  points: [],
});

export const FINE: Correction = { fine: true, remarks: [], redraw: [] };

/** Largest error of a corner or a click, as a share of the picture's shorter side (issue E). */
export const JITTER = 0.03;

/** Every corner of a box and every point moved uniformly by up to `share` of the shorter side, seeded. */
export function jittered(
  drawn: readonly Drawn[],
  { width, height }: Product['size'],
  random: Random,
  share = JITTER,
): Drawn[] {
  const reach = share * Math.min(width, height);
  const x = (v: number): number => Math.max(0, Math.min(1, v + ((2 * random.next() - 1) * reach) / width));
  const y = (v: number): number => Math.max(0, Math.min(1, v + ((2 * random.next() - 1) * reach) / height));
  return drawn.map((d) => ({
    image: d.image,
    boxes: d.boxes.map((b) => ({ x0: x(b.x0), y0: y(b.y0), x1: x(b.x1), y1: y(b.y1) })),
    points: d.points.map((p) => ({ x: x(p.x), y: y(p.y) })),
  }));
}

/** The replies as a model with an unsteady hand would give them. */
export function shaken(replies: Replies, size: Product['size'], seed: number): Replies {
  const random = createRandom(seed);
  const { describe, correct } = replies;
  return {
    ...replies,
    describe: {
      ...describe,
      interests: describe.interests.map((i) => ({ ...i, exemplars: jittered(i.exemplars, size, random) })),
    },
    correct: {
      ...correct,
      redraw: correct.redraw.map((r) => ({ ...r, exemplars: jittered(r.exemplars, size, random) })),
    },
  };
}

/** PNG files of `count` drawn normals, by name. */
export async function drawNormals(p: Product, count: number, seed = 1): Promise<Map<string, Uint8Array>> {
  const random = createRandom(seed);
  const out = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const pixels = await images.renderSvg(p.draw(i, random), p.size.width, p.size.height);
    out.set(`${String(i).padStart(3, '0')}.png`, await images.encodePng(pixels));
  }
  return out;
}

/** A displacement: none on the pictures that the answers speak of. */
export const shift = (index: number, shown: number, random: Random, reach: number): number => {
  const d = Math.max(-2, Math.min(2, random.normal())) * reach;
  return index < shown ? 0 : d;
};

/** An order rule: `then` is a word of the rule language, and nothing awaits these objects. */
export function order(id: string, first: string, next: string, axis: 'x' | 'y', because: string): RuleReply {
  // biome-ignore lint/suspicious/noThenProperty: the rule language calls it so
  return { id, kind: 'order', first, then: next, axis, because };
}

/** Ids of the rules that a round of counter-evidence names. */
function disputedIn(body: unknown): string[] {
  const text = JSON.stringify(body);
  return [...text.slice(text.indexOf('What was measured:')).matchAll(/\\n- ([a-z][\w-]*): /g)].map((m) => m[1]!);
}

/** A model that answers every stage as `replies` say. */
export function careful(replies: Replies): Script {
  return ({ stage, body }) => {
    if (stage === 'describe') return { say: replies.describe };
    if (stage === 'correct') return { say: replies.correct };
    if (stage === 'rules') return { say: replies.rules };
    const ids = disputedIn(body);
    const rules = ids.flatMap((id) => replies.better?.[id] ?? []);
    const withdrawn = ids
      .filter((id) => !rules.some((r) => r.id === id))
      .map((id) => ({ id, why: 'The pictures do not show it well enough.' }));
    return { say: { rules, withdrawn } satisfies Revision };
  };
}
