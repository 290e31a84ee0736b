/** The schema of a rule file: TypeBox, so that checks, editor completion and documentation are one expression. */
import { type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { STRICT } from './kind.ts';
import type { CommonSetting } from './kind.ts';
import { KINDS } from './kinds/index.ts';

export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
export const DETECTORS = ['patch', 'interest', 'composition', 'winclip', 'winclip-plus', 'april-gan', 'patchcore', 'spade', 'padim'] as const;
export const SOURCES = ['words', 'exemplars', 'colour', 'clusters', 'silhouette'] as const;
const COMBINATORS = ['all', 'any', 'not'] as const;

const choice = <T extends string>(values: readonly T[], description: string): TSchema =>
  Type.Union(values.map((v) => Type.Literal(v)), { description, examples: [values[0]] });
const Name = (description: string): TSchema => Type.String({ pattern: NAME_PATTERN, description });
/** One text or several. */
const Texts = (description: string, example: string): TSchema =>
  Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], { description, examples: [example, [example]] });
const Strict = <P extends TProperties>(properties: P, description?: string): TObject<P> =>
  Type.Object(properties, { ...STRICT, ...(description ? { description } : {}) });
const Table = (value: TSchema, description: string): TSchema =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), value, { ...STRICT, description });
const Optional = Type.Optional;

const fraction = Type.Number({ description: 'a fraction of the image, 0 to 1' });
const Point = Type.Array(fraction, { minItems: 2, maxItems: 2, description: '[x, y], fractions of the image', examples: [[0.5, 0.25]] });
const Box = Type.Array(fraction, { minItems: 4, maxItems: 4, description: '[left, top, right, bottom], fractions of the image', examples: [[0.1, 0.2, 0.4, 0.6]] });
const Polygon = Type.Array(Point, { minItems: 3, description: 'at least three [x, y] points', examples: [[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]] });

export const ShapeSchema = Type.Union(
  [
    Strict({ box: Box }),
    Strict({ polygon: Polygon }),
    Strict({ mask: Type.String({ minLength: 1, description: 'a PNG beside the rule file, white = inside' }) }),
    Strict({ interest: Type.String({ minLength: 1, 'x-ref': 'interest' }), grow: Optional(Type.Number({ minimum: -0.5, maximum: 0.5 })) }),
    Strict({ region: Type.String({ minLength: 1, 'x-ref': 'place' }) }),
  ],
  { description: 'a box, a polygon, a mask, an interest (optionally grown) or another region', examples: [{ box: [0.1, 0, 0.9, 1] }] },
);

const ColourSchema = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    Strict({
      words: Optional(Texts('colour words', 'dark red')),
      lab: Optional(Type.Array(Type.Number(), { minItems: 3, maxItems: 3, description: 'CIE Lab of the colour (D65)', examples: [[40, 50, 30]] })),
      deltaE: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 200, description: 'radius around it' })),
    }),
  ],
  { description: 'colour words, or a Lab colour with a radius', examples: ['dark red', { lab: [40, 50, 30], deltaE: 12 }] },
);

const ExemplarSchema = Strict(
  {
    image: Type.String({ minLength: 1, description: 'file name in the folder of normals' }),
    boxes: Optional(Type.Array(Box, { minItems: 1 })),
    points: Optional(Type.Array(Point, { minItems: 1 })),
    polygons: Optional(Type.Array(Polygon, { minItems: 1 })),
    masks: Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'PNG files beside the rule file' })),
  },
  'what a normal image shows of it: boxes, points, polygons or masks',
);

export const UnitSchema = Type.String({ pattern: '^(fraction|(px|cells)@[1-9][0-9]{0,4})$', description: 'fraction (default), px@N or cells@N: the image counted as N x N', examples: ['px@448'] });
const Amount = (description: string): TSchema => Type.Number({ minimum: 0, description });

