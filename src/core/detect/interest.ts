/**
 * Interest matching (Eq. 2-3, ALGORITHM 5): the instances of an image against those of normals, by the cheapest one-to-one
 * assignment of their pooled features. Beyond the paper: the best single normal instead of all pooled, a cost for what
 * stays unmatched (so that counting errors show), and terms for position and area.
 */
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading, Instance, MatchedPair, Scene } from '../scene.ts';
import { mean, standardDeviation } from '../statistics.ts';
import type { DetectContext, Detector, Learning, Needs } from './detector.ts';
import {
  INTEREST,
  type Match,
  type Matchable,
  type MatchSettings,
  matchInstances,
  type Reference,
} from './instances.ts';
import { type Options, readOptions } from './options.ts';

const OPTIONS = {
  reduce: {
    is: 'word',
    words: ['best', 'pooled'],
    default: 'best',
    about: 'best: the single most similar normal; pooled: instances of all normals together',
  },
  unmatched: {
    is: 'word',
    words: ['learnt', 'free'],
    default: 'learnt',
    about: 'what an instance without a partner costs',
  },
  perInterest: { is: 'boolean', default: true, about: 'only instances of the same interest are partners' },
  position: { is: 'number', low: 0, high: 100, default: 0.5, about: 'cost per long side between the centroids' },
  area: { is: 'number', low: 0, high: 100, default: 0.05, about: 'cost per unit of the logarithm of the areas' },
  preset: { is: 'word', words: ['', 'paper'], default: '', about: 'paper: exactly ALGORITHM 5' },
} as const;
export type InterestOptions = Options<typeof OPTIONS>;

export interface InterestModel {
  readonly references: readonly Reference[];
  readonly channels: readonly number[];
  readonly settings: MatchSettings;
}

/** Cuts a pooled feature of core/ground/pool.ts into unit vectors per stage. */
function stagesOf(feature: readonly number[], channels: readonly number[]): Float32Array[] {
  let at = 0;
  return channels.map((c) => {
    const part = Float32Array.from(feature.slice(at, at + c));
    at += c;
    const norm = Math.hypot(...part) || 1;
    return part.map((v) => v / norm);
  });
}

function matchables(
  scene: Scene,
  context: Pick<DetectContext, 'file'>,
  channels: readonly number[],
): { list: Matchable[]; ids: number[] } {
  const { imageWidth, imageHeight } = scene.frame;
  const long = Math.max(imageWidth, imageHeight);
  const counts = (i: Instance): boolean =>
    context.file.interests[i.interest]?.role !== 'background' && i.feature.length > 0;
  const instances = scene.instances.filter(counts);
  const list = instances.map(
    (i): Matchable => ({
      interest: i.interest,
      stages: stagesOf(i.feature, channels),
      x: (i.centroid[0] * imageWidth) / long,
      y: (i.centroid[1] * imageHeight) / long,
      area: i.area,
    }),
  );
  return { list, ids: instances.map((i) => i.id) };
}

function readingOf(match: Match, ids: readonly number[]): DetectorReading {
  const pairs = match.pairs.map(
    (p): MatchedPair => ({
      instance: p.query === null ? null : ids[p.query]!,
      with: p.reference ? { image: p.image, interest: p.reference.interest } : null,
      cost: p.cost,
    }),
  );
  return { score: match.score, evidence: { pairs } };
}

function judge(
  scene: Scene,
  context: Pick<DetectContext, 'file'>,
  model: InterestModel,
  without?: number,
): DetectorReading {
  const { list, ids } = matchables(scene, context, model.channels);
  const references = without === undefined ? model.references : model.references.filter((_, i) => i !== without);
  return readingOf(matchInstances(list, references, model.settings), ids);
}

/** Mean + 3 sd of the costs of matched pairs, each normal against the others. */
function learnUnmatched(references: readonly Reference[], free: MatchSettings): number {
  const paired = references.flatMap((r, i) => {
    const others = references.filter((_, j) => j !== i);
    if (r.instances.length === 0 || others.length === 0) return [];
    const { pairs } = matchInstances(r.instances, others, free);
    return pairs.flatMap((p) =>
      p.reference && p.query !== null && r.instances[p.query]!.interest === p.reference.interest ? [p.cost] : [],
    );
  });
  if (paired.length === 0) return INTEREST.unmatchedMost;
  const learnt = mean(paired) + INTEREST.unmatchedSigmas * standardDeviation(paired);
  return Math.max(INTEREST.unmatchedLeast, Math.min(INTEREST.unmatchedMost, learnt));
}

function* learn(context: DetectContext, options: InterestOptions): Needs<Learning<InterestModel>> {
  const channels = context.groundChannels;
  const references = context.images.map(
    ({ scene }): Reference => ({ image: scene.image, instances: matchables(scene, context, channels).list }),
  );
  const paper = options.preset === 'paper';
  const free: MatchSettings = {
    reduce: paper || options.reduce === 'pooled' ? 'pooled' : 'best',
    unmatched: null,
    perInterest: !paper && options.perInterest,
    position: paper ? 0 : options.position,
    area: paper ? 0 : options.area,
    perStage: paper,
  };
  const learnt = !paper && options.unmatched === 'learnt';
  const settings = learnt ? { ...free, unmatched: learnUnmatched(references, free) } : free;
  const model: InterestModel = { references, channels, settings };
  const alone = context.images.length < 2;
  return { model, readings: context.images.map(({ scene }, i) => (alone ? null : judge(scene, context, model, i))) };
}

interface Facts {
  readonly channels: readonly number[];
  readonly settings: MatchSettings;
  readonly references: readonly { readonly image: string; readonly instances: readonly Omit<Matchable, 'stages'>[] }[];
}

export const interest: Detector<InterestOptions, InterestModel> = {
  name: 'interest',
  dense: false,
  options: (given) => readOptions('interest', OPTIONS, given),
  learn,
  *open() {},
  // biome-ignore lint/correctness/useYield: this detector needs nothing but Scenes
  *detect(context, model) {
    return { reading: judge(context.images[0]!.scene, context, model, context.without), map: null };
  },
  pack({ references, channels, settings }): ProfileSection {
    const flat = references.flatMap((r) => r.instances.flatMap((i) => i.stages));
    const data = new Float32Array(flat.reduce((n, v) => n + v.length, 0));
    let at = 0;
    for (const v of flat) {
      data.set(v, at);
      at += v.length;
    }
    const plain = references.map((r) => ({
      image: r.image,
      instances: r.instances.map(({ stages: _, ...rest }) => rest),
    }));
    return { facts: { channels, settings, references: plain } satisfies Facts, arrays: { features: data } };
  },
  unpack({ facts, arrays }) {
    const { channels, settings, references } = facts as Facts;
    let at = 0;
    const take = (c: number): Float32Array => {
      at += c;
      return arrays.features!.subarray(at - c, at);
    };
    return {
      channels,
      settings,
      references: references.map((r) => ({
        image: r.image,
        instances: r.instances.map((i) => ({ ...i, stages: channels.map(take) })),
      })),
    };
  },
};
