/** The first story: normals to a Profile. Exemplars fit the pixel head, all normals teach the rest, nothing is written. */
import { bareScene } from '../core/detect/regions.ts';
import { ENGINE } from '../core/engine.ts';
import { LogsadError } from '../core/errors.ts';
import type { Mask } from '../core/grid/grid.ts';
import { GROUND } from '../core/ground/constants.ts';
import type { FocusSize } from '../core/ground/focus.ts';
import type { PixelHead } from '../core/ground/head.ts';
import {
  areaMedians,
  buildScene,
  candidatesOf,
  type GroundModel,
  learnGround,
  type NormalCandidates,
} from '../core/ground/model.ts';
import { groundSection } from '../core/ground/store.ts';
import type { NormalRecord, Profile } from '../core/profile.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { CompiledRules } from '../core/rules/index.ts';
import { learnDetectors } from './detect.ts';
import { inOrder } from './lanes.ts';
import { exemplarNames, headImages, learnHead, pictures, silhouetteFocus } from './learnHead.ts';
import { cachedImages } from './pictureCache.ts';
import type { Backbones, DenseBackbone, ImageReader, Inference } from './ports.ts';
import { createSegmenter, type Segmenter, withGain } from './segmenter.ts';
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

const signalOf = (o: LearnOptions): { signal?: AbortSignal } => (o.signal ? { signal: o.signal } : {});

/** Normals to a Profile. An unreadable image is reported and left out; with none readable the first fault is thrown. */
export async function learn(input: LearnInput, deps: Deps, options: LearnOptions = {}): Promise<Learned> {
  const { file } = input.compiled;
  const backbone = await deps.backbones.dense('ground', input.set ?? 'embedded');
  const segmenter = createSegmenter(file, cachedImages(deps.images), deps.inference, backbone, input.masks);
  try {
    return await learnWith(segmenter, backbone, input, deps, options);
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
  let model: GroundModel | null = null;
  if (file.frame.focus === 'silhouette') {
    focus = await silhouetteFocus(input, segmenter, options);
    segmenter.setFocus(focus);
  }
  const normals: NormalRecord[] = [];
  const calibration: NormalRecord[] = [];
  const relit: NormalRecord[] = [];
  const exemplars: Record<string, string> = {};
  if (Object.keys(file.interests).length > 0) {
    const drawn = await headImages(file, input, segmenter, options);
    const { head, framed } = await learnHead(file, drawn, masks, segmenter, seed, options);
    for (const f of framed) exemplars[f.name] = f.sha256;
    const first = await inOrder(framed, async (f) =>
      candidatesOf(file, f.name, await segmenter.view(f, head, signalOf(options)), {}),
    );
    const medians = areaMedians(file, first);
    // Images that only show a value of an attribute serve too, wherever they lie.
    const pointedAt = (input.exemplars ?? []).filter((e) => exemplarNames(file).includes(e.name));
    const extra = new Map([...pointedAt, ...drawn].map((r) => [r.name, r]));
    for (const n of input.normals) extra.delete(n.name);
    const all = [...extra.values(), ...input.normals];
    const found = await candidates(file, all, head, medians, segmenter, 'normals', failures, options);
    const lit = await relight(file, all, head, medians, segmenter, options);
    model = learnGround(
      file,
      head,
      found.map((f) => f.candidates),
      lit.map((f) => f.candidates),
    );
    for (const f of lit) relit.push(record(file, model, f, f.candidates.image));
    const wanted = new Set(input.normals.map((n) => n.name));
    for (const f of found) {
      if (wanted.has(f.candidates.image)) normals.push(record(file, model, f, f.candidates.image));
    }
    for (const f of await candidates(
      file,
      input.calibration ?? [],
      head,
      model.medians,
      segmenter,
      'calibration',
      failures,
      options,
    )) {
      calibration.push(record(file, model, f));
    }
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
      backbones: { ground: { id: backbone.id, digest: backbone.digest }, ...detected.backbones },
      set,
      seed,
      engine: ENGINE,
    },
    sections: { ...(model ? { ground: groundSection({ ...model, focus }, exemplars) } : {}), ...detected.sections },
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

interface Found {
  readonly candidates: NormalCandidates;
  readonly sha256: string;
}

function record(file: RuleFile, model: GroundModel, f: Found, without?: string): NormalRecord {
  return { image: f.candidates.image, sha256: f.sha256, scene: buildScene(file, model, f.candidates, without) };
}

/** Candidates of some normals, spread over the list, at the outer gains: what weak rules must bear. */
async function relight(
  file: RuleFile,
  refs: readonly ImageRef[],
  head: PixelHead,
  medians: Readonly<Record<string, number>>,
  segmenter: Segmenter,
  options: LearnOptions,
): Promise<Found[]> {
  const step = Math.max(1, Math.ceil(refs.length / GROUND.relitNormals));
  const jobs = refs
    .filter((_, i) => i % step === 0)
    .flatMap((ref) => GROUND.gains.filter((g) => g !== 1).map((gain) => ({ ref, gain })));
  // An unreadable picture was reported by the first pass.
  const readable = async ({ ref, gain }: { ref: ImageRef; gain: number }): Promise<Found | null> => {
    const framed = await segmenter.frame(ref, options.signal).catch((error: unknown) => {
      if (error instanceof LogsadError && error.code.startsWith('IMAGE_')) return null;
      throw error;
    });
    if (!framed) return null;
    const view = await segmenter.view({ ...framed, pixels: withGain(framed.pixels, gain) }, head, signalOf(options));
    return { candidates: candidatesOf(file, ref.name, view, medians), sha256: framed.sha256 };
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
  file: RuleFile,
  refs: readonly ImageRef[],
  head: PixelHead,
  medians: Readonly<Record<string, number>>,
  segmenter: Segmenter,
  stage: string,
  failures: { image: string; error: LogsadError }[],
  options: LearnOptions,
): Promise<Found[]> {
  return pictures(refs, stage, failures, options, async (ref) => {
    const framed = await segmenter.frame(ref, options.signal);
    const view = await segmenter.view(framed, head, signalOf(options));
    return { candidates: candidatesOf(file, ref.name, view, medians), sha256: framed.sha256 };
  });
}
