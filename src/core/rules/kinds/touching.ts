import { Type } from 'typebox';
import { LEARN, MARGIN } from '../constants.ts';
import { type Complaint, defineRuleKind, type Empty, InterestRef, STRICT, unjudged } from '../kind.ts';
import { gapBetween } from '../pixels.ts';
import { noneOf, readingOrder } from '../select.ts';

interface Gap {
  /** To the nearest instance of the other interest, long-side units; 0 where they meet. */
  readonly gap: number;
  readonly instances: readonly number[];
  readonly where: string;
}

const touches = (gap: number): boolean => gap <= LEARN.touchGap;

/** Every instance of one interest touches another interest, or stays clear of it. */
export const touching = defineRuleKind({
  kind: 'touching',
  summary: 'Every instance of an interest touches another interest, or stays clear of it.',
  params: Type.Object(
    {
      of: InterestRef(),
      to: InterestRef('what it must touch'),
      apart: Type.Optional(
        Type.Boolean({ description: 'true: must not touch; false: must; default: as on all normals' }),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'place',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of, p.to],
  measure(view, p): readonly Gap[] | Empty {
    const parts = readingOrder(view.known(p.of));
    const others = view.known(p.to);
    if (parts.length === 0) return noneOf(view, p.of);
    if (others.length === 0) return noneOf(view, p.to);
    return parts.map((i, n) => {
      const gaps = others.map((o) => ({ gap: gapBetween(view, i, o), id: o.id }));
      const best = gaps.reduce((a, b) => (b.gap < a.gap ? b : a));
      return { gap: best.gap, instances: [i.id, best.id], where: parts.length > 1 ? `${p.of} ${n + 1}` : p.of };
    });
  },
  learn(samples, calibration) {
    const gaps = [...samples, ...calibration].flatMap((s) => s.reading.map((r) => r.gap));
    if (gaps.length === 0) return null;
    const share = gaps.filter(touches).length / gaps.length;
    // Only what holds on all normals, slips aside, is a relation.
    const apart = share <= LEARN.countShare ? true : share >= 1 - LEARN.countShare ? false : null;
    return { value: { apart }, n: samples.length + calibration.length, setAside: [] };
  },
  judge(reading, learnt: { readonly apart: boolean | null } | null, p) {
    const apart = p.apart ?? learnt?.apart ?? null;
    return reading.map((r) => {
      if (apart === null) return unjudged('gap', r.gap, r.instances);
      const t = LEARN.touchGap;
      const margin = apart ? (touches(r.gap) ? 1 + (MARGIN.gross / 2) * (1 - r.gap / t) + 1e-9 : t / r.gap) : r.gap / t;
      const expected = apart
        ? { low: t, high: null, centre: null, text: `clear of ${p.to}` }
        : { low: null, high: t, centre: 0, text: `touching ${p.to}` };
      return {
        quantity: 'gap',
        measured: r.gap,
        expected,
        margin: Math.min(MARGIN.cap, margin),
        instances: r.instances,
        where: r.where,
      };
    });
  },
  explain(p, learnt) {
    const apart = p.apart ?? learnt?.value.apart ?? null;
    return `Every ${p.of} must ${apart === null ? 'touch or stay clear of' : apart ? 'stay clear of' : 'touch'} ${p.to}${apart === null ? ' as on the normals' : ''}.`;
  },
  message: (j, p) =>
    `${j.where ?? p.of} ${touches(Number(j.measured)) ? `touches ${p.to}` : `is ${Number(j.measured).toFixed(3)} of the long side away from ${p.to}`}, expected ${j.expected.text}`,
  check: (p): readonly Complaint[] =>
    p.of === p.to
      ? [
          {
            path: ['to'],
            code: 'CONTRADICTION',
            message: `${p.of} always touches itself`,
            expected: 'two different interests',
            example: 'to: clamp',
          },
        ]
      : [],
  examples: [
    {
      note: 'the cable ends in the clamp',
      rule: { of: 'cable', to: 'clamp', apart: false },
      legend: { c: 'cable', k: 'clamp' },
      scene: 'ccckk.',
      violated: false,
    },
    {
      note: 'the cable hangs loose',
      rule: { of: 'cable', to: 'clamp', apart: false },
      legend: { c: 'cable', k: 'clamp' },
      scene: 'cc..kk',
      violated: true,
    },
  ],
});
