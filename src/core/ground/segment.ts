/**
 * The arithmetic of the published segmentation (ALGORITHM 4.1 B-F): label maps from clusters or tokens and words,
 * proposals painted over one another, the vote that lets proposals decide, small regions given back to the background.
 * Model outputs come in as plain grids; nothing here knows CLIP or SAM. Reference outputs: golden/segment.
 */

import type { FeatureGrid, LabelGrid, Mask } from '../grid/grid.ts';
import { emptyMask, labelGrid } from '../grid/grid.ts';
import { dot } from '../grid/linear.ts';
import { resizeNearest } from '../grid/nearest.ts';
import { components, maskOf } from '../grid/regions.ts';
import { areaOf, forEachSpan } from '../grid/runs.ts';
import type { RunLengths } from '../scene.ts';

/** The published settings that a rule file may leave out (ALGORITHM 4.1). */
export const SEGMENT = {
  /** Components of a cluster with up to so many cells take no part in naming it and stay background. */
  minCells: 8,
  /** Regions of the voted map with up to so many pixels of a 448 px frame become background. */
  minRegion: 32,
  /** Clusters of the codebook. */
  clusters: 10,
} as const;

/** The classes of one label map: a vector per class `[k, 1, d]`, and which one is the background. */
export interface Vocabulary {
  readonly vectors: FeatureGrid;
  readonly background: number;
  /** Cosine that a cluster must exceed to be given the class; default 0, as published. */
  readonly least?: readonly number[];
}

/** Proposals of a mask model, all over one grid. */
export interface Proposals {
  readonly masks: readonly RunLengths[];
  readonly height: number;
  readonly width: number;
}

/** Index of the largest value, the lowest of equals (argmax as NumPy's). */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Dot products of the mean token over `cells` (not normalised again) with every class vector. Null for no cell. */
export function classScores(tokens: FeatureGrid, cells: readonly number[], vectors: FeatureGrid): number[] | null {
  const d = tokens.channels;
  if (vectors.channels !== d)
    throw new RangeError(`segment: tokens of ${d} values, class vectors of ${vectors.channels}`);
  if (cells.length === 0) return null;
  const mean = new Float64Array(d);
  for (const cell of cells) for (let j = 0; j < d; j++) mean[j]! += tokens.data[cell * d + j]!;
  return Array.from({ length: vectors.height * vectors.width }, (_, c) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += (mean[j]! / cells.length) * vectors.data[c * d + j]!;
    return sum;
  });
}

/**
 * Cluster path (4.1 B): every cluster is named as a whole by the words nearest to its mean token.
 * @param clusters cluster per cell `[h, w]`
 * @param tokens unit projected tokens `[h, w, d]` (or a bag of h * w)
 */
export function clusterMap(
  clusters: LabelGrid,
  tokens: FeatureGrid,
  vocabulary: Vocabulary,
  minCells: number = SEGMENT.minCells,
): LabelGrid {
  const { height, width } = clusters;
  const out = labelGrid(height, width, vocabulary.background);
  // Values from 1 on: 0 is what `components` leaves out.
  const shifted: LabelGrid = { ...clusters, data: clusters.data.map((v) => v + 1) };
  const parts = components(shifted);
  for (const value of new Set(parts.regions.map((r) => r.value))) {
    const kept = maskOf(parts, (r) => r.value === value && r.area > minCells);
    const cells = cellsOf(kept);
    const scores = classScores(tokens, cells, vocabulary.vectors);
    if (!scores) continue;
    const best = argmax(scores);
    if (scores[best]! > (vocabulary.least?.[best] ?? 0)) for (const cell of cells) out.data[cell] = best;
  }
  return out;
}

