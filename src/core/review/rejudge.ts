/**
 * Stored Scenes under another rule file, without a model: the verdicts that inspecting them again would give, as far as
 * the file looks for the same things. Bounds of rules and detectors are learnt from the profile's Scenes as `inspect` does.
 */
import { type Calibration, calibrate, type Judged } from '../calibrate.ts';
import { decide } from '../decide.ts';
import { doubtsOf } from '../doubts.ts';
import type { Profile } from '../profile.ts';
import type { CompiledRules } from '../rules/index.ts';
import type { RegionMasks } from '../rules/view.ts';
import type { Measurement, Scene, Verdict, Violation } from '../scene.ts';
import { REVIEW } from './constants.ts';

/** What learning from Scenes needs of a profile. */
export type Taught = Pick<Profile, 'normals' | 'calibration'> & Partial<Pick<Profile, 'relit'>>;

/** A part that was inspected once. */
export interface StoredPart {
  readonly id: string;
  readonly name: string;
  /** Digest of its picture: one that taught the profile is judged without itself. */
  readonly sha256: string;
  readonly scene: Scene;
  /** What a person said of it, null where nobody did. */
  readonly review: 'ok' | 'nok' | null;
}

export interface Rejudged {
  readonly verdict: Verdict;
  readonly unit: number;
  readonly violations: readonly Violation[];
  readonly measurements: readonly Measurement[];
  /** Units of the detectors beside the rules. */
  readonly detectors: Readonly<Record<string, number>>;
}

/** What was measured on a normal under bounds that it had no part in, and its detectors' units. */
export type Met = Pick<Judged, 'detectors'> & { readonly measurements: readonly Measurement[] };

/** A rule file with the bounds that a profile's Scenes give it. */
export interface Rejudge {
  readonly compiled: CompiledRules;
  readonly judge: (part: Pick<StoredPart, 'scene' | 'sha256'>) => Rejudged;
  readonly bounds: Pick<Calibration, 'judge' | 'allows' | 'learning'>;
  /** Every normal, then calibration image: before any was set aside, and after. */
  readonly met: readonly Met[];
  readonly held: readonly Met[];
}

const metOf = ({ detectors, rules }: Judged): Met => ({ detectors, measurements: rules.measurements });

/** Learns the bounds of a file from a profile's Scenes. */
export function openRejudge(compiled: CompiledRules, taught: Taught, masks?: RegionMasks): Rejudge {
  const calibration = calibrate(compiled, taught, masks);
  const records = [...taught.normals, ...taught.calibration];
  const normals = taught.normals.map((n) => n.scene);
  // Of pictures that were taught twice, the first.
  const indices = new Map(records.map((r, i) => [r.sha256, i] as const).reverse());
  return {
    compiled,
    bounds: calibration,
    met: calibration.met.map(metOf),
    held: records.map((r, i) => metOf(calibration.judged(r.scene, i))),
    judge: ({ scene, sha256 }) => decided(scene, calibration, calibration.judged(scene, indices.get(sha256)), normals),
  };
}

/** The verdict as `inspect` gives it; p ranks and decides nothing, so it is not asked for. */
export function decided(
  scene: Scene,
  calibration: Pick<Calibration, 'allows' | 'judge'>,
  judged: Judged,
  normals: readonly Scene[],
): Rejudged {
  const doubts = doubtsOf(scene, judged.rules.measurements, normals);
  const { verdict, unit, violations, measurements } = decide({
    ...{ scene, calibration, judged, doubts },
    ranked: { p: null, detectors: {} },
  });
  return { verdict, unit, violations, measurements, detectors: judged.detectors };
}

/** A verdict that a reviewed part should not have: an alarm on a good one, a pass of a bad one. */
export function isWrong(verdict: Verdict, review: StoredPart['review']): boolean {
  return (review === 'ok' && verdict === 'reject') || (review === 'nok' && verdict === 'pass');
}

export interface VerdictChange {
  readonly inspection: string;
  readonly name: string;
  readonly review: StoredPart['review'];
  readonly before: Verdict;
  readonly after: Verdict;
  /** First cause under the worse of the two. */
  readonly cause: string | null;
  readonly units: { readonly before: number; readonly after: number };
}

/** What another file would have said of stored parts. */
export interface Replay {
  readonly judged: number;
  readonly reviewed: number;
  /** Reviewed parts that are wrong under the first and right under the second, and the other way round. */
  readonly fixes: readonly VerdictChange[];
  readonly breaks: readonly VerdictChange[];
  /** Other verdicts that change, the first `REVIEW.named` of them, and how many there are. */
  readonly changes: readonly VerdictChange[];
  readonly changed: number;
}

const causeOf = (r: Rejudged): string | null => r.violations[0]?.message ?? null;

/** Compares two files on parts, handed in as they come: memory grows with what changes alone. */
export function replayer(before: Rejudge['judge'], after: Rejudge['judge']) {
  const [fixes, breaks, changes]: [VerdictChange[], VerdictChange[], VerdictChange[]] = [[], [], []];
  let [judged, reviewed, changed] = [0, 0, 0];
  return {
    add(part: StoredPart): void {
      const [a, b] = [before(part), after(part)];
      judged++;
      if (part.review !== null) reviewed++;
      const change = (): VerdictChange => ({
        inspection: part.id,
        name: part.name,
        review: part.review,
        before: a.verdict,
        after: b.verdict,
        cause: causeOf(a.unit >= b.unit ? a : b),
        units: { before: a.unit, after: b.unit },
      });
      const [was, is] = [isWrong(a.verdict, part.review), isWrong(b.verdict, part.review)];
      if (was && !is) fixes.push(change());
      else if (!was && is) breaks.push(change());
      else if (a.verdict !== b.verdict) {
        changed++;
        if (changes.length < REVIEW.named) changes.push(change());
      }
    },
    result: (): Replay => ({ judged, reviewed, fixes, breaks, changes, changed }),
  };
}
