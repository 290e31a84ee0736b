/** Bodies about products, rule files, normals and profiles. */
import { type Static, Type } from 'typebox';
import {
  Count,
  closed,
  Digest,
  Fault,
  ImageName,
  named,
  orNull,
  ProductId,
  PURPOSES,
  Time,
  Verdict,
  Version,
  words,
} from './base.ts';

export const Product = named('Product', {
  id: ProductId,
  title: Type.String(),
  createdAt: Time,
  liveRules: orNull(Version),
  readyProfile: orNull(
    Type.Integer({
      minimum: 1,
      description: 'the profile that judges; null where none that is ready fits the live rules',
    }),
  ),
  normals: Count,
  inspections: Count,
});
export const NewProduct = closed({ id: ProductId, title: Type.String({ minLength: 1, maxLength: 200 }) });

const ruleFile = {
  product: ProductId,
  version: Version,
  state: words(['draft', 'proposed', 'live', 'retired']),
  digest: Digest,
  grounding: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'sha256 of what learning depends on: a profile fits every version with the same',
  }),
  author: Type.String(),
  why: Type.String(),
  createdAt: Time,
};
export const RuleFile = named('RuleFile', ruleFile);
export const RuleFileText = named('RuleFileText', { ...ruleFile, text: Type.String() });
const why = Type.String({ minLength: 1, maxLength: 2000 });
const RulesText = Type.String({ minLength: 1, maxLength: 1_000_000, description: 'YAML, see docs/rules.md' });
export const NewRules = closed({
  text: RulesText,
  why,
  base: Type.Optional(Type.Integer({ minimum: 0, description: 'the newest version the author has seen' })),
});
export const LintRequest = closed({ text: RulesText });
export const AcceptRequest = closed({
  why,
  force: Type.Optional(Type.Boolean({ description: 'accept without or against the vetting' })),
});
export const Accepted = named('AcceptedRules', { rules: RuleFile, objections: Type.Array(Type.String()) });
export const VetRequest = closed({
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description: 'of the mutants' })),
  save: Type.Optional(Type.Boolean({ description: 'append a draft that carries the vetting, ready to be accepted' })),
});
const rate = { low: Type.Number(), high: Type.Number() };
const VettedRule = named('VettedRule', {
  rule: Type.String(),
  kind: Type.String(),
  line: Type.Integer(),
  estimate: closed({
    rule: Type.String(),
    n: Count,
    fired: Count,
    interval: closed(rate),
    worst: Type.Number(),
    median: Type.Number(),
    worstImage: orNull(Type.String()),
    images: Type.Array(Type.String()),
  }),
  mutants: closed({ killed: Count, own: Count }),
  redundantWith: orNull(Type.String()),
  stability: Type.Null(),
  advice: words(['keep', 'relax', 'drop']),
  reasons: Type.Array(Type.String()),
});
export const Vetting = named('Vetting', {
  version: Version,
  saved: orNull(Version),
  vetting: closed({
    rules: Type.Array(VettedRule),
    normals: Count,
    calibration: Count,
    limit: Type.Number({ description: 'the smallest false-alarm rate that so many normals can show' }),
    alarms: closed({ fired: Count, of: Count, ...rate }),
    score: orNull(Type.Number({ description: 'share of the mutants that were killed' })),
    seed: Count,
  }),
});
export const LintFault = named('RuleFault', {
  severity: words(['error', 'warning']),
  code: Type.String(),
  message: Type.String(),
  expected: Type.String(),
  example: Type.String(),
  file: Type.String(),
  line: Type.Integer(),
  col: Type.Integer(),
  excerpt: Type.String(),
  didYouMean: Type.Optional(Type.String()),
});
export const Lint = named('Lint', { errors: Count, warnings: Count, faults: Type.Array(LintFault) });
export const RulesDiff = named('RulesDiff', {
  from: Version,
  to: Version,
  changed: Type.Record(Type.String(), words(['added', 'removed', 'edited'])),
  scenes: Type.Integer({ minimum: 0, description: 'the newest inspections that were judged again' }),
  changes: Type.Array(
    closed({
      image: Type.String(),
      before: Verdict,
      after: Verdict,
      cause: orNull(Type.String()),
      units: closed({ before: Type.Number(), after: Type.Number() }),
    }),
  ),
});

export const Normal = named('Normal', { name: ImageName, image: Digest, purpose: words(PURPOSES), createdAt: Time });
export const LearnRequest = closed({
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  models: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$', description: 'model set' })),
  rules: Type.Optional(Version),
});
export type LearnRequest = Static<typeof LearnRequest>;
export const Progress = named('Progress', { stage: Type.String(), done: Count, total: Count });
export const ProfileFacts = named('ProfileFacts', {
  normals: Count,
  calibration: Count,
  models: Type.Array(Type.String()),
  worst: Type.Array(closed({ image: Type.String(), unit: Type.Number(), reasons: Type.Array(Type.String()) })),
  failures: Type.Array(closed({ image: Type.String(), error: Fault })),
});
export type ProfileFacts = Static<typeof ProfileFacts>;
export const Profile = named('Profile', {
  product: ProductId,
  version: Version,
  state: words(['queued', 'running', 'ready', 'failed', 'retired']),
  rules: Version,
  progress: orNull(Progress),
  facts: orNull(ProfileFacts),
  error: orNull(Fault),
  author: Type.String(),
  createdAt: Time,
  finishedAt: orNull(Time),
});
export const NormalValues = named('NormalValues', {
  items: Type.Array(closed({ rule: Type.String(), quantity: Type.String(), values: Type.Array(Type.Number()) }), {
    description: 'what the normals of the profile measure by these rules',
  }),
});
