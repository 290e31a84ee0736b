/** Rules as plain sentences, with the learnt numbers, for people who do not read YAML. */
import type { CompiledRule, CompiledRules } from './compiled.ts';
import type { Guard } from './definition.ts';
import { type LearntRules, referenceFor } from './learn.ts';

export interface Explanation {
  readonly rule: string;
  /** What must hold, under which condition, and what follows. */
  readonly sentence: string;
  readonly because: string;
  /** The same with the numbers of each variant, where they differ. */
  readonly variants: Readonly<Record<string, string>>;
  /** Normals that the numbers rest on; null where they are stated. */
  readonly n: number | null;
  /** Images set aside as gross outliers. */
  readonly setAside: readonly string[];
  readonly line: number;
}

function condition(guards: readonly Guard[]): string {
  const parts = guards.map((g) =>
    'attribute' in g
      ? `${g.attribute} is ${g.is.join(' or ')}`
      : 'variant' in g
        ? `the variant is ${g.variant.join(' or ')}`
        : `rule ${g.rule} is ${g.is}`,
  );
  return parts.length === 0 ? '' : `Where ${parts.join(' and ')}: `;
}

const EMPTY = {
  violate: 'an absent one is a violation',
  pass: 'an absent one passes',
  skip: 'an absent one is left to other rules',
} as const;

function sentenceOf(rule: CompiledRule, learnt: LearntRules | null, variant: string | null): string {
  const { spec } = rule;
  if (!rule.kind) {
    const parts = rule.parts.map((p) => sentenceOf(p, learnt, variant));
    const head =
      spec.kind === 'all'
        ? 'All of these must hold: '
        : spec.kind === 'any'
          ? 'One of these must hold: '
          : 'This must not hold: ';
    return condition(spec.when) + head + parts.join(' / ');
  }
  const sentence = rule.kind.explain(spec.params, referenceFor(learnt, rule.id, variant), rule.context);
  return `${condition(spec.when)}${sentence} (${EMPTY[spec.onEmpty ?? rule.kind.onEmpty]})`;
}

/** Every rule of a file in a sentence. Without `learnt`, learnt bounds are said to be "as on the normals". */
export function explainRules(compiled: CompiledRules, learnt: LearntRules | null = null): Explanation[] {
  return compiled.rules.map((rule) => {
    const reference = learnt?.references[rule.id];
    const variants = Object.fromEntries(
      Object.keys(reference?.variants ?? {}).map((v) => [v, sentenceOf(rule, learnt, v)]),
    );
    const warn = rule.spec.severity === 'warn' ? ' A violation asks for a review.' : '';
    return {
      rule: rule.id,
      sentence: sentenceOf(rule, learnt, null) + warn,
      because: rule.spec.because,
      variants,
      n: reference?.pooled?.n ?? null,
      setAside: [
        ...new Set([
          ...(reference?.pooled?.setAside ?? []),
          ...Object.values(reference?.variants ?? {}).flatMap((r) => r.setAside),
        ]),
      ].sort(),
      line: rule.place.line,
    };
  });
}
