import { Type } from 'typebox';
import { median, quantile } from '../../statistics.ts';
import { LEARN, MARGIN } from '../constants.ts';
import { defineRuleKind, InterestRef, isEmpty, PlaceRef, STRICT, unjudged } from '../kind.ts';
import { expectation, format, type QuantitySpec } from '../quantities.ts';
import { noneOf } from '../select.ts';
import { idsOf, totalArea, within } from '../view.ts';

const AREA: QuantitySpec = { floor: 0.04, scale: 'log', side: 'below', dimension: 'area' };

interface Reading {
  readonly area: number;
  readonly instances: readonly number[];
}

/** The interest covers at least so much: stated, or a share of what the normals' smallest cover. */
export const presence = defineRuleKind({
  kind: 'presence',
  summary: 'An interest is there: it covers at least so much.',
  params: Type.Object(
    {
      of: InterestRef(),
      minArea: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'smallest area, in `unit` squared' })),
      region: Type.Optional(PlaceRef('only what lies there counts')),
    },
    STRICT,
  ),
  settings: ['unit'],
  tier: 'core',
  onEmpty: 'violate',
  precedence: 'existence',
  hides: true,
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p): Reading {
    const list = view.known(p.of).filter((i) => p.region === undefined || within(view, p.region, i.centroid));
    const none = noneOf(view, p.of);
    return { area: totalArea(list), instances: list.length > 0 ? idsOf(list) : (none.instances ?? []) };
  },
  learn(samples, calibration) {
    const areas = [...samples, ...calibration].filter((s) => !isEmpty(s.reading)).map((s) => s.reading.area);
    if (areas.length === 0 || median(areas) === 0) return null;
    return {
      value: { least: LEARN.presenceShare * quantile(areas, LEARN.presenceQuantile) },
      n: areas.length,
      setAside: [],
    };
  },
  judge(reading, learnt: { readonly least: number } | null, p, context) {
    const size = context.rule.unit.size ** 2;
    const least = p.minArea === undefined ? learnt && learnt.least * size : p.minArea;
    const measured = reading.area * size;
    if (least === null) {
      // Without normals or a bound, presence still means: there is some of it.
      if (reading.area === 0)
        return [{ quantity: 'area', measured, expected: SOME, margin: 1 + MARGIN.gross, instances: reading.instances }];
      return [unjudged('area', measured, reading.instances)];
    }
    const margin =
      measured < least ? 1 + MARGIN.gross * (1 - measured / least) : Math.min(1, least / Math.max(measured, 1e-12));
    const expected = expectation(least, null, null, AREA, context);
    return [{ quantity: 'area', measured, expected, margin, instances: reading.instances }];
  },
  explain(p, learnt, context) {
    const least = p.minArea ?? (learnt ? learnt.value.least * context.rule.unit.size ** 2 : null);
    return `${p.of} must cover ${least === null ? 'something' : `at least ${format(least, AREA, context)}`}${learnt && p.minArea === undefined ? `, learnt from ${learnt.n} normals` : ''}.`;
  },
  message: (j, p, context) =>
    j.measured === 0 || j.measured === null
      ? `${p.of} expected, none found`
      : `${p.of} covers ${format(Number(j.measured), AREA, context)}, expected ${j.expected.text}`,
  examples: [
    {
      note: 'there',
      rule: { of: 'cap' },
      legend: { c: 'cap' },
      normals: ['.cc.\n.cc.', '.cc.\n.cc.'],
      scene: '....\n.ccc\n.ccc',
      violated: false,
    },
    {
      note: 'gone',
      rule: { of: 'cap' },
      legend: { c: 'cap' },
      normals: ['.cc.\n.cc.', '.cc.\n.cc.'],
      scene: '....\n....',
      violated: true,
    },
  ],
});

const SOME = { low: 0, high: null, centre: null, text: 'at least one' };
