/** Localisation metrics over anomaly maps with pixel masks (ALGORITHM 11.4-11.5), exact: what the streamed ones are compared with. */
import type { Grid, Mask } from '../../../src/core/grid/grid.ts';
import { components } from '../../../src/core/grid/regions.ts';
import { auroc, averagePrecision, type F1Max, f1Max, type Ranked } from '../../../src/core/metrics/image.ts';
import { AUPRO_LIMIT } from '../../../src/core/metrics/stream.ts';
import { OverlapCollector, overlapAreas } from './overlap.ts';

export interface PixelSample {
  /** Anomaly map `[h, w, 1]`; larger is more anomalous. */
  readonly map: Grid<Float32Array>;
  /** Defect pixels, the same size; null for a good image. */
  readonly truth: Mask | null;
}

export interface PixelMetrics {
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly f1: F1Max;
  /** Normalised area under mean region overlap, per limit asked for. */
  readonly aupro: readonly number[];
}

/** Values of `map` where `mask` is set (`inside`) or not. */
export function gather(map: Grid<Float32Array>, mask: Uint8Array, inside: boolean): Float32Array {
  let n = 0;
  const out = new Float32Array(mask.length);
  for (let i = 0; i < mask.length; i++) if ((mask[i] !== 0) === inside) out[n++] = map.data[i]!;
  return out.slice(0, n);
}

/** @throws RangeError when a mask has not the size of its map. */
export function sameSize(map: Grid<Float32Array>, mask: Mask): void {
  if (map.height !== mask.height || map.width !== mask.width) {
    throw new RangeError(`metrics: map [${map.height}, ${map.width}], mask [${mask.height}, ${mask.width}]`);
  }
}

/**
 * Pixel AUROC, AP and F1-max over all pixels of all images, and AUPRO by an exact sweep over 8-connected defects. Takes
 * the images one at a time, so `samples` may load them lazily. NaN where no defect (or nothing but defects) was seen.
 * @throws RangeError on NaN in a map and on sizes that differ.
 */
export function pixelMetrics(samples: Iterable<PixelSample>, limits: readonly number[] = [AUPRO_LIMIT]): PixelMetrics {
  const collector = new OverlapCollector();
  const defects: Float32Array[] = [];
  for (const { map, truth } of samples) {
    if (truth === null) {
      collector.addBackground(map.data);
      continue;
    }
    sameSize(map, truth);
    collector.addBackground(gather(map, truth.data, false));
    const { labels, regions } = components(binary(truth));
    const parts = regions.map((r) => new Float32Array(r.area));
    const filled = new Int32Array(regions.length);
    for (let i = 0; i < labels.data.length; i++) {
      const id = labels.data[i]! - 1;
      if (id >= 0) parts[id]![filled[id]!++] = map.data[i]!;
    }
    for (const part of parts) {
      collector.addRegion(part, part.length);
      defects.push(part);
    }
  }
  const scores = collector.finish();
  const positives = new Float32Array(scores.inside.length);
  defects.reduce((at, part) => {
    positives.set(part, at);
    return at + part.length;
  }, 0);
  const ranked: Ranked = { positives: positives.sort(), negatives: scores.background };
  return {
    auroc: auroc(ranked),
    averagePrecision: averagePrecision(ranked),
    f1: f1Max(ranked),
    aupro: overlapAreas(scores, limits),
  };
}

/** Any non-zero value is a defect: masks come as 1, as 255, or with a value per kind. */
function binary(mask: Mask): Mask {
  return { ...mask, data: mask.data.map((v) => (v === 0 ? 0 : 1)) };
}
