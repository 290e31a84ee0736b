/**
 * From rules and detectors to one result: fused unit score (max, alarm above 1), shown score, conformal p, verdict.
 */
import type { DetectorResult, InspectionResult, Scene, Verdict } from './scene.ts';
import type { RulesOutcome } from './rules/index.ts';

export const DECIDE = {
  /** Units within this share of the border are a matter of measurement noise: `review` instead of pass. */
  reviewBand: 0.05,
} as const;

/** What is shown instead of a unit score: u / (1 + u), 0.5 at the border; monotone, never saturates below 1. */
export function shownScore(unit: number): number {
  return unit / (1 + unit);
}

/** Conformal p-value: (1 + #{normals scoring at least s}) / (n + 1). Null without normals. */
export function conformalP(score: number, normals: readonly number[]): number | null {
  if (normals.length === 0) return null;
  let atLeast = 0;
  for (const v of normals) if (v >= score) atLeast++;
  return (1 + atLeast) / (normals.length + 1);
}

export interface DecideInput {
  readonly scene: Scene;
  readonly rules: RulesOutcome;
  /** Detectors beside the rules, calibrated, by name. */
  readonly detectors: Readonly<Record<string, DetectorResult>>;
  /** Fused unit scores of the normals, each judged without itself. */
  readonly normals: readonly number[];
  /** Reasons why the image cannot be judged with confidence. */
  readonly doubts: readonly string[];
}

export type Decision = Pick<
  InspectionResult,
  'score' | 'unit' | 'p' | 'verdict' | 'reviewReasons' | 'detectors' | 'violations' | 'measurements'
>;

/** Max fusion in tolerance units (Eq. 5's max, graded). A warn rule never rejects; it asks for a review. */
export function decide({ scene: _, rules, detectors, normals, doubts }: DecideInput): Decision {
  const all: Record<string, DetectorResult> = { composition: { score: rules.unit, unit: rules.unit }, ...detectors };
  const unit = Math.max(0, ...Object.values(all).map((d) => d.unit));
  const reviewReasons = [...doubts];
  const warned = rules.violations.filter((v) => v.severity === 'warn');
  if (warned.length > 0) reviewReasons.push(`warning: ${warned[0]!.message}`);
  if (unit <= 1 && unit > 1 - DECIDE.reviewBand) {
    reviewReasons.push(`the score ${unit.toFixed(3)} lies within ${DECIDE.reviewBand * 100} % of the border`);
  }
  const verdict: Verdict = unit > 1 ? 'reject' : reviewReasons.length > 0 ? 'review' : 'pass';
  return {
    score: shownScore(unit),
    unit,
    p: conformalP(unit, normals),
    verdict,
    reviewReasons,
    detectors: all,
    violations: rules.violations,
    measurements: rules.measurements,
  };
}
