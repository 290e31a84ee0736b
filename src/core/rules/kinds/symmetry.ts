import { Type } from 'typebox';
import { FLOORS, MARGIN } from '../constants.ts';
import { type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import { halves } from '../pixels.ts';
import { defineQuantityKind, type Quantity, type QuantitySpec } from '../quantities.ts';
import { noneOf } from '../select.ts';
import { boxesOf, centreOf, idsOf, type SceneView, shapeOf, unionBox } from '../view.ts';

const AREA: QuantitySpec = { floor: FLOORS.logRatio, scale: 'log', side: 'both', dimension: 'none' };
const OVERLAP: QuantitySpec = { floor: FLOORS.overlap, scale: 'linear', side: 'below', dimension: 'none', range: [0, 1] };
const FEATURES: QuantitySpec = { floor: FLOORS.feature, scale: 'linear', side: 'above', dimension: 'none', range: [0, 2] };

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

/** The two halves of an interest mirror each other: in area, in overlap, or in features. */
export const symmetry = defineQuantityKind({
  kind: 'symmetry',
  summary: 'The two halves of an interest mirror each other: ratio of areas, overlap of the mirrored mask, or features.',
  params: Type.Object(
    {
      of: InterestRef(),
      axis: Type.Union([Type.Literal('x'), Type.Literal('y')], { description: 'x: left against right; y: upper against lower' }),
      measure: Type.Optional(Type.Union([Type.Literal('area'), Type.Literal('overlap'), Type.Literal('features')], { description: 'area (default), overlap or features' })),
      about: Type.Optional(PlaceRef('the middle of this is the mirror; default: the image')),
    },
    STRICT,
  ),
  specs: { area: AREA, overlap: OVERLAP, features: FEATURES },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'amount',
  invariant: ['scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p): readonly Quantity[] | Empty {
    const known = view.known(p.of);
    if (known.length === 0) return noneOf(view, p.of);
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
    return key === 'area' ? `area of the ${sides} halves of ${p.of}, as a ratio` : key === 'overlap' ? `overlap of the mirrored ${sides} halves of ${p.of}` : `difference in looks of the ${sides} halves of ${p.of}`;
  },
  examples: [
    { note: 'alike', rule: { of: 'clamp', axis: 'x', within: [0.8, 1.2] }, legend: { c: 'clamp' }, scene: 'cc..cc\ncc..cc', violated: false },
    { note: 'one side is larger', rule: { of: 'clamp', axis: 'x', within: [0.8, 1.2] }, legend: { c: 'clamp' }, scene: 'ccc.cc\nccc.cc', violated: true },
  ],
});
