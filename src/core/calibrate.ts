/**
 * From raw scores to tolerance units, from units to p: bounds of rules and detectors learnt together from normals, whole
 * images set aside that the others refuse, and the units of every normal under bounds that it had no part in.
 */
import type { Profile } from './profile.ts';
import { type CompiledRules, evaluateRules, type LearntRules, learnRules, type RulesOutcome } from './rules/index.ts';
import type { RegionMasks } from './rules/view.ts';
import type { Scene } from './scene.ts';
import { learnScalar, marginOf, mean, median, type ScalarReference, standardDeviation, TOLERANCE } from './statistics.ts';

export const CALIBRATE = {
  /** Smallest spread believed of a detector's scores, as a share of their median (LogSAD's own lie at 5 to 30 %). */
  floor: 0.04,
  /** A variant with fewer normals is judged by the pooled bounds. */
  variantMinN: 8,
  /** Parts that the normals are dealt into; each is judged by the others. More parts cost time, fewer cost sharpness. */
  folds: 24,
  /** Two groups of normals are told apart when their means lie this many pooled deviations apart, plus `apartFew / n`. */
  apart: 4.2,
  apartFew: 20,
  /** ... and the smaller one holds at least this share of them, and no fewer than two. */
  groupShare: 0.1,
  /** Unit of a part that a rule flags in `paper` scoring, where all flagged parts tie (Eq. 5: s = 1). */
  flagged: 1e3,
} as const;

// --- paper (ALGORITHM 7) ---------------------------------------------------------------------------------------------

/** Mean and unbiased standard deviation. */
export interface PaperStatistics {
  readonly mean: number;
  readonly sd: number;
}

export function paperStatistics(scores: readonly number[]): PaperStatistics {
  return { mean: mean(scores), sd: standardDeviation(scores) };
}

/** z-score; 0 where the normals show no spread at all and the score is theirs. */
export function zScore(score: number, { mean: m, sd }: PaperStatistics): number {
  if (sd > 0) return (score - m) / sd;
  return score === m ? 0 : score > m ? CALIBRATE.flagged : -CALIBRATE.flagged;
}

export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** Eq. 4-5: the largest z of the detectors, its sigmoid, and 1 where a rule fired. */
export function paperScore(scores: readonly number[], statistics: readonly PaperStatistics[], flagged: boolean): { z: number; score: number } {
  const z = scores.reduce((best, s, i) => Math.max(best, zScore(s, statistics[i]!)), Number.NEGATIVE_INFINITY);
  return { z, score: flagged ? 1 : sigmoid(z) };
}

// --- graded ----------------------------------------------------------------------------------------------------------

export interface DetectorBounds {
  readonly pooled: ScalarReference;
  readonly variants: Readonly<Record<string, ScalarReference>>;
  readonly paper: PaperStatistics;
}

/** Everything learnt from some normals that judges a Scene without a model. */
export interface Judge {
  readonly rules: LearntRules;
  readonly detectors: Readonly<Record<string, DetectorBounds>>;
  /** `paper`: the largest z that stands for the border. */
  readonly border: number;
}

export interface Judged {
  readonly rules: RulesOutcome;
  /** Unit per detector, `composition` left out. */
  readonly detectors: Readonly<Record<string, number>>;
  /** Fused: the largest. */
  readonly unit: number;
  /** `paper`: the shown score g(z), 1 where a rule fired. */
  readonly paper: number | null;
}

const scoresOf = (name: string, scenes: readonly Scene[]): number[] => scenes.flatMap((s) => (s.detectors[name] ? [s.detectors[name].score] : []));

function boundsOf(normals: readonly number[], calibration: readonly number[]): ScalarReference {
  const floor = CALIBRATE.floor * Math.abs(median(normals.length > 0 ? normals : calibration)) || CALIBRATE.floor;
  return learnScalar(normals, { floor, oneSided: true, calibration });
}

function learnDetector(name: string, normals: readonly Scene[], calibration: readonly Scene[]): DetectorBounds {
  const variants: Record<string, ScalarReference> = {};
  for (const v of new Set(normals.map((s) => s.variant))) {
    const same = (s: Scene): boolean => s.variant === v;
    const mine = scoresOf(name, normals.filter(same));
    if (v !== null && mine.length >= CALIBRATE.variantMinN) variants[v] = boundsOf(mine, scoresOf(name, calibration.filter(same)));
  }
  const [a, b] = [scoresOf(name, normals), scoresOf(name, calibration)];
  // The published statistics come from the validation split alone; without one, from the normals left out one by one.
  return { pooled: boundsOf(a, b), variants, paper: paperStatistics(b.length > 1 ? b : a) };
}

/** The learnt border of one detector for a scene's variant. */
export function boundsFor(bounds: DetectorBounds, variant: string | null): ScalarReference {
  return (variant !== null && Object.hasOwn(bounds.variants, variant) ? bounds.variants[variant] : undefined) ?? bounds.pooled;
}

