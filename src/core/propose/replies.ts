/** The four answers a model can give: data in a closed vocabulary, and nothing in them is ever executed or fetched. */
import { type Static, Type } from 'typebox';
import { KINDS } from '../rules/kinds/index.ts';
import { ALWAYS, ruleSchema } from '../rules/schema.ts';
import { Optional, Strict } from '../rules/schemaParts.ts';
import { replySchema } from './reply.ts';

/**
 * Kinds that are not offered: what they measure needs a detector's map or a text recogniser that a proposal does not run,
 * or is learnt without anything a model could say about it. A person may add them.
 */
const NOT_OFFERED: readonly string[] = ['structure', 'match', 'text'];
/** Settings that only tune a bound: the normals decide those. */
const NOT_ASKED: readonly string[] = ['tier', 'alarm', 'tolerance', 'unit', 'reference', 'onEmpty'];

export const OFFERED = KINDS.filter((k) => !NOT_OFFERED.includes(k.kind));

/** Longest texts and lists that are taken from a model. */
const TEXT = { maxLength: 400 } as const;
const WORD = { minLength: 1, maxLength: 80 } as const;
const text = (description: string) => Type.String({ ...TEXT, description });
const word = (description: string) => Type.String({ ...WORD, description });
const words = (description: string) => Type.Array(Type.String(WORD), { maxItems: 8, description });
const fraction = (description: string) => Type.Number({ description });

const BoxSchema = Strict(
  {
    x0: fraction('left edge'),
    y0: fraction('upper edge'),
    x1: fraction('right edge'),
    y1: fraction('lower edge'),
  },
  'fractions of the image width and height, from the top left, 0 to 1; never pixels',
);
const PointSchema = Strict({ x: fraction('from the left'), y: fraction('from the top') }, 'fractions, 0 to 1');
const DrawnSchema = Strict({
  image: word('name of one of the pictures shown'),
  boxes: Type.Array(BoxSchema, { maxItems: 40, description: 'tight around every whole thing' }),
  points: Type.Array(PointSchema, { maxItems: 60, description: 'clicks well inside stuff, at least five' }),
});

const InterestSchema = Strict({
  name: word('a short name: letters, digits and dashes'),
  form: Type.Union([Type.Literal('thing'), Type.Literal('stuff')], {
    description: 'thing: can be counted; stuff: one mass, such as a liquid or a surface',
  }),
  role: Type.Union([Type.Literal('part'), Type.Literal('background')]),
  parent: Optional(word('the interest it is printed or mounted on, if any')),
  synonyms: words('what people call it'),
  colour: words('colour words that alone tell it from everything else in the picture; empty otherwise'),
  crowded: Type.Boolean({ description: 'its instances may touch one another' }),
  exemplars: Type.Array(DrawnSchema, { maxItems: 12 }),
});
const ValueSchema = Strict({
  name: word('a short name'),
  synonyms: words('what people call it'),
  images: Type.Array(word('a picture'), { maxItems: 12, description: 'pictures shown that show this value' }),
});
const AttributeSchema = Strict({
  name: word('a short name'),
  of: word('the interest it is read off'),
  values: Type.Array(ValueSchema, { minItems: 2, maxItems: 24 }),
});

export const DescriptionSchema = Strict({
  captions: Type.Array(Strict({ image: word('a picture'), caption: text('what it shows') }), { maxItems: 16 }),
  title: text('the product in a few words'),
  object: word('the noun for one product'),
  interests: Type.Array(InterestSchema, { minItems: 1, maxItems: 24 }),
  attributes: Type.Array(AttributeSchema, { maxItems: 12 }),
  variants: Optional(word('the attribute whose values are the variants of the product, if it comes in several')),
  unsure: Type.Array(text('a remark'), { maxItems: 12, description: 'what the pictures and the text leave open' }),
});
export type Description = Static<typeof DescriptionSchema>;
export type DescribedInterest = Static<typeof InterestSchema>;
export type Drawn = Static<typeof DrawnSchema>;

const CorrectionSchema = Strict({
  fine: Type.Boolean({ description: 'the outlines are good enough; then the lists below are empty' }),
  remarks: Type.Array(text('what is outlined wrongly, and where'), { maxItems: 12 }),
  redraw: Type.Array(Strict({ interest: word('an interest'), exemplars: Type.Array(DrawnSchema, { maxItems: 12 }) }), {
    maxItems: 24,
    description:
      'interests with exemplars drawn anew: they replace all earlier ones of that interest on those pictures',
  }),
});
export type Correction = Static<typeof CorrectionSchema>;

/** One condition; whoever needs several writes them into the file. */
const WhenSchema = Optional(
  Type.Union(
    [
      Strict({ attribute: word('an attribute'), is: word('its value') }),
      Strict({ rule: word('id of a rule'), is: Type.Union([Type.Literal('held'), Type.Literal('violated')]) }),
      Strict({ variant: word('a variant') }),
    ],
    { description: 'the rule applies only then' },
  ),
);

/** The rules of every kind that is offered, as a person writes them. */
function offeredRule(): ReturnType<typeof Type.Union> {
  return Type.Union(
    OFFERED.map((kind) => {
      const { properties, ...rest } = ruleSchema(kind) as unknown as { properties: Record<string, never> };
      const asked = Object.entries(properties).filter(([name]) => !NOT_ASKED.includes(name));
      const withReason = { ...Object.fromEntries(asked), when: WhenSchema, because: Type.String() };
      const own = (kind.params as { required?: string[] }).required ?? [];
      return { ...rest, properties: withReason, required: ['id', 'kind', 'because', ...own] } as never;
    }),
  );
}

/** A rule before the compiler has seen it. */
export interface RuleReply {
  readonly id: string;
  readonly kind: string;
  readonly because: string;
  readonly [setting: string]: unknown;
}
const LooseRule = Type.Object({ id: Type.String(WORD), kind: Type.String(WORD), because: Type.String(TEXT) });

const LeftSchema = Type.Array(Strict({ sentence: text('a sentence of the instructions'), why: text('why') }), {
  maxItems: 40,
  description: 'sentences of the instructions that no kind of rule can check on a photograph',
});
const WithdrawnSchema = Type.Array(Strict({ id: word('id of a rule'), why: text('why') }), { maxItems: 60 });
const MAX_RULES = 80;

export interface RulesReply {
  readonly rules: readonly RuleReply[];
  readonly left: readonly { readonly sentence: string; readonly why: string }[];
}
export interface Revision {
  readonly rules: readonly RuleReply[];
  readonly withdrawn: readonly { readonly id: string; readonly why: string }[];
}

export const DESCRIBE = replySchema<Description>('describe', DescriptionSchema);
export const CORRECT = replySchema<Correction>('correct', CorrectionSchema);
export const RULES = replySchema<RulesReply>(
  'rules',
  Strict({ rules: Type.Array(offeredRule()), left: LeftSchema }),
  Strict({ rules: Type.Array(LooseRule, { maxItems: MAX_RULES }), left: LeftSchema }),
);
export const REVISE = replySchema<Revision>(
  'revise',
  Strict({ rules: Type.Array(offeredRule()), withdrawn: WithdrawnSchema }),
  Strict({ rules: Type.Array(LooseRule, { maxItems: MAX_RULES }), withdrawn: WithdrawnSchema }),
);

/** Settings that a rule of a model may have: common ones and those of its kind. */
export function askedSettings(kind: string): readonly string[] {
  const found = OFFERED.find((k) => k.kind === kind);
  if (!found) return Object.keys(ALWAYS);
  return Object.keys(ruleSchema(found).properties).filter((name) => !NOT_ASKED.includes(name));
}
