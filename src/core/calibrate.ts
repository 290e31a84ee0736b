/**
 * From raw scores to tolerance units, from units to p: bounds of rules and detectors learnt together from normals, whole
 * images set aside that the others refuse, and the units of every normal under bounds that it had no part in.
 */

import { heldOutScenes } from './ground/heldOut.ts';
import { CALIBRATE, type Judge, type Judged, judgeScene, learnJudge, scoresOf } from './judge.ts';
import type { Profile } from './profile.ts';
import type { CompiledRules, LearningSet } from './rules/index.ts';
import { NO_MASKS, type RegionMasks } from './rules/view.ts';
import type { Scene } from './scene.ts';
import { mean, TOLERANCE } from './statistics.ts';

export * from './judge.ts';

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
  /** What `judge` was learnt from: hand it to every tool whose bounds must be those of an inspection. */
  readonly learning: LearningSet;
  readonly setAside: readonly SetAside[];
  /** Every normal, then calibration image, by bounds of the others before any was set aside: what that rests on. */
  readonly met: readonly Judged[];
  /** Units of all normals, then calibration images, each by bounds it did not help to set. */
  readonly units: readonly number[];
  /** Detectors whose scores on normals fall into two groups: a missing variant, or too few shots. */
  readonly twoGroups: readonly TwoGroups[];
  /** The smallest p that so many normals can show. */
  readonly allows: { readonly n: number; readonly smallestRate: number };
  /** Judges a scene; `without`: index of the normal that it is, which then has no part in its bounds. */
  judged(scene: Scene, without?: number): Judged;
  /** Conformal p of the fused unit and of every detector. */
  ranked(
    scene: Scene,
    judged: Judged,
    without?: number,
  ): { readonly p: number | null; readonly detectors: Readonly<Record<string, number | null>> };
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
  for (let k = least; n >= CALIBRATE.groupsMinN && k <= n - least; k++) {
    const [a, b] = [sorted.slice(0, k), sorted.slice(k)];
    const [ma, mb] = [mean(a), mean(b)];
    const within = a.reduce((s, v) => s + (v - ma) ** 2, 0) + b.reduce((s, v) => s + (v - mb) ** 2, 0);
    if (within >= smallest) continue;
    smallest = within;
    const deviation = Math.sqrt(within / n);
    best = {
      detector,
      centres: [ma, mb],
      sizes: [a.length, b.length],
      separation: deviation > 0 ? (mb - ma) / deviation : mb > ma ? Number.MAX_VALUE : 0,
    };
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
  return first && judged.rules.unit >= unit
    ? first.message
    : `${unit.toFixed(2)} times as far from the others as a good part may be (${name})`;
}

/** The Scenes of a profile as a learning set, nothing set aside yet. */
function learningSet(
  { normals, calibration, relit = [] }: Pick<Profile, 'normals' | 'calibration'> & Partial<Pick<Profile, 'relit'>>,
  held: readonly Scene[],
  masks: RegionMasks,
): LearningSet {
  const origin = new Map([...normals, ...calibration].map((r) => [r.sha256, r.scene]));
  return {
    normals: normals.map((r) => r.scene),
    held,
    calibration: calibration.map((r) => r.scene),
    relit: relit.map((r) => ({ scene: r.scene, from: origin.get(r.sha256) ?? null })),
    masks,
  };
}

/**
 * Learns all bounds of a profile. Every normal is judged by the folds that it is not in; those that the others refuse, at
 * most max(1, 2 %), are set aside whole, so that one bad part among the normals moves no bound (FINDINGS 4), and all is
 * learnt again without them. They stay in the ranking of p: what was called normal counts as normal.
 */
export function calibrate(
  compiled: CompiledRules,
  profile: Pick<Profile, 'normals' | 'calibration'> & Partial<Pick<Profile, 'relit'>>,
  masks: RegionMasks = NO_MASKS,
): Calibration {
  const records = [...profile.normals, ...profile.calibration];
  const scenes = records.map((r) => r.scene);
  const first = profile.normals.length;
  // What `--calibrate` brought had no part in telling known from unknown.
  const held = [...heldOutScenes(compiled.file, scenes.slice(0, first)), ...scenes.slice(first)];
  const n = scenes.length;
  const set = learningSet(profile, held.slice(0, first), masks);
  const indexOf = new Map(scenes.map((s, i) => [s, i]));
  const learn = (keep: (i: number) => boolean): Judge => learnJudge(compiled, set, (s) => keep(indexOf.get(s)!));
  const count = Math.min(n, CALIBRATE.folds);
  const membersOf = (f: number): number[] => scenes.flatMap((_, i) => (i % count === f ? [i] : []));
  const foldsWithout = (aside: ReadonlySet<number>): Fold[] =>
    Array.from({ length: count }, (_, f) => ({
      members: membersOf(f),
      judge: learn((i) => i % count !== f && !aside.has(i)),
    }));
  const unitsBy = (folds: readonly Fold[]): Judged[] =>
    held.map((s, i) => judgeScene(compiled, folds[i % count]!.judge, s, masks));
  let folds = foldsWithout(new Set());
  let judged = unitsBy(folds);
  const met = judged;
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
    learning: { ...set, aside: new Set([...indices].map((i) => scenes[i]!)) },
    met,
    setAside: aside.map(({ image, unit, reason }) => ({ image, unit, reason })),
    units,
    twoGroups: names.flatMap((d) => twoGroupsOf(d, scoresOf(d, scenes.slice(0, first))) ?? []),
    allows: { n, smallestRate: 1 / (n + 1) },
    judged: (scene, without) =>
      without === undefined
        ? judgeScene(compiled, judge, scene, masks)
        : judgeScene(compiled, folds[without % count]!.judge, held[without]!, masks),
    ranked(scene, found, without) {
      const others = (i: number): boolean => i !== without;
      const detectors: Record<string, number | null> = {
        composition: conformalP(
          found.rules.unit,
          judged.filter((_, i) => others(i)).map((j) => j.rules.unit),
        ),
      };
      for (const d of names) {
        const reading = scene.detectors[d];
        detectors[d] = reading
          ? conformalP(
              reading.score,
              scoresOf(
                d,
                scenes.filter((_, i) => others(i)),
              ),
            )
          : null;
      }
      if (without !== undefined)
        return {
          p: conformalP(
            found.unit,
            units.filter((_, i) => others(i)),
          ),
          detectors,
        };
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
