/** Bodies of the API as types: read off the schemas that the service checks by, erased from the bundle. */
import type { Static } from 'typebox';
import type { Scene as CoreScene, InspectionResult } from '../../src/core/scene.ts';
import type * as S from '../schemas.ts';

export type Session = Static<typeof S.Session>;
export type Role = S.Role;
export type Problem = Static<typeof S.Problem>;
export type Fault = S.Fault;
export type Progress = Static<typeof S.Progress>;
export type Event = S.Event;
export type Product = Static<typeof S.Product>;
export type ProductMetrics = Static<typeof S.ProductMetrics>;
export type NormalValues = Static<typeof S.NormalValues>;
export type Normal = Static<typeof S.Normal>;
export type RuleFile = Static<typeof S.RuleFile>;
export type RuleFileText = Static<typeof S.RuleFileText>;
export type RuleFault = Static<typeof S.LintFault>;
export type Lint = Static<typeof S.Lint>;
export type RulesDiff = Static<typeof S.RulesDiff>;
export type AcceptedRules = Static<typeof S.Accepted>;
export type Profile = Static<typeof S.Profile>;
export type Inspection = Static<typeof S.Inspection>;
export type Batch = Static<typeof S.Batch>;
export type NewBatch = Static<typeof S.NewBatch>;
export type Review = Static<typeof S.Review>;
export type ReviewVerdict = Review['verdict'];
export type Verdict = NonNullable<Inspection['verdict']>;

/** A stored result: `InspectionResult` without its scene, with the names of the detectors that have a map. */
export type Result = Omit<InspectionResult, 'scene'> & { readonly maps: readonly string[] };
export type Scene = CoreScene;
export type { Box, Measurement, Point, Violation } from '../../src/core/scene.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
