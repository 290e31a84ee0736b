import { Type } from 'typebox';
import type { Instance, Point } from '../../scene.ts';
import { type AllowedCounts, countMargin, expectedCounts, learntCounts, named } from '../allowed.ts';
import {
  type Complaint,
  defineRuleKind,
  type Empty,
  InterestRef,
  type Judgement,
  needsThing,
  PlaceRef,
  STRICT,
  unjudged,
} from '../kind.ts';
import { learnAnchors, mode, noneOf } from '../select.ts';
import { boxesOf, shapeOf, unionBox } from '../view.ts';

interface Spot {
  /** Within the place, 0..1 per axis where it lies inside. */
  readonly at: Point;
  readonly known: boolean;
  readonly likeness: number;
  readonly id: number;
}
interface Reference {
  readonly anchors: readonly Point[] | null;
  /** What normals hold per cell. */
  readonly cells: readonly AllowedCounts[];
}
interface Params {
  readonly of: string;
  readonly in?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly perCell?: number | readonly number[];
}

/** Index of the cell a spot falls into; the last index is "outside". */
function cellOf({ at: [x, y] }: Spot, p: Params, anchors: readonly Point[] | null): number {
  if (anchors) {
    let best = 0;
    anchors.forEach((a, i) => {
      if (Math.hypot(x - a[0], y - a[1]) < Math.hypot(x - anchors[best]![0], y - anchors[best]![1])) best = i;
    });
    return best;
  }
  const [rows, columns] = [p.rows ?? 1, p.columns ?? 1];
  if (x < 0 || y < 0 || x > 1 || y > 1) return rows * columns;
  return Math.min(rows - 1, Math.floor(y * rows)) * columns + Math.min(columns - 1, Math.floor(x * columns));
}

const cellsOf = (p: Params, anchors: readonly Point[] | null): number =>
  anchors ? anchors.length : (p.rows ?? 1) * (p.columns ?? 1);

function deal(spots: readonly Spot[], p: Params, anchors: readonly Point[] | null): Spot[][] {
  const cells: Spot[][] = Array.from({ length: cellsOf(p, anchors) + 1 }, () => []);
  for (const s of spots) cells[cellOf(s, p, anchors)]!.push(s);
  return cells;
}

const gridded = (p: Params): boolean => p.rows !== undefined || p.columns !== undefined;

