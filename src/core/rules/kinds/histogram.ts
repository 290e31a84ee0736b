import { Type } from 'typebox';
import { learnScalar, learnVector, mahalanobis, type VectorReference } from '../../statistics.ts';
import { FLOORS, LEARN, MARGIN } from '../constants.ts';
import { asked, type Complaint, defineRuleKind, InterestRef, type RuleContext, STRICT, unjudged } from '../kind.ts';
import { areasPerCell } from '../pixels.ts';

interface Reading {
  /** Share of the image per cell (row-major) and bin. */
  readonly bins: readonly number[];
  readonly instances: readonly number[];
}
interface Reference {
  /** Histograms that a scene is compared with; empty for Mahalanobis. */
  readonly normals: readonly (readonly number[])[];
  readonly vector: VectorReference | null;
  /** Largest distance allowed. */
  readonly border: number;
}
interface Params {
  readonly bins?: readonly string[];
  readonly rest?: boolean;
  readonly grid?: readonly number[];
  readonly distance?: 'cosine' | 'chiSquare' | 'mahalanobis';
}

const binsOf = (p: Params, file: RuleContext['file']): readonly string[] => p.bins ?? Object.keys(file.interests);

/** 1 - cosine, or half the chi-square distance of two histograms; 0 for equal ones. */
function difference(a: readonly number[], b: readonly number[], kind: 'cosine' | 'chiSquare'): number {
  if (kind === 'chiSquare') {
    let sum = 0;
    a.forEach((v, i) => {
      const both = v + b[i]!;
      if (both > 0) sum += (v - b[i]!) ** 2 / both;
    });
    return sum / 2;
  }
  let [dot, aa, bb] = [0, 0, 0];
  a.forEach((v, i) => {
    dot += v * b[i]!;
    aa += v * v;
    bb += b[i]! * b[i]!;
  });
  return aa === 0 || bb === 0 ? (aa === bb ? 0 : 1) : Math.max(0, 1 - dot / Math.sqrt(aa * bb));
}

const nearest = (
  bins: readonly number[],
  normals: readonly (readonly number[])[],
  kind: 'cosine' | 'chiSquare',
  skip = -1,
): number =>
  normals.reduce(
    (best, n, i) => (i === skip ? best : Math.min(best, difference(bins, n, kind))),
    Number.POSITIVE_INFINITY,
  );

/** Composition of the picture by area: against the nearest normal (ALGORITHM 6.1, row 9), or by covariance. */
export const histogram = defineRuleKind({
  kind: 'histogram',
  summary: 'Composition by area of the interests, over the whole image or a grid, against all normals.',
  params: Type.Object(
    {
      bins: Type.Optional(
        Type.Array(InterestRef(), { minItems: 1, description: 'interests to compare; default: all' }),
      ),
      rest: Type.Optional(Type.Boolean({ description: 'a further bin for what belongs to none of them' })),
      grid: Type.Optional(
        Type.Array(Type.Integer({ minimum: 1, maximum: 64 }), {
          minItems: 2,
          maxItems: 2,
          description: '[rows, columns]; default [1, 1]',
          examples: [[2, 2]],
        }),
      ),
      distance: Type.Optional(
        Type.Union([Type.Literal('cosine'), Type.Literal('chiSquare'), Type.Literal('mahalanobis')], {
          description: 'cosine (default) and chiSquare: to the nearest normal; mahalanobis: to their mean',
        }),
      ),
    },
    STRICT,
  ),
  settings: ['within', 'alarm', 'tolerance'],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'amount',
  invariant: ['scale', 'shuffle'],
  interests: (p, file) => binsOf(p, file),
  measure(view, p): Reading {
    const [rows, columns] = p.grid ?? [1, 1];
    const names = binsOf(p, view.file);
    const found = names.map((name) => [...view.known(name), ...view.refused(name)]);
    const bins = areasPerCell(view, found, rows!, columns!, p.rest ?? false);
    return { bins, instances: found.flat().map((i) => i.id) };
  },
  learn(samples, calibration, p, context) {
    const all = samples.map((s) => s.reading.bins);
    const more = calibration.map((s) => s.reading.bins);
    if (all.length === 0) return null;
    const options = asked(context);
    if (p.distance === 'mahalanobis') {
      const vector = learnVector(
        all,
        all[0]!.map(() => FLOORS.histogram),
        { ...options, calibration: more },
      );
      return {
        value: { normals: [], vector, border: vector.tolerance },
        n: vector.n,
        setAside: vector.setAside.map((i) => [...samples, ...calibration][i]!.image),
      };
    }
    const kind = p.distance ?? 'cosine';
    // Every normal against the others: what a normal that was not seen would score.
    const scores = all.length === 1 ? [0] : all.map((bins, i) => nearest(bins, all, kind, i));
    const learnt = learnScalar(scores, {
      ...options,
      floor: FLOORS.histogram,
      oneSided: true,
      calibration: more.map((bins) => nearest(bins, all, kind)),
    });
    const step = Math.max(1, Math.ceil(all.length / LEARN.referenceSets));
    const normals = all.filter((_, i) => i % step === 0);
    return {
      value: { normals, vector: null, border: learnt.high },
      n: learnt.n,
      setAside: learnt.setAside.map((i) => [...samples, ...calibration][i]!.image),
    };
  },
  judge(reading, learnt: Reference | null, p, { rule }) {
    if (!learnt) return [unjudged('distance', null, reading.instances)];
    const measured = learnt.vector
      ? mahalanobis(reading.bins, learnt.vector.centre, learnt.vector.precision)
      : nearest(reading.bins, learnt.normals, p.distance === 'chiSquare' ? 'chiSquare' : 'cosine');
    const border = rule.within === 'learnt' ? learnt.border : (rule.within[1] ?? learnt.border);
    const expected = { low: 0, high: border, centre: 0, text: `at most ${border.toPrecision(3)} from the normals` };
    return [
      {
        quantity: 'distance',
        measured,
        expected,
        margin: Math.min(MARGIN.cap, measured / Math.max(border, 1e-9)),
        instances: reading.instances,
      },
    ];
  },
  explain: (p, learnt, { file }) =>
    `The areas of ${binsOf(p, file).join(', ')}${p.grid ? ` in ${p.grid[0]} x ${p.grid[1]} cells` : ''} must be composed as on the normals${learnt ? `, at most ${learnt.value.border.toPrecision(3)} from them (${learnt.n} normals)` : ''}.`,
  message: (j, p, { file }) =>
    `the composition of ${binsOf(p, file).join(', ')} differs from all normals by ${Number(j.measured).toPrecision(3)}, expected ${j.expected.text}`,
  check: (p): readonly Complaint[] =>
    p.bins?.length === 1 && !p.rest && !p.grid && p.distance !== 'mahalanobis'
      ? [
          {
            path: ['bins'],
            code: 'VACUOUS',
            message: 'one bin over the whole image has no composition',
            expected: 'two bins or more, rest: true, or a grid',
            example: `bins: [${p.bins[0]}]\nrest: true`,
          },
        ]
      : [],
  examples: [
    {
      note: 'composed as the normals',
      rule: { bins: ['a', 'b'] },
      legend: { a: 'a', b: 'b' },
      normals: ['aabb', 'aabb'],
      scene: 'bbaa',
      violated: false,
    },
    {
      note: 'far too much of one',
      rule: { bins: ['a', 'b'] },
      legend: { a: 'a', b: 'b' },
      normals: ['aabb', 'aabb'],
      scene: 'aaab',
      violated: true,
    },
  ],
});