/** Token path (4.1 C): every cell takes the class of the nearest words; no threshold. `[height, width]`. */
export function tokenMap(tokens: FeatureGrid, vectors: FeatureGrid, height: number, width: number): LabelGrid {
  const d = tokens.channels;
  const k = vectors.height * vectors.width;
  const out = labelGrid(height, width);
  for (let i = 0; i < out.data.length; i++) {
    let most = -Infinity;
    for (let c = 0; c < k; c++) {
      const s = dot(tokens.data, i * d, vectors.data, c * d, d);
      if (s > most) {
        most = s;
        out.data[i] = c;
      }
    }
  }
  return out;
}

/**
 * Paints proposals in descending area, the later of equals over the earlier, so that small ones lie on top (4.1 D).
 * Labels 1..M in that order, 0 = covered by none.
 */
export function paintProposals({ masks, height, width }: Proposals): LabelGrid {
  const out = labelGrid(height, width);
  const order = masks.map((runs, i) => ({ runs, area: areaOf(runs), i })).sort((a, b) => b.area - a.area || a.i - b.i);
  order.forEach(({ runs }, n) => {
    forEachSpan(runs, width, (row, x0, x1) => out.data.fill(n + 1, row * width + x0, row * width + x1));
  });
  return out;
}

/**
 * Majority vote (4.1 E): every painted label, 0 included, takes the most frequent class of its visible pixels, the
 * lowest of equals. `map` is enlarged by nearest neighbour to the size of `painted`.
 */
export function voteByProposals(map: LabelGrid, painted: LabelGrid): LabelGrid {
  const big = resizeNearest(map, painted.height, painted.width, 'corner');
  const classes = big.data.reduce((m, v) => Math.max(m, v), 0) + 1;
  const labels = painted.data.reduce((m, v) => Math.max(m, v), 0) + 1;
  const votes = new Int32Array(classes * labels);
  for (let i = 0; i < big.data.length; i++) votes[painted.data[i]! * classes + big.data[i]!]!++;
  const winner = Array.from({ length: labels }, (_, l) => argmax(votes.subarray(l * classes, (l + 1) * classes)));
  return { ...painted, data: painted.data.map((l) => winner[l]!) };
}

/**
 * Gives 8-connected foreground regions of up to `most` pixels to the background class (4.1 F). The foreground is taken
 * together: parts of different classes that touch are one region.
 */
export function dropSmallRegions(
  map: LabelGrid,
  isForeground: (cls: number) => boolean,
  background: number,
  most: number,
): LabelGrid {
  const foreground = emptyMask(map.height, map.width);
  for (let i = 0; i < map.data.length; i++) foreground.data[i] = isForeground(map.data[i]!) ? 1 : 0;
  const small = maskOf(components(foreground), (r) => r.area <= most);
  return { ...map, data: map.data.map((v, i) => (small.data[i] ? background : v)) };
}

/** Everything outside the largest proposal, the first of equals (ALGORITHM 4.2). Empty where there is no proposal. */
export function silhouetteOf({ masks, height, width }: Proposals): Mask {
  const out = emptyMask(height, width);
  if (masks.length === 0) return out;
  const largest = masks.reduce((a, b) => (areaOf(b) > areaOf(a) ? b : a));
  out.data.fill(1);
  forEachSpan(largest, width, (row, x0, x1) => out.data.fill(0, row * width + x0, row * width + x1));
  return out;
}

/** Components of a mask with more than `most` cells, each as a mask of its own, in the order of their first cells. */
export function piecesAbove(mask: Mask, most: number): Mask[] {
  const parts = components(mask);
  return parts.regions.filter((r) => r.area > most).map((r) => maskOf(parts, (q) => q.id === r.id));
}

/** A mask at the resolution of the tokens: nearest neighbour, the top left pixel of each block, as published. */
export function ontoTokens(mask: Mask, height: number, width: number): Mask {
  return resizeNearest(mask, height, width, 'corner');
}

/** Row-major indices of the set cells. */
export function cellsOf(mask: Mask): number[] {
  const out: number[] = [];
  mask.data.forEach((v, i) => {
    if (v) out.push(i);
  });
  return out;
}
