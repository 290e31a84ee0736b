/** From the cells of normals to a bank: candidates, a coreset of them, and what stands in for the rows of one image. */
import { pickRows, type Rows } from '../grid/cluster.ts';
import type { Mask } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { greedyCover, groupedCoresets, halfNorms } from './cover.ts';
import { indexAnswer, largestAnswer, type Needs } from './detector.ts';

/** Up to so many images the published code keeps every cell. */
const PAPER_GROUP = 4;

/** The scored cells of all images, from which a bank is chosen. */
export interface Candidates {
  /** Per stage, all images below one another. */
  readonly stages: readonly Rows[];
  readonly sources: Int32Array;
  /** Which cell of its image each one is. */
  readonly cells: Int32Array;
}

/** Gathers the scored cells of all images, every k-th where there are more than `most`. */
export function candidatesOf(
  perImage: readonly (readonly Rows[])[],
  scored: readonly (Mask | null)[],
  most: number,
): Candidates {
  const inside = perImage.map((stages, i) => {
    const all = Array.from({ length: stages[0]!.height }, (_, p) => p);
    return scored[i] ? all.filter((p) => scored[i]!.data[p]) : all;
  });
  const total = inside.reduce((n, c) => n + c.length, 0);
  const step = Math.max(1, Math.ceil(total / most));
  const kept = inside.map((c) => (step === 1 ? c : c.filter((_, k) => k % step === 0)));
  const n = kept.reduce((sum, c) => sum + c.length, 0);
  const sources = new Int32Array(n);
  const cells = new Int32Array(n);
  const stages = perImage[0]!.map(({ channels: c }, s): Rows => {
    const data = new Float32Array(n * c);
    let at = 0;
    kept.forEach((list, i) => {
      for (const p of list) {
        data.set(perImage[i]![s]!.data.subarray(p * c, (p + 1) * c), at * c);
        sources[at] = i;
        cells[at++] = p;
      }
    });
    return { data, height: n, width: 1, channels: c };
  });
  return { stages, sources, cells };
}

export interface Chosen {
  /** Indices into the candidates. */
  readonly indices: Int32Array;
  readonly radius: number;
  /**
   * Per chosen row the candidate of another image that is nearest to it: what would stand in its place had its own image
   * not been there. Null where all candidates were chosen: leaving an image out then needs no substitutes.
   */
  readonly substitutes: Int32Array | null;
}

const everything = (n: number): Chosen => ({
  indices: Int32Array.from({ length: n }, (_, i) => i),
  radius: 0,
  substitutes: null,
});

/** A greedy cover of the candidates seen through `points`, by products computed beside the features; and substitutes. */
export function* chooseRows(
  points: Rows,
  sources: Int32Array,
  count: number,
  start: number,
  hidden: number,
): Needs<Chosen> {
  if (count >= points.height) return everything(points.height);
  const name = 'bank/candidates';
  yield { do: 'keep', name, rows: points };
  const steps = greedyCover(points, count, start);
  let next = steps.next();
  while (!next.done) {
    const { centres, bias, chosen } = next.value;
    yield { do: 'progress', stage: 'coreset', done: chosen, total: count };
    const [products] = largestAnswer(yield { do: 'nearest', query: { kept: name }, bank: { rows: centres }, bias });
    next = steps.next(products!);
  }
  const { indices, radius } = next.value;
  const norms = halfNorms(points);
  const substitutes = new Int32Array(indices.length);
  const images = new Set(sources);
  for (const image of images) {
    const own = [...indices.keys()].filter((k) => sources[indices[k]!] === image);
    if (own.length === 0 || images.size < 2) continue;
    const bias = norms.map((v, i) => (sources[i] === image ? hidden : v));
    const rows = pickRows(
      points,
      own.map((k) => indices[k]!),
    );
    const found = indexAnswer(yield { do: 'nearest', query: { rows }, bank: { kept: name }, bias, index: true });
    own.forEach((k, j) => {
      substitutes[k] = found[j]!;
    });
  }
  yield { do: 'drop', name };
  return { indices, radius, substitutes };
}

/** Coreset per four images of the published code (ALGORITHM 3): no redundancy is removed across the groups. */
export function* chooseGrouped(
  points: Rows,
  sources: Int32Array,
  images: number,
  random: Random,
  hidden: number,
): Needs<Chosen> {
  const groups = groupedCoresets(images, points.height / images);
  if (groups.length === 0 || images <= PAPER_GROUP) return everything(points.height);
  const indices: number[] = [];
  const substitutes: number[] = [];
  let radius = 0;
  for (const { from, to, keep } of groups) {
    const d = points.channels;
    const part: Rows = { ...points, data: points.data.subarray(from * d, to * d), height: to - from };
    const found = yield* chooseRows(part, sources.subarray(from, to), keep, random.int(to - from), hidden);
    for (const i of found.indices) indices.push(from + i);
    // A group that is kept whole: its rows stand for themselves, which hides them with their own image.
    for (const i of found.substitutes ?? found.indices) substitutes.push(from + i);
    radius = Math.max(radius, found.radius);
  }
  return { indices: Int32Array.from(indices), radius, substitutes: Int32Array.from(substitutes) };
}
