import { Type } from 'typebox';
import { deltaE76 } from '../../grid/colour.ts';
import { learnVector, mahalanobis, type VectorReference } from '../../statistics.ts';
import { FLOORS, MARGIN } from '../constants.ts';
import { asked, type Complaint, defineRuleKind, type Empty, InterestRef, isEmpty, STRICT, unjudged } from '../kind.ts';
import { groupsOf } from '../select.ts';
import { idsOf, totalArea } from '../view.ts';

type Lab = readonly [number, number, number];
interface Patch {
  readonly lab: Lab;
  readonly instances: readonly number[];
  readonly where?: string;
}

/** A just tolerable difference where only the colour is stated. */
const DELTA_E = 12;
const show = (lab: readonly number[]): string => `Lab ${lab.map((v) => v.toFixed(0)).join(' ')}`;

/** Mean colour of an interest: within a radius of a stated Lab colour, or of the normals' by their covariance. */
export const colour = defineRuleKind({
  kind: 'colour',
  summary: 'Lab colour of an interest: near a stated colour, or as on the normals (location and covariance).',
  params: Type.Object(
    {
      of: InterestRef(),
      near: Type.Optional(
        Type.Array(Type.Number(), {
          minItems: 3,
          maxItems: 3,
          description: 'CIE Lab (D65) that it must be near',
          examples: [[40, 50, 30]],
        }),
      ),
      deltaE: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 200, description: 'radius around near (CIE 1976)' }),
      ),
    },
    STRICT,
  ),
  settings: ['forEach', 'alarm', 'tolerance'],
  // Colour follows the exposure (FINDINGS 5).
  tier: 'weak',
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p, context): readonly Patch[] | Empty {
    const groups = groupsOf(view, p.of, context);
    if (isEmpty(groups)) return groups;
    return groups.map((g): Patch => {
      const total = totalArea(g.instances);
      const channel = (c: 0 | 1 | 2): number => g.instances.reduce((sum, i) => sum + (i.lab[c] * i.area) / total, 0);
      return {
        lab: [channel(0), channel(1), channel(2)],
        instances: idsOf(g.instances),
        ...(g.where === undefined ? {} : { where: g.where }),
      };
    });
  },
  learn(samples, calibration, _, context) {
    const labs = samples.flatMap((s) => s.reading.map((r) => [...r.lab]));
    if (labs.length === 0) return null;
    const options = {
      ...asked(context),
      calibration: calibration.flatMap((s) => s.reading.map((r) => [...r.lab])),
    };
    const value = learnVector(labs, [FLOORS.lab, FLOORS.lab, FLOORS.lab], options);
    const images = [...samples, ...calibration].flatMap((s) => s.reading.map(() => s.image));
    return { value, n: value.n, setAside: [...new Set(value.setAside.map((i) => images[i]!))] };
  },
  judge(reading, learnt: VectorReference | null, p) {
    return reading.map((r) => {
      const place = r.where === undefined ? {} : { where: r.where };
      const shared = { quantity: 'lab', measured: show(r.lab), instances: r.instances, ...place };
      if (p.near) {
        const radius = p.deltaE ?? DELTA_E;
        const d = deltaE76(r.lab, p.near as unknown as Lab);
        const expected = { low: 0, high: radius, centre: 0, text: `${show(p.near)} within ${radius}` };
        return { ...shared, expected, margin: Math.min(MARGIN.cap, d / radius) };
      }
      if (!learnt || !Number.isFinite(learnt.tolerance))
        return { ...unjudged('lab', show(r.lab), r.instances), ...place };
      const expected = { low: null, high: null, centre: null, text: `${show(learnt.centre)} as on the normals` };
      return {
        ...shared,
        expected,
        margin: Math.min(MARGIN.cap, mahalanobis(r.lab, learnt.centre, learnt.precision) / learnt.tolerance),
      };
    });
  },
  explain: (p, learnt) =>
    `${p.of} must be of colour ${p.near ? `${show(p.near)} within ${p.deltaE ?? DELTA_E}` : learnt ? `${show(learnt.value.centre)}, learnt from ${learnt.n} readings` : 'as on the normals'}.`,
  message: (j, p) => `colour of ${j.where ?? p.of} is ${j.measured}, expected ${j.expected.text}`,
  check: (p): readonly Complaint[] =>
    p.deltaE !== undefined && !p.near
      ? [
          {
            path: ['deltaE'],
            code: 'MISSING',
            message: 'deltaE is the radius around near, which is not given',
            expected: 'near beside deltaE',
            example: 'near: [40, 50, 30]\ndeltaE: 12',
          },
        ]
      : [],
  examples: [
    {
      note: 'near the stated red',
      rule: { of: 'cap', near: [45, 60, 40], deltaE: 15 },
      legend: { c: { interest: 'cap', lab: [48, 58, 44] } },
      scene: 'cc',
      violated: false,
    },
    {
      note: 'blue instead',
      rule: { of: 'cap', near: [45, 60, 40], deltaE: 15 },
      legend: { c: { interest: 'cap', lab: [35, 20, -60] } },
      scene: 'cc',
      violated: true,
    },
  ],
});
