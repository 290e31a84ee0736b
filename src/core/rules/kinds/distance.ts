import { Type } from 'typebox';
import type { Point } from '../../scene.ts';
import { FLOORS } from '../constants.ts';
import { type Empty, InterestRef, PlaceRef, STRICT } from '../kind.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { noneOf } from '../select.ts';
import { boxesOf, idsOf, meanCentroid, type SceneView, shapeOf, unionBox, withoutSpecks } from '../view.ts';

const DISTANCE: QuantitySpec = {
  floor: FLOORS.distance,
  scale: 'linear',
  side: 'both',
  dimension: 'length',
  range: [0, Number.POSITIVE_INFINITY],
};

/** Distance of two points in the unit asked for; null where the interest to divide by is absent. */
function measureBetween(view: SceneView, a: Point, b: Point, by: string): number | null {
  if (by === 'image') return Math.hypot(a[0] - b[0], a[1] - b[1]);
  const long = Math.hypot((a[0] - b[0]) * view.unitX, (a[1] - b[1]) * view.unitY);
  if (by === 'longSide') return long;
  const boxes = boxesOf(view, shapeOf(view, by));
  if (boxes.length === 0) return null;
  const box = unionBox(boxes);
  return long / Math.max(1e-6, Math.hypot((box[2] - box[0]) * view.unitX, (box[3] - box[1]) * view.unitY));
}

/** Distance of the centroids of two interests, or of the two parts of one. */
export const distance = defineQuantityKind({
  kind: 'distance',
  summary: 'How far two interests, or the two parts of one interest, lie apart (centroids).',
  params: Type.Object(
    {
      between: Type.Array(InterestRef(), {
        minItems: 1,
        maxItems: 2,
        description: 'two interests; one interest (or the same twice) for its two parts',
      }),
      normalisedBy: Type.Optional(
        PlaceRef(
          '`longSide` of the image (default), `image` (dx by its width, dy by its height), or the diagonal of an interest, region or the product',
          ['longSide'],
        ),
      ),
    },
    STRICT,
  ),
  specs: { distance: DISTANCE },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'place',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [...new Set(p.between)],
  measure(view, p): readonly Quantity[] | Empty {
    const [a, b = a] = p.between as [string, string?];
    const known = view.known(a);
    if (known.length === 0) return noneOf(view, a);
    let pair: readonly [Point, Point];
    let instances: number[];
    if (a === b) {
      if (known.length !== 2)
        return { empty: `${known.length} parts of ${a} were found where two are measured`, instances: idsOf(known) };
      pair = [known[0]!.centroid, known[1]!.centroid];
      instances = idsOf(known);
    } else {
      const others = view.known(b!);
      if (others.length === 0) return noneOf(view, b!);
      const [first, second] = [withoutSpecks(known), withoutSpecks(others)];
      pair = [meanCentroid(first), meanCentroid(second)];
      instances = [...idsOf(first), ...idsOf(second)];
    }
    const value = measureBetween(view, pair[0], pair[1], p.normalisedBy ?? 'longSide');
    if (value === null) return noneOf(view, p.normalisedBy!);
    return [{ key: 'distance', value, spec: DISTANCE, instances }];
  },
  describe: (_, p) =>
    p.between[1] === undefined || p.between[0] === p.between[1]
      ? `distance of the two parts of ${p.between[0]}`
      : `distance of ${p.between[0]} and ${p.between[1]}`,
  examples: [
    {
      note: 'as far apart as stated',
      rule: { between: ['a', 'b'], within: [0.3, 0.6], normalisedBy: 'image' },
      legend: { a: 'a', b: 'b' },
      scene: 'a..b....',
      violated: false,
    },
    {
      note: 'too far apart',
      rule: { between: ['a', 'b'], within: [0.3, 0.6], normalisedBy: 'image' },
      legend: { a: 'a', b: 'b' },
      scene: 'a......b',
      violated: true,
    },
  ],
});
