/**
 * Localisation metrics of any number of images in bounded memory: pixels go into histograms image by image, and nothing of
 * a map is kept. Overlap needs no memory per defect, for min(hits / s, 1) = the share of the defect's s highest pixels that
 * reach the threshold: each of them adds 1 / s to its own level. Exact but for scores that share a level (levels.ts).
 */
import type { Mask } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { components } from '../grid/regions.ts';
import { quantile } from '../statistics.ts';
import { type CurveFigures, curveFigures, type Step, type Totals } from './curve.ts';
import type { Interval } from './intervals.ts';
import { falling, Histogram, LEVELS, levelsOf, scoreOfLevel, summed } from './levels.ts';
import { LOCO, type Saturation, saturationArea } from './loco.ts';

/** The FPR up to which AUPRO is integrated in the literature (ALGORITHM 11.5). */
export const AUPRO_LIMIT = 0.3;

export const STREAM = {
  /** Bits of a level that the bootstrap forgets: its steps are 3 % wide, and an image is some hundred numbers. */
  coarse: 7,
  resamples: 200,
  confidence: 0.95,
} as const;

/** What is defective in one image: indices of pixels, prepared once for all maps of the image. */
export interface PixelTruth {
  /** Non-zero = defective; null for a good image. */
  readonly union: Uint8Array | null;
  /** Pixels of each 8-connected defect. */
  readonly defects: readonly Int32Array[];
  /** Pixels of each annotated defect of LOCO and the hits from which it counts as found; null without saturations. */
  readonly channels: readonly { readonly pixels: Int32Array; readonly enough: number }[] | null;
}

export const GOOD_TRUTH: PixelTruth = { union: null, defects: [], channels: [] };

const pixelsOf = (mask: Uint8Array): Int32Array => {
  const out = new Int32Array(mask.reduce((n, v) => n + (v === 0 ? 0 : 1), 0));
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) out[n++] = i;
  return out;
};

/**
 * Truth of an anomalous image from its masks (non-zero = defective), all of one size.
 * @param saturations one per mask, null where the data set states none
 * @throws RangeError when a mask is empty or saturates at no pixel
 */
export function truthOf(masks: readonly Mask[], saturations: readonly Saturation[] | null): PixelTruth {
  const [first] = masks;
  if (!first) throw new RangeError('metrics: an anomalous image without a mask has no truth');
  const union = new Uint8Array(first.data.length);
  for (const m of masks) for (let i = 0; i < union.length; i++) if (m.data[i] !== 0) union[i] = 1;
  const { labels, regions } = components({ ...first, data: union });
  if (regions.length === 0) throw new RangeError('metrics: the mask of an anomalous image is empty');
  const defects = regions.map((r) => new Int32Array(r.area));
  const filled = new Int32Array(regions.length);
  for (let i = 0; i < union.length; i++) {
    const id = labels.data[i]! - 1;
    if (id >= 0) defects[id]![filled[id]!++] = i;
  }
  const channels = saturations?.map((s, k) => {
    const pixels = pixelsOf(masks[k]!.data);
    const enough = saturationArea(pixels.length, s);
    if (!(enough > 0)) throw new RangeError(`metrics: a defect of ${pixels.length} pixels saturates at ${enough}`);
    return { pixels, enough };
  });
  return { union, defects, channels: channels ?? null };
}

/** Counts of one folder. */
class Folder {
  readonly outside = new Histogram();
  readonly inside = new Histogram();
  readonly overlap = new Histogram();
  readonly saturated = new Histogram();
  defects = 0;
  channels = 0;
}

/** One image as the bootstrap draws it: its counts per coarse level, sparse. */
interface Drawn {
  readonly good: boolean;
  readonly levels: Int32Array;
  readonly outside: Float64Array;
  readonly inside: Float64Array;
  readonly overlap: Float64Array;
  readonly defects: number;
}

