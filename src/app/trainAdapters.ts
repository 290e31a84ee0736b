/** Trains APRIL-GAN's linear layers on labelled pictures: features are computed once a picture, mosaics when they are drawn. */
import type { Adapter } from '../core/detect/adapters.ts';
import {
  adaptersIn,
  freshAdapters,
  TRAINING,
  type TrainingSample,
  trainingState,
  trainStep,
} from '../core/detect/adapterTraining.ts';
import type { Needs } from '../core/detect/detector.ts';
import type { Rows } from '../core/grid/cluster.ts';
import { emptyMask, type FeatureGrid, type Mask, type RgbImage } from '../core/grid/grid.ts';
import { resizeNearest } from '../core/grid/nearest.ts';
import type { Random } from '../core/grid/random.ts';
import { resizeCubic } from '../core/grid/resample.ts';
import type { Progress } from './learn.ts';

/** A square picture and its defective pixels at the same size (all 0 for a good part). */
export interface LabelledPicture {
  readonly picture: RgbImage;
  readonly mask: Mask;
}

export interface TrainAdaptersInput {
  readonly count: number;
  /** The i-th picture, decoded anew each time it is asked for. */
  readonly picture: (i: number) => Promise<LabelledPicture>;
  /** Patch tokens of a square picture, one grid per layer that is to be trained. */
  readonly stagesOf: (picture: RgbImage, signal?: AbortSignal) => Promise<readonly FeatureGrid[]>;
  /** Unit class vectors, normal then anomalous. */
  readonly texts: Rows;
  readonly random: Random;
  readonly epochs?: number;
  readonly batch?: number;
  readonly mosaic?: number;
  readonly rate?: number;
}

export interface TrainedAdapters {
  readonly adapters: readonly Adapter[];
  /** Mean loss per epoch. */
  readonly losses: readonly number[];
}

/** Four pictures of one size as one, each at half its size: top left, top right, bottom left, bottom right. */
export function mosaicOf(four: readonly LabelledPicture[]): LabelledPicture {
  const { width, height } = four[0]!.picture;
  const picture = { data: new Uint8Array(width * height * 3), height, width, channels: 3 };
  const mask = emptyMask(height, width);
  four.forEach((part, i) => {
    const [x0, x1] = i % 2 === 0 ? [0, width >> 1] : [width >> 1, width];
    const [y0, y1] = i < 2 ? [0, height >> 1] : [height >> 1, height];
    const small = resizeCubic(part.picture, y1 - y0, x1 - x0);
    const truth = resizeNearest(part.mask, y1 - y0, x1 - x0);
    for (let y = y0; y < y1; y++) {
      const row = (y - y0) * (x1 - x0);
      picture.data.set(small.data.subarray(3 * row, 3 * (row + x1 - x0)), 3 * (y * width + x0));
      mask.data.set(truth.data.subarray(row, row + x1 - x0), y * width + x0);
    }
  });
  return { picture, mask };
}

/**
 * Trains from a fresh draw. Every epoch goes through all pictures in random order; each is replaced, with probability
 * `mosaic`, by a mosaic of four drawn ones. Features of plain pictures stay in memory (22 MB each at the published size).
 */
export async function trainAdapters(
  input: TrainAdaptersInput,
  run: <T>(needs: Needs<T>) => Promise<T>,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (p: Progress) => void } = {},
): Promise<TrainedAdapters> {
  const { count, random, texts } = input;
  const { epochs = TRAINING.epochs, batch = TRAINING.batch, mosaic = TRAINING.mosaic, rate = TRAINING.rate } = input;
  const cache = new Map<number, TrainingSample>();
  const seen = async ({ picture, mask }: LabelledPicture): Promise<TrainingSample> => ({
    stages: await input.stagesOf(picture, options.signal),
    mask,
  });
  const plain = async (i: number): Promise<TrainingSample> => {
    const sample = cache.get(i) ?? (await seen(await input.picture(i)));
    cache.set(i, sample);
    return sample;
  };
  const drawn = async (i: number): Promise<TrainingSample> => {
    if (random.next() >= mosaic) return plain(i);
    const four: LabelledPicture[] = [];
    for (let k = 0; k < 4; k++) four.push(await input.picture(random.int(count)));
    return seen(mosaicOf(four));
  };
  const widths = (await plain(0)).stages.map((s) => s.channels);
  const state = trainingState(freshAdapters(widths, texts.channels, random));
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
    let sum = 0;
    for (let from = 0; from < count; from += batch) {
      options.signal?.throwIfAborted();
      const samples: TrainingSample[] = [];
      for (const i of order.slice(from, from + batch)) samples.push(await drawn(i));
      sum += samples.length * (await run(trainStep(state, samples, texts, rate)));
      const done = epoch * count + Math.min(count, from + batch);
      options.onProgress?.({ stage: 'training', done, total: epochs * count });
    }
    losses.push(sum / count);
  }
  return { adapters: adaptersIn(state), losses };
}