export const InterestSchema = Strict({
  form: choice(['thing', 'stuff'], 'thing: instances that are counted; stuff: one mass, such as a liquid'),
  role: Optional(choice(['part', 'background'], 'background is what the product stands out from')),
  parent: Optional(Type.String({ minLength: 1, 'x-ref': 'interest', description: 'the interest it lies in' })),
  say: Optional(Texts('words for it (needs an image-text model)', 'fruit label')),
  exemplars: Optional(Type.Array(ExemplarSchema, { minItems: 1 })),
  colour: Optional(ColourSchema),
  source: Optional(Type.Union([choice(SOURCES, 'a grounding'), Type.Array(choice(SOURCES, 'a grounding'), { minItems: 1 })], { description: `groundings to use: ${SOURCES.join(', ')}; default: all that are given`, examples: ['exemplars'] })),
  minSimilarity: Optional(Type.Number({ minimum: -1, maximum: 1, description: 'words: cells less similar than this are not it' })),
  clean: Optional(
    Strict({
      open: Optional(Amount('opening, side of the kernel')),
      close: Optional(Amount('closing')),
      erode: Optional(Amount('erosion')),
      dilate: Optional(Amount('dilation')),
      minArea: Optional(Amount('components up to this are dropped')),
      unit: Optional(UnitSchema),
    }),
  ),
  instances: Optional(
    Strict({
      split: Optional(choice(['none', 'area', 'distance'], 'how merged instances are told apart')),
      merge: Optional(Type.Number({ minimum: 0, maximum: 1, description: 'components nearer than this (of the long side) are one instance' })),
    }),
  ),
});

const ValueSchema = Strict({
  say: Optional(Texts('words for the value', 'red liquid')),
  exemplars: Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'images of the normals that show it' })),
  colour: Optional(ColourSchema),
});

export const AttributeSchema = Strict({
  of: Type.String({ minLength: 1, 'x-ref': 'interest', description: 'the interest it is read off' }),
  values: Table(ValueSchema, 'values by name'),
  absent: Optional(Type.String({ minLength: 1, description: 'the value it counts as where its interest is not found; default: none' })),
});

const VOTED = choice(['words', 'clusters'] as const, 'a source');
export const SegmentationSchema = Strict(
  {
    clusters: Optional(Type.Integer({ minimum: 2, maximum: 256, description: 'clusters of the codebook (source: clusters)' })),
    minCells: Optional(Type.Integer({ minimum: 0, description: 'pieces of a cluster up to so many cells of the token grid take no part in naming it' })),
    minRegion: Optional(Type.Integer({ minimum: 0, description: 'regions up to so many pixels of a 448 px frame become background' })),
    vote: Optional(Type.Array(VOTED, { description: 'sources whose map the proposals of a mask model decide by majority; default: both', examples: [['words']] })),
    uncovered: Optional(choice(['vote', 'background'], 'what no proposal covers: one region that votes as any other, or background')),
  },
  'how words become masks; matters only where an image-text model grounds',
);

const GuardSchema = Type.Union(
  [
    Strict({ attribute: Type.String({ minLength: 1, 'x-ref': 'attribute' }), is: Texts('value or values', 'blue') }),
    Strict({ rule: Type.String({ minLength: 1, 'x-ref': 'rule' }), is: choice(['held', 'violated'], 'what the other rule came to') }),
    Strict({ variant: Texts('variant or variants', 'cherry') }),
  ],
  { description: 'attribute and its value, rule and what it came to, or variant', examples: [{ attribute: 'cable-colour', is: 'blue' }] },
);

const Bound = Type.Union([Type.Number(), Type.Null()], { description: 'a number, or null for an open side', examples: [0.2] });

/** The common settings that some kinds obey and others do not. */
export const SETTINGS: Readonly<Record<CommonSetting, TSchema>> = {
  within: Type.Union([Type.Literal('learnt'), Type.Array(Bound, { minItems: 2, maxItems: 2 })], { description: 'learnt (default), or [low, high]; a stated bound wins and is never widened', examples: ['learnt', [0.2, 0.3]] }),
  as: choice(['absolute', 'ratio'], 'ratio: divided by the reference'),
  reference: Type.Union([Type.Literal('learnt'), Type.Literal('mean'), Type.Number({ exclusiveMinimum: 0 })], { description: 'what a ratio is taken of: the median (learnt) or mean of the normals, or a number', examples: ['learnt', 366] }),
  unit: UnitSchema,
  forEach: Type.Literal('instance', { description: 'judge every instance by itself' }),
  alarm: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 0.5, description: 'false-alarm rate asked of a learnt bound' }),
};