export interface PixelFigures {
  readonly auroc: number;
  readonly ap: number;
  readonly f1max: number;
  /** Predict a defect from this score on (an oracle: it sees the labels). */
  readonly threshold: number;
  /** At FPR 0.3. */
  readonly aupro: number;
  /** Each anomaly folder with the good images. */
  readonly folders: Readonly<Record<string, { readonly auroc: number; readonly aupro: number }>>;
  /** AU-sPRO per anomaly folder and their mean, at `limit` and the kit's other limits; null without saturations. */
  readonly spro: {
    readonly limits: readonly number[];
    readonly folders: Readonly<Record<string, readonly number[]>>;
    readonly mean: readonly number[];
  } | null;
  readonly images: { readonly good: number; readonly defective: number };
  /** 8-connected defects. */
  readonly defects: number;
}

export type PixelIntervals = Readonly<Record<'auroc' | 'ap' | 'f1max' | 'aupro', Interval>>;

const COARSE_LEVELS = 2 ** (32 - LEVELS.dropped - STREAM.coarse);

/** Gathers the images of a data set for one kind of map. */
export class PixelStream {
  private readonly folders = new Map<string, Folder>();
  private readonly drawn: Drawn[] = [];
  private saturations = true;

  /** One image: scores per pixel, row-major, and its truth. @throws RangeError on NaN or sizes that differ */
  add(folder: string, scores: Float32Array, truth: PixelTruth): void {
    if (truth.union && truth.union.length !== scores.length)
      throw new RangeError(`metrics: ${scores.length} scores, a mask of ${truth.union.length} pixels`);
    const levels = levelsOf(scores);
    const f = this.folders.get(folder) ?? new Folder();
    this.folders.set(folder, f);
    const coarse = [0, 1, 2].map(() => new Float64Array(COARSE_LEVELS));
    const [outside, inside] = coarse as [Float64Array, Float64Array];
    const { union } = truth;
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i]!;
      const bad = union !== null && union[i] !== 0;
      (bad ? f.inside : f.outside).add(level, 1);
      (bad ? inside : outside)[level >>> STREAM.coarse]!++;
    }
    for (const pixels of truth.defects) {
      const share = 1 / pixels.length;
      for (const i of pixels) {
        f.overlap.add(levels[i]!, share);
        coarse[2]![levels[i]! >>> STREAM.coarse]! += share;
      }
    }
    for (const { pixels, enough } of truth.channels ?? []) {
      const sorted = Uint32Array.from(pixels, (i) => levels[i]!).sort();
      let left = enough;
      // The last hit before saturation may count for a part only (a relative saturation below one pixel).
      for (let k = sorted.length - 1; k >= 0 && left > 0; k--, left--)
        f.saturated.add(sorted[k]!, Math.min(1, left) / enough);
    }
    f.defects += truth.defects.length;
    f.channels += truth.channels?.length ?? 0;
    if (truth.channels === null) this.saturations = false;
    this.drawn.push(sparse(coarse, truth));
  }

  /** Saturations turned out not to be what the masks say: no sPRO. */
  dropSaturations(): void {
    this.saturations = false;
  }

  figures(): PixelFigures {
    const all = [...this.folders.values()];
    const main = figuresOf(all, 'overlap', [AUPRO_LIMIT]);
    const anomalous = [...this.folders].filter(([, f]) => f.channels > 0);
    const good = all.filter((f) => f.defects === 0);
    const folders = Object.fromEntries(
      anomalous.map(([name, f]) => [name, figuresOf([...good, f], 'saturated', LOCO.limits).areas]),
    );
    const defective = this.drawn.filter((d) => !d.good).length;
    return {
      auroc: main.auroc,
      ap: main.ap,
      f1max: main.f1max,
      threshold: main.threshold,
      aupro: main.areas[0]!,
      folders: Object.fromEntries(
        [...this.folders]
          .filter(([, f]) => f.defects > 0)
          .map(([name, f]) => {
            const of = figuresOf([...good, f], 'overlap', [AUPRO_LIMIT]);
            return [name, { auroc: of.auroc, aupro: of.areas[0]! }];
          }),
      ),
      spro:
        this.saturations && anomalous.length > 0
          ? {
              limits: LOCO.limits,
              folders,
              mean: LOCO.limits.map((_, k) => Object.values(folders).reduce((s, a) => s + a[k]!, 0) / anomalous.length),
            }
          : null,
      images: { good: this.drawn.length - defective, defective },
      defects: all.reduce((n, f) => n + f.defects, 0),
    };
  }

  /**
   * Percentile intervals: images are drawn with replacement among the good and among the defective ones. Computed on coarse
   * levels (3 % of the score), which moves a figure by far less than the images do. Null without both classes.
   */
  intervals(random: Random, resamples: number = STREAM.resamples): PixelIntervals | null {
    const classes = [this.drawn.filter((d) => d.good), this.drawn.filter((d) => !d.good)];
    if (classes[1]!.length === 0) return null;
    const used = [...new Set(this.drawn.flatMap((d) => [...d.levels]))].sort((a, b) => b - a);
    const place = new Map(used.map((level, i) => [level, i]));
    const found = Array.from({ length: resamples }, () => resampled(classes, place, random));
    const [low, high] = [(1 - STREAM.confidence) / 2, (1 + STREAM.confidence) / 2];
    const of = (figure: (f: CurveFigures) => number): Interval => {
      const values = found.map(figure);
      return { low: quantile(values, low), high: quantile(values, high) };
    };
    return { auroc: of((f) => f.auroc), ap: of((f) => f.ap), f1max: of((f) => f.f1max), aupro: of((f) => f.areas[0]!) };
  }
}

