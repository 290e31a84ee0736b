import { Type } from 'typebox';
import { gapMargin, seenOften, typicalDistance } from '../agree.ts';
import { LEARN, MARGIN } from '../constants.ts';
import { AttributeRef, type Complaint, defineRuleKind, type Empty, STRICT, unjudged } from '../kind.ts';
import { noneOf, readingOrder } from '../select.ts';
import { distancesOf } from '../view.ts';

interface Reading {
  readonly value: string | null;
  readonly margin: number;
  readonly distances: Readonly<Record<string, number>>;
  readonly instances: readonly number[];
  readonly where: string;
}
interface Reference {
  readonly values: readonly string[];
  readonly typical: number;
}

const least = (distances: Readonly<Record<string, number>>, keep: (value: string) => boolean): number =>
  Object.entries(distances).reduce((m, [value, d]) => (keep(value) ? Math.min(m, d) : m), Number.POSITIVE_INFINITY);

/** Which value every instance has; a value that resembles none of those known is a violation. */
export const attribute = defineRuleKind({
  kind: 'attribute',
  summary: 'Which value of an attribute each instance of its interest has.',
  params: Type.Object(
    {
      attribute: AttributeRef(),
      is: Type.Optional(Type.String({ minLength: 1, description: 'the one right value' })),
      oneOf: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
      minMargin: Type.Optional(
        Type.Number({ minimum: 0, maximum: 1, description: 'least lead over the runner-up, 0 to 1' }),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p, file) => [file.attributes[p.attribute]!.of],
  measure(view, p): readonly Reading[] | Empty {
    const of = view.file.attributes[p.attribute]!.of;
    const known = readingOrder(view.known(of)).filter((i) => i.attributes[p.attribute]);
    if (known.length === 0) return noneOf(view, of);
    return known.map((i, n) => ({
      value: i.attributes[p.attribute]!.value,
      margin: i.attributes[p.attribute]!.margin,
      distances: distancesOf(view, p.attribute, i)!,
      instances: [i.id],
      where: known.length > 1 ? `${of} ${n + 1}` : of,
    }));
  },
  learn(samples, calibration) {
    const all = [...samples, ...calibration].flatMap((s) => s.reading);
    const values = seenOften(
      all.flatMap((r) => (r.value === null ? [] : [r.value])),
      LEARN.pairShare,
    );
    if (values.length === 0) return null;
    const value: Reference = { values, typical: typicalDistance(all.map((r) => least(r.distances, () => true))) };
    return { value, n: samples.length + calibration.length, setAside: [] };
  },
  judge(reading, learnt: Reference | null, p) {
    const allowed = p.is !== undefined ? [p.is] : (p.oneOf ?? learnt?.values);
    return reading.map((r) => {
      if (!allowed) return unjudged(p.attribute, r.value, r.instances);
      const right = least(r.distances, (v) => allowed.includes(v));
      const wrong = least(r.distances, (v) => !allowed.includes(v));
      const gap = Number.isFinite(wrong)
        ? gapMargin(Math.min(right, MARGIN.cap), wrong, learnt?.typical ?? typicalDistance([]))
        : 0;
      // Open world: what resembles no value at all is not the nearest one.
      const strange = r.value === null ? Math.max(1 + 1e-9, right) : Math.min(1, right) * MARGIN.held;
      const unsure = p.minMargin && r.margin < p.minMargin ? 2 - r.margin / p.minMargin : 0;
      const expected = { low: null, high: null, centre: null, text: allowed.join(' or ') };
      return {
        quantity: p.attribute,
        measured: r.value,
        expected,
        margin: Math.min(MARGIN.cap, Math.max(gap, strange, unsure)),
        instances: r.instances,
        where: r.where,
      };
    });
  },
  explain(p, learnt, context) {
    const allowed = p.is !== undefined ? [p.is] : (p.oneOf ?? learnt?.value.values);
    return `${p.attribute} of ${context.file.attributes[p.attribute]?.of ?? 'its interest'} must be ${allowed ? allowed.join(' or ') : 'as on the normals'}.`;
  },
  message: (j, p) =>
    `${p.attribute} of ${j.where}: ${j.measured ?? 'none of the known values'}, expected ${j.expected.text}`,
  check(p, { file }): readonly Complaint[] {
    const values = Object.keys(file.attributes[p.attribute]?.values ?? {});
    const out: Complaint[] = [];
    const unknown = (path: readonly (string | number)[], value: string): void => {
      if (values.length === 0 || values.includes(value)) return;
      out.push({
        path,
        code: 'UNKNOWN_VALUE',
        message: `${value} is no value of ${p.attribute}`,
        expected: `one of ${values.join(', ')}`,
        example: `is: ${values[0]}`,
        candidates: values,
        got: value,
      });
    };
    if (p.is !== undefined) unknown(['is'], p.is);
    p.oneOf?.forEach((value, i) => {
      unknown(['oneOf', i], value);
    });
    if (p.is !== undefined && p.oneOf !== undefined) {
      out.push({
        path: ['oneOf'],
        code: 'CONTRADICTION',
        message: 'is beside oneOf: one of them alone decides',
        expected: 'is or oneOf',
        example: `is: ${p.is}`,
      });
    }
    if (p.oneOf !== undefined && values.length > 0 && values.every((v) => p.oneOf!.includes(v)) && !p.minMargin) {
      out.push({
        path: ['oneOf'],
        code: 'VACUOUS',
        message: `oneOf lists every value of ${p.attribute}`,
        expected: 'some value left out, or minMargin',
        example: `oneOf: [${values[0]}]`,
      });
    }
    return out;
  },
  examples: [
    {
      note: 'the right colour',
      rule: { attribute: 'colour', is: 'blue' },
      attributes: { colour: { of: 'cap', values: ['blue', 'red'] } },
      legend: { b: { interest: 'cap', attributes: { colour: 'blue' } } },
      scene: '.bb.',
      violated: false,
    },
    {
      note: 'the wrong one',
      rule: { attribute: 'colour', is: 'blue' },
      attributes: { colour: { of: 'cap', values: ['blue', 'red'] } },
      legend: { r: { interest: 'cap', attributes: { colour: 'red' } } },
      scene: '.rr.',
      violated: true,
    },
  ],
});
