/** Defines a kind that measures named scalars: only its measurement and its names are its own. */
import type { Static, TObject, TProperties } from 'typebox';
import { type AnyRuleKind, defineRuleKind, type Empty, OPEN, type RuleContext, type RuleKind } from './kind.ts';
import {
  expectation,
  format,
  judgeQuantity,
  learnQuantities,
  outOf,
  type Quantity,
  type QuantityReference,
  type QuantitySpec,
} from './quantities.ts';
import type { SceneView } from './view.ts';

export type QuantityKind<P> = Omit<
  RuleKind<P, readonly Quantity[], QuantityReference>,
  'params' | 'measure' | 'learn' | 'judge' | 'explain' | 'message' | 'settings'
> & {
  readonly settings?: RuleKind['settings'];
  /** In place of the judgement by stated or learnt interval. */
  readonly judge?: RuleKind<P, readonly Quantity[], QuantityReference>['judge'];
  readonly specs: Readonly<Record<string, QuantitySpec>>;
  measure(view: SceneView, params: P, context: RuleContext): readonly Quantity[] | Empty;
  /** What a quantity is called: "top edge of liquid". */
  describe(key: string, params: P, context: RuleContext): string;
  /** The measurement as a clause; default: its name and the number. */
  say?(key: string, shown: string, params: P, context: RuleContext): string;
};

export const QUANTITY_SETTINGS = ['within', 'as', 'reference', 'unit', 'alarm', 'tolerance'] as const;

/** Learn, judge, explain and message of a kind that measures scalars, from its measurement and its names. */
export function defineQuantityKind<T extends TProperties>(
  kind: QuantityKind<Static<TObject<T>>> & { readonly params: TObject<T> },
): AnyRuleKind {
  const specOf = (key: string): QuantitySpec => kind.specs[key.split('#')[0]!]!;
  return defineRuleKind<T, readonly Quantity[], QuantityReference>({
    settings: QUANTITY_SETTINGS,
    judge: (reading, learnt, _, context) => reading.map((q) => judgeQuantity(q, learnt?.[q.key], context)),
    ...kind,
    learn: (samples, calibration, _, context) => learnQuantities(samples, calibration, context),
    explain(params, learnt, context) {
      const { rule } = context;
      const keys = learnt ? Object.keys(learnt.value) : Object.keys(kind.specs).slice(0, 1);
      const ratio =
        rule.as === 'ratio'
          ? ` as a share of ${typeof rule.reference === 'number' ? rule.reference : 'the normals\u2019'}`
          : '';
      return keys
        .map((key) => {
          const name = `${kind.describe(key, params, context)}${ratio}`;
          if (rule.within !== 'learnt')
            return `${name} must be ${expectation(rule.within[0], rule.within[1], null, specOf(key), context).text}.`;
          const s = learnt?.value[key];
          if (!s) return `${name} must be as the normals show.`;
          const zero: Quantity = { key, value: outOf(specOf(key), s.centre), spec: specOf(key), instances: [] };
          return `${name} must be ${judgeQuantity(zero, s, context).expected.text}, learnt from ${s.n} values.`;
        })
        .join(' ');
    },
    message(judgement, params, context) {
      const where = judgement.where === undefined ? '' : ` (${judgement.where})`;
      const shown =
        typeof judgement.measured === 'number'
          ? format(judgement.measured, specOf(judgement.quantity), context)
          : 'not measurable';
      const clause =
        kind.say?.(judgement.quantity, shown, params, context) ??
        `${kind.describe(judgement.quantity, params, context)} ${shown}`;
      return `${clause}${where}, expected ${judgement.expected === OPEN ? 'what normals will show' : judgement.expected.text}`;
    },
  } as Parameters<typeof defineRuleKind<T, readonly Quantity[], QuantityReference>>[0]);
}
