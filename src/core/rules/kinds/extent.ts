import { Type } from 'typebox';
import type { Instance } from '../../scene.ts';
import { FLOORS } from '../constants.ts';
import { type Complaint, InterestRef, isEmpty, needsThing, PlaceRef, STRICT } from '../kind.ts';
import type { Quantity, QuantitySpec } from '../quantities.ts';
import { defineQuantityKind, QUANTITY_SETTINGS } from '../quantityKind.ts';
import { groupsOf, noneOf } from '../select.ts';
import { boxesOf, idsOf, type SceneView, shapeOf, unionBox } from '../view.ts';

const EDGE: QuantitySpec = { floor: FLOORS.edge, scale: 'linear', side: 'both', dimension: 'length' };
const LENGTH: QuantitySpec = { floor: FLOORS.logLength, scale: 'log', side: 'both', dimension: 'length' };
const ANGLE: QuantitySpec = {
  floor: (FLOORS.angle * 180) / Math.PI,
  scale: 'degrees',
  side: 'both',
  dimension: 'none',
};

const EDGES = { left: 0, top: 1, right: 2, bottom: 3 } as const;
type Edge = keyof typeof EDGES;
const MEASURES = ['length', 'width', 'orientation', 'boxWidth', 'boxHeight'] as const;
type Measure = (typeof MEASURES)[number];

const choice = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((v) => Type.Literal(v))));

function lengthOf(instances: readonly Instance[], measure: Measure): number {
  if (measure === 'boxWidth' || measure === 'boxHeight') {
    const b = unionBox(instances.map((i) => i.box));
    return measure === 'boxWidth' ? b[2] - b[0] : b[3] - b[1];
  }
  const largest = instances[0]!;
  return measure === 'orientation' ? (largest.orientation * 180) / Math.PI : largest[measure];
}

/** Where the origin of an edge lies: the same edge of the place for image and regions, its top left for the product. */
function originOf(view: SceneView, place: string, edge: Edge): number | null {
  const boxes = boxesOf(view, shapeOf(view, place));
  if (boxes.length === 0) return null;
  const b = unionBox([...boxes]);
  return edge === 'left' || edge === 'right' ? b[0] : b[1];
}

/** `longest`, `2nd longest`, `3rd longest`, `11th longest`. */
export function rankName(rank: number): string {
  if (rank === 1) return 'longest';
  const teen = Math.floor((rank % 100) / 10) === 1;
  return `${rank}${(teen ? undefined : ['th', 'st', 'nd', 'rd'][rank % 10]) ?? 'th'} longest`;
}

function nameOf(key: string, p: { readonly of: string }): string {
  const [name, rank] = key.split('#') as [string, string | undefined];
  if (name in EDGES) return `${name} edge of ${p.of}`;
  const which = rank === undefined ? '' : `${rankName(Number(rank))} `;
  return `${name} of ${which}${p.of}`;
}

