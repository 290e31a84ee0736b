/**
 * Metrics of MVTec LOCO AD by an exact sweep over all scores, which the streamed ones are compared with; the official kit
 * approximates it by 50 to a few hundred thresholds.
 */
import type { Grid, Mask } from '../../../src/core/grid/grid.ts';
import { auroc, rank } from '../../../src/core/metrics/image.ts';
import { LOCO, type Saturation, saturationArea } from '../../../src/core/metrics/loco.ts';
import { OverlapCollector, overlapAreas } from './overlap.ts';
import { gather, sameSize } from './pixel.ts';

/** One defect: one annotation image, not necessarily connected; channels of one image may overlap. */
export interface DefectChannel {
  readonly mask: Mask;
  readonly saturation: Saturation;
}

export interface LocoSample {
  /** Anomaly map at the size of the annotation. */
  readonly map: Grid<Float32Array>;
  /** None for a good image. */
  readonly channels: readonly DefectChannel[];
}

/** Saturated overlap of one defect, 0..1, from the number of its pixels that were hit. */
export function saturatedOverlap(hits: number, area: number, saturation: Saturation): number {
  return Math.min(1, hits / saturationArea(area, saturation));
}

/**
 * AU-sPRO over the given images (one kind of anomaly and the good ones), one value per FPR limit. Background = outside
 * every channel. Images are taken one at a time. NaN without a defect or without background.
 * @throws RangeError on NaN in a map, sizes that differ, an empty channel, or a saturation of no pixel.
 */
export function auSpro(samples: Iterable<LocoSample>, limits: readonly number[] = LOCO.limits): number[] {
  const collector = new OverlapCollector();
  for (const { map, channels } of samples) {
    const union = new Uint8Array(map.data.length);
    for (const { mask, saturation } of channels) {
      sameSize(map, mask);
      for (let i = 0; i < union.length; i++) if (mask.data[i] !== 0) union[i] = 1;
      const scores = gather(map, mask.data, true);
      const enough = saturationArea(scores.length, saturation);
      if (!(enough > 0)) throw new RangeError(`metrics: a defect of ${scores.length} pixels saturates at ${enough}`);
      collector.addRegion(scores, enough);
    }
    collector.addBackground(channels.length === 0 ? map.data : gather(map, union, false));
  }
  return overlapAreas(collector.finish(), limits);
}

export type LocoKind = 'good' | 'logical' | 'structural';

export interface LocoAuroc {
  readonly logical: number;
  readonly structural: number;
  /** Mean of the two: the dataset's convention. NaN when one kind is missing. */
  readonly mean: number;
  /** All anomalies against the good ones: what the LogSAD paper reports. */
  readonly pooled: number;
}

/** Image AUROC per kind of anomaly, each against all good images, and both ways to sum them up. */
export function locoAuroc(kinds: readonly LocoKind[], scores: ArrayLike<number>): LocoAuroc {
  const of = (kind: LocoKind): number => {
    const kept = [...kinds.keys()].filter((i) => kinds[i] === kind || kinds[i] === 'good');
    return auroc(
      rank(
        kept.map((i) => kinds[i] === kind),
        kept.map((i) => scores[i]!),
      ),
    );
  };
  const logical = of('logical');
  const structural = of('structural');
  const pooled = auroc(
    rank(
      kinds.map((kind) => kind !== 'good'),
      scores,
    ),
  );
  return { logical, structural, mean: (logical + structural) / 2, pooled };
}