/** Instances dealt to cells of a grid, or to the places where normals have them; so many per cell. */
export const layout = defineRuleKind({
  kind: 'layout',
  summary: 'Instances dealt to the cells of a grid, or to places learnt from the normals: so many per cell.',
  params: Type.Object(
    {
      of: InterestRef(),
      in: Type.Optional(PlaceRef('the place that the grid divides; default: the product')),
      rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      columns: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      perCell: Type.Optional(
        Type.Union([Type.Integer({ minimum: 0 }), Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })], {
          description: 'one number for all cells, or one per cell row by row; default: as on the normals',
          examples: [1, [1, 1, 2]],
        }),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'existence',
  invariant: ['scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p): readonly Spot[] | Empty {
    const boxes = boxesOf(view, shapeOf(view, p.in ?? 'product'));
    if (boxes.length === 0) return noneOf(view, p.in ?? 'product');
    const b = unionBox(boxes);
    const spot = (i: Instance): Spot => ({
      at: [(i.centroid[0] - b[0]) / (b[2] - b[0]), (i.centroid[1] - b[1]) / (b[3] - b[1])],
      known: i.status === 'known',
      likeness: i.likeness?.value ?? (i.status === 'known' ? 0 : Number.POSITIVE_INFINITY),
      id: i.id,
    });
    return [...view.known(p.of), ...view.refused(p.of)].map(spot);
  },
  learn(samples, calibration, p) {
    const all = [...samples, ...calibration].map((s) => s.reading.filter((x) => x.known));
    if (all.length === 0) return null;
    const anchors = gridded(p)
      ? null
      : learnAnchors(
          all.map((s) => s.map((x) => x.at)),
          mode(all.map((s) => s.length)),
        );
    if (anchors?.length === 0) return null;
    const dealt = all.map((s) => deal(s, p, anchors).map((c) => c.length));
    const cells = Array.from({ length: cellsOf(p, anchors) }, (_, c) => learntCounts(dealt.map((d) => d[c]!))!);
    return { value: { anchors, cells }, n: all.length, setAside: [] };
  },
  judge(reading, learnt: Reference | null, p): readonly Judgement[] {
    const anchors = gridded(p) ? null : (learnt?.anchors ?? null);
    const instances = reading.map((s) => s.id);
    if (!gridded(p) && !anchors) return [unjudged('perCell', reading.length, instances)];
    const columns = p.columns ?? 1;
    return deal(reading, p, anchors).flatMap((cell, c): Judgement[] => {
      const outside = c === cellsOf(p, anchors);
      const stated = typeof p.perCell === 'number' ? p.perCell : p.perCell?.[c];
      const allowed = outside
        ? { set: [0], low: 0, high: 0 }
        : stated === undefined
          ? learnt?.cells[c]
          : { set: [stated], low: stated, high: stated };
      if (!allowed || (outside && cell.length === 0)) return [];
      const known = cell.filter((s) => s.known);
      const evidence = {
        counted: known.map((s) => s.likeness).sort((a, b) => b - a),
        refused: cell
          .filter((s) => !s.known)
          .map((s) => s.likeness)
          .sort((a, b) => a - b),
      };
      const where = outside
        ? 'outside the grid'
        : anchors
          ? `place ${c + 1}`
          : `row ${Math.floor(c / columns) + 1}, column ${(c % columns) + 1}`;
      return [
        {
          quantity: 'perCell',
          measured: known.length,
          expected: expectedCounts(allowed),
          margin: countMargin(known.length, allowed, evidence),
          instances: cell.map((s) => s.id),
          where,
        },
      ];
    });
  },
  explain(p, learnt) {
    const cells = gridded(p)
      ? `${p.rows ?? 1} x ${p.columns ?? 1} cells of the ${p.in ?? 'product'}`
      : `${learnt?.value.anchors?.length ?? 'the'} places learnt from normals`;
    const each =
      typeof p.perCell === 'number'
        ? String(p.perCell)
        : p.perCell
          ? p.perCell.join(', ')
          : 'as many as on the normals';
    return `${p.of} lies in ${cells}: ${each} in each.`;
  },
  message: (j, p) =>
    `${named(j.expected.text, p.of)} expected in ${j.where?.startsWith('outside') ? 'no place ' : ''}${j.where}, ${j.measured ?? 'none'} found`,
  check(p, { file }): readonly Complaint[] {
    const form = needsThing(file, p.of, ['of'], 'dealt to cells');
    if (form.length > 0) return form;
    const cells = (p.rows ?? 1) * (p.columns ?? 1);
    if (!Array.isArray(p.perCell)) return [];
    if (!gridded(p))
      return [
        {
          path: ['perCell'],
          code: 'MISSING',
          message: 'one number per cell needs rows and columns',
          expected: 'rows and columns beside perCell',
          example: 'rows: 3\ncolumns: 5',
        },
      ];
    return p.perCell.length === cells
      ? []
      : [
          {
            path: ['perCell'],
            code: 'CONTRADICTION',
            message: `perCell has ${p.perCell.length} numbers for ${cells} cells`,
            expected: `${cells} numbers, row by row`,
            example: `perCell: [${Array.from({ length: Math.min(cells, 6) }, () => 1).join(', ')}${cells > 6 ? ', ...' : ''}]`,
          },
        ];
  },
  examples: [
    {
      note: 'one pin per cell',
      rule: { of: 'pin', in: 'image', rows: 1, columns: 3, perCell: 1 },
      legend: { p: 'pin' },
      scene: '.........\n.p..p..p.\n.........',
      violated: false,
    },
    {
      note: 'as many pins, but two share a cell',
      rule: { of: 'pin', in: 'image', rows: 1, columns: 3, perCell: 1 },
      legend: { p: 'pin' },
      scene: '.........\np.p....p.\n.........',
      violated: true,
    },
  ],
});
