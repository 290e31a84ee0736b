import { Type } from 'typebox';
import {
  type AllowedCounts,
  checkCounts,
  expectedCounts,
  learntCounts,
  piecesMargin,
  statedCounts,
} from '../allowed.ts';
import { defineRuleKind, type Empty, InterestRef, STRICT, unjudged } from '../kind.ts';
import { piecesOf } from '../pixels.ts';
import { noneOf } from '../select.ts';
import { idsOf, type SceneView } from '../view.ts';

interface Reading {
  /** Areas of the pieces, largest first, image fractions. */
  readonly pieces: readonly number[];
  readonly instances: readonly number[];
}

/** Connected pieces of everything that was found of an interest, whatever the instances were taken to be. */
export const components = defineRuleKind({
  kind: 'components',
  summary: 'In how many connected pieces an interest or a silhouette appears.',
  params: Type.Object(
    {
      of: InterestRef(),
      equals: Type.Optional(Type.Integer({ minimum: 0 })),
      atLeast: Type.Optional(Type.Integer({ minimum: 0 })),
      atMost: Type.Optional(Type.Integer({ minimum: 0 })),
      minArea: Type.Optional(
        Type.Number({ minimum: 0, description: 'smaller pieces do not count, in `unit` squared' }),
      ),
    },
    STRICT,
  ),
  settings: ['unit'],
  tier: 'core',
  onEmpty: 'violate',
  precedence: 'existence',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view: SceneView, p, context): Reading | Empty {
    const all = [...view.known(p.of), ...view.refused(p.of)];
    if (all.length === 0) return p.equals === 0 ? { pieces: [], instances: [] } : noneOf(view, p.of);
    const least = (p.minArea ?? 0) / context.rule.unit.size ** 2;
    return { pieces: piecesOf(view, all).filter((a) => a > least), instances: idsOf(all) };
  },
  learn(samples, calibration) {
    const value = learntCounts([...samples, ...calibration].map((s) => s.reading.pieces.length));
    return value && { value, n: samples.length + calibration.length, setAside: [] };
  },
  judge(reading, learnt: AllowedCounts | null, p) {
    const allowed = statedCounts(p) ?? learnt;
    const k = reading.pieces.length;
    if (!allowed) return [unjudged('pieces', k, reading.instances)];
    return [
      {
        quantity: 'pieces',
        measured: k,
        expected: expectedCounts(allowed),
        margin: piecesMargin(reading.pieces, allowed),
        instances: reading.instances,
      },
    ];
  },
  explain: (p, learnt) =>
    `${p.of} must appear in ${(statedCounts(p) ?? learnt?.value) ? expectedCounts((statedCounts(p) ?? learnt!.value) as AllowedCounts).text : 'as many'} connected pieces.`,
  message: (j, p) => `${p.of} in ${j.measured ?? 'no'} pieces, expected ${j.expected.text}`,
  check: (p) => checkCounts(p),
  examples: [
    {
      note: 'one uncut cable',
      rule: { of: 'cable', equals: 1 },
      legend: { c: 'cable' },
      scene: '......\ncccccc\n......',
      violated: false,
    },
    {
      note: 'a cut cable',
      rule: { of: 'cable', equals: 1 },
      legend: { c: 'cable' },
      scene: '......\ncc..cc\n......',
      violated: true,
    },
  ],
});