/** An edge, a length, a width or an orientation; with `multiset` the sorted lengths of all instances. */
export const extent = defineQuantityKind({
  kind: 'extent',
  summary: 'Where an edge lies (fill level), or how long, wide or turned instances are (long and short screw).',
  params: Type.Object(
    {
      of: InterestRef(),
      edge: Type.Optional(choice(['top', 'bottom', 'left', 'right'] as const)),
      measure: Type.Optional(choice(MEASURES)),
      relativeTo: Type.Optional(PlaceRef('edges are counted from the top left of this; default: the image')),
      multiset: Type.Optional(
        Type.Boolean({ description: 'compare the sorted measures of all instances, longest first' }),
      ),
    },
    STRICT,
  ),
  settings: [...QUANTITY_SETTINGS, 'forEach'],
  specs: {
    top: EDGE,
    bottom: EDGE,
    left: EDGE,
    right: EDGE,
    length: LENGTH,
    width: LENGTH,
    boxWidth: LENGTH,
    boxHeight: LENGTH,
    orientation: ANGLE,
  },
  // Lower edges carry reflections, outlines of things move with the light (FINDINGS 5).
  tier: (p) => (p.edge === undefined || p.edge === 'bottom' ? 'weak' : 'core'),
  onEmpty: 'skip',
  precedence: 'amount',
  invariant: ['scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p, context) {
    if (p.multiset) {
      const known = view.known(p.of);
      if (known.length === 0) return noneOf(view, p.of);
      const measure: Measure = p.measure ?? 'length';
      const ranked = known.map((i) => ({ i, v: lengthOf([i], measure) })).sort((a, b) => b.v - a.v || a.i.id - b.i.id);
      return ranked.map(
        ({ i, v }, n): Quantity => ({
          key: `${measure}#${n + 1}`,
          value: v,
          spec: measure === 'orientation' ? ANGLE : LENGTH,
          instances: [i.id],
        }),
      );
    }
    const groups = groupsOf(view, p.of, context);
    if (isEmpty(groups)) return groups;
    const origin = p.edge === undefined ? 0 : originOf(view, p.relativeTo ?? 'image', p.edge);
    if (origin === null) return noneOf(view, p.relativeTo!);
    return groups.map((g): Quantity => {
      const shared = { instances: idsOf(g.instances), ...(g.where === undefined ? {} : { where: g.where }) };
      if (p.edge === undefined) {
        const measure: Measure = p.measure ?? 'length';
        return {
          key: measure,
          value: lengthOf(g.instances, measure),
          spec: measure === 'orientation' ? ANGLE : LENGTH,
          ...shared,
        };
      }
      const box = unionBox(g.instances.map((i) => i.box));
      const side = EDGES[p.edge];
      const ghost = (v: number): [number, number, number, number] => {
        const b: [number, number, number, number] = [...box];
        b[side] = v + origin;
        return b;
      };
      return { key: p.edge, value: box[side]! - origin, spec: EDGE, ghost, ...shared };
    });
  },
  check(p, { file }): readonly Complaint[] {
    const out: Complaint[] = p.multiset ? needsThing(file, p.of, ['of'], 'measured one by one') : [];
    if (p.edge !== undefined && p.measure !== undefined) {
      out.push({
        path: ['measure'],
        code: 'CONTRADICTION',
        message: 'edge and measure together: a rule measures one thing',
        expected: 'edge or measure',
        example: 'edge: top',
      });
    }
    if (p.edge === undefined && p.measure === undefined) {
      out.push({
        path: [],
        code: 'MISSING',
        message: 'neither edge nor measure is given',
        expected: 'edge: top, bottom, left or right; or measure: length, width, orientation, boxWidth or boxHeight',
        example: 'edge: top',
      });
    }
    if (p.multiset && p.edge !== undefined) {
      out.push({
        path: ['multiset'],
        code: 'CONTRADICTION',
        message: 'multiset compares lengths, not edges',
        expected: 'measure beside multiset',
        example: 'measure: length\nmultiset: true',
      });
    }
    return out;
  },
  describe: nameOf,
  say(key, shown, p) {
    if (p.edge === undefined) return `${nameOf(key, p)} ${shown}`;
    const side = p.edge === 'left' || p.edge === 'right' ? 'width' : 'height';
    const from =
      p.relativeTo && p.relativeTo !== 'image'
        ? ` from the ${side === 'width' ? 'left' : 'top'} of the ${p.relativeTo}`
        : '';
    return `${p.edge} edge of ${p.of} at ${shown} of the ${side}${from}`;
  },
  examples: [
    {
      note: 'filled as the normals',
      rule: { of: 'liquid', edge: 'top' },
      legend: { l: 'liquid' },
      normals: ['....\n....\nllll\nllll', '....\n....\nllll\nllll'],
      scene: '....\n....\nllll\nllll',
      violated: false,
    },
    {
      note: 'filled too high',
      rule: { of: 'liquid', edge: 'top' },
      legend: { l: 'liquid' },
      normals: ['....\n....\nllll\nllll', '....\n....\nllll\nllll'],
      scene: '....\nllll\nllll\nllll',
      violated: true,
    },
    {
      note: 'one long and one short screw',
      rule: { of: 'screw', measure: 'length', multiset: true },
      legend: { s: 'screw' },
      normals: ['ssssss\n......\nsss...', 'sss...\n......\nssssss'],
      scene: 'ssssss\n......\n...sss',
      violated: false,
    },
    {
      note: 'two long screws',
      rule: { of: 'screw', measure: 'length', multiset: true },
      legend: { s: 'screw' },
      normals: ['ssssss\n......\nsss...', 'sss...\n......\nssssss'],
      scene: 'ssssss\n......\nssssss',
      violated: true,
    },
  ],
});