/** Learns rules and detectors from normals; `calibration` widens bounds and moves no centre, `relit` those of weak rules. */
export function learnJudge(
  compiled: CompiledRules,
  normals: readonly Scene[],
  calibration: readonly Scene[],
  masks: RegionMasks = {},
  relit: readonly Scene[] = [],
): Judge {
  const all = [...normals, ...calibration];
  const names = [...new Set(all.flatMap((s) => Object.keys(s.detectors)))].sort();
  const detectors = Object.fromEntries(names.map((n) => [n, learnDetector(n, normals, calibration)]));
  const zs = (calibration.length > 1 ? calibration : normals).map((s) => largestZ(detectors, s));
  const border = learnScalar(zs.filter(Number.isFinite), { floor: 1 / TOLERANCE.sigmas, oneSided: true }).high;
  return { rules: learnRules(compiled, normals, calibration, masks, relit), detectors, border: border > 0 ? border : 1 };
}

function largestZ(detectors: Judge['detectors'], scene: Scene): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...Object.entries(detectors).flatMap(([n, b]) => (scene.detectors[n] ? [zScore(scene.detectors[n].score, b.paper)] : [])));
}

/** Judges one Scene: rules, detectors, and the largest of them in tolerance units. */
export function judgeScene(compiled: CompiledRules, judge: Judge, scene: Scene, masks: RegionMasks = {}): Judged {
  const rules = evaluateRules(compiled, judge.rules, scene, masks);
  const paper = compiled.file.scoring === 'paper';
  const detectors: Record<string, number> = {};
  for (const [name, bounds] of Object.entries(judge.detectors)) {
    const reading = scene.detectors[name];
    if (!reading) continue;
    detectors[name] = paper ? Math.max(0, zScore(reading.score, bounds.paper) / judge.border) : marginOf(boundsFor(bounds, scene.variant), reading.score);
  }
  const composed = compiled.file.detectors.some((d) => d.name === 'composition') ? rules.unit : 0;
  const composition = paper && composed > 1 ? CALIBRATE.flagged : composed;
  const unit = Math.max(0, composition, ...Object.values(detectors));
  const shown = paper ? (composed > 1 ? 1 : sigmoid(Math.max(largestZ(judge.detectors, scene), -CALIBRATE.flagged))) : null;
  return { rules, detectors, unit, paper: shown };
}

// --- the whole set of normals ----------------------------------------------------------------------------------------

/** A normal that the others refuse: it set no bound. */
export interface SetAside {
  readonly image: string;
  readonly unit: number;
  /** What refused it, a detector's name or the first violated rule's sentence. */
  readonly reason: string;
}

export interface TwoGroups {
  readonly detector: string;
  readonly centres: readonly [number, number];
  readonly sizes: readonly [number, number];
  /** Distance of the means in pooled deviations. */
  readonly separation: number;
}

interface Fold {
  readonly judge: Judge;
  readonly members: readonly number[];
}

export interface Calibration {
  readonly judge: Judge;
  readonly setAside: readonly SetAside[];
  /** Units of all normals, then calibration images, each by bounds it did not help to set. */
  readonly units: readonly number[];
  /** Detectors whose scores on normals fall into two groups: a missing variant, or too few shots. */
  readonly twoGroups: readonly TwoGroups[];
  /** The smallest p that so many normals can show. */
  readonly allows: { readonly n: number; readonly smallestRate: number };
  /** Judges a scene; `without`: index of the normal that it is, which then has no part in its bounds. */
  judged(scene: Scene, without?: number): Judged;
  /** Conformal p of the fused unit and of every detector. */
  ranked(scene: Scene, judged: Judged, without?: number): { readonly p: number | null; readonly detectors: Readonly<Record<string, number | null>> };
}

/** Conformal p-value: (1 + #{normals scoring at least s}) / (n + 1). Null without normals. */
export function conformalP(score: number, normals: readonly number[]): number | null {
  if (normals.length === 0) return null;
  let atLeast = 0;
  for (const v of normals) if (v >= score) atLeast++;
  return (1 + atLeast) / (normals.length + 1);
}

/**
 * Two groups in one dimension: the split with the smallest sum of squares within. Null where the groups are no farther
 * apart than chance makes them, or one of them is a mere outlier.
 */
export function twoGroupsOf(detector: string, values: readonly number[]): TwoGroups | null {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const least = Math.max(2, Math.ceil(CALIBRATE.groupShare * n));
  let best: TwoGroups | null = null;
  let smallest = Number.POSITIVE_INFINITY;
  for (let k = least; k <= n - least; k++) {
    const [a, b] = [sorted.slice(0, k), sorted.slice(k)];
    const [ma, mb] = [mean(a), mean(b)];
    const within = a.reduce((s, v) => s + (v - ma) ** 2, 0) + b.reduce((s, v) => s + (v - mb) ** 2, 0);
    if (within >= smallest) continue;
    smallest = within;
    const deviation = Math.sqrt(within / n);
    best = { detector, centres: [ma, mb], sizes: [a.length, b.length], separation: deviation > 0 ? (mb - ma) / deviation : mb > ma ? Number.MAX_VALUE : 0 };
  }
  return best && best.separation > CALIBRATE.apart + CALIBRATE.apartFew / n ? best : null;
}

