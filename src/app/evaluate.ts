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
import type { Inspection, Inspector } from './inspect.ts';
import { exemplarNames, type ImageRef, type Progress } from './learn.ts';
import type { Localiser } from './localise.ts';

const IN_FLIGHT = 2;

export interface LabelledRef extends ImageRef {
  readonly folder: string;
  /** Paths of the masks of its defects, where they are marked. */
  readonly masks?: readonly string[];
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: Progress) => void;
  /** What the progress is called. Default `evaluate`. */
  readonly stage?: string;
  /** Gathers pixel metrics; a fault of a mask is recorded with its image and reported by `onFault`. */
  readonly localiser?: Localiser;
  /** Makes the maps that `onResult` is handed; a localiser has them made anyway. */
  readonly maps?: boolean;
  /** Called with every full result, in order: pictures and scenes are made here. */
  readonly onResult?: (image: LabelledRef, result: InspectionResult, maps: Inspection['maps']) => Promise<void>;
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

  const extra = options.signal ? { signal: options.signal } : {};
  const wanted = options.localiser !== undefined || options.maps === true;
  /** A normal of the profile is judged by its stored Scene without itself; its maps have to be made anew. */
  const inspected = async (image: LabelledRef, sha256: string): Promise<Inspection & { own: boolean }> => {
    const own = known.get(sha256);
    if (!own && !wanted) return { result: await input.inspector.inspect(image, extra), maps: {}, own: false };
    if (!own) return { ...(await input.inspector.inspectWithMaps(image, extra)), own: false };
    const maps = wanted ? (await input.inspector.inspectWithMaps(image, extra)).maps : {};
    return { result: input.inspector.judge(own, { without: sha256 }), maps, own: true };
  };
  interface Answer {
    readonly image: LabelledRef;
    readonly record: EvaluatedImage;
    readonly inspection?: Inspection;
    readonly error?: LogsadError;
  }
  const one = async (image: LabelledRef): Promise<Answer> => {
    options.signal?.throwIfAborted();
    const { name, folder } = image;
    try {
      const sha256 = await input.digest(image.path);
      if (input.exemplars.has(sha256)) return { image, record: { image: name, folder, excluded: true } };
      const { maps, own, ...found } = await inspected(image, sha256);
      const result = { ...found.result, image: name };
      const inspection = { result, maps };
      return { image, inspection, record: { ...scored(folder, result), ...(own ? { leftOut: true } : {}) } };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isImageFault(error)) throw error;
      return { image, error, record: { image: name, folder, error: plain(error) } };
    }
  };
  /** The fault of its masks, where they have one. */
  const localised = async (image: LabelledRef, inspection: Inspection): Promise<LogsadError | null> => {
    try {
      await options.localiser?.add(image, inspection);
      return null;
    } catch (error) {
      if (!isImageFault(error)) throw error;
      options.onFault?.(image, error);
      return error;
    }
  };

  const stage = options.stage ?? 'evaluate';
  options.onProgress?.({ stage, done: 0, total });
  const stop = createStop();
  for await (const { image, record, inspection, error } of streamInOrder(input.images, IN_FLIGHT, one)) {
    const masks = inspection ? await localised(image, inspection) : null;
    records.push(masks ? { ...record, maskError: plain(masks) } : record);
    if (inspection) await options.onResult?.(image, inspection.result, inspection.maps);
    if (error) options.onFault?.(image, error);
    options.onProgress?.({ stage, done: records.length, total, item: image.name });
    if (stop(error ?? null)) break;
  }
  return records;
}

const plain = ({ code, message, fix }: LogsadError) => ({ code, message, fix });

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
