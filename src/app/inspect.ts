/** The second story: an image to an explained verdict. `judge` re-judges a stored Scene without any model. */
import { decide } from '../core/decide.ts';
import { LogsadError } from '../core/errors.ts';
import type { Mask } from '../core/grid/grid.ts';
import { buildScene, candidatesOf, type GroundModel } from '../core/ground/model.ts';
import { groundModel } from '../core/ground/store.ts';
import type { Profile } from '../core/profile.ts';
import { type CompiledRules, evaluateRules, type LearntRules, learnRules } from '../core/rules/index.ts';
import type { InspectionResult, Scene } from '../core/scene.ts';
import { type Deps, ENGINE } from './learn.ts';
import { createSegmenter, type ImageInput } from './segmenter.ts';

export interface Inspection {
  readonly result: InspectionResult;
}

export interface InspectOptions {
  readonly signal?: AbortSignal;
}

export interface JudgeOptions {
  /** sha256 of a normal whose own Scene must not serve as a reference (it is being judged). */
  readonly without?: string;
}

export interface Inspector {
  inspect(image: ImageInput, options?: InspectOptions): Promise<InspectionResult>;
  /** Judges a stored Scene under the current rules, without a model. */
  judge(scene: Scene, options?: JudgeOptions): InspectionResult;
  readonly learnt: LearntRules;
  readonly profile: Profile;
}

/** Refuses a Profile of another product, rule file, model or engine. @throws LogsadError PROFILE_STALE, PROFILE_PRODUCT */
export function checkStamp(compiled: CompiledRules, profile: Profile, backbone: { id: string; digest: string } | null): void {
  const { stamp } = profile;
  const { file, digests } = compiled;
  if (stamp.product !== file.product) {
    throw new LogsadError('PROFILE_PRODUCT', { found: stamp.product, expected: file.product });
  }
  const stale = (what: string): LogsadError => new LogsadError('PROFILE_STALE', { what, product: file.product });
  if (stamp.engine !== ENGINE) throw stale(`it was learnt by engine ${stamp.engine}, this is ${ENGINE}`);
  if (stamp.grounding !== digests.grounding) {
    throw stale('frame, interests, attributes, regions, variants or detectors of the rule file changed since it was learnt');
  }
  const used = stamp.backbones.ground;
  if (backbone && used && used.digest !== backbone.digest) {
    throw stale(`it was learnt with ${used.id} (${used.digest.slice(0, 12)}), installed is ${backbone.id} (${backbone.digest.slice(0, 12)})`);
  }
}

/** Scenes of all normals but those of one image, as rules learn from them. */
function learnFrom(compiled: CompiledRules, profile: Profile, without?: string): LearntRules {
  const keep = (r: { sha256: string; scene: Scene }) => r.sha256 !== without;
  return learnRules(
    compiled,
    profile.normals.filter(keep).map((r) => r.scene),
    profile.calibration.filter(keep).map((r) => r.scene),
  );
}

/** Most normals that p is computed against by leaving each out alone; beyond, whole folds are left out (same validity). */
const FOLDS = 24;

/** Composition units of the normals, each judged by bounds that it did not help to set. */
export function heldOutUnits(compiled: CompiledRules, profile: Profile): number[] {
  const all = [...profile.normals.map((r) => ({ r, kind: 0 })), ...profile.calibration.map((r) => ({ r, kind: 1 }))];
  const folds = Math.min(all.length, FOLDS);
  const units: number[] = new Array(all.length);
  for (let f = 0; f < folds; f++) {
    const rest = all.filter((_, i) => i % folds !== f);
    const learnt = learnRules(
      compiled,
      rest.filter((e) => e.kind === 0).map((e) => e.r.scene),
      rest.filter((e) => e.kind === 1).map((e) => e.r.scene),
    );
    all.forEach((e, i) => {
      if (i % folds === f) units[i] = evaluateRules(compiled, learnt, e.r.scene).unit;
    });
  }
  return units;
}

export async function openInspector(compiled: CompiledRules, profile: Profile, deps: Deps & { readonly masks?: ReadonlyMap<string, Mask> }): Promise<Inspector> {
  const { file } = compiled;
  const grounded = Object.keys(file.interests).length > 0;
  const backbone = grounded ? await deps.backbones.dense('ground', profile.stamp.set) : null;
  checkStamp(compiled, profile, backbone);
  const model: GroundModel | null = profile.sections.ground ? groundModel(profile.sections.ground) : null;
  const segmenter = backbone ? createSegmenter(file, deps.images, deps.inference, backbone, deps.masks) : null;
  segmenter?.setFocus(model?.focus ?? null);
  const learnt = learnFrom(compiled, profile);
  let normals: number[] | null = null;
  const fingerprint: Record<string, string | number> = {
    engine: profile.stamp.engine,
    grounding: compiled.digests.grounding.slice(0, 16),
    rules: compiled.digests.rules.slice(0, 16),
    set: profile.stamp.set,
    ...(backbone ? { ground: `${backbone.id}@${backbone.digest.slice(0, 12)}` } : {}),
    normals: profile.normals.length,
  };

  const judge = (scene: Scene, { without }: JudgeOptions = {}, timings: Record<string, number> = {}): InspectionResult => {
    const start = performance.now();
    const references = without === undefined ? learnt : learnFrom(compiled, profile, without);
    normals ??= heldOutUnits(compiled, profile);
    const rules = evaluateRules(compiled, references, scene);
    const decision = decide({ scene, rules, detectors: {}, normals, doubts: [] });
    timings.rules = performance.now() - start;
    return { schemaVersion: 1, image: scene.image, ...decision, scene, timings, fingerprint };
  };

  return {
    profile,
    learnt,
    judge: (scene, options) => judge(scene, options),
    async inspect(image, options = {}) {
      if (!segmenter || !model) throw new LogsadError('PROFILE_STALE', { what: 'it holds no grounding', product: file.product });
      const timings: Record<string, number> = {};
      let last = performance.now();
      const lap = (stage: string): void => {
        const now = performance.now();
        timings[stage] = now - last;
        last = now;
      };
      const framed = await segmenter.frame(image, options.signal);
      lap('decode');
      const view = await segmenter.view(framed, model.head, { floors: model.floors, ...(options.signal ? { signal: options.signal } : {}) });
      lap('segment');
      // A picture that taught the profile is judged without itself.
      const self = profile.normals.find((n) => n.sha256 === framed.sha256);
      const scene = buildScene(file, model, candidatesOf(file, image.name, view, model.medians), self?.image);
      lap('scene');
      return judge(scene, self ? { without: self.sha256 } : {}, timings);
    },
  };
}
