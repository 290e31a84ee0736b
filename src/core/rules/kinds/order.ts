import { Type } from 'typebox';
import { median } from '../../statistics.ts';
import { LEARN, MARGIN } from '../constants.ts';
import { defineRuleKind, type Empty, InterestRef, STRICT } from '../kind.ts';
import { noneOf } from '../select.ts';
import { idsOf, withoutSpecks } from '../view.ts';

interface Reading {
  /** From the last of `first` to the foremost of `then`, image fractions; negative where they are swapped. */
  readonly gap: number;
  readonly instances: readonly number[];
}

/** All of one interest come before all of another along an axis. */
export const order = defineRuleKind({
  kind: 'order',
  summary: 'One interest comes before another: left of it along x, above it along y.',
  params: Type.Object(
    {
      first: InterestRef('the interest further left or further up'),
      // biome-ignore lint/suspicious/noThenProperty: the language says first ... then; a name, never called
      then: InterestRef('the interest that follows it'),
      axis: Type.Union([Type.Literal('x'), Type.Literal('y')]),
      minGap: Type.Optional(Type.Number({ minimum: 0, description: 'least distance of the centroids along the axis' })),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'place',
  invariant: ['scale', 'shuffle'],
  interests: (p) => [p.first, p.then],
  measure(view, p): Reading | Empty {
    const first = withoutSpecks(view.known(p.first));
    const then = withoutSpecks(view.known(p.then));
    if (first.length === 0) return noneOf(view, p.first);
    if (then.length === 0) return noneOf(view, p.then);
    const a = p.axis === 'x' ? 0 : 1;
    const end = first.reduce((m, i) => Math.max(m, i.centroid[a]), 0);
    const start = then.reduce((m, i) => Math.min(m, i.centroid[a]), 1);
    return { gap: start - end, instances: [...idsOf(first), ...idsOf(then)] };
  },
  learn(samples, calibration) {
    const gaps = [...samples, ...calibration].map((s) => s.reading.gap);
    return gaps.length === 0 ? null : { value: { gap: median(gaps) }, n: gaps.length, setAside: [] };
  },
  judge(reading, learnt: { readonly gap: number } | null, p) {
    const least = p.minGap ?? 0;
    // The usual gap is the scale; a swapped pair lies far beyond the border, not just over it.
    const scale = learnt && learnt.gap > least ? learnt.gap - least : LEARN.orderGap;
    const spare = (reading.gap - least) / scale;
    const margin = spare >= 0 ? Math.max(0, 1 - spare) : Math.min(MARGIN.cap, 1 + (MARGIN.gross / 2) * -spare);
    const expected = {
      low: least,
      high: null,
      centre: learnt?.gap ?? null,
      text: least === 0 ? `${p.first} before ${p.then}` : `a gap of at least ${least}`,
    };
    return [{ quantity: 'gap', measured: reading.gap, expected, margin, instances: reading.instances }];
  },
  explain: (p) =>
    `${p.first} must lie ${p.axis === 'x' ? 'left of' : 'above'} ${p.then}${p.minGap ? ` by at least ${p.minGap}` : ''}.`,
  message: (j, p) =>
    `${p.first} expected ${p.axis === 'x' ? 'left of' : 'above'} ${p.then}${p.minGap ? ` by ${p.minGap}` : ''}, it lies ${Math.abs(Number(j.measured)).toFixed(3)} ${Number(j.measured) < 0 ? (p.axis === 'x' ? 'to the right' : 'below') : p.axis === 'x' ? 'to the left' : 'above'}`,
  check: (p) =>
    p.first === p.then
      ? [
          {
            path: ['then'],
            code: 'CONTRADICTION',
            message: `${p.then} cannot come before itself`,
            expected: 'two different interests',
            example: 'then: text-label',
          },
        ]
      : [],
  examples: [
    {
      note: 'label above the text',
      // biome-ignore lint/suspicious/noThenProperty: the language says first ... then; a name, never called
      rule: { first: 'label', then: 'text', axis: 'y' },
      legend: { l: 'label', t: 'text' },
      scene: '.ll.\n....\n.tt.',
      violated: false,
    },
    {
      note: 'swapped',
      // biome-ignore lint/suspicious/noThenProperty: the language says first ... then; a name, never called
      rule: { first: 'label', then: 'text', axis: 'y' },
      legend: { l: 'label', t: 'text' },
      scene: '.tt.\n....\n.ll.',
      violated: true,
    },
  ],
});
