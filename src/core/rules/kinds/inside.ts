import { Type } from 'typebox';
import { LEARN, MARGIN } from '../constants.ts';
import { defineRuleKind, type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import { noneOf, readingOrder } from '../select.ts';
import { boxArea, boxesOf, intersectBoxes, shapeOf } from '../view.ts';

interface Share {
  readonly share: number;
  readonly instances: readonly number[];
  readonly where: string;
}

/** Default border without normals: most of the part. */
const MOST = 0.5;

/** Every instance of one interest lies in another interest, a region or the product (by boxes). */
export const inside = defineRuleKind({
  kind: 'inside',
  summary: 'Every instance of an interest lies in another interest, a region or the product.',
  params: Type.Object(
    {
      of: InterestRef(),
      in: PlaceRef('what it must lie in'),
      share: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'least share of its box that must lie there' }),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'place',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p, file) => (Object.hasOwn(file.interests, p.in) ? [p.of, p.in] : [p.of]),
  measure(view, p): readonly Share[] | Empty {
    const parts = readingOrder(view.known(p.of));
    if (parts.length === 0) return noneOf(view, p.of);
    const hosts = boxesOf(view, shapeOf(view, p.in));
    if (hosts.length === 0) return noneOf(view, p.in);
    return parts.map((i, n) => ({
      share: hosts.reduce(
        (best, h) => Math.max(best, boxArea(intersectBoxes(i.box, h)) / Math.max(1e-12, boxArea(i.box))),
        0,
      ),
      instances: [i.id],
      where: parts.length > 1 ? `${p.of} ${n + 1}` : p.of,
    }));
  },
  learn(samples, calibration) {
    const all = [...samples, ...calibration].flatMap((s) => s.reading.map((r) => r.share));
    return all.length === 0
      ? null
      : {
          value: { least: LEARN.containmentShare * Math.min(...all) },
          n: samples.length + calibration.length,
          setAside: [],
        };
  },
  judge(reading, learnt: { readonly least: number } | null, p) {
    const least = p.share ?? (learnt && learnt.least > 0 ? learnt.least : MOST);
    const expected = {
      low: least,
      high: 1,
      centre: 1,
      text: `at least ${(100 * least).toFixed(0)} % of it inside ${p.in}`,
    };
    return reading.map((r) => ({
      quantity: 'share',
      measured: r.share,
      expected,
      margin:
        r.share < least
          ? 1 + MARGIN.gross * (1 - r.share / least)
          : Math.min(1, (1 - r.share) / Math.max(1e-9, 1 - least)),
      instances: r.instances,
      where: r.where,
    }));
  },
  explain: (p, learnt) =>
    `Every ${p.of} must lie in ${p.in}, by at least ${(100 * (p.share ?? learnt?.value.least ?? MOST)).toFixed(0)} % of its box.`,
  message: (j, p) =>
    `${j.where ?? p.of} lies in ${p.in} by ${(100 * Number(j.measured)).toFixed(0)} %, expected ${j.expected.text}`,
  examples: [
    {
      note: 'icon on its label',
      rule: { of: 'icon', in: 'label' },
      legend: { l: 'label', i: 'icon' },
      scene: 'llll\nliil\nllll',
      violated: false,
    },
    {
      note: 'icon beside the label',
      rule: { of: 'icon', in: 'label' },
      legend: { l: 'label', i: 'icon' },
      scene: 'll..\nll.i\nll..',
      violated: true,
    },
  ],
});
