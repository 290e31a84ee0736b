import { Type } from 'typebox';
import { gapMargin, seenOften, typicalDistance } from '../agree.ts';
import { AGREEMENT, MARGIN } from '../constants.ts';
import {
  AttributeRef,
  type Complaint,
  defineRuleKind,
  type Empty,
  InterestRef,
  needsThing,
  STRICT,
  unjudged,
} from '../kind.ts';
import { noneOf } from '../select.ts';
import { idsOf, imageReading, type SceneView } from '../view.ts';

type Side = string | { readonly count: string };
interface Term {
  readonly value: string | null;
  readonly distances: Readonly<Record<string, number>>;
  readonly instances: readonly number[];
}
interface Reading {
  readonly a: Term;
  readonly b: Term;
}
interface Reference {
  /** `a\nb` of every pair that goes together. */
  readonly pairs: readonly string[];
  readonly typical: number;
}

const JOIN = '\n';
const name = (side: Side): string => (typeof side === 'string' ? side : `number of ${side.count}`);

/** A count as a reading: the number found is near, every other one far in proportion. */
function countTerm(view: SceneView, interest: string): Term {
  const known = view.known(interest);
  const distances: Record<string, number> = {};
  for (let k = 0; k <= known.length + view.refused(interest).length + 4; k++) {
    distances[k] = k === known.length ? AGREEMENT.drawnNear : AGREEMENT.drawnFar + Math.abs(k - known.length) - 1;
  }
  return { value: String(known.length), distances, instances: idsOf([...known, ...view.refused(interest)]) };
}

function readSide(view: SceneView, side: Side): Term | Empty {
  if (typeof side !== 'string') return countTerm(view, side.count);
  const reading = imageReading(view, side);
  return reading ?? noneOf(view, view.file.attributes[side]!.of);
}

const pairsOf = (r: Reading): { pair: string; cost: number }[] =>
  Object.entries(r.a.distances).flatMap(([a, da]) =>
    Object.entries(r.b.distances).map(([b, db]) => ({ pair: a + JOIN + b, cost: da + db })),
  );

