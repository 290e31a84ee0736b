import { Type } from 'typebox';
import { FLOORS, MARGIN } from '../constants.ts';
import { contactAlong } from '../contact.ts';
import { type Complaint, type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import { halves } from '../pixels.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { noneOf } from '../select.ts';
import { boxesOf, centreOf, idsOf, type SceneView, shapeOf, unionBox } from '../view.ts';

const AREA: QuantitySpec = { floor: FLOORS.logRatio, scale: 'log', side: 'both', dimension: 'none' };
const OVERLAP: QuantitySpec = {
  floor: FLOORS.overlap,
  scale: 'linear',
  side: 'below',
  dimension: 'none',
  range: [0, 1],
};
const CONTACT: QuantitySpec = {
  floor: FLOORS.contact,
  scale: 'linear',
  side: 'above',
  dimension: 'none',
  range: [0, 1],
};
const FEATURES: QuantitySpec = {
  floor: FLOORS.feature,
  scale: 'linear',
  side: 'above',
  dimension: 'none',
  range: [0, 2],
};

/** Area-weighted mean feature of the instances on one side of the line; null where none carries one. */
function featureOf(view: SceneView, of: string, axis: 0 | 1, line: number, before: boolean): number[] | null {
  const side = view.known(of).filter((i) => i.feature.length > 0 && i.centroid[axis] < line === before);
  if (side.length === 0) return null;
  return side[0]!.feature.map((_, c) => side.reduce((sum, i) => sum + i.area * i.feature[c]!, 0));
}

function cosineDistance(a: readonly number[], b: readonly number[]): number {
  let [dot, aa, bb] = [0, 0, 0];
  a.forEach((v, i) => {
    dot += v * b[i]!;
    aa += v * v;
    bb += b[i]! * b[i]!;
  });
  return aa === 0 || bb === 0 ? 1 : 1 - dot / Math.sqrt(aa * bb);
}

/** How differently an interest meets its two hosts: shares along them, whatever their own size and place. */
function contactOf(view: SceneView, of: string, to: string, axis: 'x' | 'y'): readonly Quantity[] | Empty {
  const hosts = view.known(to);
  const known = view.known(of);
  if (hosts.length !== 2)
    return { empty: `${hosts.length} of ${to} were found where two are compared`, instances: idsOf(hosts) };
  // Left and right hosts are compared along y, upper and lower ones along x.
  const [a, b] = hosts.map((h) => contactAlong(view, known, h, axis === 'x' ? 'y' : 'x'));
  if (a == null || b == null) return { empty: `nothing shows where ${of} meets ${to}`, instances: idsOf(hosts) };
  return [{ key: 'contact', value: Math.abs(a - b), spec: CONTACT, instances: idsOf([...known, ...hosts]) }];
}

/** The two halves of an interest mirror each other: in area, in overlap, in features, or in where it meets its hosts. */
export const symmetry = defineQuantityKind({
  kind: 'symmetry',
  summary:
    'The two halves of an interest mirror each other: ratio of areas, overlap of the mirrored mask, features, or where its ends meet the parts on either side.',
  params: Type.Object(
    {
      of: InterestRef(),
      axis: Type.Union([Type.Literal('x'), Type.Literal('y')], {
        description: 'x: left against right; y: upper against lower',
      }),
      measure: Type.Optional(
        Type.Union([Type.Literal('area'), Type.Literal('overlap'), Type.Literal('features'), Type.Literal('contact')], {
          description:
            'area (default), overlap, features, or contact: its ends meet the two of `to` at the same share of their length',
        }),
      ),
      to: Type.Optional(InterestRef('contact: the two parts that its ends meet')),
      about: Type.Optional(PlaceRef('the middle of this is the mirror; default: the image')),
    },
    STRICT,
  ),
  specs: { area: AREA, overlap: OVERLAP, features: FEATURES, contact: CONTACT },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'amount',
  invariant: ['scale', 'shuffle'],
  interests: (p) => (p.to === undefined ? [p.of] : [p.of, p.to]),
  measure(view, p): readonly Quantity[] | Empty {
    const known = view.known(p.of);
    if (known.length === 0) return noneOf(view, p.of);
    if (p.measure === 'contact' && p.to !== undefined) return contactOf(view, p.of, p.to, p.axis);
    const boxes = boxesOf(view, shapeOf(view, p.about ?? 'image'));
    if (boxes.length === 0) return noneOf(view, p.about!);
    const axis = p.axis === 'x' ? 0 : 1;
    const line = centreOf(unionBox(boxes))[axis];
    const instances = idsOf(known);
    if (p.measure === 'features') {
      const [a, b] = [featureOf(view, p.of, axis, line, true), featureOf(view, p.of, axis, line, false)];
      if (!a || !b) return { empty: `${p.of} is not on both sides of the mirror`, instances };
      return [{ key: 'features', value: cosineDistance(a, b), spec: FEATURES, instances }];
    }
    const h = halves(view, known, p.axis, line);
    if (p.measure === 'overlap') return [{ key: 'overlap', value: h.overlap, spec: OVERLAP, instances }];
    // Nothing on one side is as asymmetric as it gets; the cap keeps it a number.
    const ratio = h.after === 0 ? MARGIN.cap : Math.max(1 / MARGIN.cap, h.before / h.after);
    return [{ key: 'area', value: ratio, spec: AREA, instances }];
  },
  describe(key, p) {
    const sides = p.axis === 'x' ? 'left and right' : 'upper and lower';
    if (key === 'contact')
      return `difference of the places at which ${p.of} meets the ${sides} ${p.to}, as a share of its length,`;
    return key === 'area'
      ? `area of the ${sides} halves of ${p.of}, as a ratio`
      : key === 'overlap'
        ? `overlap of the mirrored ${sides} halves of ${p.of}`
        : `difference in looks of the ${sides} halves of ${p.of}`;
  },
  check(p): readonly Complaint[] {
    if ((p.measure === 'contact') === (p.to !== undefined)) return [];
    const missing = p.to === undefined;
    return [
      {
        path: [missing ? 'measure' : 'to'],
        code: missing ? 'MISSING' : 'CONTRADICTION',
        message: missing
          ? 'contact compares the two parts of `to`, which is not given'
          : '`to` is only used by measure: contact',
        expected: 'measure: contact beside to',
        example: 'measure: contact\nto: clamp',
      },
    ];
  },
  examples: [
    {
      note: 'the cable ends in the same lever on both sides',
      rule: { of: 'cable', axis: 'x', measure: 'contact', to: 'clamp' },
      legend: { k: 'clamp', c: 'cable' },
      normals: ['kk....kk\nkkcccckk\nkk....kk'],
      scene: 'kk......\nkkcc....\nkk.cc.kk\n....cckk\n......kk',
      violated: false,
    },
    {
      note: 'one end sits a lever lower',
      rule: { of: 'cable', axis: 'x', measure: 'contact', to: 'clamp' },
      legend: { k: 'clamp', c: 'cable' },
      normals: ['kk....kk\nkkcccckk\nkk....kk'],
      scene: 'kkcc..kk\nkk.ccckk\nkk...ckk',
      violated: true,
    },
    {
      note: 'alike',
      rule: { of: 'clamp', axis: 'x', within: [0.8, 1.2] },
      legend: { c: 'clamp' },
      scene: 'cc..cc\ncc..cc',
      violated: false,
    },
    {
      note: 'one side is larger',
      rule: { of: 'clamp', axis: 'x', within: [0.8, 1.2] },
      legend: { c: 'clamp' },
      scene: 'ccc.cc\nccc.cc',
      violated: true,
    },
  ],
});
