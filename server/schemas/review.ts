/** Bodies about what reviews lead to, and about trends. */
import { type Static, Type } from 'typebox';
import {
  Count,
  closed,
  Fault,
  ImageName,
  named,
  orNull,
  ProductId,
  PURPOSES,
  Time,
  Uuid,
  Verdict,
  Version,
  words,
} from './base.ts';
import { Scene } from './inspections.ts';
import { Progress } from './products.ts';

const VerdictChange = named('VerdictChange', {
  inspection: Uuid,
  name: Type.String(),
  review: orNull(words(['ok', 'nok'])),
  before: Verdict,
  after: Verdict,
  cause: orNull(Type.String()),
  units: closed({ before: Type.Number(), after: Type.Number() }),
});
const replay = {
  judged: Type.Integer({ minimum: 0, description: 'stored parts that were judged again' }),
  reviewed: Count,
  fixes: Type.Array(VerdictChange, { description: 'reviewed parts that were wrong and are right' }),
  breaks: Type.Array(VerdictChange, { description: 'reviewed parts that were right and are wrong' }),
  changes: Type.Array(VerdictChange, { description: 'other verdicts that change, the first of them' }),
  changed: Count,
  approximate: Type.Boolean({ description: 'the edit changes what is looked for: only learning anew shows all of it' }),
  note: orNull(Type.String()),
};
export const Replay = named('Replay', replay);
export type Replay = Static<typeof Replay>;
export const ReplayPage = named('ReplayPage', {
  ...replay,
  next: orNull(Type.String({ description: '`after` of the request that judges the parts that are left' })),
});
export type ReplayPage = Static<typeof ReplayPage>;
export const ReplayRequest = closed({
  text: Type.String({ minLength: 1, maxLength: 1_000_000, description: 'YAML to compare with the live version' }),
  limit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 50_000, description: 'newest parts beside the reviewed ones; default 2000' }),
  ),
  after: Type.Optional(
    Type.String({
      pattern: '^(reviewed|other)-\\d{1,15}$',
      description: '`next` of the answer before: older parts than those',
    }),
  ),
});

const Offer = named('Offer', {
  id: Type.String(),
  kind: words(['take-back', 'widen', 'tighten', 'add-rule', 'warn', 'ignore', 'add-normal', 'variant']),
  rule: orNull(Type.String()),
  title: Type.String(),
  why: Type.String({ description: 'proposed reason for the history' }),
  text: orNull(Type.String({ description: 'the whole new rule file; null where none is edited' })),
  diff: Type.Array(closed({ op: words([' ', '+', '-']), line: Type.String(), number: Type.Integer() })),
  needs: Type.Array(words(['normal', 'learn'])),
  normal: orNull(ImageName),
  evidence: Type.Array(Type.String()),
  replay: orNull(Replay),
});
export const Offers = named('Offers', {
  inspection: Uuid,
  product: ProductId,
  situation: words(['false-alarm', 'miss', 'confirmed', 'none']),
  note: orNull(Type.String()),
  rules: Version,
  base: Type.Integer({ minimum: 0, description: 'newest version of the rules: `base` of the draft to save' }),
  items: Type.Array(Offer, { description: 'best first' }),
});
export const NewNormal = closed({ name: Type.Optional(ImageName), purpose: Type.Optional(words(PURPOSES)) });

const counts = { total: Count, pass: Count, review: Count, reject: Count, failed: Count };
export const Trends = named('Trends', {
  product: ProductId,
  bucket: words(['hour', 'day']),
  buckets: Type.Array(closed({ at: Time, ...counts })),
  window: Type.Integer({ minimum: 0, description: 'newest verdicts that the rest is read from' }),
  rules: Type.Array(
    closed({
      rule: Type.String(),
      kind: Type.String(),
      severity: words(['reject', 'warn']),
      fired: Count,
      share: Type.Number(),
    }),
  ),
  drift: Type.Array(
    closed({
      rule: Type.String(),
      kind: Type.String(),
      quantity: Type.String(),
      n: Count,
      centre: orNull(Type.Number()),
      low: orNull(Type.Number()),
      high: orNull(Type.Number()),
      median: Type.Number(),
      shift: Type.Number({ description: 'tolerances from the centre of the normals; above it positive' }),
      series: Type.Array(closed({ at: Time, median: Type.Number(), n: Count })),
    }),
    { description: 'farthest from the normals first' },
  ),
  affected: Type.Array(Type.String(), { description: 'rules whose measurements drifted' }),
});
export type Trends = Static<typeof Trends>;

