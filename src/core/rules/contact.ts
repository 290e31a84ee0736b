/** Where the end of a long part meets the part that holds it. */
import { forEachSpan } from '../grid/runs.ts';
import type { Instance } from '../scene.ts';
import type { SceneView } from './view.ts';

/** The end of a part: so deep from its point nearest to the host, in long-side units. */
const END = 0.012;
/** So deep is the face of the host that is measured: its back is left out, so that a turned host is not taken for a longer one. */
const FACE = 0.04;
/** Overlaps thinner than this are rounding. */
const NOTHING = 1e-9;

/** A stretch of cells: from the host's middle across (signed, long-side units), and along (image fractions). */
interface Stretch {
  readonly across: readonly [number, number];
  readonly along: readonly [number, number];
}

function stretchesOf(view: SceneView, instance: Instance, axis: 'x' | 'y', middle: number): Stretch[] {
  const [x0, y0, x1, y1] = view.scene.frame.box;
  const { width, height } = view.scene.grid;
  const unit = axis === 'y' ? view.unitX : view.unitY;
  const across = (v: number): number => (v - middle) * unit;
  const out: Stretch[] = [];
  forEachSpan(instance.mask, width, (row, from, to) => {
    const x = [x0 + (from / width) * (x1 - x0), x0 + (to / width) * (x1 - x0)] as const;
    const y = [y0 + (row / height) * (y1 - y0), y0 + ((row + 1) / height) * (y1 - y0)] as const;
    out.push(
      axis === 'y'
        ? { across: [across(x[0]), across(x[1])], along: y }
        : { across: [across(y[0]), across(y[1])], along: x },
    );
  });
  return out;
}

/** What of `[a, b]` lies within `[low, high]`: its length and middle. */
function overlap([a, b]: readonly [number, number], low: number, high: number): { length: number; middle: number } {
  const [from, to] = [Math.max(a, low), Math.min(b, high)];
  return { length: Math.max(0, to - from), middle: (from + to) / 2 };
}

/** The part's end: how far it stays from the host's middle, its mean place along, and the side it comes from (0: both). */
function endOf(part: readonly Stretch[]): { readonly away: number; readonly at: number; readonly side: number } | null {
  const away = part.reduce((m, { across: [a, b] }) => Math.min(m, Math.max(0, a, -b)), Number.POSITIVE_INFINITY);
  let [total, along, lean] = [0, 0, 0];
  for (const s of part) {
    for (const side of [-1, 1]) {
      const o = overlap(s.across, side < 0 ? -away - END : away, side < 0 ? -away : away + END);
      const weight = o.length * (s.along[1] - s.along[0]);
      total += weight;
      along += (weight * (s.along[0] + s.along[1])) / 2;
      lean += weight * o.middle;
    }
  }
  if (!(total > 0)) return null;
  return { away, at: along / total, side: Math.abs(lean / total) < NOTHING ? 0 : Math.sign(lean) };
}

/**
 * Place at which a part meets a host, as a share of the host's face along an axis: 0 at its left or top end, 1 at its
 * right or bottom end; outside of that where the part passes it by. Null where either has no cells.
 */
export function contactAlong(
  view: SceneView,
  part: readonly Instance[],
  host: Instance,
  axis: 'x' | 'y',
): number | null {
  const middle = axis === 'y' ? (host.box[0] + host.box[2]) / 2 : (host.box[1] + host.box[3]) / 2;
  const end = endOf(part.flatMap((i) => stretchesOf(view, i, axis, middle)));
  if (!end) return null;
  const own = stretchesOf(view, host, axis, middle);
  const reach = ([a, b]: readonly [number, number]): number => (end.side < 0 ? -a : b);
  const front = own.reduce((m, s) => Math.max(m, reach(s.across)), 0);
  const back = Math.min(front, end.away) - FACE;
  const face = end.side === 0 ? own : own.filter((s) => reach(s.across) - back > NOTHING);
  const low = face.reduce((m, s) => Math.min(m, s.along[0]), Number.POSITIVE_INFINITY);
  const high = face.reduce((m, s) => Math.max(m, s.along[1]), Number.NEGATIVE_INFINITY);
  return high > low ? (end.at - low) / (high - low) : null;
}
