/**
 * Histograms of scores over a fixed, fine ladder of levels: what a million-pixel sweep needs of an image, in memory that
 * does not grow with the number of images. A level is the leading bits of the float, so its width is relative.
 */

export const LEVELS = {
  /** Low bits of a float32 that are dropped: 12 of its 23 mantissa bits stay, a relative step of 1/4096. */
  dropped: 11,
  /** Levels per page, a power of two; pages are made when first written to. */
  page: 1024,
} as const;

const PAGE_BITS = Math.log2(LEVELS.page);
const IN_PAGE = LEVELS.page - 1;
const PAGES = 2 ** (32 - LEVELS.dropped) / LEVELS.page;

/** Level of every score, in the order of the scores. @throws RangeError on NaN */
export function levelsOf(scores: Float32Array): Uint32Array {
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const out = new Uint32Array(scores.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    if ((b & 0x7fffffff) > 0x7f800000) throw new RangeError(`metrics: score ${i} is NaN`);
    // Unsigned integers that order as the floats do; minus zero is zero.
    const ordered = b === 0x80000000 ? 0x80000000 : b & 0x80000000 ? ~b >>> 0 : (b | 0x80000000) >>> 0;
    out[i] = ordered >>> LEVELS.dropped;
  }
  return out;
}

const views = new Float32Array(1);
const viewBits = new Uint32Array(views.buffer);

/** The smallest score of a level. */
export function scoreOfLevel(level: number): number {
  const ordered = (level << LEVELS.dropped) >>> 0;
  viewBits[0] = ordered & 0x80000000 ? ordered ^ 0x80000000 : ~ordered;
  return views[0]!;
}

/** Weights per level; sparse, for real maps use few exponents. */
export class Histogram {
  readonly pages: (Float64Array | undefined)[] = new Array<Float64Array | undefined>(PAGES).fill(undefined);
  total = 0;

  add(level: number, weight: number): void {
    const at = level >>> PAGE_BITS;
    let page = this.pages[at];
    if (!page) {
      page = new Float64Array(LEVELS.page);
      this.pages[at] = page;
    }
    page[level & IN_PAGE]! += weight;
    this.total += weight;
  }

  at(level: number): number {
    return this.pages[level >>> PAGE_BITS]?.[level & IN_PAGE] ?? 0;
  }
}

export function summed(parts: readonly Histogram[]): Histogram {
  const out = new Histogram();
  for (const part of parts) {
    out.total += part.total;
    for (const [p, page] of part.pages.entries()) {
      if (!page) continue;
      const into = out.pages[p] ?? new Float64Array(LEVELS.page);
      for (let i = 0; i < page.length; i++) into[i]! += page[i]!;
      out.pages[p] = into;
    }
  }
  return out;
}

/** Levels that any of the histograms has written to, from the highest to the lowest. */
export function* falling(parts: readonly Histogram[]): Generator<number> {
  for (let p = PAGES - 1; p >= 0; p--) {
    const pages = parts.flatMap((h) => h.pages[p] ?? []);
    if (pages.length === 0) continue;
    for (let i = LEVELS.page - 1; i >= 0; i--) if (pages.some((page) => page[i] !== 0)) yield p * LEVELS.page + i;
  }
}
