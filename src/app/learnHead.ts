/** What learning needs before anything can be found: where to look, the images drawn on, and the head fitted on them. */
import { LogsadError } from '../core/errors.ts';
import type { Mask } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import { GROUND } from '../core/ground/constants.ts';
import type { FrameFeatures } from '../core/ground/features.ts';
import { type FocusSize, learnFocus } from '../core/ground/focus.ts';
import { fitHead, type LabelledFrame, type PixelHead } from '../core/ground/head.ts';
import { labelExemplar } from '../core/ground/labels.ts';
import { classInterests } from '../core/ground/model.ts';
import type { InterestSpec, RuleFile } from '../core/rules/definition.ts';
import { inOrder } from './lanes.ts';
import type { ImageRef, LearnInput, LearnOptions } from './learn.ts';
import { type FramedImage, type Segmenter, withGain } from './segmenter.ts';

/** So many normals say how large the product is in the picture. */
const FOCUS_SAMPLE = 64;
/** So many normals show the colours, where colours alone say how to find things. */
const COLOUR_SAMPLE = 4;

/** Names of the images that interests are drawn on: the head is fitted on these. */
export function drawnNames(file: RuleFile): string[] {
  const names = new Set<string>();
  for (const spec of Object.values(file.interests)) for (const e of spec.exemplars) names.add(e.image);
  return [...names];
}

/** Names of all images a rule file points at: those drawn on, and those that show a value of an attribute. */
export function exemplarNames(file: RuleFile): string[] {
  const names = new Set(drawnNames(file));
  for (const a of Object.values(file.attributes)) {
    for (const v of Object.values(a.values)) for (const image of v.exemplars) names.add(image);
  }
  return [...names];
}

/** Frames the exemplars, at every gain, labels them and fits the head. */
export async function learnHead(
  file: RuleFile,
  exemplars: readonly ImageRef[],
  masks: ReadonlyMap<string, Mask>,
  segmenter: Segmenter,
  seed: number,
  options: LearnOptions,
): Promise<{ head: PixelHead; framed: FramedImage[] }> {
  const { classes } = classInterests(file);
  const frames: LabelledFrame[] = [];
  const plain: FrameFeatures[] = [];
  const framed: FramedImage[] = [];
  for (const [i, ref] of exemplars.entries()) {
    options.onProgress?.({ stage: 'exemplars', done: i, total: exemplars.length, item: ref.name });
    const image = await segmenter.frame(ref, options.signal);
    framed.push(image);
    const base = await segmenter.features(image.pixels, options.signal);
    plain.push(base);
    const labels = labelExemplar(classes, ref.name, image.frame, base.lab, masks);
    for (const gain of GROUND.gains) {
      const features = gain === 1 ? base : await segmenter.features(withGain(image.pixels, gain), options.signal);
      frames.push({ features, labels });
    }
  }
  options.onProgress?.({ stage: 'exemplars', done: exemplars.length, total: exemplars.length });
  checkShown(file, classes, frames, exemplars);
  const colours = classes.flatMap((c) => (c.colour ? [c.colour] : []));
  const head = fitHead(
    classes.map((c) => c.id),
    colours,
    frames,
    plain,
    createRandom(seed),
  );
  return { head, framed };
}

/**
 * Every class must have been shown: one without a labelled cell would get a head of zeros.
 * @throws LogsadError EXEMPLAR_EMPTY
 */
function checkShown(
  file: RuleFile,
  classes: readonly InterestSpec[],
  frames: readonly LabelledFrame[],
  exemplars: readonly ImageRef[],
): void {
  const shown = new Set<number>();
  for (const { labels } of frames) for (const cls of labels.data) shown.add(cls);
  const missing = classes.find((_, i) => !shown.has(i));
  if (!missing && classes.length > 0) return;
  const drawn = missing?.exemplars.map((e) => e.image) ?? [];
  throw new LogsadError('EXEMPLAR_EMPTY', {
    interest: missing ? missing.id : Object.keys(file.interests),
    images: drawn.length > 0 ? [...new Set(drawn)] : exemplars.map((e) => e.name),
  });
}

/** The images to fit the head on: those drawn on, or the first few readable normals where only colours are given. */
export async function headImages(
  file: RuleFile,
  input: LearnInput,
  segmenter: Segmenter,
  options: LearnOptions,
): Promise<ImageRef[]> {
  // What `--exemplars` brought stands behind: it wins over a normal of the same name.
  const known = new Map([...input.normals, ...(input.exemplars ?? [])].map((r) => [r.name, r]));
  const missing = exemplarNames(file).filter((n) => !known.has(n));
  if (missing.length > 0) throw new LogsadError('EXEMPLAR_MISSING', { images: missing, product: file.product });
  const wanted = drawnNames(file);
  if (wanted.length > 0) return wanted.map((n) => known.get(n)!);
  const readable: ImageRef[] = [];
  const faults: LogsadError[] = [];
  for (const ref of input.normals) {
    if (readable.length === COLOUR_SAMPLE) break;
    try {
      await segmenter.frame(ref, options.signal);
      readable.push(ref);
    } catch (error) {
      // It is reported when all normals are read.
      if (!(error instanceof LogsadError) || !error.code.startsWith('IMAGE_')) throw error;
      faults.push(error);
    }
  }
  if (readable.length === 0 && faults[0]) throw faults[0];
  return readable;
}

/** The size of the focus box from the silhouettes of normals. @throws LogsadError FOCUS_NOT_FOUND, IMAGE_* where none is readable */
export async function silhouetteFocus(
  input: LearnInput,
  segmenter: Segmenter,
  options: LearnOptions,
): Promise<FocusSize> {
  const refs = input.normals.slice(0, FOCUS_SAMPLE);
  // Unreadable ones are reported when all normals are read.
  const found = await pictures(refs, 'silhouettes', [], options, async (ref) => ({
    box: await segmenter.silhouette(ref, options.signal),
  }));
  const focus = learnFocus(found.map((f) => f.box));
  if (focus) return focus;
  throw new LogsadError('FOCUS_NOT_FOUND', {
    product: input.compiled.file.product,
    reason: `nothing stands out from the background in any of ${refs.length} normals`,
  });
}

/** Works through pictures with progress; an unreadable one is noted and left out, with none readable its fault is thrown. */
export async function pictures<T extends object>(
  refs: readonly ImageRef[],
  stage: string,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
  work: (ref: ImageRef) => Promise<T>,
): Promise<T[]> {
  let done = 0;
  const found = await inOrder(refs, async (ref): Promise<T | null> => {
    options.signal?.throwIfAborted();
    try {
      return await work(ref);
    } catch (error) {
      if (!(error instanceof LogsadError) || !error.code.startsWith('IMAGE_')) throw error;
      failures.push({ image: ref.name, error });
      return null;
    } finally {
      options.onProgress?.({ stage, done: ++done, total: refs.length, item: ref.name });
    }
  });
  const good = found.filter((f): f is Awaited<T> => f !== null);
  if (refs.length > 0 && good.length === 0) throw failures[0]!.error;
  return good;
}