function sparse([outside, inside, overlap]: Float64Array[], truth: PixelTruth): Drawn {
  const levels = new Int32Array(COARSE_LEVELS);
  let n = 0;
  for (let i = 0; i < COARSE_LEVELS; i++) if (outside![i]! > 0 || inside![i]! > 0) levels[n++] = i;
  const used = levels.slice(0, n);
  const of = (counts: Float64Array): Float64Array => Float64Array.from(used, (l) => counts[l]!);
  return {
    good: truth.union === null,
    levels: used,
    outside: of(outside!),
    inside: of(inside!),
    overlap: of(overlap!),
    defects: truth.defects.length,
  };
}

function figuresOf(folders: readonly Folder[], kind: 'overlap' | 'saturated', limits: readonly number[]): CurveFigures {
  const outside = summed(folders.map((f) => f.outside));
  const inside = summed(folders.map((f) => f.inside));
  const overlap = summed(folders.map((f) => f[kind]));
  const defects = folders.reduce((n, f) => n + (kind === 'overlap' ? f.defects : f.channels), 0);
  const steps = function* (): Generator<Step> {
    for (const l of falling([outside, inside]))
      yield { threshold: scoreOfLevel(l), outside: outside.at(l), inside: inside.at(l), overlap: overlap.at(l) };
  };
  return curveFigures(steps(), { outside: outside.total, inside: inside.total, defects }, limits);
}

function resampled(
  classes: readonly (readonly Drawn[])[],
  place: ReadonlyMap<number, number>,
  random: Random,
): CurveFigures {
  const sums = [0, 1, 2].map(() => new Float64Array(place.size));
  let defects = 0;
  for (const images of classes) {
    for (let i = 0; i < images.length; i++) {
      const d = images[random.int(images.length)]!;
      defects += d.defects;
      for (let k = 0; k < d.levels.length; k++) {
        const at = place.get(d.levels[k]!)!;
        sums[0]![at]! += d.outside[k]!;
        sums[1]![at]! += d.inside[k]!;
        sums[2]![at]! += d.overlap[k]!;
      }
    }
  }
  const [outside, inside, overlap] = sums as [Float64Array, Float64Array, Float64Array];
  const total = (v: Float64Array): number => v.reduce((a, b) => a + b, 0);
  const totals: Totals = { outside: total(outside), inside: total(inside), defects };
  const steps = Array.from(
    outside,
    (_, i): Step => ({
      threshold: 0,
      outside: outside[i]!,
      inside: inside[i]!,
      overlap: overlap[i]!,
    }),
  );
  return curveFigures(steps, totals, [AUPRO_LIMIT]);
}
