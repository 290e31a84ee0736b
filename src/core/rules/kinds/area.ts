import { Type } from 'typebox';
import { FLOORS } from '../constants.ts';
import { InterestRef, isEmpty, PlaceRef, STRICT } from '../kind.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind, QUANTITY_SETTINGS } from '../quantityKind.ts';
import { groupsOf, noneOf } from '../select.ts';
import { areaOfShape, idsOf, totalArea } from '../view.ts';

const AREA: QuantitySpec = { floor: FLOORS.logArea, scale: 'log', side: 'both', dimension: 'area' };
const RATIO: QuantitySpec = { floor: FLOORS.logRatio, scale: 'log', side: 'both', dimension: 'none' };

/** Area of an interest, absolute or against another area; learnt as the location and spread of its logarithm. */
export const area = defineQuantityKind({
  kind: 'area',
  summary: 'How much an interest covers, absolute or as a ratio to another interest or region.',
  params: Type.Object({ of: InterestRef(), relativeTo: Type.Optional(PlaceRef('divide by the area of this')) }, STRICT),
  settings: [...QUANTITY_SETTINGS, 'forEach'],
  specs: { area: AREA, ratio: RATIO },
  // The outline of a small thing moves with the light; a stuff's area is large against its border (FINDINGS 5).
  tier: (p, file) => (file.interests[p.of]?.form === 'thing' ? 'weak' : 'core'),
  onEmpty: 'skip',
  precedence: 'amount',
  hides: true,
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p, context) {
    const groups = groupsOf(view, p.of, context);
    if (isEmpty(groups)) return groups;
    const base = p.relativeTo === undefined ? 1 : areaOfShape(view, p.relativeTo);
    if (base === 0) return noneOf(view, p.relativeTo!);
    const spec = p.relativeTo === undefined ? AREA : RATIO;
    return groups.map(
      (g): Quantity => ({
        key: p.relativeTo === undefined ? 'area' : 'ratio',
        value: totalArea(g.instances) / base,
        spec,
        instances: idsOf(g.instances),
        ...(g.where === undefined ? {} : { where: g.where }),
      }),
    );
  },
  describe: (key, p) => (key === 'ratio' ? `area of ${p.of} against ${p.relativeTo}` : `area of ${p.of}`),
  examples: [
    {
      note: 'within the stated bounds',
      rule: { of: 'liquid', within: [0.2, 0.6] },
      legend: { l: 'liquid' },
      scene: '....\nllll\n....',
      violated: false,
    },
    {
      note: 'too little of it',
      rule: { of: 'liquid', within: [0.2, 0.6] },
      legend: { l: 'liquid' },
      scene: '....\n.l..\n....',
      violated: true,
    },
  ],
});
