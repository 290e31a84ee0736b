/** The schema of a rule file: TypeBox, so that checks, editor completion and documentation are one expression. */
import { type TObject, type TSchema, Type } from 'typebox';
import { type CommonSetting, STRICT } from './kind.ts';
import type { KINDS } from './kinds/index.ts';
import {
  AttributeSchema,
  Box,
  choice,
  DETECTORS,
  InterestSchema,
  Name,
  Optional,
  Point,
  SegmentationSchema,
  ShapeSchema,
  Strict,
  Table,
  Texts,
  UnitSchema,
} from './schemaParts.ts';

const COMBINATORS = ['all', 'any', 'not'] as const;

const GuardSchema = Type.Union(
  [
    Strict({ attribute: Type.String({ minLength: 1, 'x-ref': 'attribute' }), is: Texts('value or values', 'blue') }),
    Strict({
      rule: Type.String({ minLength: 1, 'x-ref': 'rule' }),
      is: choice(['held', 'violated'], 'what the other rule came to'),
    }),
    Strict({ variant: Texts('variant or variants', 'cherry') }),
  ],
  {
    description: 'attribute and its value, rule and what it came to, or variant',
    examples: [{ attribute: 'cable-colour', is: 'blue' }],
  },
);

const Bound = Type.Union([Type.Number(), Type.Null()], {
  description: 'a number, or null for an open side',
  examples: [0.2],
});

/** The common settings that some kinds obey and others do not. */
export const SETTINGS: Readonly<Record<CommonSetting, TSchema>> = {
  within: Type.Union([Type.Literal('learnt'), Type.Array(Bound, { minItems: 2, maxItems: 2 })], {
    description: 'learnt (default), or [low, high]; a stated bound wins and is never widened',
    examples: ['learnt', [0.2, 0.3]],
  }),
  as: choice(['absolute', 'ratio'], 'ratio: divided by the reference'),
  reference: Type.Union([Type.Literal('learnt'), Type.Literal('mean'), Type.Number({ exclusiveMinimum: 0 })], {
    description: 'what a ratio is taken of: the median (learnt) or mean of the normals, or a number',
    examples: ['learnt', 366],
  }),
  unit: UnitSchema,
  forEach: Type.Literal('instance', { description: 'judge every instance by itself' }),
  alarm: Type.Number({
    exclusiveMinimum: 0,
    exclusiveMaximum: 0.5,
    description: 'false-alarm rate asked of a learnt bound',
  }),
  tolerance: Type.Number({
    exclusiveMinimum: 0,
    maximum: 100,
    description: 'the learnt tolerance times this (default 1): above 1 widens, below 1 tightens',
  }),
};

/** The common settings of every rule. */
export const ALWAYS = {
  id: Name('unique within the file'),
  because: Optional(Type.String({ description: 'the sentence of the instructions that the rule stands for' })),
  when: Optional(
    Type.Union([GuardSchema, Type.Array(GuardSchema, { minItems: 1 })], {
      description: 'a condition, or several that must all be met',
      examples: [{ attribute: 'cable-colour', is: 'blue' }],
    }),
  ),
  severity: Optional(choice(['reject', 'warn'], 'reject (default): alarm; warn: review')),
} as const;

export const JUDGED = {
  onEmpty: Optional(choice(['violate', 'pass', 'skip'], 'what an absent interest means')),
  tier: Optional(choice(['core', 'weak'], 'weak: sensitive to light and borders, learnt with wider bounds')),
} as const;

/** The schema of one kind's rules: common settings, those it obeys, and its own. */
export function ruleSchema(kind: (typeof KINDS)[number], part = false): TObject {
  const { id, ...rest } = ALWAYS;
  const settings = Object.fromEntries(kind.settings.map((s) => [s, Optional(SETTINGS[s])]));
  return Type.Object(
    {
      ...(part ? { id: Optional(id) } : { id }),
      kind: Type.Literal(kind.kind),
      ...rest,
      ...JUDGED,
      ...settings,
      ...kind.params.properties,
    },
    { ...STRICT, description: kind.summary },
  );
}

/** `all`, `any`: several rules; `not`: one. */
export function combinatorSchema(name: (typeof COMBINATORS)[number], part = false): TObject {
  const { id, ...rest } = ALWAYS;
  // Parts are checked one by one against their own kinds; here only that they are mappings.
  const rule = Type.Object({}, { description: 'a rule without severity; its id may be left out' });
  const body = name === 'not' ? rule : Type.Array(rule, { minItems: 1 });
  return Type.Object({ ...(part ? { id: Optional(id) } : { id }), [name]: body, ...rest }, STRICT);
}

export const COMBINATOR_NAMES: readonly string[] = COMBINATORS;

