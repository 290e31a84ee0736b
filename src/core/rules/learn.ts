/** References of every rule from the Scenes of normals: no image, no model, so editing a rule never re-learns one. */
import type { Scene } from '../scene.ts';
import { type CompiledRule, type CompiledRules, flatten } from './compiled.ts';
import { LEARN } from './constants.ts';
import type { Guard } from './definition.ts';
import { isEmpty, type Learnt, type Sample } from './kind.ts';
import { imageReading, NO_MASKS, type RegionMasks, type SceneView, viewOf } from './view.ts';

export interface RuleReference {
  readonly pooled: Learnt<unknown> | null;
  /** Per variant that enough normals show. */
  readonly variants: Readonly<Record<string, Learnt<unknown>>>;
}

/** Plain JSON: stored, sent and compared as it is. */
export interface LearntRules {
  readonly schema: 'logsad/learnt-rules/v1';
  /** `CompiledRules.digests.rules` it was learnt for. */
  readonly rules: string;
  readonly normals: number;
  readonly calibration: number;
  readonly references: Readonly<Record<string, RuleReference>>;
}

/** Whether a rule applies to a scene. Guards on other rules need `outcomes`; on normals those rules are taken to hold. */
export function applies(
  view: SceneView,
  guards: readonly Guard[],
  violated: (rule: string) => boolean | null = () => false,
): string | null {
  for (const guard of guards) {
    if ('attribute' in guard) {
      const value = imageReading(view, guard.attribute)?.value ?? null;
      if (value === null) return `${guard.attribute} is not known`;
      if (!guard.is.includes(value))
        return `applies where ${guard.attribute} is ${guard.is.join(' or ')}; it is ${value}`;
    } else if ('variant' in guard) {
      if (view.scene.variant === null || !guard.variant.includes(view.scene.variant))
        return `applies to variant ${guard.variant.join(' or ')}`;
    } else {
      const state = violated(guard.rule);
      if (state === null) return `rule ${guard.rule} was not judged`;
      if (state !== (guard.is === 'violated')) return `applies where rule ${guard.rule} is ${guard.is}`;
    }
  }
  return null;
}

type Readings = WeakMap<Scene, { readonly reading: unknown }>;
/** Readings by rule, masks and scene, all immutable: leaving normals out one by one asks for the same ones again. */
const readings = new WeakMap<CompiledRule, WeakMap<RegionMasks, Readings>>();

function readingsOf(rule: CompiledRule, masks: RegionMasks): Readings {
  // Masks arrive from outside: what was read without them does not hold with them.
  const key = Object.keys(masks).length > 0 ? masks : NO_MASKS;
  let byMasks = readings.get(rule);
  if (!byMasks) {
    byMasks = new WeakMap();
    readings.set(rule, byMasks);
  }
  let scenes = byMasks.get(key);
  if (!scenes) {
    scenes = new WeakMap();
    byMasks.set(key, scenes);
  }
  return scenes;
}

function readingOf(rule: CompiledRule, view: SceneView): unknown {
  const scenes = readingsOf(rule, view.masks);
  let known = scenes.get(view.scene);
  if (!known) {
    known = { reading: measureAnew(rule, view) };
    scenes.set(view.scene, known);
  }
  return known.reading;
}

function measureAnew(rule: CompiledRule, view: SceneView): unknown {
  return applies(view, rule.spec.when) === null ? rule.kind!.measure(view, rule.spec.params, rule.context) : UNMET;
}

const UNMET = { empty: 'does not apply' } as const;

function samplesOf(rule: CompiledRule, views: readonly SceneView[]): Sample<unknown>[] {
  const out: Sample<unknown>[] = [];
  for (const view of views) {
    const reading = readingOf(rule, view);
    if (!isEmpty(reading)) out.push({ image: view.scene.image, reading });
  }
  return out;
}

const alteredScenes = new WeakMap<Scene, readonly Scene[]>();

/** A normal as patch matching saw it in other focus and light; none where it did not. */
function alteredScene(scene: Scene): readonly Scene[] {
  let known = alteredScenes.get(scene);
  if (!known) {
    const { patch } = scene.detectors;
    known = patch?.altered ? [{ ...scene, detectors: { ...scene.detectors, patch: patch.altered } }] : [];
    alteredScenes.set(scene, known);
  }
  return known;
}

