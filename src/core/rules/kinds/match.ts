import { Type } from 'typebox';
import { assign } from '../../grid/assign.ts';
import type { Instance, Point } from '../../scene.ts';
import { learnScalar, mean, standardDeviation } from '../../statistics.ts';
import { FLOORS, LEARN, MARGIN } from '../constants.ts';
import { asked, defineRuleKind, type Empty, InterestRef, STRICT, unjudged } from '../kind.ts';
import { noneOf } from '../select.ts';

interface Member {
  readonly feature: readonly number[];
  readonly at: Point;
  readonly id: number;
}
interface Reference {
  readonly sets: readonly (readonly Omit<Member, 'id'>[])[];
  readonly unmatched: number;
  readonly border: number;
}

/** 1 - cosine plus weighted distance of places: features are unit per stage, so this is the mean over stages. */
function cost(a: Omit<Member, 'id'>, b: Omit<Member, 'id'>, weight: number): number {
  let [dot, aa, bb] = [0, 0, 0];
  a.feature.forEach((v, i) => {
    dot += v * b.feature[i]!;
    aa += v * v;
    bb += b.feature[i]! * b.feature[i]!;
  });
  const looks = aa === 0 || bb === 0 ? 1 : 1 - dot / Math.sqrt(aa * bb);
  return looks + weight * Math.hypot(a.at[0] - b.at[0], a.at[1] - b.at[1]);
}

/** Cheapest one-to-one matching (Eq. 2-3) and a price for every instance left over, per instance of the larger set. */
function matching(
  a: readonly Omit<Member, 'id'>[],
  b: readonly Omit<Member, 'id'>[],
  weight: number,
  unmatched: number,
): { score: number; pairs: number[] } {
  const matrix = a.map((x) => b.map((y) => cost(x, y, weight)));
  const { pairs, total } = assign(matrix);
  const left = Math.abs(a.length - b.length);
  return {
    score: (total + left * unmatched) / Math.max(1, a.length, b.length),
    pairs: pairs.map(([i, j]) => matrix[i]![j]!),
  };
}

const best = (
  set: readonly Omit<Member, 'id'>[],
  sets: Reference['sets'],
  weight: number,
  unmatched: number,
  skip = -1,
): number =>
  sets.reduce(
    (least, other, i) => (i === skip ? least : Math.min(least, matching(set, other, weight, unmatched).score)),
    Number.POSITIVE_INFINITY,
  );

/** The instances of an interest, matched one to one with those of the most similar normal. */
export const match = defineRuleKind({
  kind: 'match',
  summary:
    'Hungarian cost of an interest\u2019s instances against the normals (LogSAD, Eq. 2-3), with a price for the unmatched.',
  params: Type.Object(
    {
      of: InterestRef(),
      positionWeight: Type.Optional(
        Type.Number({ minimum: 0, description: 'cost of one image side of displacement; default 0' }),
      ),
      unmatchedCost: Type.Optional(
        Type.Number({
          minimum: 0,
          description:
            'price of an instance without a partner; default: mean + 3 standard deviations of the normals\u2019 pairs',
        }),
      ),
    },
    STRICT,
  ),
  settings: ['within', 'alarm', 'tolerance'],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'likeness',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p): readonly Member[] | Empty {
    const all = [...view.known(p.of), ...view.refused(p.of)];
    if (all.length === 0) return noneOf(view, p.of);
    if (all.some((i: Instance) => i.feature.length === 0))
      return { empty: `${p.of} carries no features: no dense model ran` };
    return all.map((i) => ({ feature: i.feature, at: i.centroid, id: i.id }));
  },
  learn(samples, calibration, p, context) {
    if (samples.length === 0) return null;
    const weight = p.positionWeight ?? 0;
    const step = Math.max(1, Math.ceil(samples.length / LEARN.matchSets));
    const sets = samples
      .filter((_, i) => i % step === 0)
      .map((s) => s.reading.map(({ feature, at }) => ({ feature, at })));
    const pairs = sets.flatMap((a, i) => (i + 1 < sets.length ? matching(a, sets[i + 1]!, weight, 0).pairs : []));
    const unmatched =
      p.unmatchedCost ?? (pairs.length === 0 ? 1 : Math.max(FLOORS.match, mean(pairs) + 3 * standardDeviation(pairs)));
    const scores = samples.map((s, i) =>
      sets.length === 1 ? 0 : best(s.reading, sets, weight, unmatched, i % step === 0 ? i / step : -1),
    );
    const learnt = learnScalar(scores, {
      ...asked(context),
      floor: FLOORS.match,
      oneSided: true,
      calibration: calibration.map((s) => best(s.reading, sets, weight, unmatched)),
    });
    const images = [...samples, ...calibration].map((s) => s.image);
    return {
      value: { sets, unmatched, border: learnt.high },
      n: learnt.n,
      setAside: learnt.setAside.map((i) => images[i]!),
    };
  },
  judge(reading, learnt: Reference | null, p, { rule }) {
    const instances = reading.map((m) => m.id);
    if (!learnt) return [unjudged('cost', null, instances)];
    const measured = best(reading, learnt.sets, p.positionWeight ?? 0, learnt.unmatched);
    const border = rule.within === 'learnt' ? learnt.border : (rule.within[1] ?? learnt.border);
    const expected = { low: 0, high: border, centre: 0, text: `at most ${border.toPrecision(3)}` };
    return [
      {
        quantity: 'cost',
        measured,
        expected,
        margin: Math.min(MARGIN.cap, measured / Math.max(border, 1e-9)),
        instances,
      },
    ];
  },
  explain: (p, learnt) =>
    `The instances of ${p.of} must match those of a normal${learnt ? ` at a cost of at most ${learnt.value.border.toPrecision(3)} (${learnt.n} normals)` : ''}.`,
  message: (j, p) =>
    `matching ${p.of} with the most similar normal costs ${Number(j.measured).toPrecision(3)}, expected ${j.expected.text}`,
  examples: [
    {
      note: 'the same parts',
      rule: { of: 'part' },
      legend: { a: { interest: 'part', feature: [1, 0] }, b: { interest: 'part', feature: [0, 1] } },
      normals: ['a.b', 'a.b'],
      scene: 'b.a',
      violated: false,
    },
    {
      note: 'two of one sort',
      rule: { of: 'part' },
      legend: { a: { interest: 'part', feature: [1, 0] }, b: { interest: 'part', feature: [0, 1] } },
      normals: ['a.b', 'a.b'],
      scene: 'a.a',
      violated: true,
    },
  ],
});
