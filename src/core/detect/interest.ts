/**
 * Interest matching (Eq. 2-3, ALGORITHM 5): the instances of an image against those of normals, by the cheapest one-to-one
 * assignment of their pooled features. Beyond the paper: the best single normal instead of all pooled, a cost for what
 * stays unmatched (so that counting errors show), and terms for position and area.
 */
import { assign } from '../grid/assign.ts';
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading, Instance, MatchedPair, Scene } from '../scene.ts';
import { mean, standardDeviation } from '../statistics.ts';
import type { DetectContext, Detector, Learning, Needs } from './detector.ts';
import { type Options, readOptions } from './options.ts';

export const INTEREST = {
  /** Score of an image without instances (the published default). */
  nothing: 1,
  /** The unmatched cost lies this many standard deviations above the mean of matched pairs of normals (ALGORITHM 5). */
  unmatchedSigmas: 3,
  /** Smallest learnt unmatched cost: normals that hardly differ must not make a missing part a trifle. */
  unmatchedLeast: 0.1,
  /** Largest learnt unmatched cost: two unit vectors cannot differ more than this where they have anything in common. */
  unmatchedMost: 1,
  /** A pair of different interests costs this many times the unmatched cost: never worth it. */
  foreign: 4,
} as const;

const OPTIONS = {
  reduce: { is: 'word', words: ['best', 'pooled'], default: 'best', about: 'best: the single most similar normal; pooled: instances of all normals together' },
  unmatched: { is: 'word', words: ['learnt', 'free'], default: 'learnt', about: 'what an instance without a partner costs' },
  perInterest: { is: 'boolean', default: true, about: 'only instances of the same interest are partners' },
  position: { is: 'number', low: 0, high: 100, default: 0.5, about: 'cost per long side between the centroids' },
  area: { is: 'number', low: 0, high: 100, default: 0.05, about: 'cost per unit of the logarithm of the areas' },
  preset: { is: 'word', words: ['', 'paper'], default: '', about: 'paper: exactly ALGORITHM 5' },
} as const;
export type InterestOptions = Options<typeof OPTIONS>;

/** An instance as it is matched. */
export interface Matchable {
  readonly interest: string;
  /** Unit vector per stage. */
  readonly stages: readonly Float32Array[];
  /** Long-side units. */
  readonly x: number;
  readonly y: number;
  readonly area: number;
}

/** The instances of one normal. */
export interface Reference {
  readonly image: string;
  readonly instances: readonly Matchable[];
}

export interface MatchSettings {
  readonly reduce: 'best' | 'pooled';
  /** Null: what stays unmatched is free, and the mean is over min(n, m) pairs (paper). */
  readonly unmatched: number | null;
  readonly perInterest: boolean;
  readonly position: number;
  readonly area: number;
  /** One assignment per stage (paper) instead of one on the mean over stages. */
  readonly perStage: boolean;
}

export interface Match {
  readonly score: number;
  /** `[query, reference]` of the pooled list or of the best normal; null for no partner. Costs are means over stages. */
  readonly pairs: readonly { readonly query: number | null; readonly reference: Matchable | null; readonly image: string; readonly cost: number }[];
  /** Pairs per stage, where each stage has its own assignment. */
  readonly perStage: readonly (readonly (readonly [number, number])[])[];
}

function cosineCost(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!;
  return 1 - dot;
}

function terms(a: Matchable, b: Matchable, s: MatchSettings): number {
  const apart = s.position === 0 ? 0 : s.position * Math.hypot(a.x - b.x, a.y - b.y);
  const ratio = s.area === 0 ? 0 : s.area * Math.abs(Math.log(Math.max(1e-9, a.area) / Math.max(1e-9, b.area)));
  return apart + ratio;
}

/** Costs `[n][m]` per stage; pairs of different interests are out of the question where `perInterest` asks so. */
function costs(query: readonly Matchable[], refs: readonly Matchable[], s: MatchSettings): Float64Array[][] {
  const stages = query[0]!.stages.length;
  const foreign = INTEREST.foreign * (s.unmatched ?? INTEREST.unmatchedMost);
  return Array.from({ length: stages }, (_, k) =>
    query.map((a) =>
      Float64Array.from(refs, (b) => {
        if (s.perInterest && a.interest !== b.interest) return foreign;
        return cosineCost(a.stages[k]!, b.stages[k]!) + terms(a, b, s);
      }),
    ),
  );
}

function meanOver(stages: readonly Float64Array[][]): Float64Array[] {
  return stages[0]!.map((row, i) => row.map((_, j) => mean(stages.map((s) => s[i]![j]!))));
}

/** Cost, pairs and what stays alone of one assignment; rows and columns may stay alone for `c` each where it is given. */
function assignWith(cost: Float64Array[], m: number, c: number | null, columnsCount: boolean): { total: number; pairs: (readonly [number, number])[] } {
  if (c === null) return assign(cost) as { total: number; pairs: (readonly [number, number])[] };
  const n = cost.length;
  // Every row gets a column of its own to stay alone in; a column left over is free or costs c besides.
  const bonus = columnsCount ? c : 0;
  const wide = cost.map((row, i) => Float64Array.from({ length: m + n }, (_, j) => (j < m ? row[j]! - bonus : j - m === i ? c : INTEREST.foreign * (c + 1))));
  const { pairs, total } = assign(wide);
  return { total: total + bonus * m, pairs: pairs.filter(([, j]) => j < m) };
}

