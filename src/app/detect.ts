/**
 * Runs detectors: meets the needs of their generators with the inference child (features of a picture that is judged never
 * leave it), learns them from normals, and judges images with them.
 */
import type { Adapter } from '../core/detect/adapters.ts';
import type { BackboneFacts, DetectContext, Detection, Detector } from '../core/detect/detector.ts';
import { COMPOSITION, DETECTORS } from '../core/detect/index.ts';
import { LogsadError } from '../core/errors.ts';
import type { Mask, RgbImage } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import type { ProfileSection } from '../core/profile.ts';
import type { DetectorSpec, RuleFile } from '../core/rules/definition.ts';
import type { DetectorReading, Scene } from '../core/scene.ts';
import { type Choice, chooseMatcher } from './chooseMatcher.ts';
import type { Deps, LearnOptions } from './learn.ts';
import type { DenseBackbone, Inference } from './ports.ts';
import { createRunner, type Pixels, type SeenStages } from './runner.ts';
import { type Sight, sightOf } from './sight.ts';

/** The detector of a spec. @throws LogsadError DETECTOR_UNAVAILABLE */
export function detectorOf(spec: DetectorSpec): Detector {
  const found = DETECTORS.find((d) => d.name === spec.name);
  if (!found)
    throw new LogsadError('DETECTOR_UNAVAILABLE', {
      detector: spec.name,
      known: [...DETECTORS.map((d) => d.name), COMPOSITION],
    });
  return found;
}

/** The detectors of a rule file but for the rules themselves. */
export const specsOf = (file: RuleFile): readonly DetectorSpec[] =>
  file.detectors.filter((d) => d.name !== COMPOSITION);

const factsOf = (b: DenseBackbone): BackboneFacts => ({ id: b.id, stages: b.stages });

interface Shared {
  readonly file: RuleFile;
  readonly masks: ReadonlyMap<string, Mask>;
  /** Channels per stage of the ground backbone; empty where nothing is grounded. */
  readonly groundChannels: readonly number[];
  readonly set: string;
  /** Adapters that options of detectors name, by that name. */
  readonly adapters?: ReadonlyMap<string, readonly Adapter[]> | undefined;
}

export interface DetectorsInput extends Shared {
  /** Scenes of the normals, and their pictures by index; calibration images follow behind. */
  readonly scenes: readonly Scene[];
  readonly calibration: readonly Scene[];
  readonly pixels: Pixels;
  readonly seed: number;
}

export interface LearntDetectors {
  readonly sections: Readonly<Record<string, ProfileSection>>;
  /** Per normal, then per calibration image: what each detector read, judged without itself. */
  readonly readings: readonly Readonly<Record<string, DetectorReading>>[];
  readonly backbones: Readonly<Record<string, { readonly id: string; readonly digest: string }>>;
}

/** What a profile's section holds of a detector: its model, and what it was learnt with. */
interface Stored {
  readonly model: unknown;
  readonly backbone: { readonly id: string; readonly digest: string } | null;
  /** How backbone and stages were chosen, where they were. */
  readonly choice: Choice | null;
}

const asImages = (scenes: readonly Scene[]) => scenes.map((scene) => ({ frame: scene.frame, scene }));

/** The image-text model of a set, for a detector that needs one. @throws LogsadError DETECTOR_NEEDS_MODEL, MODEL_* */
export async function imageTextFor(
  detector: Pick<Detector, 'name' | 'imageText'>,
  set: string,
  { backbones, inference }: Pick<Deps, 'backbones' | 'inference'>,
): Promise<Sight | null> {
  if (!detector.imageText) return null;
  const model = await backbones.imageText?.(set);
  if (!model) throw new LogsadError('DETECTOR_NEEDS_MODEL', { detector: detector.name, set });
  return sightOf(model, inference);
}

/** What only detectors on an image-text model are given. */
async function wordsFor(
  detector: Detector,
  { adapters }: Shared,
  { backbones }: Pick<Deps, 'backbones'>,
): Promise<Pick<DetectContext, 'prompts' | 'adapters'>> {
  if (!detector.imageText) return {};
  return { prompts: await backbones.prompts(), ...(adapters ? { adapters } : {}) };
}

/** Numbers what is kept in inference children: products that share one must not share a name. */
let generations = 0;

/** The same child, with the names of all that is kept in it from here. */
function remembering(inference: Inference): { readonly inference: Inference; readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  const through: Inference = {
    threads: inference.threads,
    load: (id, source) => inference.load(id, source),
    put: (name, tensor) => {
      names.add(name);
      return inference.put(name, tensor);
    },
    drop: (name) => inference.drop(name),
    run: (steps, fetch, extra) => inference.run(steps, fetch, extra),
    [Symbol.asyncDispose]: () => inference[Symbol.asyncDispose](),
  };
  return { inference: through, names };
}

/** Learns the detectors that the rule file names. @throws LogsadError DETECTOR_*, MODEL_*, INFERENCE_* */
export async function learnDetectors(
  input: DetectorsInput,
  deps: Deps,
  options: LearnOptions = {},
): Promise<LearntDetectors> {
  const { inference, names } = remembering(deps.inference);
  try {
    return await learnEach(input, { ...deps, inference }, options);
  } finally {
    // What calibration images were searched in is of no use to anyone after learning.
    await Promise.allSettled([...names].map((name) => deps.inference.drop(name)));
  }
}

