import {
  type CompiledRules,
  evaluateRules,
  type LearningSet,
  type LearntRules,
  learnFrom,
  type RulesOutcome,
} from './rules/index.ts';
import { teaching } from './rules/learn.ts';
import type { RegionMasks } from './rules/view.ts';
import type { Scene } from './scene.ts';
import {
  learnScalar,
  mean,
  median,
  type ScalarReference,
  standardDeviation,
  TOLERANCE,
  widened,
} from './statistics.ts';

export const CALIBRATE = {
  /** Smallest spread believed of a detector's scores, as a share of their median (LogSAD's own lie at 5 to 30 %). */
  floor: 0.04,
  /** A variant with fewer normals is judged by the pooled bounds. */
  variantMinN: 8,
  /** Parts that the normals are dealt into; each is judged by the others. More parts cost time, fewer cost sharpness. */
  folds: 24,
  /** Unit of a score at the middle of the normals: what lies below is ranked in (0, this), so that no two parts tie at 0. */
  middle: 0.01,
  /** Fewer normals than this show no groups. */
  groupsMinN: 8,
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
export function paperScore(
  scores: readonly number[],
  statistics: readonly PaperStatistics[],
  flagged: boolean,
): { z: number; score: number } {
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

export const scoresOf = (name: string, scenes: readonly Scene[]): number[] =>
  scenes.flatMap((s) => (s.detectors[name] ? [s.detectors[name].score] : []));

/** Per normal that was seen altered: by how much that raised its score. */
const raisesOf = (name: string, scenes: readonly Scene[]): number[] =>
  scenes.flatMap(({ detectors }) => {
    const { score, altered } = detectors[name] ?? {};
    return score === undefined || altered === undefined ? [] : [Math.max(0, altered.score - score)];
  });

/** `raises`: the border leaves room for what other focus and light typically add to the score of a good part. */
function boundsOf(
  normals: readonly number[],
  calibration: readonly number[],
  raises: readonly number[],
): ScalarReference {
  const floor = CALIBRATE.floor * Math.abs(median(normals.length > 0 ? normals : calibration)) || CALIBRATE.floor;
  const bounds = learnScalar(normals, { floor, oneSided: true, predict: true, calibration });
  return widened(bounds, raises.length > 0 ? median(raises) : 0);
}

function learnDetector(name: string, normals: readonly Scene[], calibration: readonly Scene[]): DetectorBounds {
  const variants: Record<string, ScalarReference> = {};
  const raises = raisesOf(name, normals);
  for (const v of new Set(normals.map((s) => s.variant))) {
    const same = (s: Scene): boolean => s.variant === v;
    const mine = scoresOf(name, normals.filter(same));
    if (v !== null && mine.length >= CALIBRATE.variantMinN)
      variants[v] = boundsOf(mine, scoresOf(name, calibration.filter(same)), raises);
  }
  const [a, b] = [scoresOf(name, normals), scoresOf(name, calibration)];
  // The published statistics come from the validation split alone; without one, from the normals left out one by one.
  return { pooled: boundsOf(a, b, raises), variants, paper: paperStatistics(b.length > 1 ? b : a) };
}

/** The learnt border of one detector for a scene's variant. */
export function boundsFor(bounds: DetectorBounds, variant: string | null): ScalarReference {
  return (
    (variant !== null && Object.hasOwn(bounds.variants, variant) ? bounds.variants[variant] : undefined) ??
    bounds.pooled
  );
}

/**
 * A detector's score in tolerance units: 1 at the border as for rules, but strictly increasing below the middle of the
 * normals as well, where a deviation to the good side would tie at 0.
 */
export function detectorUnit(bounds: ScalarReference, score: number): number {
  if (!Number.isFinite(bounds.tolerance)) return 0;
  const d = (score - bounds.centre) / bounds.tolerance;
  return d >= 0 ? CALIBRATE.middle + (1 - CALIBRATE.middle) * d : CALIBRATE.middle * Math.exp(d);
}

/** Learns rules and detectors from a set, or from what `keep` admits of it: calibration widens bounds and moves no centre. */
export function learnJudge(compiled: CompiledRules, set: LearningSet, keep?: (scene: Scene) => boolean): Judge {
  const { normals, calibration } = teaching(set, keep);
  const all = [...normals, ...calibration];
  const names = [...new Set(all.flatMap((s) => Object.keys(s.detectors)))].sort();
  const detectors = Object.fromEntries(names.map((n) => [n, learnDetector(n, normals, calibration)]));
  const zs = (calibration.length > 1 ? calibration : normals).map((s) => largestZ(detectors, s));
  const border = learnScalar(zs.filter(Number.isFinite), { floor: 1 / TOLERANCE.sigmas, oneSided: true }).high;
  return {
    rules: learnFrom(compiled, set, keep),
    detectors,
    border: border > 0 ? border : 1,
  };
}

function largestZ(detectors: Judge['detectors'], scene: Scene): number {
  return Math.max(
    Number.NEGATIVE_INFINITY,
    ...Object.entries(detectors).flatMap(([n, b]) =>
      scene.detectors[n] ? [zScore(scene.detectors[n].score, b.paper)] : [],
    ),
  );
}

/** Judges one Scene: rules, detectors, and the largest of them in tolerance units. */
export function judgeScene(compiled: CompiledRules, judge: Judge, scene: Scene, masks: RegionMasks = {}): Judged {
  const rules = evaluateRules(compiled, judge.rules, scene, masks);
  const paper = compiled.file.scoring === 'paper';
  const detectors: Record<string, number> = {};
  for (const [name, bounds] of Object.entries(judge.detectors)) {
    const reading = scene.detectors[name];
    if (!reading) continue;
    detectors[name] = paper
      ? Math.max(0, zScore(reading.score, bounds.paper) / judge.border)
      : detectorUnit(boundsFor(bounds, scene.variant), reading.score);
  }
  const composed = compiled.file.detectors.some((d) => d.name === 'composition') ? rules.unit : 0;
  const composition = paper && composed > 1 ? CALIBRATE.flagged : composed;
  const unit = Math.max(0, composition, ...Object.values(detectors));
  const shown = paper
    ? composed > 1
      ? 1
      : sigmoid(Math.max(largestZ(judge.detectors, scene), -CALIBRATE.flagged))
    : null;
  return { rules, detectors, unit, paper: shown };
}
