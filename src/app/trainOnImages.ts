/** Labelled photographs to linear layers for april-gan: reads pictures and masks, asks the image-text model, trains. */
import { APRIL } from '../core/detect/adapters.ts';
import { aprilGan } from '../core/detect/aprilGan.ts';
import { sayClasses } from '../core/detect/language.ts';
import { composePrompts, objectOf } from '../core/detect/prompts.ts';
import { LogsadError } from '../core/errors.ts';
import { emptyMask } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import { resizeBilinear, resizeCubic } from '../core/grid/resample.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import { imageTextFor } from './detect.ts';
import type { Deps, ImageRef, LearnOptions } from './learn.ts';
import { createRunner } from './runner.ts';
import { type LabelledPicture, type TrainedAdapters, trainAdapters } from './trainAdapters.ts';

/** Grey level from which a pixel of a resized mask is defective (published: 0.5 after bilinear resizing). */
const MASK_BORDER = 128;

export interface MaskedRef extends ImageRef {
  /** Files of the defective regions; none for a good part. */
  readonly masks: readonly string[];
}

export interface TrainOnImages {
  readonly file: RuleFile;
  readonly images: readonly MaskedRef[];
  readonly set: string;
  readonly seed: number;
  readonly epochs?: number;
  readonly batch?: number;
}

/** Picture and mask warped to one square; masks of several regions are united. */
async function labelled({ images }: Pick<Deps, 'images'>, ref: MaskedRef, side: number): Promise<LabelledPicture> {
  const { pixels } = await images.read(ref.path);
  const mask = emptyMask(side, side);
  for (const path of ref.masks) {
    const region = resizeBilinear((await images.read(path)).pixels, side, side, { antialias: false });
    // Any grey level but black marks a region (LOCO: the level names the kind of defect).
    const most = region.data.reduce((m, v) => Math.max(m, v), 0);
    const border = (MASK_BORDER / 255) * most;
    for (let i = 0; i < mask.data.length; i++) if (most > 0 && region.data[3 * i]! >= border) mask.data[i] = 1;
  }
  return { picture: resizeCubic(pixels, side, side), mask };
}

/** @throws LogsadError DETECTOR_NEEDS_MODEL, DATASET_LAYOUT where no picture has a mask, IMAGE_*, MODEL_* */
export async function trainOnImages(
  { file, images, set, seed, epochs, batch }: TrainOnImages,
  deps: Deps,
  options: LearnOptions = {},
): Promise<TrainedAdapters> {
  const model = (await imageTextFor(aprilGan, set, deps))!;
  if (!images.some((i) => i.masks.length > 0))
    throw new LogsadError('DATASET_LAYOUT', {
      path: images[0]?.path ?? 'the dataset',
      reason: 'no photograph has a mask in ground_truth, and training needs to know where defects are',
    });
  const noPicture = () => Promise.reject(new TypeError('no picture'));
  const run = createRunner(deps, null, noPicture, {
    ...(options.signal ? { signal: options.signal } : {}),
    imageText: model,
  });
  const list = (await deps.backbones.prompts())['april-gan']!;
  const texts = await run(sayClasses(composePrompts(list, objectOf(file), file.states), 'unit'));
  const asked = file.detectors.find((d) => d.name === aprilGan.name)?.options.side;
  const side = Math.round((typeof asked === 'number' ? asked : APRIL.side) / model.patch) * model.patch;
  return trainAdapters(
    {
      count: images.length,
      picture: (i) => labelled(deps, images[i]!, side),
      stagesOf: async (picture, signal) => (await model.see(picture, { windows: [], stages: true }, signal)).stages,
      texts,
      random: createRandom(seed),
      ...(epochs === undefined ? {} : { epochs }),
      ...(batch === undefined ? {} : { batch }),
    },
    run,
    options,
  );
}