async function learnEach(input: DetectorsInput, deps: Deps, options: LearnOptions): Promise<LearntDetectors> {
  const { scenes, calibration, pixels, file } = input;
  const sections: Record<string, ProfileSection> = {};
  const readings: Record<string, DetectorReading>[] = [...scenes, ...calibration].map(() => ({}));
  const backbones: Record<string, { id: string; digest: string }> = {};
  const specs = specsOf(file);
  const generation = generations++;
  for (const [n, spec] of specs.entries()) {
    options.onProgress?.({ stage: 'detectors', done: n, total: specs.length, item: spec.name });
    const detector = detectorOf(spec);
    const base = { file, masks: input.masks, groundChannels: input.groundChannels };
    const random = createRandom(input.seed);
    const asked = detector.options(spec.options, file);
    const choice = detector.dense
      ? await chooseMatcher(spec.name, asked as Record<string, unknown>, input, deps, random, options)
      : null;
    const backbone = choice ? await deps.backbones.model(choice.backbone) : null;
    const imageText = await imageTextFor(detector, input.set, deps);
    const watch = {
      imageText,
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: (stage: string, done: number, total: number) =>
        options.onProgress?.({ stage: `${spec.name}: ${stage}`, done, total }),
    };
    const run = createRunner(deps, backbone, pixels, watch);
    const words = await wordsFor(detector, input, deps);
    const context: DetectContext = {
      ...base,
      ...words,
      images: asImages(scenes),
      backbone: backbone && factsOf(backbone),
    };
    const learning = await run(
      detector.learn(context, choice ? { ...(asked as object), ...choice.options } : asked, random),
    );
    learning.readings.forEach((r, i) => {
      if (r) readings[i]![spec.name] = r;
    });
    const prefix = `learn/${generation}/${spec.name}`;
    await run(detector.open(learning.model, prefix));
    for (const [c, scene] of calibration.entries()) {
      const judge = createRunner(deps, backbone, () => pixels(scenes.length + c), watch);
      const { reading } = await judge(
        detector.detect({ ...context, images: asImages([scene]) }, learning.model, prefix),
      );
      readings[scenes.length + c]![spec.name] = reading;
    }
    const section = detector.pack(learning.model);
    const seen = backbone ?? imageText;
    const used = seen && { id: seen.id, digest: seen.digest };
    if (used) backbones[spec.name] = used;
    sections[spec.name] = {
      arrays: section.arrays,
      facts: { model: section.facts, backbone: used, choice: choice?.table.length ? choice : null } satisfies Stored,
    };
  }
  options.onProgress?.({ stage: 'detectors', done: specs.length, total: specs.length });
  return { sections, readings, backbones };
}

/** Holds the detectors' banks in the inference child until it is disposed of. */
export interface OpenDetectors extends AsyncDisposable {
  /**
   * Judges one picture: what each detector read, and its map. `without`: index of the normal that it is; `seen`: its raw
   * stages, where a backbone has run on it already.
   */
  detect(
    pixels: RgbImage,
    scene: Scene,
    options?: {
      readonly without?: number | undefined;
      readonly signal?: AbortSignal | undefined;
      readonly seen?: SeenStages | null;
    },
  ): Promise<Readonly<Record<string, Detection>>>;
}

/** Readies the detectors of a profile. @throws LogsadError PROFILE_STALE, MODEL_* */
export async function openDetectors(
  shared: Shared,
  sections: Readonly<Record<string, ProfileSection>>,
  deps: Pick<Deps, 'inference' | 'backbones'>,
): Promise<OpenDetectors> {
  const { inference, names } = remembering(deps.inference);
  const dispose = async (): Promise<void> => {
    await Promise.allSettled([...names].map((name) => deps.inference.drop(name)));
  };
  try {
    const detect = await openEach(shared, sections, { ...deps, inference });
    return { detect, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function openEach(
  shared: Shared,
  sections: Readonly<Record<string, ProfileSection>>,
  deps: Pick<Deps, 'inference' | 'backbones'>,
): Promise<OpenDetectors['detect']> {
  const { file } = shared;
  const generation = generations++;
  const ready = await Promise.all(
    specsOf(file).map(async (spec) => {
      const detector = detectorOf(spec);
      const section = sections[spec.name];
      const stale = (what: string): LogsadError => new LogsadError('PROFILE_STALE', { what, product: file.product });
      if (!section) throw stale(`it holds nothing of detector ${spec.name}`);
      const stored = section.facts as Stored;
      const imageText = await imageTextFor(detector, shared.set, deps);
      const backbone = stored.backbone && !imageText ? await deps.backbones.model(stored.backbone.id) : null;
      const seen = backbone ?? imageText;
      if (seen && (seen.digest !== stored.backbone!.digest || seen.id !== stored.backbone!.id))
        throw stale(`${spec.name} was learnt with ${stored.backbone!.id}, or another version of it`);
      const model = detector.unpack({ facts: stored.model, arrays: section.arrays });
      const prefix = `detect/${generation}/${spec.name}`;
      await createRunner(deps, backbone, async () => Promise.reject(new TypeError('no picture')))(
        detector.open(model, prefix),
      );
      return { detector, model, prefix, backbone, imageText };
    }),
  );
  return async (pixels, scene, { without, signal, seen = null } = {}) => {
    const out: Record<string, Detection> = {};
    for (const { detector, model, prefix, backbone, imageText } of ready) {
      const run = createRunner(deps, backbone, async () => pixels, {
        ...(signal ? { signal } : {}),
        seen,
        imageText,
      });
      const context: DetectContext = {
        ...shared,
        images: asImages([scene]),
        backbone: backbone && factsOf(backbone),
        ...(without === undefined ? {} : { without }),
      };
      out[detector.name] = await run(detector.detect(context, model, prefix));
    }
    return out;
  };
}
