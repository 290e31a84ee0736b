/** The first story: normals to a Profile. Exemplars fit the pixel head, all normals teach the rest, nothing is written. */
import type { Adapter } from '../core/detect/adapters.ts';
import { bareScene } from '../core/detect/regions.ts';
import { ENGINE } from '../core/engine.ts';
import { LogsadError } from '../core/errors.ts';
import type { Mask } from '../core/grid/grid.ts';
import { GROUND } from '../core/ground/constants.ts';
import type { FocusSize } from '../core/ground/focus.ts';
import { areaMedians, buildScene, type GroundModel, learnGround, type NormalCandidates } from '../core/ground/model.ts';
import { groundSection } from '../core/ground/store.ts';
import { isAllSpoken } from '../core/ground/wordCandidates.ts';
import type { NormalRecord, Profile } from '../core/profile.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { CompiledRules } from '../core/rules/index.ts';
import { learnDetectors } from './detect.ts';
import { inOrder } from './lanes.ts';
import { exemplarNames, headImages, learnHead, pictures, silhouetteFocus } from './learnHead.ts';
import { type Finder, learnSpoken, offered } from './offered.ts';
import { cachedImages } from './pictureCache.ts';
import type { Backbones, DenseBackbone, ImageReader, Inference } from './ports.ts';
import { openPrint, printOf } from './print.ts';
import { createSegmenter, type Segmenter, withGain } from './segmenter.ts';
import { learnWords, type Words } from './words.ts';
import { worstNormals } from './worst.ts';

export { ENGINE, exemplarNames };

export interface ImageRef {
  readonly name: string;
  readonly path: string;
}

export interface Deps {
  readonly images: ImageReader;
  readonly inference: Inference;
  readonly backbones: Backbones;
  /** The templates that words are embedded in. */
  readonly templates?: () => Promise<readonly string[]>;
}

export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly item?: string;
}

export interface LearnInput {
  readonly compiled: CompiledRules;
  readonly normals: readonly ImageRef[];
  /** Where exemplar images lie that are not among the normals (`--shots` draws some of the folder). */
  readonly exemplars?: readonly ImageRef[];
  readonly calibration?: readonly ImageRef[];
  /** Mask files that exemplars, regions and `ignore` name, decoded. */
  readonly masks?: ReadonlyMap<string, Mask>;
  /** Linear layers that options of detectors name, by that name. */
  readonly adapters?: ReadonlyMap<string, readonly Adapter[]>;
  readonly set?: string;
  readonly seed?: number;
}

export interface LearnOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: Progress) => void;
}

export interface Learned {
  readonly profile: Profile;
  readonly failures: readonly { readonly image: string; readonly error: LogsadError }[];
}

/** Normals to a Profile. An unreadable image is reported and left out; with none readable the first fault is thrown. */
export async function learn(input: LearnInput, deps: Deps, options: LearnOptions = {}): Promise<Learned> {
  const { file } = input.compiled;
  const backbone = await deps.backbones.dense('ground', input.set ?? 'embedded');
  const looking = { ...deps, images: cachedImages(deps.images) };
  const segmenter = createSegmenter(file, looking.images, deps.inference, backbone, input.masks);
  try {
    return await learnWith(segmenter, backbone, input, looking, options);
  } finally {
    await segmenter.dispose();
  }
}