export const TASK_KINDS = ['vet', 'mutate', 'mine', 'propose'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];
export const NewTask = closed({
  kind: words(TASK_KINDS),
  rules: Type.Optional(Version),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000_000, description: 'YAML, instead of a version' })),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  models: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$', description: 'propose: model set' })),
  instructions: Type.Optional(
    Type.String({ minLength: 1, maxLength: 20_000, description: 'propose: what is correct' }),
  ),
});
export type NewTask = Static<typeof NewTask>;
const rate = { fired: Count, of: Count };
const Mined = closed({
  yaml: Type.String(),
  sentence: Type.String(),
  n: Count,
  ...rate,
  kills: Count,
  adds: Count,
});
const VetResult = closed({
  text: Type.String({ description: 'the file with its vetting' }),
  alarms: closed({ ...rate, low: Type.Number(), high: Type.Number() }),
  score: orNull(Type.Number()),
  rules: Type.Array(
    closed({
      rule: Type.String(),
      kind: Type.String(),
      line: Type.Integer(),
      advice: words(['keep', 'relax', 'drop']),
      reasons: Type.Array(Type.String()),
      ...rate,
      low: Type.Number(),
      high: Type.Number(),
      worst: Type.Number(),
      worstImage: orNull(Type.String()),
      mutants: closed({ killed: Count, own: Count }),
      redundantWith: orNull(Type.String()),
    }),
  ),
});
const MutateResult = closed({
  score: orNull(Type.Number()),
  operators: Type.Array(closed({ operator: Type.String(), killed: Count, of: Count })),
  survivors: Type.Array(
    closed({ mutant: Type.String(), rule: orNull(Type.String()), by: orNull(words(['mined', 'stated'])) }),
  ),
});
const MineResult = closed({
  text: Type.String(),
  score: orNull(Type.Number()),
  rules: Type.Array(Mined),
  spare: Type.Array(Mined),
  refused: Type.Array(closed({ id: Type.String(), reason: Type.String() })),
});
const ProposeResult = closed({
  text: Type.String(),
  rules: closed({ model: Count, mined: Count, left: Count }),
  open: Type.Array(Type.String()),
  score: orNull(Type.Number()),
  alarms: closed(rate),
  shown: Type.Array(Type.String()),
  llm: closed({ model: Type.String(), endpoint: Type.String(), exchanges: Count, asked: Count }),
});
/** What an engine gives back, as JSON text. */
export type TaskResult =
  | Static<typeof VetResult>
  | Static<typeof MutateResult>
  | Static<typeof MineResult>
  | Static<typeof ProposeResult>;
export const Task = named('Task', {
  id: Uuid,
  product: ProductId,
  kind: words(TASK_KINDS),
  state: words(['queued', 'running', 'done', 'failed']),
  progress: orNull(Progress),
  result: orNull(Type.Union([VetResult, MutateResult, MineResult, ProposeResult])),
  error: orNull(Fault),
  author: Type.String(),
  createdAt: Time,
  finishedAt: orNull(Time),
});
export type Task = Static<typeof Task>;

export const PreviewRequest = closed({
  text: Type.String({ minLength: 1, maxLength: 1_000_000, description: 'YAML: what to look for' }),
  normal: ImageName,
  models: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$', description: 'model set' })),
});
export const Preview = named('Preview', {
  scene: Scene,
  overlay: Type.String({ description: 'a PNG as data: address' }),
  problems: Type.Array(Type.String()),
  ms: Type.Number(),
});
