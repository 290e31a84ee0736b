/**
 * Mean region overlap over false-positive rate, the curve behind AUPRO and AU-sPRO, by one exact sweep over all distinct
 * scores: sort, count, O(n log n). Memory: 4 bytes per pixel outside defects, 8 per pixel inside.
 */

/** Bits for the region in a sort key; the rest of the 53 exact bits of a double holds the 32-bit score. */
const REGION_BITS = 20;
const MOST_REGIONS = 2 ** REGION_BITS;

/** What is collected of all images: sorted scores outside defects, sorted (score, region) pairs inside. */
export interface OverlapScores {
  /** Ascending. */
  readonly background: Float32Array;
  /** Ascending keys: order-preserving bits of the score, then the region. */
  readonly inside: Float64Array;
  /** Per region, the number of hits that counts as full overlap. */
  readonly saturation: Float64Array;
}

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** An unsigned integer that orders as the float does: flip all bits of negatives, the sign bit of the others. */
function orderedBits(score: number): number {
  // Adding zero turns -0 into 0: both are the same score.
  floatView[0] = score + 0;
  const bits = bitsView[0]!;
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

function scoreOfBits(ordered: number): number {
  bitsView[0] = ordered & 0x80000000 ? ordered ^ 0x80000000 : ~ordered;
  return floatView[0]!;
}

function joined<T extends Float32Array | Float64Array>(parts: readonly T[], out: (n: number) => T): T {
  const all = out(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort() as T;
}

function refuseNaN(scores: Float32Array): void {
  // A sum with a NaN is NaN; of infinities it may be, too, so look closer only then.
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += scores[i]!;
  if (Number.isNaN(sum) && scores.some(Number.isNaN)) throw new RangeError('metrics: an anomaly map holds NaN');
}

/** Gathers images one by one; nothing of an image is kept but its scores. */
export class OverlapCollector {
  private readonly background: Float32Array[] = [];
  private readonly inside: Float64Array[] = [];
  private readonly saturation: number[] = [];

  /** Scores of pixels outside every defect (of good images: all). @throws RangeError on NaN. */
  addBackground(scores: Float32Array): void {
    refuseNaN(scores);
    this.background.push(scores);
  }

  /** One defect: its pixels' scores and the number of hits that counts as full overlap. @throws RangeError on NaN. */
  addRegion(scores: Float32Array, saturation: number): void {
    const region = this.saturation.length;
    if (region >= MOST_REGIONS) throw new RangeError(`metrics: more than ${MOST_REGIONS} defects`);
    refuseNaN(scores);
    this.saturation.push(saturation);
    const keys = new Float64Array(scores.length);
    for (let i = 0; i < keys.length; i++) keys[i] = orderedBits(scores[i]!) * MOST_REGIONS + region;
    this.inside.push(keys);
  }

  finish(): OverlapScores {
    return {
      background: joined(this.background, (n) => new Float32Array(n)),
      inside: joined(this.inside, (n) => new Float64Array(n)),
      saturation: Float64Array.from(this.saturation),
    };
  }
}

/**
 * Calls `visit(threshold, overlap, fpr)` for every distinct score from the largest to the smallest: mean over regions of
 * min(hits / saturation, 1), and share of background pixels, both among pixels that score at least the threshold.
 */
export function sweepOverlap(
  scores: OverlapScores,
  visit: (threshold: number, overlap: number, fpr: number) => void,
): void {
  const { background, inside, saturation } = scores;
  const left = saturation.slice();
  let n = background.length;
  let i = inside.length;
  let overlap = 0;
  while (n > 0 || i > 0) {
    const inner = i > 0 ? scoreOfBits(Math.floor(inside[i - 1]! / MOST_REGIONS)) : -Infinity;
    const threshold = Math.max(inner, n > 0 ? background[n - 1]! : -Infinity);
    while (n > 0 && background[n - 1] === threshold) n--;
    if (inner === threshold) {
      const low = orderedBits(threshold) * MOST_REGIONS;
      for (; i > 0 && inside[i - 1]! >= low; i--) {
        const region = inside[i - 1]! % MOST_REGIONS;
        // The last hit before saturation may count for a part only (a relative saturation below one pixel).
        const counted = Math.min(1, left[region]!);
        left[region]! -= counted;
        overlap += counted / saturation[region]! / saturation.length;
      }
    }
    visit(threshold, overlap, (background.length - n) / background.length);
  }
}

/**
 * Normalised areas under overlap over FPR in [0, limit], one per limit: trapezoids from (0, 0) on, linear interpolation
 * at the limit, divided by the limit. NaN without regions or without background.
 */
export function overlapAreas(scores: OverlapScores, limits: readonly number[]): number[] {
  if (scores.saturation.length === 0 || scores.background.length === 0) return limits.map(() => Number.NaN);
  const areas = new Float64Array(limits.length);
  let lastFpr = 0;
  let lastOverlap = 0;
  sweepOverlap(scores, (_, overlap, fpr) => {
    const step = fpr - lastFpr;
    for (let k = 0; k < limits.length; k++) {
      const limit = limits[k]!;
      if (step === 0 || lastFpr >= limit) continue;
      const end = Math.min(fpr, limit);
      const height = lastOverlap + ((overlap - lastOverlap) * (end - lastFpr)) / step;
      areas[k]! += ((end - lastFpr) * (lastOverlap + height)) / 2;
    }
    lastFpr = fpr;
    lastOverlap = overlap;
  });
  return limits.map((limit, k) => areas[k]! / limit);
}