/** Two attributes, or an attribute and a count, go together as stated or as the normals show. */
export const agreement = defineRuleKind({
  kind: 'agreement',
  summary: 'Two attributes, or an attribute and a count, go together.',
  params: Type.Object(
    {
      between: Type.Array(
        Type.Union([AttributeRef(), Type.Object({ count: InterestRef() }, STRICT)], {
          description: 'an attribute, or { count: interest }',
          examples: ['body-colour', { count: 'clamp' }],
        }),
        { minItems: 2, maxItems: 2 },
      ),
      pairs: Type.Optional(
        Type.Array(
          Type.Array(Type.Union([Type.String(), Type.Integer()], { description: 'a value or a count' }), {
            minItems: 2,
            maxItems: 2,
          }),
          { minItems: 1, description: 'pairs that go together; default: those seen on the normals' },
        ),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p, file) => [
    ...new Set(p.between.map((s) => (typeof s === 'string' ? file.attributes[s]!.of : s.count))),
  ],
  measure(view, p): Reading | Empty {
    const a = readSide(view, p.between[0]!);
    if ('empty' in a) return a;
    const b = readSide(view, p.between[1]!);
    return 'empty' in b ? b : { a, b };
  },
  learn(samples, calibration) {
    const all = [...samples, ...calibration].map((s) => s.reading);
    const whole = all.filter((r) => r.a.value !== null && r.b.value !== null);
    if (whole.length === 0) return null;
    const pairs = seenOften(whole.map((r) => r.a.value + JOIN + r.b.value));
    const cheapest = all.map((r) => Math.min(...pairsOf(r).map((e) => e.cost)));
    return { value: { pairs, typical: typicalDistance(cheapest) }, n: all.length, setAside: [] };
  },
  judge(reading, learnt: Reference | null, p) {
    const instances = [...new Set([...reading.a.instances, ...reading.b.instances])];
    const measured = `${reading.a.value ?? 'unknown'} with ${reading.b.value ?? 'unknown'}`;
    const pairs = p.pairs?.map(([a, b]) => `${a}${JOIN}${b}`) ?? learnt?.pairs;
    if (!pairs) return [unjudged('pair', measured, instances)];
    let allowed = 2 * AGREEMENT.distanceCap;
    let other = 2 * AGREEMENT.distanceCap;
    for (const { pair, cost } of pairsOf(reading)) {
      if (pairs.includes(pair)) allowed = Math.min(allowed, cost);
      else other = Math.min(other, cost);
    }
    const margin = Math.min(MARGIN.cap, gapMargin(allowed, other, learnt?.typical ?? typicalDistance([])));
    const text = pairs.map((pair) => pair.replace(JOIN, ' with ')).join(', ');
    return [{ quantity: 'pair', measured, expected: { low: null, high: null, centre: null, text }, margin, instances }];
  },
  explain(p, learnt) {
    const pairs =
      p.pairs?.map(([a, b]) => `${a} with ${b}`) ?? learnt?.value.pairs.map((x) => x.replace(JOIN, ' with '));
    return `${name(p.between[0]!)} and ${name(p.between[1]!)} must go together${pairs ? `: ${pairs.join(', ')}` : ' as on the normals'}.`;
  },
  message: (j, p) =>
    `${name(p.between[0]!)} and ${name(p.between[1]!)} do not go together: ${j.measured}, expected ${j.expected.text}`,
  check(p, { file }): readonly Complaint[] {
    const out: Complaint[] = [];
    p.between.forEach((side, i) => {
      if (typeof side !== 'string') out.push(...needsThing(file, side.count, ['between', i, 'count'], 'counted'));
    });
    if (name(p.between[0]!) === name(p.between[1]!)) {
      out.push({
        path: ['between'],
        code: 'VACUOUS',
        message: `${name(p.between[0]!)} always agrees with itself`,
        expected: 'two different attributes, or an attribute and a count',
        example: 'between: [body-colour, lid-colour]',
      });
    }
    p.pairs?.forEach((pair, i) => {
      pair.forEach((value, side) => {
        const of = p.between[side]!;
        if (typeof of !== 'string') {
          if (typeof value === 'string')
            out.push({
              path: ['pairs', i, side],
              code: 'UNKNOWN_VALUE',
              message: `${value} is no count`,
              expected: `a number of ${of.count}`,
              example: 'pairs: [[blue, 3]]',
            });
          return;
        }
        const values = Object.keys(file.attributes[of]?.values ?? {});
        if (values.length > 0 && !values.includes(String(value))) {
          out.push({
            path: ['pairs', i, side],
            code: 'UNKNOWN_VALUE',
            message: `${value} is no value of ${of}`,
            expected: `one of ${values.join(', ')}`,
            example: `pairs: [[${values[0]}, ...]]`,
            candidates: values,
            got: String(value),
          });
        }
      });
    });
    return out;
  },
  examples: [
    {
      note: 'the lid fits the body',
      rule: {
        between: ['body-colour', 'lid-colour'],
        pairs: [
          ['red', 'brown'],
          ['yellow', 'beige'],
        ],
      },
      attributes: {
        'body-colour': { of: 'body', values: ['red', 'yellow'] },
        'lid-colour': { of: 'lid', values: ['brown', 'beige'] },
      },
      legend: {
        r: { interest: 'body', attributes: { 'body-colour': 'red' } },
        c: { interest: 'lid', attributes: { 'lid-colour': 'brown' } },
      },
      scene: 'rrrr\n....\n.cc.',
      violated: false,
    },
    {
      note: 'the wrong lid',
      rule: {
        between: ['body-colour', 'lid-colour'],
        pairs: [
          ['red', 'brown'],
          ['yellow', 'beige'],
        ],
      },
      attributes: {
        'body-colour': { of: 'body', values: ['red', 'yellow'] },
        'lid-colour': { of: 'lid', values: ['brown', 'beige'] },
      },
      legend: {
        r: { interest: 'body', attributes: { 'body-colour': 'red' } },
        b: { interest: 'lid', attributes: { 'lid-colour': 'beige' } },
      },
      scene: 'rrrr\n....\n.bb.',
      violated: true,
    },
  ],
});
