/** What a rule looks at: the instances of an interest as one whole or one by one, and like parts told apart by place. */

import { assign } from '../grid/assign.ts';
import type { Instance, Point } from '../scene.ts';
import { median } from '../statistics.ts';
import { LEARN } from './constants.ts';
import type { Empty, RuleContext } from './kind.ts';
import { idsOf, type SceneView, withoutSpecks } from './view.ts';

export interface Group {
  readonly instances: readonly Instance[];
  /** Set where a rule judges each instance by itself. */
  readonly where?: string;
}

/** All known instances as one group, or one group each with `forEach: instance`; Empty where there is none. */
export function groupsOf(view: SceneView, interest: string, context: RuleContext): readonly Group[] | Empty {
  const known = view.known(interest);
  if (known.length === 0) return noneOf(view, interest);
  if (context.rule.forEach !== 'instance') return [{ instances: withoutSpecks(known) }];
  return readingOrder(known).map((instance, i) => ({ instances: [instance], where: `${interest} ${i + 1}` }));
}

export function noneOf(view: SceneView, interest: string): Empty {
  const refused = view.refused(interest);
  return refused.length === 0
    ? { empty: `no ${interest} was found` }
    : { empty: `no ${interest} was found that looks as on the normals`, instances: idsOf(refused) };
}

/** Top to bottom, left to right: a numbering that does not depend on the order of detection. */
export function readingOrder(list: readonly Instance[]): readonly Instance[] {
  return [...list].sort((a, b) => a.centroid[1] - b.centroid[1] || a.centroid[0] - b.centroid[0] || b.area - a.area);
}

/** Which of `anchors` each point belongs to (minimum total distance); -1 for points left over. */
export function assignToAnchors(points: readonly Point[], anchors: readonly Point[]): number[] {
  const out = new Array<number>(points.length).fill(-1);
  const cost = points.map((p) => anchors.map((a) => Math.hypot(p[0] - a[0], p[1] - a[1])));
  for (const [row, column] of assign(cost).pairs) out[row] = column;
  return out;
}

/**
 * Places of several like parts, learnt from the normals that show the usual number of them: matching and taking the
 * median in turns, from the first such normal on. Anchors are listed in reading order.
 */
export function learnAnchors(sets: readonly (readonly Point[])[], count: number): Point[] {
  const usual = sets.filter((s) => s.length === count);
  if (usual.length === 0 || count === 0) return [];
  let anchors: Point[] = [...usual[0]!];
  for (let round = 0; round < LEARN.anchorRounds; round++) {
    const slots: Point[][] = anchors.map(() => []);
    for (const points of usual) {
      assignToAnchors(points, anchors).forEach((slot, i) => {
        if (slot >= 0) slots[slot]!.push(points[i]!);
      });
    }
    anchors = slots.map(
      (s, i): Point => (s.length === 0 ? anchors[i]! : [median(s.map((p) => p[0])), median(s.map((p) => p[1]))]),
    );
  }
  return anchors.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
}

/** Most frequent number; the smaller of equals. 0 for none. */
export function mode(values: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const v of values) votes.set(v, (votes.get(v) ?? 0) + 1);
  let best = 0;
  let most = 0;
  for (const [v, n] of votes) {
    if (n > most || (n === most && v < best)) {
      best = v;
      most = n;
    }
  }
  return best;
}
