/** From units and p to one result: fused score, verdict, and what asks for a second look. */
import type { Calibration, Judged } from './calibrate.ts';
import { COMPOSITION } from './detect/index.ts';
import type { DetectorResult, InspectionResult, Scene, Verdict } from './scene.ts';

export const DECIDE = {
  /** Units within this share of the border are a matter of measurement noise: `review` instead of pass. */
  reviewBand: 0.05,
} as const;

/** What is shown instead of a unit score: u / (1 + u), 0.5 at the border; monotone, never saturates below 1. */
export function shownScore(unit: number): number {
  return unit / (1 + unit);
}

export interface DecideInput {
  readonly scene: Scene;
  readonly calibration: Pick<Calibration, 'allows' | 'judge'>;
  readonly judged: Judged;
  readonly ranked: ReturnType<Calibration['ranked']>;
  /** Reasons why the image cannot be judged with confidence. */
  readonly doubts: readonly string[];
}

export type Decision = Pick<
  InspectionResult,
  'score' | 'unit' | 'p' | 'allows' | 'verdict' | 'reviewReasons' | 'detectors' | 'violations' | 'measurements'
>;

/** Detectors that read something but have no border: too few normals were left to judge one by the others. */
function unbounded({ calibration, scene }: DecideInput): string[] {
  const { detectors } = calibration.judge;
  return Object.keys(scene.detectors).filter(
    (d) => !Number.isFinite(detectors[d]?.pooled.tolerance ?? Number.POSITIVE_INFINITY),
  );
}

function resultsOf({ judged, ranked, scene }: DecideInput): Record<string, DetectorResult> {
  const { unit } = judged.rules;
  const out: Record<string, DetectorResult> = {
    [COMPOSITION]: { score: unit, unit, p: ranked.detectors[COMPOSITION] ?? null },
  };
  for (const [name, reading] of Object.entries(scene.detectors)) {
    const { evidence } = reading;
    out[name] = {
      score: reading.score,
      unit: judged.detectors[name] ?? 0,
      p: ranked.detectors[name] ?? null,
      ...(evidence ? { evidence } : {}),
    };
  }
  return out;
}

/** Alarm above unit 1 (Eq. 5's max, graded). A warn rule never rejects; it asks for a review, as does a score at the border. */
export function decide(input: DecideInput): Decision {
  const { judged, ranked, calibration } = input;
  const { unit, rules } = judged;
  const reviewReasons = [...input.doubts];
  for (const d of unbounded(input))
    reviewReasons.push(`${d} cannot judge: learnt from too few normals to know its border`);
  const warned = rules.violations.filter((v) => v.severity === 'warn');
  if (warned.length > 0) reviewReasons.push(`warning: ${warned[0]!.message}`);
  if (unit <= 1 && unit > 1 - DECIDE.reviewBand) {
    reviewReasons.push(`the score ${unit.toFixed(3)} lies within ${DECIDE.reviewBand * 100} % of the border`);
  }
  const verdict: Verdict = unit > 1 ? 'reject' : reviewReasons.length > 0 ? 'review' : 'pass';
  return {
    score: judged.paper ?? shownScore(unit),
    unit,
    p: ranked.p,
    allows: calibration.allows,
    verdict,
    reviewReasons,
    detectors: resultsOf(input),
    violations: rules.violations,
    measurements: rules.measurements,
  };
}
