/** Bodies about what reviews lead to, and about trends. */
import { type Static, Type } from 'typebox';
import {
  Count,
  closed,
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

const VerdictChange = named('VerdictChange', {
  inspection: Uuid,
  name: Type.String(),
  review: orNull(words(['ok', 'nok'])),
  before: Verdict,
  after: Verdict,
  cause: orNull(Type.String()),
  units: closed({ before: Type.Number(), after: Type.Number() }),
});
export const Replay = named('Replay', {
  judged: Type.Integer({ minimum: 0, description: 'stored parts that were judged again' }),
  reviewed: Count,
  fixes: Type.Array(VerdictChange, { description: 'reviewed parts that were wrong and are right' }),
  breaks: Type.Array(VerdictChange, { description: 'reviewed parts that were right and are wrong' }),
  changes: Type.Array(VerdictChange, { description: 'other verdicts that change, the first of them' }),
  changed: Count,
  approximate: Type.Boolean({ description: 'the edit changes what is looked for: only learning anew shows all of it' }),
  note: orNull(Type.String()),
});
export type Replay = Static<typeof Replay>;
export const ReplayRequest = closed({
  text: Type.String({ minLength: 1, maxLength: 1_000_000, description: 'YAML to compare with the live version' }),
  limit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 50_000, description: 'newest parts beside the reviewed ones; default 2000' }),
  ),
});

const Offer = named('Offer', {
  id: Type.String(),
  kind: words(['widen', 'tighten', 'add-rule', 'warn', 'ignore', 'add-normal', 'variant']),
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
  situation: words(['false-alarm', 'miss', 'none']),
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
