/**
 * From the cells of normals to a bank: candidates, a coreset of them, and what stands in for the rows of one image. The
 * features of a normal are made anew for each step (projection, bank, leaving it out) instead of being held: 150 normals of
 * a wide backbone are gigabytes.
 */
import { pickRows, type Rows } from '../grid/cluster.ts';
import { type Mask, zeros } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { greedyCover, groupedCoresets, halfNorms } from './cover.ts';
import { indexAnswer, largestAnswer, type Needs, type RowsOf, rowsAnswer } from './detector.ts';

/** Images whose rows are asked for together. */
const BATCH = 8;

/** Up to so many images the published code keeps every cell. */
const PAPER_GROUP = 4;

/** Which cells of the normals a bank is chosen from: images in order, their cells in order. */
export interface Candidates {
  /** Per image, indices of its cells. */
  readonly perImage: readonly Int32Array[];
  readonly sources: Int32Array;
  /** Which cell of its image each one is. */
  readonly cells: Int32Array;
}

/** The scored cells of all images, every k-th where there are more than `most`; `counts`: cells per image. */
export function candidateCells(counts: readonly number[], scored: readonly (Mask | null)[], most: number): Candidates {
  const inside = counts.map((n, i) => {
    const all = Int32Array.from({ length: n }, (_, p) => p);
    return scored[i] ? all.filter((p) => scored[i]!.data[p]) : all;
  });
  const step = Math.max(1, Math.ceil(inside.reduce((n, c) => n + c.length, 0) / most));
  const perImage = step === 1 ? inside : inside.map((c) => c.filter((_, k) => k % step === 0));
  const n = perImage.reduce((sum, c) => sum + c.length, 0);
  const [sources, cells] = [new Int32Array(n), new Int32Array(n)];
  let at = 0;
  for (const [i, list] of perImage.entries()) {
    sources.fill(i, at, at + list.length);
    cells.set(list, at);
    at += list.length;
  }
  return { perImage, sources, cells };
}

/** How the rows of each image are made. */
type RowsFor = (image: number, only: Int32Array) => RowsOf;

/**
 * The candidates as the coreset sees them, `[n, 1, k]`: images come in batches, and of their features only the projection
 * leaves the child. What is held grows by k numbers per cell, whatever the backbone's width.
 */
export function* projectCandidates(
  { perImage, sources }: Candidates,
  rowsOf: RowsFor,
  projection: readonly Rows[],
): Needs<Rows> {
  const k = projection[0]!.height;
  const by = projection.map((_, s) => `bank/projection/${s}`);
  for (const [s, rows] of projection.entries()) yield { do: 'keep', name: by[s]!, rows };
  const data = new Float32Array(sources.length * k);
  let at = 0;
  for (const images of batches(perImage)) {
    const found = rowsAnswer(yield { do: 'project', of: images.map((i) => rowsOf(i, perImage[i]!)), by });
    for (const [bag] of found) {
      data.set(bag!.data, at);
      at += bag!.data.length;
    }
    yield { do: 'progress', stage: 'features', done: images.at(-1)! + 1, total: perImage.length };
  }
  for (const name of by) yield { do: 'drop', name };
  return { data, height: sources.length, width: 1, channels: k };
}

/** Rows per stage of some candidates, in the order of `indices`; each image is looked at once more. */
export function* rowsOfCandidates(
  { perImage, sources, cells }: Candidates,
  rowsOf: RowsFor,
  indices: Int32Array,
  channels: readonly number[],
): Needs<Rows[]> {
  const bags = channels.map((c) => zeros(indices.length, 1, c));
  const wanted = perImage.map(() => [] as number[]);
  indices.forEach((candidate, at) => {
    wanted[sources[candidate]!]!.push(at);
  });
  for (const images of batches(wanted)) {
    const of = images.map((i) =>
      rowsOf(
        i,
        Int32Array.from(wanted[i]!, (at) => cells[indices[at]!]!),
      ),
    );
    const found = rowsAnswer(yield { do: 'rows', of });
    images.forEach((image, n) => {
      for (const [s, { data, channels: c }] of found[n]!.entries())
        for (const [r, at] of wanted[image]!.entries()) bags[s]!.data.set(data.subarray(r * c, (r + 1) * c), at * c);
    });
    yield { do: 'progress', stage: 'bank', done: images.at(-1)! + 1, total: perImage.length };
  }
  return bags;
}

/** Images that have rows to give, some at a time: while one is computed the next is read. */
function* batches(perImage: readonly { readonly length: number }[]): Generator<number[]> {
  const images = [...perImage.keys()].filter((i) => perImage[i]!.length > 0);
  for (let i = 0; i < images.length; i += BATCH) yield images.slice(i, i + BATCH);
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
