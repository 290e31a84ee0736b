/**
 * Labelled folders through an inspector. An image that is itself in the profile (normal or calibration) is judged with its own Scene left
 * out of what was learnt; an image that gave exemplars is never scored.
 */
import type { LogsadError } from '../core/errors.ts';
import type { Profile } from '../core/profile.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { InspectionResult } from '../core/scene.ts';
import { createStop, isImageFault, streamInOrder } from './batch.ts';
import type { EvaluatedImage } from './evaluation.ts';
import type { Inspector } from './inspect.ts';
import { exemplarNames, type ImageRef, type Progress } from './learn.ts';

const IN_FLIGHT = 2;

export interface LabelledRef extends ImageRef {
  readonly folder: string;
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: Progress) => void;
  /** Called with every full result, in order: pictures and scenes are made here. */
  readonly onResult?: (image: LabelledRef, result: InspectionResult) => Promise<void>;
  /** Called with every fault of an image, in order. */
  readonly onFault?: (image: LabelledRef, error: LogsadError) => void;
}

export interface EvaluateInput {
  readonly inspector: Inspector;
  readonly profile: Profile;
  readonly images: readonly LabelledRef[];
  /** sha256 of the images that gave exemplars. */
  readonly exemplars: ReadonlySet<string>;
  /** sha256 of a file. @throws LogsadError when it cannot be read */
  readonly digest: (path: string) => Promise<string>;
}

/**
 * One record per image, in order; faults of an image are records too. The metrics over them are `summarise` of
 * evaluation.ts. After three faults of the machine in a row it stops: the records so far are returned, the last of them
 * that fault. @throws AbortError of `signal`, LogsadError of the machine that no image can have brought about
 */
export async function evaluate(input: EvaluateInput, options: EvaluateOptions = {}): Promise<EvaluatedImage[]> {
  const { normals, calibration } = input.profile;
  const known = new Map([...calibration, ...normals].map((n) => [n.sha256, n.scene]));
  const total = input.images.length;
  const records: EvaluatedImage[] = [];

  const one = async (
    image: LabelledRef,
  ): Promise<{ image: LabelledRef; record: EvaluatedImage; result?: InspectionResult; error?: LogsadError }> => {
    options.signal?.throwIfAborted();
    const { name, folder } = image;
    try {
      const sha256 = await input.digest(image.path);
      if (input.exemplars.has(sha256)) return { image, record: { image: name, folder, excluded: true } };
      const own = known.get(sha256);
      const result = own
        ? { ...input.inspector.judge(own, { without: sha256 }), image: name }
        : { ...(await input.inspector.inspect(image, options.signal ? { signal: options.signal } : {})), image: name };
      return { image, result, record: { ...scored(folder, result), ...(own ? { leftOut: true } : {}) } };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isImageFault(error)) throw error;
      const { code, message, fix } = error;
      return { image, error, record: { image: name, folder, error: { code, message, fix } } };
    }
  };

  options.onProgress?.({ stage: 'evaluate', done: 0, total });
  const stop = createStop();
  for await (const { image, record, result, error } of streamInOrder(input.images, IN_FLIGHT, one)) {
    records.push(record);
    if (result) await options.onResult?.(image, result);
    if (error) options.onFault?.(image, error);
    options.onProgress?.({ stage: 'evaluate', done: records.length, total, item: image.name });
    if (stop(error ?? null)) break;
  }
  return records;
}

function scored(folder: string, r: InspectionResult): EvaluatedImage {
  const first = r.violations[0];
  return {
    image: r.image,
    folder,
    unit: r.unit,
    score: r.score,
    verdict: r.verdict,
    p: r.p,
    detectors: Object.fromEntries(Object.entries(r.detectors).map(([name, d]) => [name, d.unit])),
    first: first
      ? { rule: first.rule, kind: first.kind, interests: first.interests, margin: first.margin, message: first.message }
      : null,
  };
}

/**
 * sha256 of the images that gave exemplars, as far as the profile knows them: those among its normals, and those the
 * grounding section lists as drawn on.
 */
export function exemplarDigests(profile: Profile, file: RuleFile): Set<string> {
  const names = exemplarNames(file);
  const listed = (profile.sections.ground?.facts as { exemplars?: Readonly<Record<string, string>> } | undefined)
    ?.exemplars;
  return new Set([
    ...profile.normals.filter((n) => names.includes(n.image)).map((n) => n.sha256),
    ...Object.values(listed ?? {}),
  ]);
}
