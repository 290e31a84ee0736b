/**
 * The contract of a rule kind. One file in `kinds/` says everything about it: schema, measurement, learning, judgement,
 * sentences, examples. The JSON schema, docs/rules.md, the authoring prompts and the first tests are read from it.
 */
import { type Static, type TObject, type TProperties, Type } from 'typebox';
import type { Box, Expectation } from '../scene.ts';
import type { PrecedenceClass } from './constants.ts';
import type { OnEmpty, RuleFile, RuleSpec, Tier } from './definition.ts';
import type { SceneView } from './view.ts';

export const STRICT = { additionalProperties: false } as const;

/** What a setting refers to; the compiler checks the name and offers the nearest one. */
const reference = (ref: 'interest' | 'attribute' | 'place', description: string, also: readonly string[] = []) =>
  Type.String({ minLength: 1, 'x-ref': ref, ...(also.length > 0 ? { 'x-also': [...also] } : {}), description });

/** `also`: reserved words that are no names of anything and yet allowed here. */
export const InterestRef = (description = 'id of an interest', also: readonly string[] = []) =>
  reference('interest', description, also);
export const AttributeRef = (description = 'id of an attribute') => reference('attribute', description);
/** A region, an interest, `product` or `image`. */
export const PlaceRef = (description = 'a region, an interest, `product` or `image`', also: readonly string[] = []) =>
  reference('place', description, also);

export interface RuleContext {
  readonly file: RuleFile;
  readonly rule: RuleSpec;
  readonly tier: Tier;
}

/** Nothing to measure; `reason` reads on its own ("no fruit was found"). */
export interface Empty {
  readonly empty: string;
  /** Refused candidates, the evidence for why nothing was found. */
  readonly instances?: readonly number[];
}

export const isEmpty = (reading: unknown): reading is Empty =>
  typeof reading === 'object' && reading !== null && 'empty' in reading;

export interface Sample<R> {
  readonly image: string;
  readonly reading: R;
}

export interface Learnt<F> {
  /** JSON-able; what `judge` compares with. */
  readonly value: F;
  /** Normals it rests on. */
  readonly n: number;
  /** Images set aside as gross outliers. */
  readonly setAside: readonly string[];
}

export interface Judgement {
  readonly quantity: string;
  readonly measured: number | string | null;
  readonly expected: Expectation;
  /** In tolerance units; above 1 is a violation. */
  readonly margin: number;
  readonly instances: readonly number[];
  /** Which instance or cell, where a rule judges several alike. */
  readonly where?: string;
  readonly ghost?: Box;
  /** What may explain it, for the kind's sentence. */
  readonly note?: string;
  /** Why nothing was judged. */
  readonly skipped?: string;
}

/** A fault of one rule that needs more than its schema to see; `path` leads from the rule to the setting. */
export interface Complaint {
  readonly path: readonly (string | number)[];
  readonly code: 'CONTRADICTION' | 'VACUOUS' | 'UNKNOWN_VALUE' | 'WRONG_FORM' | 'MISSING' | 'UNREACHABLE';
  readonly message: string;
  readonly expected: string;
  readonly example: string;
  readonly candidates?: readonly string[];
  readonly got?: string;
}

export type CommonSetting = 'within' | 'as' | 'reference' | 'unit' | 'forEach' | 'alarm' | 'tolerance';
export type Invariance = 'mirror' | 'scale' | 'shuffle';

/** A first test, a line of documentation and a few-shot for authors in one. */
export interface KindExample {
  readonly note: string;
  /** The rule as a person writes it, without `id` and `kind`. */
  readonly rule: Readonly<Record<string, unknown>>;
  /** Interests by the letter they are drawn with, and attributes; see drawnScene.ts. */
  readonly legend: Readonly<Record<string, unknown>>;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Normals to learn from, drawn. */
  readonly normals?: readonly string[];
  readonly scene: string;
  readonly violated: boolean;
}

export interface RuleKind<P = Readonly<Record<string, unknown>>, R = unknown, F = unknown> {
  readonly kind: string;
  readonly summary: string;
  readonly params: TObject;
  /** The common settings this kind obeys beyond id, because, when, severity, onEmpty and tier. */
  readonly settings: readonly CommonSetting[];
  readonly tier: Tier | ((params: P, file: RuleFile) => Tier);
  readonly onEmpty: OnEmpty;
  readonly precedence: PrecedenceClass;
  readonly invariant: readonly Invariance[];
  /** A violation makes what the interest looks like moot: appearance and likeness of it are then not reported. */
  readonly hides?: true;
  /** Measures the map of patch matching: bounds then also bear normals in other focus and light, where it saw them so. */
  readonly readsMap?: true;
  /** Interests the rule is about, the first one foremost. */
  interests(params: P, file: RuleFile): readonly string[];
  measure(view: SceneView, params: P, context: RuleContext): R | Empty;
  learn(
    samples: readonly Sample<R>[],
    calibration: readonly Sample<R>[],
    params: P,
    context: RuleContext,
  ): Learnt<F> | null;
  judge(reading: R, learnt: F | null, params: P, context: RuleContext): readonly Judgement[];
  explain(params: P, learnt: Learnt<F> | null, context: RuleContext): string;
  message(judgement: Judgement, params: P, context: RuleContext): string;
  check?(params: P, context: RuleContext): readonly Complaint[];
  readonly examples: readonly KindExample[];
}

/** A kind whose types have been checked where it is defined and are no longer visible outside. */
export type AnyRuleKind = RuleKind;

/** Types a kind by its own schema, then hides them: outside, every kind looks alike. */
export function defineRuleKind<T extends TProperties, R, F>(
  kind: Omit<RuleKind<Static<TObject<T>>, R, F>, 'params'> & { readonly params: TObject<T> },
): AnyRuleKind {
  return Object.freeze(kind) as unknown as AnyRuleKind;
}

/** What a rule's own words ask of a bound that is learnt: handed to every learner of core/statistics.ts. */
export function asked({ rule, tier }: Pick<RuleContext, 'rule' | 'tier'>): {
  readonly tier: Tier;
  readonly alarm?: number;
  readonly scale?: number;
} {
  const { alarm, tolerance } = rule;
  return {
    tier,
    ...(alarm === undefined ? {} : { alarm }),
    ...(tolerance === undefined ? {} : { scale: tolerance }),
  };
}

/** Why a learnt bound judges nothing. */
export const NO_NORMALS = 'no normals to learn the bound from';

/** An absence of anything to say: what `judge` answers without normals. */
export function unjudged(quantity: string, measured: Judgement['measured'], instances: readonly number[]): Judgement {
  return { quantity, measured, expected: OPEN, margin: 0, instances, skipped: NO_NORMALS };
}

export const OPEN: Expectation = { low: null, high: null, centre: null, text: 'not learnt yet' };

/** Stuff is one mass: its instances are accidents of segmentation and cannot be counted or told apart. */
export function needsThing(
  file: RuleFile,
  interest: string,
  path: readonly (string | number)[],
  verb: string,
): Complaint[] {
  if (!Object.hasOwn(file.interests, interest) || file.interests[interest]!.form !== 'stuff') return [];
  const expected = 'an interest with form: thing; for stuff, kind: presence, area or components';
  return [
    {
      path,
      code: 'WRONG_FORM',
      message: `${interest} is stuff and cannot be ${verb}`,
      expected,
      example: `form: thing   # of ${interest}`,
    },
  ];
}