/** Most images that may be set aside among n. */
export function allowedAside(n: number): number {
  return n >= TOLERANCE.outlierMinN ? Math.max(1, Math.floor(TOLERANCE.outlierShare * n)) : 0;
}

function reasonOf(judged: Judged): string {
  const first = judged.rules.violations.find((v) => v.severity === 'reject');
  const [name, unit] = Object.entries(judged.detectors).sort((a, b) => b[1] - a[1])[0] ?? ['composition', 0];
  return first && judged.rules.unit >= unit ? first.message : `${name} scores ${unit.toFixed(2)} times its border`;
}

/**
 * Learns all bounds of a profile. Every normal is judged by the folds that it is not in; those that the others refuse, at
 * most max(1, 2 %), are set aside whole, so that one bad part among the normals moves no bound (FINDINGS 4), and all is
 * learnt again without them. They stay in the ranking of p: what was called normal counts as normal.
 */
export function calibrate(compiled: CompiledRules, profile: Pick<Profile, 'normals' | 'calibration'> & Partial<Pick<Profile, 'relit'>>, masks: RegionMasks = {}): Calibration {
  const records = [...profile.normals, ...profile.calibration];
  const scenes = records.map((r) => r.scene);
  const first = profile.normals.length;
  const n = scenes.length;
  const learn = (keep: (i: number) => boolean): Judge => {
    const kept = scenes.map((_, i) => keep(i));
    // What was made from an image that is left out is left out with it.
    const gone = new Set(records.flatMap((r, i) => (kept[i] ? [] : [r.sha256])));
    const relit = (profile.relit ?? []).filter((r) => !gone.has(r.sha256)).map((r) => r.scene);
    return learnJudge(compiled, scenes.filter((_, i) => kept[i] && i < first), scenes.filter((_, i) => kept[i] && i >= first), masks, relit);
  };
  const count = Math.min(n, CALIBRATE.folds);
  const membersOf = (f: number): number[] => scenes.flatMap((_, i) => (i % count === f ? [i] : []));
  const foldsWithout = (aside: ReadonlySet<number>): Fold[] =>
    Array.from({ length: count }, (_, f) => ({ members: membersOf(f), judge: learn((i) => i % count !== f && !aside.has(i)) }));
  const unitsBy = (folds: readonly Fold[]): Judged[] => scenes.map((s, i) => judgeScene(compiled, folds[i % count]!.judge, s, masks));
  let folds = foldsWithout(new Set());
  let judged = unitsBy(folds);
  const aside = judged
    .map((j, i) => ({ i, unit: j.unit, reason: reasonOf(j), image: scenes[i]!.image }))
    .filter((e) => e.unit > 1)
    .sort((a, b) => b.unit - a.unit || a.i - b.i)
    .slice(0, allowedAside(n));
  if (aside.length > 0) {
    folds = foldsWithout(new Set(aside.map((e) => e.i)));
    judged = unitsBy(folds);
  }
  const indices = new Set(aside.map((e) => e.i));
  const judge = learn((i) => !indices.has(i));
  const units = judged.map((j) => j.unit);
  const names = Object.keys(judge.detectors);
  return {
    judge,
    setAside: aside.map(({ image, unit, reason }) => ({ image, unit, reason })),
    units,
    twoGroups: names.flatMap((d) => twoGroupsOf(d, scoresOf(d, scenes.slice(0, first))) ?? []),
    allows: { n, smallestRate: 1 / (n + 1) },
    judged: (scene, without) => judgeScene(compiled, without === undefined ? judge : folds[without % count]!.judge, scene, masks),
    ranked(scene, found, without) {
      const others = (i: number): boolean => i !== without;
      const detectors: Record<string, number | null> = {
        composition: conformalP(found.rules.unit, judged.filter((_, i) => others(i)).map((j) => j.rules.unit)),
      };
      for (const d of names) {
        const reading = scene.detectors[d];
        detectors[d] = reading ? conformalP(reading.score, scoresOf(d, scenes.filter((_, i) => others(i)))) : null;
      }
      if (without !== undefined) return { p: conformalP(found.unit, units.filter((_, i) => others(i))), detectors };
      // Each normal and the new part meet under bounds that neither of them set (cross-conformal).
      let atLeast = 0;
      for (const { members, judge: by } of folds) {
        const unit = judgeScene(compiled, by, scene, masks).unit;
        for (const i of members) if (units[i]! >= unit) atLeast++;
      }
      return { p: n === 0 ? null : (1 + atLeast) / (n + 1), detectors };
    },
  };
}