function matchOne(query: readonly Matchable[], refs: readonly Matchable[], s: MatchSettings, columnsCount: boolean): Match {
  const [n, m] = [query.length, refs.length];
  if (n === 0 || m === 0) return { score: n === m ? 0 : (s.unmatched ?? INTEREST.nothing), pairs: [], perStage: [] };
  const stages = costs(query, refs, s);
  const joint = meanOver(stages);
  const per = (s.perStage ? stages : [joint]).map((c) => assignWith(c, m, s.unmatched, columnsCount));
  const over = s.unmatched === null ? Math.min(n, m) : columnsCount ? Math.max(n, m) : n;
  const score = mean(per.map((a) => a.total / over));
  const pairs: Match['pairs'][number][] = per[0]!.pairs.map(([i, j]) => ({ query: i, reference: refs[j]!, image: '', cost: joint[i]![j]! }));
  const alone = s.unmatched ?? 0;
  const [rows, columns] = [new Set(per[0]!.pairs.map(([i]) => i)), new Set(per[0]!.pairs.map(([, j]) => j))];
  for (let i = 0; i < n; i++) if (!rows.has(i)) pairs.push({ query: i, reference: null, image: '', cost: alone });
  if (columnsCount) for (let j = 0; j < m; j++) if (!columns.has(j)) pairs.push({ query: null, reference: refs[j]!, image: '', cost: alone });
  return { score, pairs, perStage: per.map((a) => a.pairs) };
}

/** The instances of an image against normals. Without instances the score is `INTEREST.nothing` (golden/interest). */
export function matchInstances(query: readonly Matchable[], references: readonly Reference[], settings: MatchSettings): Match {
  if (query.length === 0 && settings.unmatched === null) return { score: INTEREST.nothing, pairs: [], perStage: [] };
  if (settings.reduce === 'pooled') {
    const all = references.flatMap((r) => r.instances);
    const images = new Map(references.flatMap((r) => r.instances.map((i) => [i, r.image] as const)));
    const match = matchOne(query, all, settings, false);
    return { ...match, pairs: match.pairs.map((p) => ({ ...p, image: p.reference ? images.get(p.reference)! : '' })) };
  }
  let best: Match | null = null;
  for (const r of references) {
    const match = matchOne(query, r.instances, settings, settings.unmatched !== null);
    if (!best || match.score < best.score) best = { ...match, pairs: match.pairs.map((p) => ({ ...p, image: r.image })) };
  }
  return best ?? { score: INTEREST.nothing, pairs: [], perStage: [] };
}

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

function matchables(scene: Scene, context: Pick<DetectContext, 'file'>, channels: readonly number[]): { list: Matchable[]; ids: number[] } {
  const { imageWidth, imageHeight } = scene.frame;
  const long = Math.max(imageWidth, imageHeight);
  const counts = (i: Instance): boolean => context.file.interests[i.interest]?.role !== 'background' && i.feature.length > 0;
  const instances = scene.instances.filter(counts);
  const list = instances.map((i): Matchable => ({
    interest: i.interest,
    stages: stagesOf(i.feature, channels),
    x: (i.centroid[0] * imageWidth) / long,
    y: (i.centroid[1] * imageHeight) / long,
    area: i.area,
  }));
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

function judge(scene: Scene, context: Pick<DetectContext, 'file'>, model: InterestModel, without?: number): DetectorReading {
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
    return pairs.flatMap((p) => (p.reference && p.query !== null && r.instances[p.query]!.interest === p.reference.interest ? [p.cost] : []));
  });
  if (paired.length === 0) return INTEREST.unmatchedMost;
  const learnt = mean(paired) + INTEREST.unmatchedSigmas * standardDeviation(paired);
  return Math.max(INTEREST.unmatchedLeast, Math.min(INTEREST.unmatchedMost, learnt));
}

// biome-ignore lint/correctness/useYield: this detector needs nothing but Scenes
function* learn(context: DetectContext, options: InterestOptions): Needs<Learning<InterestModel>> {
  const channels = context.groundChannels;
  const references = context.images.map(({ scene }): Reference => ({ image: scene.image, instances: matchables(scene, context, channels).list }));
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
    const plain = references.map((r) => ({ image: r.image, instances: r.instances.map(({ stages: _, ...rest }) => rest) }));
    return { facts: { channels, settings, references: plain } satisfies Facts, arrays: { features: data } };
  },
  unpack({ facts, arrays }) {
    const { channels, settings, references } = facts as Facts;
    let at = 0;
    const take = (c: number): Float32Array => arrays.features!.subarray(at, (at += c));
    return { channels, settings, references: references.map((r) => ({ image: r.image, instances: r.instances.map((i) => ({ ...i, stages: channels.map(take) })) })) };
  },
};