/** The common settings of every rule. */
export const ALWAYS = {
  id: Name('unique within the file'),
  because: Optional(Type.String({ description: 'the sentence of the instructions that the rule stands for' })),
  when: Optional(Type.Union([GuardSchema, Type.Array(GuardSchema, { minItems: 1 })], { description: 'a condition, or several that must all be met', examples: [{ attribute: 'cable-colour', is: 'blue' }] })),
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
    { ...(part ? { id: Optional(id) } : { id }), kind: Type.Literal(kind.kind), ...rest, ...JUDGED, ...settings, ...kind.params.properties },
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
const ListedSchema = Strict({
  ...partFacts,
  box: Box,
  area: Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  centroid: Optional(Point),
  orientation: Optional(Type.Number({ description: 'degrees' })),
  length: Optional(Type.Number({ exclusiveMinimum: 0 })),
  width: Optional(Type.Number({ exclusiveMinimum: 0 })),
});
const sceneFacts = { variant: Optional(Type.String()), product: Optional(Box) };
export const SceneSchema = Type.Union(
  [
    Strict({
      drawn: Type.String({ minLength: 1, maxLength: 20_000, description: 'a block of letters' }),
      legend: Type.Record(Type.String({ pattern: '^.$' }), Type.Union([Type.String({ minLength: 1, 'x-ref': 'interest' }), Strict(partFacts)], { description: 'an interest, or an interest with facts', examples: ['label'] }), STRICT),
      ...sceneFacts,
    }),
    Strict({ instances: Type.Array(ListedSchema), ...sceneFacts }),
  ],
  { description: 'a drawing with its legend, or listed instances', examples: [{ drawn: 'l.l', legend: { l: 'label' } }] },
);
export const CaseSchema = Strict({
  note: Optional(Type.String()),
  scene: SceneSchema,
  normals: Optional(Type.Array(SceneSchema, { minItems: 1, description: 'what learnt bounds are learnt from' })),
  expect: Strict({ violated: Type.Array(Type.String({ 'x-ref': 'rule' }), { description: 'ids of the rules that are violated, no more and no fewer' }) }),
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
      long: Optional(Type.Integer({ minimum: 64, maximum: 4096, description: 'keep: pixels of the long side' })),
      size: Optional(Type.Integer({ minimum: 64, maximum: 4096, description: 'warp: pixels of the side' })),
      focus: Optional(Type.Union([Type.Literal('silhouette'), Type.String({ minLength: 1, 'x-ref': 'place' }), ShapeSchema], { description: 'silhouette, the name of a region, or a shape', examples: ['silhouette'] })),
    }),
  ),
  object: Optional(Type.String({ minLength: 1, description: 'the noun for prompt ensembles' })),
  states: Optional(Type.Array(Type.String({ minLength: 1 }), { description: 'product-specific states for prompt ensembles' })),
  regions: Optional(Table(ShapeSchema, 'named places')),
  ignore: Optional(Type.Array(ShapeSchema, { description: 'never scored, and left out of the memory bank' })),
  interests: Optional(Table(InterestSchema, 'what to look for')),
  attributes: Optional(Table(AttributeSchema, 'what to tell apart')),
  segmentation: Optional(SegmentationSchema),
  variants: Optional(Strict({ by: Type.String({ minLength: 1, 'x-ref': 'attribute' }) }, 'statistics are kept per value of this attribute')),
  rules: Optional(Type.Array(Type.Object({}), { description: 'what must hold' })),
  cases: Optional(Type.Array(CaseSchema, { description: 'rules as tests: scenes and what they violate' })),
  detectors: Optional(
    Type.Array(
      Type.Union([choice(DETECTORS, 'a detector'), Type.Object({ name: choice(DETECTORS, 'a detector') }, { additionalProperties: true })], { description: `a detector (${DETECTORS.join(', ')}), or { name: ..., options }`, examples: ['patch', { name: 'patchcore', share: 0.1 }] }),
      { minItems: 1 },
    ),
  ),
  scoring: Optional(choice(['graded', 'paper'], 'graded (default), or exactly the paper\u2019s')),
  provenance: Optional(Type.Unknown({ description: 'who or what proposed each part' })),
  vetting: Optional(Type.Unknown({ description: 'per rule: what vet found' })),
});
