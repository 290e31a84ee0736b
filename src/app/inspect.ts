/** The second story: an image to an explained verdict. `judge` re-judges a stored Scene without any model. */
import { type Calibration, calibrate } from '../core/calibrate.ts';
import { decide } from '../core/decide.ts';
import { asLeftOut, bareScene, mapBorder, regionsAbove, strongestRegion } from '../core/detect/regions.ts';
import { doubtsOf } from '../core/doubts.ts';
import { LogsadError } from '../core/errors.ts';
import type { FeatureGrid, Mask } from '../core/grid/grid.ts';
import { buildScene, type GroundModel } from '../core/ground/model.ts';
import { groundModel } from '../core/ground/store.ts';
import type { Profile } from '../core/profile.ts';
import type { CompiledRules, LearntRules } from '../core/rules/index.ts';
import type { DetectorResult, InspectionResult, Scene } from '../core/scene.ts';
import type { ScalarReference } from '../core/statistics.ts';
import { openDetectors, specsOf } from './detect.ts';
import { type Deps, ENGINE } from './learn.ts';
import { look } from './offered.ts';
import { openPrint } from './print.ts';
import { createSegmenter, type ImageInput } from './segmenter.ts';
import { openWords } from './words.ts';

export interface Inspection {
  readonly result: InspectionResult;
  /** Map of each detector that has one, over the frame on the detector's own grid, with the border normals stay below. */
  readonly maps: Readonly<Record<string, { readonly map: FeatureGrid; readonly border: ScalarReference }>>;
}

export interface InspectOptions {
  readonly signal?: AbortSignal;
}

export interface JudgeOptions {
  /** sha256 of a normal or calibration image whose own Scene must not serve as a reference (it is being judged). */
  readonly without?: string;
}

/** Holds head weights in the inference child: `await using`, or leave it to the engine's end. */
export interface Inspector extends AsyncDisposable {
  inspect(image: ImageInput, options?: InspectOptions): Promise<InspectionResult>;
  /** As `inspect`, with the maps, which are too large for the result's JSON. */
  inspectWithMaps(image: ImageInput, options?: InspectOptions): Promise<Inspection>;
  /** Judges a stored Scene under the current rules, without a model. */
  judge(scene: Scene, options?: JudgeOptions): InspectionResult;
  readonly learnt: LearntRules;
  /** Bounds, the normals that were set aside, and whether normals fall into two groups. */
  readonly calibration: Calibration;
  readonly profile: Profile;
}

/** Refuses a Profile of another product, rule file, model or engine. @throws LogsadError PROFILE_STALE, PROFILE_PRODUCT */
export function checkStamp(
  compiled: CompiledRules,
  profile: Profile,
  backbone: { id: string; digest: string } | null,
): void {
  const { stamp } = profile;
  const { file, digests } = compiled;
  if (stamp.product !== file.product) {
    throw new LogsadError('PROFILE_PRODUCT', { found: stamp.product, expected: file.product });
  }
  const stale = (what: string): LogsadError => new LogsadError('PROFILE_STALE', { what, product: file.product });
  if (stamp.engine !== ENGINE) throw stale(`it was learnt by engine ${stamp.engine}, this is ${ENGINE}`);
  if (stamp.grounding !== digests.grounding) {
    throw stale(
      'frame, interests, attributes, regions, variants or detectors of the rule file changed since it was learnt',
    );
  }
  const used = stamp.backbones.ground;
  if (backbone && used && used.digest !== backbone.digest) {
    throw stale(
      `it was learnt with ${used.id} (${used.digest.slice(0, 12)}), installed is ${backbone.id} (${backbone.digest.slice(0, 12)})`,
    );
  }
}

export interface OpenOptions {
  /** Also opens rules that are only proposed: to measure or to vet them, not to judge parts by them. */
  readonly proposed?: boolean;
  /** Where the rule file lies, for the fault that names it. */
  readonly path?: string;
}

