import { Type } from 'typebox';
import { FLOORS, MARGIN } from '../constants.ts';
import { InterestRef, STRICT } from '../kind.ts';
import { judgeQuantity, type Quantity, type QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { noneOf, readingOrder } from '../select.ts';

const TERM: QuantitySpec = {
  floor: FLOORS.likeness,
  scale: 'linear',
  side: 'above',
  dimension: 'none',
  range: [0, MARGIN.cap],
};

/**
 * Each instance looks like the normals'. The terms arrive in tolerance units (grounding learnt them); what is learnt
 * here only widens the border where the normals themselves lie beyond 1.
 */
export const likeness = defineQuantityKind({
  kind: 'likeness',
  summary:
    'Each instance of an interest looks like the normals\u2019: pooled feature and gross departures of area, or the terms named.',
  params: Type.Object(
    {
      of: InterestRef('id of an interest, or `unknown` for whatever resembles no interest', ['unknown']),
      features: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          minItems: 1,
          description: 'likeness terms to use (feature, area, shape, colour, ...); default: the core ones',
        }),
      ),
    },
    STRICT,
  ),
  settings: ['within', 'alarm', 'tolerance'],
  specs: { likeness: TERM },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'likeness',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p) {
    if (p.of === 'unknown') {
      // Distance beyond the border, weighed by the side length of the region: a speck far off is still a speck.
      const worst = Math.max(0, ...view.scene.unknown.map((u) => Math.max(0, u.distance - 1) * Math.sqrt(u.area)));
      return [{ key: 'likeness', value: worst, spec: TERM, instances: [] }];
    }
    const all = readingOrder([...view.known(p.of), ...view.refused(p.of)]);
    if (all.length === 0) return noneOf(view, p.of);
    return all.map((i, n): Quantity => {
      const terms = p.features?.map((f) => i.likeness?.terms[f] ?? 0);
      const value = terms ? Math.max(0, ...terms) : (i.likeness?.value ?? (i.status === 'unknown' ? 2 : 0));
      return {
        key: 'likeness',
        value: Math.min(MARGIN.cap, value),
        spec: TERM,
        instances: [i.id],
        where: all.length > 1 ? `${p.of} ${n + 1}` : p.of,
      };
    });
  },
  judge(reading, learnt, p, context) {
    return reading.map((q) => {
      if (context.rule.within !== 'learnt' || (p.of === 'unknown' && learnt))
        return judgeQuantity(q, learnt?.[q.key], context);
      const border = Math.max(context.rule.tolerance ?? 1, learnt?.[q.key]?.high ?? 1);
      const expected = {
        low: null,
        high: border,
        centre: 0,
        text: `at most ${border.toFixed(2)} tolerance units from the normals`,
      };
      const place = q.where === undefined ? {} : { where: q.where };
      return {
        quantity: q.key,
        measured: q.value,
        expected,
        margin: Math.min(MARGIN.cap, q.value / border),
        instances: q.instances,
        ...place,
      };
    });
  },
  describe: (_, p) =>
    p.of === 'unknown' ? 'something that resembles no part:' : `${p.of} differs from the normals by`,
  examples: [
    { note: 'a part like any other', rule: { of: 'nut' }, legend: { n: 'nut' }, scene: 'n..n', violated: false },
    {
      note: 'a part that resembles none of the normals',
      rule: { of: 'nut' },
      legend: { n: 'nut', x: { interest: 'nut', likeness: 3 } },
      scene: 'n..x',
      violated: true,
    },
  ],
});