async function learnWith(
  segmenter: Segmenter,
  backbone: DenseBackbone,
  input: LearnInput,
  deps: Deps,
  options: LearnOptions,
): Promise<Learned> {
  const file = input.compiled.file;
  const set = input.set ?? 'embedded';
  const seed = input.seed ?? 0;
  const masks = input.masks ?? new Map<string, Mask>();
  const failures: { image: string; error: LogsadError }[] = [];
  let focus: FocusSize | null = null;
  if (file.frame.focus === 'silhouette') {
    focus = await silhouetteFocus(input, segmenter, options);
    segmenter.setFocus(focus);
  }
  const words = await learnWords(file, input.normals, set, segmenter, deps, seed, options.signal);
  const spoken = words && isAllSpoken(file);
  const grounded = spoken
    ? await groundBySpoken(words, input, segmenter, failures, options)
    : Object.keys(file.interests).length > 0
      ? await groundByHead(words, input, masks, segmenter, failures, options)
      : null;
  const model = grounded?.model ?? null;
  const { normals = [], calibration = [], relit = [], exemplars = {} } = grounded ?? {};
  const print = model && (await openPrint(file, set, deps));
  if (print) {
    normals.splice(0, normals.length, ...(await printOf(print.read, normals, input.normals, options.signal)));
    calibration.splice(
      0,
      calibration.length,
      ...(await printOf(print.read, calibration, input.calibration ?? [], options.signal)),
    );
  }
  if (!model) {
    normals.push(...(await bareRecords(input.normals, 'normals', segmenter, backbone, failures, options)));
    calibration.push(
      ...(await bareRecords(input.calibration ?? [], 'calibration', segmenter, backbone, failures, options)),
    );
  }
  const [own, more] = [input.normals, input.calibration ?? []].map((refs) => new Map(refs.map((r) => [r.name, r])));
  const refOf = (i: number): ImageRef =>
    own!.get(normals[i]?.image ?? '') ?? more!.get(calibration[i - normals.length]!.image)!;
  const detected = await learnDetectors(
    {
      file,
      masks,
      groundChannels: model ? model.head.stages.map((s) => s.channels) : [],
      scenes: normals.map((r) => r.scene),
      calibration: calibration.map((r) => r.scene),
      pixels: async (i) => (await segmenter.frame(refOf(i), options.signal)).pixels,
      set,
      seed,
      adapters: input.adapters,
    },
    deps,
    options,
  );
  const read = (r: NormalRecord, i: number): NormalRecord => ({
    ...r,
    scene: { ...r.scene, detectors: detected.readings[i]! },
  });
  const profile: Profile = {
    schema: 'logsad/profile/v1',
    stamp: {
      product: file.product,
      grounding: input.compiled.digests.grounding,
      backbones: {
        ground: { id: backbone.id, digest: backbone.digest },
        ...words?.backbones,
        ...(print ? { text: print.backbone } : {}),
        ...detected.backbones,
      },
      set,
      seed,
      engine: ENGINE,
    },
    sections: {
      ...(model ? { ground: groundSection({ ...model, focus }, exemplars) } : {}),
      ...(words ? { words: words.section } : {}),
      ...detected.sections,
    },
    normals: normals.map(read),
    calibration: calibration.map((r, i) => read(r, normals.length + i)),
    relit,
    worst: [],
  };
  return {
    profile: { ...profile, worst: worstNormals(input.compiled, profile, Object.fromEntries(masks)) },
    failures,
  };
}

/** What grounding the interests of a file came to. */
interface Grounded {
  readonly model: GroundModel;
  readonly normals: NormalRecord[];
  readonly calibration: NormalRecord[];
  readonly relit: NormalRecord[];
  /** sha256 of every image that was drawn on. */
  readonly exemplars: Readonly<Record<string, string>>;
}