/** @throws LogsadError RULES_PROPOSED, and as checkStamp */
export async function openInspector(
  compiled: CompiledRules,
  profile: Profile,
  deps: Deps & { readonly masks?: ReadonlyMap<string, Mask> },
  { proposed = false, path }: OpenOptions = {},
): Promise<Inspector> {
  const { file } = compiled;
  if (file.status === 'proposed' && !proposed) {
    throw new LogsadError(
      'RULES_PROPOSED',
      { product: file.product, file: path },
      path === undefined ? {} : { place: { file: path } },
    );
  }
  const backbone = await deps.backbones.dense('ground', profile.stamp.set);
  checkStamp(compiled, profile, backbone);
  const words = await openWords(file, profile.sections.words, profile.stamp.set, deps);
  const print = profile.sections.ground ? await openPrint(file, profile.stamp.set, deps) : null;
  // A text rule may be newer than the profile: then no print of the normals was read, by this reader or another.
  const reads = print && profile.stamp.backbones.text ? { text: print.backbone } : {};
  for (const [use, { id, digest }] of Object.entries({ ...words?.backbones, ...reads })) {
    const used = profile.stamp.backbones[use];
    if (used?.digest === digest) continue;
    const what = `it was learnt with ${used?.id ?? 'no model'} for ${use}, installed is ${id} (${digest.slice(0, 12)})`;
    throw new LogsadError('PROFILE_STALE', { what, product: file.product });
  }
  const model: GroundModel | null = profile.sections.ground ? groundModel(profile.sections.ground) : null;
  const segmenter = createSegmenter(file, deps.images, deps.inference, backbone, deps.masks);
  segmenter.setFocus(model?.focus ?? null);
  const groundChannels = model ? model.head.stages.map((s) => s.channels) : [];
  const calibration = calibrate(compiled, profile, Object.fromEntries(deps.masks ?? []));
  const borders = Object.fromEntries(
    specsOf(file).map((d) => [d.name, mapBorder(profile.normals.flatMap((n) => n.scene.detectors[d.name] ?? []))]),
  );
  const fingerprint: Record<string, string | number> = {
    engine: profile.stamp.engine,
    grounding: compiled.digests.grounding.slice(0, 16),
    rules: compiled.digests.rules.slice(0, 16),
    set: profile.stamp.set,
    ...Object.fromEntries(
      Object.entries(profile.stamp.backbones).map(([use, b]) => [use, `${b.id}@${b.digest.slice(0, 12)}`]),
    ),
    normals: profile.normals.length,
  };

  // Last of all that can fail: from here on banks lie in the child until the inspector is disposed of.
  const detectors = await openDetectors(
    { file, masks: deps.masks ?? new Map(), groundChannels, set: profile.stamp.set },
    profile.sections,
    deps,
  );

  const normalScenes = profile.normals.map((n) => n.scene);
  const judge = (
    scene: Scene,
    { without }: JudgeOptions = {},
    timings: Record<string, number> = {},
  ): InspectionResult => {
    const start = performance.now();
    const at = [...profile.normals, ...profile.calibration].findIndex((r) => r.sha256 === without);
    const self = without === undefined || at < 0 ? undefined : at;
    const judged = calibration.judged(scene, self);
    const decision = decide({
      scene,
      calibration,
      judged,
      ranked: calibration.ranked(scene, judged, self),
      doubts: doubtsOf(scene, judged.rules.measurements, normalScenes),
    });
    timings.rules = performance.now() - start;
    return { schemaVersion: 1, image: scene.image, ...decision, scene, timings, fingerprint };
  };

  const inspectWithMaps: Inspector['inspectWithMaps'] = async (image, options = {}) => {
    const timings: Record<string, number> = {};
    let last = performance.now();
    const lap = (stage: string): void => {
      const now = performance.now();
      timings[stage] = now - last;
      last = now;
    };
    const framed = await segmenter.frame(image, options.signal);
    const extra = options.signal ? { signal: options.signal } : {};
    lap('decode');
    const finder = model && { file, segmenter, words, head: model.head };
    const { candidates, seen } = finder
      ? await look(finder, framed, model.medians, options.signal)
      : { candidates: null, seen: null };
    lap('segment');
    // A picture that taught the profile is judged without itself; calibration images are in no bank.
    const at = profile.normals.findIndex((n) => n.sha256 === framed.sha256);
    const self = profile.normals[at];
    const known = self ?? profile.calibration.find((n) => n.sha256 === framed.sha256);
    const bare =
      model && candidates
        ? buildScene(file, model, candidates, self?.image)
        : bareScene(image.name, framed.frame, backbone.stages[0]!.stride);
    const grounded = print ? await print.read(bare, image, options.signal) : bare;
    lap('scene');
    const judged = await detectors.detect(framed.pixels, grounded, {
      without: self && at,
      seen,
      ...extra,
    });
    const found = self ? asLeftOut(judged, self.scene.detectors) : judged;
    const maps: Record<string, Inspection['maps'][string]> = {};
    const unknown = [...grounded.unknown];
    for (const [name, { map }] of Object.entries(found)) {
      if (!map) continue;
      maps[name] = { map, border: borders[name]! };
      unknown.push(...regionsAbove(map, borders[name]!, framed.frame, grounded.grid));
    }
    const readings = Object.fromEntries(Object.entries(found).map(([name, d]) => [name, d.reading]));
    lap('detect');
    const result = judge(
      { ...grounded, unknown, detectors: readings },
      known ? { without: known.sha256 } : {},
      timings,
    );
    return { result: { ...result, detectors: located(result, maps) }, maps };
  };

  return {
    profile,
    learnt: calibration.judge.rules,
    calibration,
    judge: (scene, options) => judge(scene, options),
    inspectWithMaps,
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([segmenter.dispose(), detectors[Symbol.asyncDispose]()]);
    },
    inspect: async (image, options) => (await inspectWithMaps(image, options)).result,
  };
}

/** The detectors of a result; those above the border say which part of their map carries it. */
function located({ detectors, scene }: InspectionResult, maps: Inspection['maps']): InspectionResult['detectors'] {
  const of = ([name, d]: [string, DetectorResult]): [string, DetectorResult] => {
    const map = d.unit > 1 ? maps[name] : undefined;
    const strongest = map ? strongestRegion(map.map, map.border, scene.frame, scene.grid) : null;
    return [name, strongest ? { ...d, strongest } : d];
  };
  return Object.fromEntries(Object.entries(detectors).map(of));
}