/**
 * Learns every rule from normals; `calibration` widens bounds and moves no centre, `relit` (normals under other light)
 * widens those of weak rules, normals in other focus and light those of rules on the map of patch matching. Where the file has `variants`, each
 * variant with at least `LEARN.variantMinN` normals gets its own reference beside the pooled one.
 */
export function learnRules(
  compiled: CompiledRules,
  normals: readonly Scene[],
  calibration: readonly Scene[] = [],
  masks: RegionMasks = NO_MASKS,
  relit: readonly Scene[] = [],
): LearntRules {
  const see = (s: Scene): SceneView => viewOf(s, compiled.file, masks);
  const views = normals.map(see);
  const more = calibration.map(see);
  const wider = [...more, ...relit.map(see)];
  const references: Record<string, RuleReference> = {};
  for (const rule of flatten(compiled.rules)) {
    const further = rule.context.tier === 'weak' ? wider : more;
    const altered = rule.kind?.readsMap ? normals.flatMap(alteredScene).map(see) : [];
    references[rule.id] = learnRule(rule, views, [...further, ...altered]);
  }
  return {
    schema: 'logsad/learnt-rules/v1',
    rules: compiled.digests.rules,
    normals: normals.length,
    calibration: calibration.length,
    references,
  };
}

/** A normal seen again under other light, and the normal it was made from (null: a picture that is none of them). */
export interface Relit {
  readonly scene: Scene;
  readonly from: Scene | null;
}

/**
 * Everything that bounds are learnt from. Made of a profile in one place (`learningOf`), handed whole to inspection and to
 * every tool, so that no two of them learn different bounds.
 */
export interface LearningSet {
  readonly normals: readonly Scene[];
  /** The normals as they are judged, in the same order: no borrowed likeness to themselves. Default: as they are. */
  readonly held?: readonly Scene[];
  readonly calibration?: readonly Scene[];
  readonly relit?: readonly Relit[];
  /** Mask files that regions name. */
  readonly masks?: RegionMasks;
  /** Normals and calibration Scenes that set no bound, because the others refuse them. */
  readonly aside?: ReadonlySet<Scene>;
}

/** What of a set teaches, where only the Scenes that `keep` admits do; what was made from a Scene goes with it. */
export function teaching(
  { normals, calibration = [], relit = [], aside }: LearningSet,
  keep: (scene: Scene) => boolean = () => true,
): { normals: Scene[]; calibration: Scene[]; relit: Scene[] } {
  const teaches = (s: Scene): boolean => !aside?.has(s) && keep(s);
  return {
    normals: normals.filter(teaches),
    calibration: calibration.filter(teaches),
    relit: relit.filter((r) => r.from === null || teaches(r.from)).map((r) => r.scene),
  };
}

/** Learns rules from a set, or from what `keep` admits of it. */
export function learnFrom(compiled: CompiledRules, set: LearningSet, keep?: (scene: Scene) => boolean): LearntRules {
  const { normals, calibration, relit } = teaching(set, keep);
  return learnRules(compiled, normals, calibration, set.masks, relit);
}

function learnRule(
  rule: CompiledRule,
  normals: readonly SceneView[],
  calibration: readonly SceneView[],
): RuleReference {
  if (!rule.kind) return { pooled: null, variants: {} };
  const learn = (a: readonly SceneView[], b: readonly SceneView[]): Learnt<unknown> | null =>
    rule.kind!.learn(samplesOf(rule, a), samplesOf(rule, b), rule.spec.params, rule.context);
  const variants: Record<string, Learnt<unknown>> = {};
  if (rule.context.file.variants) {
    const groups = new Map<string, SceneView[]>();
    for (const view of normals) {
      const v = view.scene.variant;
      if (v !== null) groups.set(v, [...(groups.get(v) ?? []), view]);
    }
    for (const [v, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (group.length < LEARN.variantMinN) continue;
      const learnt = learn(
        group,
        calibration.filter((c) => c.scene.variant === v),
      );
      if (learnt && learnt.n >= LEARN.variantMinN) variants[v] = learnt;
    }
  }
  return { pooled: learn(normals, calibration), variants };
}

/** The reference that judges a scene of this variant. */
export function referenceFor(learnt: LearntRules | null, rule: string, variant: string | null): Learnt<unknown> | null {
  const reference = learnt?.references[rule];
  if (!reference) return null;
  return (
    (variant !== null && Object.hasOwn(reference.variants, variant) ? reference.variants[variant] : reference.pooled) ??
    null
  );
}
