import { Type } from 'typebox';
import { FLOORS } from '../constants.ts';
import { type Complaint, type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { idsOf } from '../view.ts';

const POOLED: QuantitySpec = { floor: FLOORS.structure, scale: 'linear', side: 'above', dimension: 'none' };

/**
 * Patch distance (Eq. 1) pooled inside an interest or region. The map exists only while the image is inspected: the
 * caller pools it and leaves the number in the Scene as detector reading `structure:<rule id>`.
 */
export const structure = defineQuantityKind({
  kind: 'structure',
  summary: 'Patch distance (LogSAD, Eq. 1) pooled inside an interest or region.',
  params: Type.Object(
    {
      of: Type.Optional(InterestRef('pool inside this interest')),
      region: Type.Optional(PlaceRef('or inside this region')),
      pool: Type.Optional(
        Type.Union([Type.Literal('max'), Type.Literal('mean'), Type.Literal('top')], {
          description: 'max (default), mean, or top: mean of the highest 1 %',
        }),
      ),
    },
    STRICT,
  ),
  settings: ['within', 'alarm'],
  specs: { distance: POOLED },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => (p.of === undefined ? [] : [p.of]),
  measure(view, p, { rule }): readonly Quantity[] | Empty {
    const reading = view.scene.detectors[`structure:${rule.id}`];
    if (!reading || !Number.isFinite(reading.score)) return { empty: 'no patch map was made for it' };
    return [
      {
        key: 'distance',
        value: reading.score,
        spec: POOLED,
        instances: p.of === undefined ? [] : idsOf(view.known(p.of)),
      },
    ];
  },
  describe: (_, p) => `patch distance inside ${p.of ?? p.region ?? 'the image'}`,
  check: (p): readonly Complaint[] =>
    p.of !== undefined && p.region !== undefined
      ? [
          {
            path: ['region'],
            code: 'CONTRADICTION',
            message: 'of and region together: pool inside one of them',
            expected: 'of or region',
            example: `of: ${p.of}`,
          },
        ]
      : [],
  examples: [
    {
      note: 'as on the normals',
      rule: { of: 'cap', within: [null, 0.5] },
      legend: { c: 'cap', $structure: 0.2 },
      scene: 'cc',
      violated: false,
    },
    {
      note: 'a scratch',
      rule: { of: 'cap', within: [null, 0.5] },
      legend: { c: 'cap', $structure: 0.9 },
      scene: 'cc',
      violated: true,
    },
  ],
});
