/** What a picture offers to instances: by the pixel head, by words, or by both. */

import type { LogsadError } from '../core/errors.ts';
import type { PixelHead } from '../core/ground/head.ts';
import type { AreaMedians } from '../core/ground/instances.ts';
import {
  areaMedians,
  candidatesOf,
  type GroundModel,
  learnGround,
  type NormalCandidates,
} from '../core/ground/model.ts';
import { isAllSpoken, isSpoken } from '../core/ground/wordCandidates.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { ImageRef, LearnInput, LearnOptions } from './learn.ts';
import { pictures } from './learnHead.ts';
import type { SeenStages } from './runner.ts';
import type { FramedImage, Segmenter } from './segmenter.ts';
import type { Words } from './words.ts';

/** Normals that tell how large one instance is, before instances that touch are split. */
const MEDIAN_NORMALS = 4;

/** Everything that finds candidates in a picture. */
export interface Finder {
  readonly file: RuleFile;
  readonly segmenter: Segmenter;
  readonly head: PixelHead;
  readonly words: Words | null;
}

/** Candidates of a picture, and what the ground backbone saw of it where it was asked. */
export async function look(
  { file, segmenter, head, words }: Finder,
  framed: FramedImage,
  medians: AreaMedians,
  signal?: AbortSignal,
): Promise<{ candidates: NormalCandidates; seen: SeenStages | null }> {
  if (words && isAllSpoken(file))
    return { candidates: await words.candidates(framed, medians, null, signal), seen: null };
  const { view, seen } = await segmenter.see(framed, head, signal ? { signal } : {});
  const own = candidatesOf(file, framed.name, view, medians);
  if (!words) return { candidates: own, seen };
  const spoken = await words.candidates(framed, medians, view, signal);
  const rest = own.candidates.filter((c) => !isSpoken(file.interests[c.interest]!));
  return { candidates: { ...own, candidates: [...rest, ...spoken.candidates] }, seen };
}

export const offered = async (...given: Parameters<typeof look>): Promise<NormalCandidates> =>
  (await look(...given)).candidates;

/** A head without classes: features of the image-text model's stages are pooled as they come. */
const wordHead = (channels: readonly number[]): PixelHead => ({
  classes: [],
  stages: channels.map((c) => ({ channels: c, mean: new Float32Array(c), scale: new Float32Array(c).fill(1) })),
  colours: [],
  weights: new Float32Array(0),
});

export interface SpokenNormals {
  readonly model: GroundModel;
  readonly normals: readonly { readonly candidates: NormalCandidates; readonly sha256: string }[];
  readonly calibration: SpokenNormals['normals'];
}

/**
 * Normals of a file that words alone ground. With `scoring: paper` nothing is learnt of instances, as published: all of
 * them count. Weak terms are not widened by other light: every gain would cost another run of the mask model.
 */
export async function learnSpoken(
  words: Words,
  input: LearnInput,
  segmenter: Segmenter,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<SpokenNormals> {
  const { file } = input.compiled;
  const finder: Finder = { file, segmenter, words, head: wordHead(words.channels) };
  const look = (refs: readonly ImageRef[], stage: string, medians: AreaMedians, faults: typeof failures) =>
    pictures(refs, stage, faults, options, async (ref) => {
      const framed = await segmenter.frame(ref, options.signal);
      return { candidates: await offered(finder, framed, medians, options.signal), sha256: framed.sha256 };
    });
  const of = (found: readonly { candidates: NormalCandidates }[]): NormalCandidates[] => found.map((f) => f.candidates);
  const paper = file.scoring === 'paper';
  const split = !paper && Object.values(file.interests).some((i) => i.instances.split === 'area');
  const few = split ? await look(input.normals.slice(0, MEDIAN_NORMALS), 'sizes', {}, []) : [];
  const medians = areaMedians(file, of(few));
  const normals = await look(input.normals, 'normals', medians, failures);
  const learnt = learnGround(file, finder.head, of(normals));
  const model = paper
    ? { ...learnt, likeness: {}, medians: {} }
    : { ...learnt, medians: { ...learnt.medians, ...medians } };
  const calibration = await look(input.calibration ?? [], 'calibration', model.medians, failures);
  return { model, normals, calibration };
}
