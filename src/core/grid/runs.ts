/**
 * Masks as run lengths (`Scene` stores them so): alternating counts over the row-major cells, starting with zeros; the
 * first count may be 0. All set operations walk the runs, nothing is decoded. Two masks that meet in one operation must
 * cover the same number of cells.
 */
import type { RunLengths } from '../scene.ts';
import type { Mask } from './grid.ts';

/** Encodes the non-zero cells of a mask. */
export function encodeRuns(cells: ArrayLike<number>): number[] {
  const runs: number[] = [];
  let on = false;
  let start = 0;
  const n = cells.length;
  for (let i = 0; i < n; i++) {
    if ((cells[i] !== 0) === on) continue;
    runs.push(i - start);
    start = i;
    on = !on;
  }
  if (n > start || runs.length === 0) runs.push(n - start);
  return runs;
}

/** Number of cells that the runs cover, ones and zeros. */
export function cellsOf(runs: RunLengths): number {
  let n = 0;
  for (const r of runs) n += r;
  return n;
}

/** Decodes to a mask `[h, w, 1]`. @throws RangeError when the runs do not cover exactly h * w cells. */
export function decodeRuns(runs: RunLengths, height: number, width: number): Mask {
  if (cellsOf(runs) !== height * width) {
    throw new RangeError(`runs: ${cellsOf(runs)} cells do not fill [${height}, ${width}]`);
  }
  const data = new Uint8Array(height * width);
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 1) data.fill(1, at, at + run);
    at += run;
  });
  return { data, height, width, channels: 1 };
}

/** Number of ones. */
export function areaOf(runs: RunLengths): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i]!;
  return area;
}

/** Calls `visit(length, inA, inB)` for every maximal stretch over which neither mask changes. */
function sweep(a: RunLengths, b: RunLengths, visit: (length: number, inA: boolean, inB: boolean) => void): void {
  if (cellsOf(a) !== cellsOf(b)) throw new RangeError(`runs: masks of ${cellsOf(a)} and ${cellsOf(b)} cells`);
  let i = 0;
  let j = 0;
  let leftA = a[0] ?? 0;
  let leftB = b[0] ?? 0;
  while (i < a.length && j < b.length) {
    const step = Math.min(leftA, leftB);
    if (step > 0) visit(step, i % 2 === 1, j % 2 === 1);
    leftA -= step;
    leftB -= step;
    if (leftA === 0) leftA = a[++i] ?? 0;
    if (leftB === 0) leftB = b[++j] ?? 0;
  }
}

/** Number of cells set in both. @throws RangeError when the masks differ in size (so do all below). */
export function intersectionArea(a: RunLengths, b: RunLengths): number {
  let area = 0;
  sweep(a, b, (n, inA, inB) => {
    if (inA && inB) area += n;
  });
  return area;
}

/** Intersection over union; 0 for two empty masks. */
export function overlap(a: RunLengths, b: RunLengths): number {
  const both = intersectionArea(a, b);
  const either = areaOf(a) + areaOf(b) - both;
  return either === 0 ? 0 : both / either;
}

/** Share of `inner` that lies in `outer`, 0..1; 0 for an empty `inner`. */
export function containment(inner: RunLengths, outer: RunLengths): number {
  const area = areaOf(inner);
  return area === 0 ? 0 : intersectionArea(inner, outer) / area;
}

function combine(a: RunLengths, b: RunLengths, keep: (inA: boolean, inB: boolean) => boolean): number[] {
  const runs: number[] = [0];
  let on = false;
  sweep(a, b, (n, inA, inB) => {
    if (keep(inA, inB) === on) runs[runs.length - 1]! += n;
    else {
      runs.push(n);
      on = !on;
    }
  });
  return runs;
}

/** Cells set in either. */
export function union(a: RunLengths, b: RunLengths): number[] {
  return combine(a, b, (inA, inB) => inA || inB);
}

/** Cells set in both. */
export function intersection(a: RunLengths, b: RunLengths): number[] {
  return combine(a, b, (inA, inB) => inA && inB);
}

/** Cells of `a` that are not in `b`. */
export function difference(a: RunLengths, b: RunLengths): number[] {
  return combine(a, b, (inA, inB) => inA && !inB);
}

/**
 * Calls `visit(row, x0, x1)` for every stretch of ones within one row, x1 exclusive, in row-major order. The cheap way
 * to sum anything over an instance.
 */
export function forEachSpan(
  runs: RunLengths,
  width: number,
  visit: (row: number, x0: number, x1: number) => void,
): void {
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = at + runs[i]!;
    if (i % 2 === 1) {
      for (let from = at; from < end; ) {
        const row = Math.floor(from / width);
        const stop = Math.min(end, (row + 1) * width);
        visit(row, from - row * width, stop - row * width);
        from = stop;
      }
    }
    at = end;
  }
}
