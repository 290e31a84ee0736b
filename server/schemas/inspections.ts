/** Bodies about inspections, their results and reviews. */
import { type Static, Type } from 'typebox';
import { Count, closed, Digest, Fault, named, orNull, ProductId, Time, Uuid, Verdict, Version, words } from './base.ts';

export const Inspection = named('Inspection', {
  id: Uuid,
  product: ProductId,
  name: Type.String(),
  image: Digest,
  batch: orNull(Uuid),
  state: words(['queued', 'running', 'done', 'failed']),
  rules: Version,
  profile: Version,
  verdict: orNull(Verdict),
  score: orNull(Type.Number()),
  unit: orNull(Type.Number()),
  p: orNull(Type.Number()),
  cause: orNull(
    Type.String({ description: 'why it is no pass, as `NAME: SENTENCE`: a rule, a detector, or `review` and a doubt' }),
  ),
  error: orNull(Fault),
  review: orNull(words(['ok', 'nok', 'unknown'])),
  author: Type.String(),
  createdAt: Time,
  finishedAt: orNull(Time),
});
export type Inspection = Static<typeof Inspection>;

const Expectation = closed({
  low: orNull(Type.Number()),
  high: orNull(Type.Number()),
  centre: orNull(Type.Number()),
  text: Type.String(),
});
const measurement = {
  rule: Type.String(),
  kind: Type.String(),
  interests: Type.Array(Type.String()),
  quantity: Type.String(),
  measured: Type.Union([Type.Number(), Type.String(), Type.Null()]),
  expected: Expectation,
  margin: Type.Number(),
  violated: Type.Boolean(),
  instances: Type.Array(Type.Integer()),
  ghost: Type.Optional(Type.Array(Type.Number())),
  skipped: Type.Optional(Type.String()),
};
const Violation = named('Violation', {
  ...measurement,
  severity: words(['reject', 'warn']),
  because: Type.String(),
  message: Type.String(),
  file: Type.String(),
  line: Type.Integer(),
  col: Type.Integer(),
  fingerprint: Type.String(),
});
/** `InspectionResult` of src/core/scene.ts without its scene, which has its own address; with the sentence of reports. */
export const Result = named('Result', {
  schemaVersion: Type.Literal(1),
  image: Type.String(),
  score: Type.Number(),
  unit: Type.Number(),
  p: orNull(Type.Number()),
  allows: Type.Optional(closed({ n: Count, smallestRate: Type.Number() })),
  verdict: Verdict,
  reviewReasons: Type.Array(Type.String()),
  sentence: Type.Optional(Type.String({ description: 'what a person should read first' })),
  detectors: Type.Record(
    Type.String(),
    closed({
      score: Type.Number(),
      unit: Type.Number(),
      p: Type.Optional(orNull(Type.Number())),
      evidence: Type.Optional(Type.Object({})),
      strongest: Type.Optional(Type.Object({ area: Type.Number(), box: Type.Array(Type.Number()) })),
    }),
  ),
  violations: Type.Array(Violation),
  measurements: Type.Array(closed(measurement)),
  timings: Type.Record(Type.String(), Type.Number()),
  fingerprint: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  maps: Type.Array(Type.String({ description: 'detectors that have a map' })),
});
/** `logsad/scene/v1`, documented by src/core/scene.ts; its members are passed on as they are stored. */
export const Scene = Type.Object(
  {
    schema: Type.Literal('logsad/scene/v1'),
    image: Type.String(),
    frame: Type.Object({}),
    grid: closed({ width: Type.Integer(), height: Type.Integer() }),
    variant: orNull(Type.String()),
    product: Type.Array(Type.Number()),
    instances: Type.Array(Type.Object({ id: Type.Integer(), interest: Type.String(), status: Type.String() })),
    unknown: Type.Array(Type.Object({ area: Type.Number() })),
    quality: Type.Record(Type.String(), Type.Number()),
    detectors: Type.Object({}),
  },
  { title: 'Scene' },
);
export const Submitted = named('Submitted', { inspection: Inspection, result: orNull(Result) });
export const Batch = named('Batch', {
  id: Uuid,
  product: ProductId,
  author: Type.String(),
  createdAt: Time,
  total: Count,
  queued: Count,
  running: Count,
  done: Count,
  failed: Count,
  pass: Count,
  review: Count,
  reject: Count,
});
export const NewBatch = named('NewBatch', {
  batch: Batch,
  refused: Type.Array(closed({ name: Type.String(), error: Fault })),
});

export const NewReview = closed({
  verdict: words(['ok', 'nok', 'unknown']),
  violation: Type.Optional(Type.String({ maxLength: 200, description: 'fingerprint of one violation' })),
  comment: Type.Optional(Type.String({ maxLength: 4000 })),
  seen: Type.Optional(orNull(Uuid)),
});
export type NewReview = Static<typeof NewReview>;
export const Review = named('Review', {
  id: Uuid,
  inspection: Uuid,
  violation: orNull(Type.String()),
  verdict: words(['ok', 'nok', 'unknown']),
  comment: Type.String(),
  author: Type.String(),
  createdAt: Time,
  undoneBy: orNull(Type.String()),
  undoneAt: orNull(Time),
});

export const ProductMetrics = named('ProductMetrics', {
  product: ProductId,
  inspections: Count,
  failed: Count,
  pass: Count,
  review: Count,
  reject: Count,
  reviewed: Count,
  falseAlarms: Type.Integer({ minimum: 0, description: 'rejected, and found OK by a reviewer' }),
  missed: Type.Integer({ minimum: 0, description: 'passed, and found NOK by a reviewer' }),
  causes: Type.Array(closed({ rule: Type.String(), count: Count })),
});

/** A verdict with its parts as JSON text. */
export interface Judged {
  readonly verdict: string;
  readonly score: number;
  readonly unit: number;
  readonly p: number | null;
  readonly cause: string | null;
  readonly body: string;
  readonly scene: string;
  /** Detector to the digest of its map's picture. */
  readonly maps: Readonly<Record<string, string>>;
}