const Drawn = Type.Union(
  [Type.String({ minLength: 1 }), Type.Null(), Type.Record(Type.String(), Type.Number({ minimum: 0 }))],
  { description: 'a value, null for none of them, or a distance per value', examples: ['red', { red: 0.3, blue: 2 }] },
);
const partFacts = {
  interest: Type.String({ minLength: 1, 'x-ref': 'interest' }),
  attributes: Optional(Type.Record(Type.String(), Drawn)),
  likeness: Optional(Type.Number({ minimum: 0, description: 'tolerance units; above 1 the instance is refused' })),
  lab: Optional(Type.Array(Type.Number(), { minItems: 3, maxItems: 3 })),
  feature: Optional(Type.Array(Type.Number())),
  text: Optional(Type.String()),
};
const measuredFacts = {
  name: Optional(Type.String({ minLength: 1, description: 'what other cases call it by' })),
  area: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  centroid: Optional(Point),
  orientation: Optional(Type.Number({ description: 'degrees' })),
  length: Optional(Type.Number({ exclusiveMinimum: 0 })),
  width: Optional(Type.Number({ exclusiveMinimum: 0 })),
};
const ListedSchema = Strict({ ...partFacts, box: Box, ...measuredFacts });
const ChangedSchema = Strict({
  ...partFacts,
  interest: Optional(partFacts.interest),
  box: Optional(Box),
  ...measuredFacts,
});
const sceneFacts = {
  variant: Optional(Type.String({ description: 'default: as the attribute of the variants reads' })),
  product: Optional(Box),
  size: Optional(
    Type.Array(Type.Integer({ minimum: 1 }), {
      minItems: 2,
      maxItems: 2,
      description: 'native pixels, [width, height]: their ratio decides lengths',
      examples: [[1600, 1200]],
    }),
  ),
};
export const SceneSchema = Type.Union(
  [
    Strict({
      drawn: Type.String({ minLength: 1, maxLength: 20_000, description: 'a block of letters' }),
      legend: Optional(
        Type.Record(
          Type.String({ pattern: '^.$' }),
          Type.Union([Type.String({ minLength: 1, 'x-ref': 'interest' }), Strict(partFacts)], {
            description: 'an interest, or an interest with facts',
            examples: ['label'],
          }),
          { ...STRICT, description: 'default: the legend of the nearest case above' },
        ),
      ),
      ...sceneFacts,
    }),
    Strict({ instances: Type.Array(ListedSchema), ...sceneFacts }),
    Strict({
      like: Type.String({ minLength: 1, description: 'the note of a case whose listed scene this one departs from' }),
      without: Optional(
        Type.Array(Type.String({ minLength: 1 }), { description: 'names of instances that are not there' }),
      ),
      with: Optional(
        Type.Array(ChangedSchema, { description: 'instances that are there too, or (by name) instead of those there' }),
      ),
      ...sceneFacts,
    }),
  ],
  {
    description: 'a drawing with its legend, listed instances, or like: the note of another case',
    examples: [{ drawn: 'l.l', legend: { l: 'label' } }],
  },
);
export const CaseSchema = Strict({
  note: Optional(Type.String()),
  scene: SceneSchema,
  normals: Optional(
    Type.Array(
      Type.Union([Type.String({ minLength: 1, description: 'note of a case' }), SceneSchema], {
        description: 'a scene, or the note of a case',
        examples: ['a whole one'],
      }),
      {
        minItems: 1,
        description: 'what learnt bounds are learnt from',
      },
    ),
  ),
  expect: Strict({
    violated: Type.Array(Type.String({ 'x-ref': 'rule' }), {
      description: 'ids of the rules that are violated, no more and no fewer',
    }),
  }),
});

/** The whole file but for `rules`, whose members are checked by kind. */
export const FileSchema = Strict({
  schema: Type.Literal('logsad/rules/v1', { description: 'version of the language' }),
  product: Name('the product, a short name'),
  title: Optional(Type.String()),
  status: Optional(choice(['accepted', 'proposed'], 'proposed files are refused by inspect until accepted')),
  frame: Optional(
    Strict({
      fit: Optional(choice(['keep', 'warp'], 'keep the aspect ratio, or warp into a square as the paper')),
      long: Optional(
        Type.Integer({ minimum: 64, maximum: 4096, description: 'keep: pixels of the long side', examples: [640] }),
      ),
      size: Optional(
        Type.Integer({ minimum: 64, maximum: 4096, description: 'warp: pixels of the side', examples: [448] }),
      ),
      focus: Optional(
        Type.Union([Type.Literal('silhouette'), Type.String({ minLength: 1, 'x-ref': 'place' }), ShapeSchema], {
          description: 'silhouette, the name of a region, or a shape',
          examples: ['silhouette'],
        }),
      ),
    }),
  ),
  object: Optional(Type.String({ minLength: 1, description: 'the noun for prompt ensembles' })),
  states: Optional(
    Type.Array(Type.String({ minLength: 1 }), { description: 'product-specific states for prompt ensembles' }),
  ),
  regions: Optional(Table(ShapeSchema, 'named places')),
  ignore: Optional(Type.Array(ShapeSchema, { description: 'never scored, and left out of the memory bank' })),
  interests: Optional(Table(InterestSchema, 'what to look for')),
  attributes: Optional(Table(AttributeSchema, 'what to tell apart')),
  segmentation: Optional(SegmentationSchema),
  variants: Optional(
    Strict(
      { by: Type.String({ minLength: 1, 'x-ref': 'attribute' }) },
      'statistics are kept per value of this attribute',
    ),
  ),
  rules: Optional(Type.Array(Type.Object({}), { description: 'what must hold' })),
  cases: Optional(Type.Array(CaseSchema, { description: 'rules as tests: scenes and what they violate' })),
  detectors: Optional(
    Type.Array(
      Type.Union(
        [
          choice(DETECTORS, 'a detector'),
          Type.Object({ name: choice(DETECTORS, 'a detector') }, { additionalProperties: true }),
        ],
        {
          description: `a detector (${DETECTORS.join(', ')}), or { name: ..., options }`,
          examples: ['patch', { name: 'patchcore', share: 0.1 }],
        },
      ),
      { minItems: 1 },
    ),
  ),
  scoring: Optional(choice(['graded', 'paper'], 'graded (default), or exactly the paper\u2019s')),
  provenance: Optional(Type.Unknown({ description: 'who or what proposed each part' })),
  vetting: Optional(Type.Unknown({ description: 'per rule: what vet found' })),
});
