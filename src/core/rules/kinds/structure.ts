import { Type } from 'typebox';
import { structureKey } from '../../structureKey.ts';
import { FLOORS } from '../constants.ts';
import { type Complaint, type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { idsOf } from '../view.ts';

const POOLED: QuantitySpec = { floor: FLOORS.structure, scale: 'linear', side: 'above', dimension: 'none' };

/** Why nothing was measured where the profile knows no map of the rule's place: a person must look (core/doubts.ts). */
export const NO_MAP = 'patch matching made no map for it: learn the profile again';

/**
 * Patch distance (Eq. 1) pooled inside an interest or region. The map exists only while the image is inspected: patch
 * matching pools it and leaves the number in its reading, `within[structureKey(params)]` (core/detect/within.ts).
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
  settings: ['within', 'alarm', 'tolerance'],
  specs: { distance: POOLED },
  tier: 'core',
  readsMap: true,
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => (p.of === undefined ? [] : [p.of]),
  measure(view, p): readonly Quantity[] | Empty {
    const value = view.scene.detectors.patch?.within?.[structureKey(p)];
    if (p.of !== undefined && view.known(p.of).length === 0) return { empty: `no ${p.of}` };
    if (value === undefined || !Number.isFinite(value)) return { empty: NO_MAP };
    return [
      {
        key: 'distance',
        value,
        spec: POOLED,
        instances: p.of === undefined ? [] : idsOf(view.known(p.of)),
      },
    ];
  },
  describe: (_, p) => `patch distance inside ${p.of ?? p.region ?? 'the image'}`,
  check: (p, { file }): readonly Complaint[] => [
    ...(file.detectors.some((d) => d.name === 'patch')
      ? []
      : [
          {
            path: ['kind'],
            code: 'CONTRADICTION' as const,
            message: 'structure measures the map of patch matching, which detectors leaves out',
            expected: 'patch among the detectors',
            example: 'detectors: [patch, composition]',
          },
        ]),
    ...(p.of !== undefined && p.region !== undefined
      ? [
          {
            path: ['region'],
            code: 'CONTRADICTION' as const,
            message: 'of and region together: pool inside one of them',
            expected: 'of or region',
            example: `of: ${p.of}`,
          },
        ]
      : []),
  ],
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
