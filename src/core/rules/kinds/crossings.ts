import { Type } from 'typebox';
import {
  type AllowedCounts,
  checkCounts,
  expectedCounts,
  learntCounts,
  piecesMargin,
  statedCounts,
} from '../allowed.ts';
import { FLOORS } from '../constants.ts';
import {
  defineRuleKind,
  type Empty,
  InterestRef,
  type Judgement,
  type RuleContext,
  type Sample,
  STRICT,
  unjudged,
} from '../kind.ts';
import { runsAlong } from '../pixels.ts';
import {
  format,
  judgeQuantity,
  learnQuantities,
  type Quantity,
  type QuantityReference,
  type QuantitySpec,
} from '../quantities.ts';
import { noneOf } from '../select.ts';
import { idsOf } from '../view.ts';

const THICKNESS: QuantitySpec = { floor: 2 * FLOORS.logLength, scale: 'log', side: 'both', dimension: 'length' };

interface Slice {
  readonly at: number;
  /** Thickness of every run along the line, in order, fractions of the image. */
  readonly runs: readonly number[];
  readonly instances: readonly number[];
}
interface Reference {
  readonly counts: readonly AllowedCounts[];
  readonly profile: QuantityReference;
}

const positions = (at: number | readonly number[] | undefined): readonly number[] =>
  at === undefined ? [0.5] : typeof at === 'number' ? [at] : at;

/** Thickness of every run at every position that shows the usual number of them. */
const profileOf = (slices: readonly Slice[]): Quantity[] =>
  slices.flatMap((s, i) =>
    s.runs.map(
      (value, n): Quantity => ({
        key: `thickness#${i + 1}.${n + 1}`,
        value,
        spec: THICKNESS,
        instances: s.instances,
        where: `run ${n + 1} at ${s.at}`,
      }),
    ),
  );

/** Runs that lines across the image meet: one cable, uncut, as thick as on the normals. */
export const crossings = defineRuleKind({
  kind: 'crossings',
  summary: 'How many runs of an interest lines or strips across the image meet, and how thick they are.',
  params: Type.Object(
    {
      of: InterestRef(),
      axis: Type.Union([Type.Literal('x'), Type.Literal('y')], {
        description: 'x: vertical lines at x = at; y: horizontal lines at y = at',
      }),
      at: Type.Optional(
        Type.Union(
          [
            Type.Number({ minimum: 0, maximum: 1 }),
            Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 1, maxItems: 32 }),
          ],
          { description: 'where, as a fraction; several for a profile; default 0.5', examples: [0.5, [0.3, 0.5, 0.7]] },
        ),
      ),
      width: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, description: 'width of the strip, in `unit`; default: one cell' }),
      ),
      equals: Type.Optional(Type.Integer({ minimum: 0 })),
      atLeast: Type.Optional(Type.Integer({ minimum: 0 })),
      atMost: Type.Optional(Type.Integer({ minimum: 0 })),
      profile: Type.Optional(Type.Boolean({ description: 'judge the thickness of the runs against the normals too' })),
    },
    STRICT,
  ),
  settings: ['unit', 'alarm', 'tolerance'],
  tier: 'core',
  onEmpty: 'violate',
  precedence: 'existence',
  invariant: ['scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p, context): readonly Slice[] | Empty {
    const all = [...view.known(p.of), ...view.refused(p.of)];
    if (all.length === 0) return noneOf(view, p.of);
    const width = p.width === undefined ? 0 : p.width / context.rule.unit.size;
    return positions(p.at).map((at) => ({ at, runs: runsAlong(view, all, p.axis, at, width), instances: idsOf(all) }));
  },
  learn(samples, calibration, p, context) {
    const all = [...samples, ...calibration];
    if (all.length === 0) return null;
    const counts = positions(p.at).map((_, i) => learntCounts(all.map((s) => s.reading[i]!.runs.length))!);
    const profiled = (list: readonly Sample<readonly Slice[]>[]): Sample<readonly Quantity[]>[] =>
      list.map((s) => ({ image: s.image, reading: profileOf(s.reading) }));
    const profile = p.profile ? learnQuantities(profiled(samples), profiled(calibration), context) : null;
    return { value: { counts, profile: profile?.value ?? {} }, n: all.length, setAside: profile?.setAside ?? [] };
  },
  judge(reading, learnt: Reference | null, p, context: RuleContext): readonly Judgement[] {
    const stated = statedCounts(p);
    const counts = reading.map((s, i): Judgement => {
      const allowed = stated ?? learnt?.counts[i];
      const where = reading.length > 1 ? { where: `at ${s.at}` } : {};
      if (!allowed) return { ...unjudged('runs', s.runs.length, s.instances), ...where };
      const sizes = [...s.runs].sort((a, b) => b - a);
      return {
        quantity: 'runs',
        measured: s.runs.length,
        expected: expectedCounts(allowed),
        margin: piecesMargin(sizes, allowed),
        instances: s.instances,
        ...where,
      };
    });
    if (!p.profile || !learnt) return counts;
    return [
      ...counts,
      ...profileOf(reading).flatMap((q) =>
        learnt.profile[q.key] ? [judgeQuantity(q, learnt.profile[q.key], context)] : [],
      ),
    ];
  },
  explain(p, learnt) {
    const lines = positions(p.at).map((at, i) => {
      const allowed = statedCounts(p) ?? learnt?.value.counts[i];
      return `${allowed ? expectedCounts(allowed).text : 'as many as on the normals'} at ${p.axis} = ${at}`;
    });
    return `Lines across ${p.of} must meet it so many times: ${lines.join(', ')}${p.profile ? ', as thick as on the normals' : ''}.`;
  },
  message(j, p, context) {
    const at = `the line ${j.where?.replace(/^at /, `at ${p.axis} = `) ?? `at ${p.axis} = ${positions(p.at)[0]}`}`;
    if (j.quantity === 'runs') return `${at} meets ${p.of} ${j.measured} times, expected ${j.expected.text}`;
    return `${p.of}, ${j.where}: ${format(Number(j.measured), THICKNESS, context)} thick, expected ${j.expected.text}`;
  },
  check: (p) => checkCounts(p),
  examples: [
    {
      note: 'one cable',
      rule: { of: 'cable', axis: 'x', at: 0.5, equals: 1 },
      legend: { c: 'cable' },
      scene: '......\ncccccc\n......',
      violated: false,
    },
    {
      note: 'a cable cut in the middle',
      rule: { of: 'cable', axis: 'x', at: 0.5, equals: 1 },
      legend: { c: 'cable' },
      scene: '.......\nccc.ccc\n.......',
      violated: true,
    },
    {
      note: 'two cables',
      rule: { of: 'cable', axis: 'x', at: 0.5, equals: 1 },
      legend: { c: 'cable' },
      scene: 'cccccc\n......\ncccccc',
      violated: true,
    },
  ],
});