async function groundBySpoken(
  words: Words,
  input: LearnInput,
  segmenter: Segmenter,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<Grounded> {
  const { file } = input.compiled;
  const { model, normals, calibration } = await learnSpoken(words, input, segmenter, failures, options);
  return {
    model,
    normals: normals.map((f) => record(file, model, f, f.candidates.image)),
    calibration: calibration.map((f) => record(file, model, f)),
    relit: [],
    exemplars: {},
  };
}

async function groundByHead(
  words: Words | null,
  input: LearnInput,
  masks: ReadonlyMap<string, Mask>,
  segmenter: Segmenter,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<Grounded> {
  const { file } = input.compiled;
  const drawn = await headImages(file, input, segmenter, options);
  const { head, framed } = await learnHead(file, drawn, masks, segmenter, input.seed ?? 0, options);
  const exemplars = Object.fromEntries(framed.map((f) => [f.name, f.sha256]));
  const finder = { file, segmenter, head, words };
  const first = await inOrder(framed, async (f) => offered(finder, f, {}, options.signal));
  const medians = areaMedians(file, first);
  // Images that only show a value of an attribute serve too, wherever they lie.
  const pointedAt = (input.exemplars ?? []).filter((e) => exemplarNames(file).includes(e.name));
  const extra = new Map([...pointedAt, ...drawn].map((r) => [r.name, r]));
  for (const n of input.normals) extra.delete(n.name);
  const all = [...extra.values(), ...input.normals];
  const found = await candidates(finder, all, medians, 'normals', failures, options);
  const lit = await relight(finder, all, medians, options);
  const model = learnGround(
    file,
    head,
    found.map((f) => f.candidates),
    lit.map((f) => f.candidates),
  );
  const wanted = new Set(input.normals.map((n) => n.name));
  const own = found.filter((f) => wanted.has(f.candidates.image));
  const more = await candidates(finder, input.calibration ?? [], model.medians, 'calibration', failures, options);
  return {
    model,
    normals: own.map((f) => record(file, model, f, f.candidates.image)),
    calibration: more.map((f) => record(file, model, f)),
    relit: lit.map((f) => record(file, model, f, f.candidates.image)),
    exemplars,
  };
}

interface Found {
  readonly candidates: NormalCandidates;
  readonly sha256: string;
}

function record(file: RuleFile, model: GroundModel, f: Found, without?: string): NormalRecord {
  return { image: f.candidates.image, sha256: f.sha256, scene: buildScene(file, model, f.candidates, without) };
}

/** Candidates of some normals, spread over the list, at the outer gains: what weak rules must bear. */
async function relight(
  finder: Finder,
  refs: readonly ImageRef[],
  medians: Readonly<Record<string, number>>,
  options: LearnOptions,
): Promise<Found[]> {
  const step = Math.max(1, Math.ceil(refs.length / GROUND.relitNormals));
  const jobs = refs
    .filter((_, i) => i % step === 0)
    .flatMap((ref) => GROUND.gains.filter((g) => g !== 1).map((gain) => ({ ref, gain })));
  // An unreadable picture was reported by the first pass.
  const readable = async ({ ref, gain }: { ref: ImageRef; gain: number }): Promise<Found | null> => {
    const framed = await finder.segmenter.frame(ref, options.signal).catch((error: unknown) => {
      if (error instanceof LogsadError && error.code.startsWith('IMAGE_')) return null;
      throw error;
    });
    if (!framed) return null;
    const relit = { ...framed, pixels: withGain(framed.pixels, gain) };
    const candidates = await offered(finder, relit, medians, options.signal);
    return { candidates, sha256: framed.sha256 };
  };
  let done = 0;
  const found = await inOrder(jobs, async (job) => {
    const f = await readable(job);
    options.onProgress?.({ stage: 'other light', done: ++done, total: jobs.length, item: job.ref.name });
    return f;
  });
  return found.filter((f): f is Found => f !== null);
}

/** Records of pictures in which nothing is grounded. */
async function bareRecords(
  refs: readonly ImageRef[],
  stage: string,
  segmenter: Segmenter,
  backbone: DenseBackbone,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<NormalRecord[]> {
  return pictures(refs, stage, failures, options, async (ref) => {
    const { frame, sha256 } = await segmenter.frame(ref, options.signal);
    return { image: ref.name, sha256, scene: bareScene(ref.name, frame, backbone.stages[0]!.stride) };
  });
}

async function candidates(
  finder: Finder,
  refs: readonly ImageRef[],
  medians: Readonly<Record<string, number>>,
  stage: string,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<Found[]> {
  return pictures(refs, stage, failures, options, async (ref) => {
    const framed = await finder.segmenter.frame(ref, options.signal);
    const candidates = await offered(finder, framed, medians, options.signal);
    return { candidates, sha256: framed.sha256 };
  });
}
