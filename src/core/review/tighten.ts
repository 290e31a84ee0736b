/** Bounds that a missed part lies beyond the normals of, though inside the tolerance: how far each may come in. */
import type { CompiledRule } from '../rules/compiled.ts';
import type { Scene } from '../scene.ts';
import { REVIEW } from './constants.ts';
import { setSetting } from './edits.ts';
import type { Rejudge, Rejudged, StoredPart, Taught } from './rejudge.ts';
import { hasTolerance } from './widen.ts';

/** What good parts show of a rule when they have no part in its bound. */
export interface HeldMargin {
  readonly n: number;
  readonly worst: number;
  readonly image: string | null;
}

/** The largest margin of every rule, whatever hides it from a report. */
export function marginsOf({ measurements }: Pick<Rejudged, 'measurements'>): Map<string, number> {
  const out = new Map<string, number>();
  for (const m of measurements) if (m.skipped === undefined) out.set(m.rule, Math.max(out.get(m.rule) ?? 0, m.margin));
  return out;
}

/** Margins of the normals under bounds that they did not help to set; those set aside as gross outliers are left out. */
export function heldMargins(
  rejudge: Rejudge,
  taught: Taught,
  aside: ReadonlySet<Scene> = rejudge.bounds.learning.aside ?? new Set(),
): Map<string, HeldMargin> {
  const out = new Map<string, HeldMargin>();
  for (const [i, record] of [...taught.normals, ...taught.calibration].entries()) {
    if (aside.has(record.scene)) continue;
    for (const [rule, margin] of marginsOf(rejudge.held[i]!)) {
      const h = out.get(rule) ?? { n: 0, worst: 0, image: null };
      const worse = margin > h.worst;
      out.set(rule, { n: h.n + 1, worst: worse ? margin : h.worst, image: worse ? record.image : h.image });
    }
  }
  return out;
}

export interface Tightened {
  readonly rule: string;
  readonly text: string;
  readonly tolerance: number;
  /** How many times farther out the part lies than the worst good one. */
  readonly apart: number;
  readonly held: HeldMargin;
}

/**
 * The new border of a rule, in units of its present tolerance: the bound that the normals alone give, where the part lies
 * beyond it; otherwise just inside the part. Null where that would come too near to a good part.
 */
function borderFor(rule: CompiledRule, margin: number, worst: number, missed: boolean): number | null {
  const learnt = 1 / (rule.spec.tolerance ?? 1);
  const inside = margin / REVIEW.inside;
  // A part that is rejected anyway is no reason to be stricter than the normals, nor one that the rule sees anyway to be missed.
  if (missed ? margin > 1 : inside < learnt) return null;
  const border = Math.min(inside, learnt);
  return border < 1 && border >= worst * REVIEW.clear ? border : null;
}

/**
 * `good`: parts that a person called good, which no bound may come to exclude. `missed`: the part passes; otherwise only
 * bounds that were made wider than the normals ask for come in. Farthest apart first.
 */
export function tighten(
  text: string,
  rejudge: Rejudge,
  part: Rejudged,
  held: ReadonlyMap<string, HeldMargin>,
  good: readonly StoredPart[],
  missed: boolean,
): Tightened[] {
  const margins = marginsOf(part);
  const others = good.map((g) => marginsOf(rejudge.judge(g)));
  return rejudge.compiled.rules
    .flatMap((rule): Tightened[] => {
      const margin = margins.get(rule.id) ?? 0;
      const normals = held.get(rule.id);
      if (!normals || !hasTolerance(rule) || rule.spec.severity !== 'reject') return [];
      const worst = others.reduce((w, o) => Math.max(w, o.get(rule.id) ?? 0), normals.worst);
      const border = borderFor(rule, margin, worst, missed);
      if (border === null) return [];
      const tolerance = Number(((rule.spec.tolerance ?? 1) * border).toPrecision(3));
      const next = setSetting(text, rule.id, 'tolerance', tolerance);
      return next === null
        ? []
        : [{ rule: rule.id, text: next, tolerance, apart: margin / Math.max(worst, 1e-9), held: normals }];
    })
    .sort((a, b) => b.apart - a.apart || (a.rule < b.rule ? -1 : 1));
}
