/**
 * Kinds that measure named scalars: one way to learn them, to judge them against learnt or stated bounds, and to say
 * so. `within`, `as`, `reference`, `unit`, `alarm`, `tolerance` and `tier` are obeyed here and nowhere else.
 */
import type { Box, Expectation } from '../scene.ts';
import { angleDifference, learnAngle, learnScalar, mean } from '../statistics.ts';
import { MARGIN } from './constants.ts';
import type { Bounds } from './definition.ts';
import { asked, type Judgement, type Learnt, type RuleContext, type Sample, unjudged } from './kind.ts';

export interface QuantitySpec {
  readonly floor: number;
  /** `log`: ratios matter, not differences. `degrees`: period 180. */
  readonly scale: 'linear' | 'log' | 'degrees';
  readonly side: 'both' | 'above' | 'below';
  /** How `unit` scales it. */
  readonly dimension: 'length' | 'area' | 'none';
  /** A stated bound below or above which nothing can be said of: smallest and largest possible value. */
  readonly range?: readonly [number, number];
}

export interface Quantity {
  readonly key: string;
  readonly value: number;
  readonly spec: QuantitySpec;
  readonly instances: readonly number[];
  readonly where?: string;
  /** Box of what was measured: moved to the expected place it becomes the ghost. */
  readonly ghost?: (expected: number) => Box;
}

/** A learnt scalar as it is stored: plain JSON, null where unbounded. In log scale the logs are stored. */
export interface StoredScalar {
  readonly n: number;
  readonly centre: number;
  readonly mean: number;
  readonly sigma: number;
  readonly tolerance: number;
  readonly low: number | null;
  readonly high: number | null;
}

export type QuantityReference = Readonly<Record<string, StoredScalar>>;

/** Logs of vanishing quantities are taken of this: a millionth of the image is less than any pixel. */
const TINY = 1e-7;
const into = (spec: QuantitySpec, v: number): number => (spec.scale === 'log' ? Math.log(Math.max(TINY, v)) : v);
export const outOf = (spec: QuantitySpec, v: number): number => (spec.scale === 'log' ? Math.exp(v) : v);

const clampMargin = (m: number): number => (Number.isFinite(m) ? Math.min(MARGIN.cap, Math.max(0, m)) : MARGIN.cap);

/** Learns every quantity by its key. Several values of one key in one image all count. */
export function learnQuantities(
  samples: readonly Sample<readonly Quantity[]>[],
  calibration: readonly Sample<readonly Quantity[]>[],
  context: RuleContext,
): Learnt<QuantityReference> | null {
  const keys = new Map<string, { spec: QuantitySpec; values: [number, string][]; more: [number, string][] }>();
  const gather = (list: readonly Sample<readonly Quantity[]>[], slot: 'values' | 'more'): void => {
    for (const { image, reading } of list) {
      for (const q of reading) {
        const entry = keys.get(q.key) ?? { spec: q.spec, values: [], more: [] };
        entry[slot].push([into(q.spec, q.value), image]);
        keys.set(q.key, entry);
      }
    }
  };
  gather(samples, 'values');
  gather(calibration, 'more');
  const value: Record<string, StoredScalar> = {};
  const aside = new Set<string>();
  for (const [key, { spec, values, more }] of keys) {
    if (values.length === 0) continue;
    const options = {
      ...asked(context),
      floor: spec.floor,
      oneSided: spec.side === 'above',
      calibration: more.map(([v]) => v),
    };
    const plain = values.map(([v]) => v);
    const learnt = spec.scale === 'degrees' ? learnAngle(plain, options, 180) : learnScalar(plain, options);
    const names = [...values, ...more];
    for (const i of learnt.setAside) aside.add(names[i]![1]);
    value[key] = {
      n: learnt.n,
      centre: learnt.centre,
      mean: spec.scale === 'log' ? Math.log(mean(plain.map(Math.exp))) : mean(plain),
      sigma: learnt.sigma,
      tolerance: learnt.tolerance,
      low: spec.side === 'above' ? null : learnt.low,
      high: spec.side === 'below' ? null : learnt.high,
    };
  }
  const n = Math.max(0, ...Object.values(value).map((v) => v.n));
  return n === 0 ? null : { value, n, setAside: [...aside].sort() };
}

/** How many units one image side (or its square) has. */
function unitFactor(spec: QuantitySpec, context: RuleContext): number {
  const size = context.rule.unit.size;
  return spec.dimension === 'area' ? size * size : spec.dimension === 'length' ? size : 1;
}

/** What `as: ratio` divides by, in rule units; null where nothing was learnt. */
function denominator(stored: StoredScalar | undefined, spec: QuantitySpec, context: RuleContext): number | null {
  const { as, reference } = context.rule;
  if (as === 'absolute') return 1;
  if (typeof reference === 'number') return reference;
  if (!stored) return null;
  return outOf(spec, reference === 'mean' ? stored.mean : stored.centre) * unitFactor(spec, context);
}

/** A stated interval as a margin: graded inside, exactly 1 at the border, which belongs to it. */
export function statedMargin(v: number, [low, high]: Bounds, centre: number | null, scale: number): number {
  const below = low !== null && v < low;
  const above = high !== null && v > high;
  let margin: number;
  if (low !== null && high !== null) {
    const mid = centre !== null && centre > low && centre < high ? centre : (low + high) / 2;
    const room = v < mid ? mid - low : high - mid;
    margin = room > 0 ? Math.abs(v - mid) / room : v === mid ? 0 : 1 + Math.abs(v - mid) / scale;
  } else if (low !== null) {
    margin = low > 0 ? low / Math.max(v, low / MARGIN.cap) : 1 + (low - v) / scale;
  } else if (high !== null) {
    margin = high > 0 ? v / high : 1 + (v - high) / scale;
  } else margin = 0;
  // The comparison decides, not the rounding of the quotient.
  if (below || above) return clampMargin(Math.max(margin, 1 + 1e-9));
  return Math.min(1, clampMargin(margin));
}

const expectations = new WeakMap<object, Map<string, Expectation>>();

function remember(owner: object, key: string, make: () => Expectation): Expectation {
  let known = expectations.get(owner);
  if (!known) {
    known = new Map();
    expectations.set(owner, known);
  }
  let e = known.get(key);
  if (!e) {
    e = make();
    known.set(key, e);
  }
  return e;
}

/** Judges one quantity against the rule's stated interval, or against what was learnt under its key. */
export function judgeQuantity(q: Quantity, stored: StoredScalar | undefined, context: RuleContext): Judgement {
  const { rule } = context;
  const factor = unitFactor(q.spec, context);
  const divisor = denominator(stored, q.spec, context);
  const measured = divisor === null ? q.value * factor : (q.value * factor) / divisor;
  if (divisor === null || (rule.within === 'learnt' && !stored)) {
    return { ...unjudged(q.key, measured, q.instances), ...(q.where === undefined ? {} : { where: q.where }) };
  }
  if (rule.within !== 'learnt') {
    const bounds = rule.within;
    const centre = rule.as === 'ratio' ? 1 : null;
    const size = q.spec.scale === 'log' ? Math.abs(bounds[0] ?? bounds[1] ?? 1) : 1;
    const scale = size * q.spec.floor * 4 * (divisor === 1 ? factor : 1);
    const expected = remember(rule, q.key, () => expectation(bounds[0], bounds[1], centre, q.spec, context));
    return judgement(q, measured, expected, statedMargin(measured, bounds, centre, scale), stored);
  }
  const s = stored!;
  const expected = remember(s, rule.id, () => {
    const show = (v: number): number => (outOf(q.spec, v) * factor) / divisor;
    const [low, high] = [s.low === null ? null : show(s.low), s.high === null ? null : show(s.high)];
    return expectation(low, high, show(s.centre), q.spec, context);
  });
  return judgement(q, measured, expected, clampMargin(deviation(q, s) / s.tolerance), stored);
}

/** Built without spreading: this runs for every quantity of every rule on every image. */
function judgement(
  q: Quantity,
  measured: number,
  expected: Expectation,
  margin: number,
  stored: StoredScalar | undefined,
): Judgement {
  const j: { -readonly [K in keyof Judgement]: Judgement[K] } = {
    quantity: q.key,
    measured,
    expected,
    margin,
    instances: q.instances,
  };
  if (q.where !== undefined) j.where = q.where;
  // Where the part was expected is only drawn where it is not.
  if (margin > 1 && q.ghost && stored) j.ghost = q.ghost(outOf(q.spec, stored.centre));
  return j;
}

function deviation(q: Quantity, s: StoredScalar): number {
  const v = into(q.spec, q.value);
  const d = q.spec.scale === 'degrees' ? angleDifference(v, s.centre, 180) : v - s.centre;
  if (q.spec.side === 'above') return Math.max(0, d);
  if (q.spec.side === 'below') return Math.max(0, -d);
  return Math.abs(d);
}

export function expectation(
  low: number | null,
  high: number | null,
  centre: number | null,
  spec: QuantitySpec,
  context: RuleContext,
): Expectation {
  const f = (v: number): string => format(v, spec, context);
  const [least, most] = spec.range ?? [spec.scale === 'log' ? 0 : -Infinity, Infinity];
  const shownLow = low !== null && low > least ? low : null;
  const shownHigh = high !== null && high < most ? high : null;
  const text =
    shownLow !== null && shownHigh !== null
      ? shownLow === shownHigh
        ? `exactly ${f(shownLow)}`
        : `${f(shownLow)} to ${f(shownHigh)}`
      : shownLow !== null
        ? `at least ${f(shownLow)}`
        : shownHigh !== null
          ? `at most ${f(shownHigh)}`
          : 'anything';
  return { low, high, centre, text };
}

/** A number as an operator reads it: three significant digits below 1, no false precision above. */
export function format(v: number, spec: QuantitySpec, context: RuleContext): string {
  if (spec.scale === 'degrees') return `${v.toFixed(1)}\u00b0`;
  const magnitude = Math.abs(v);
  const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : magnitude >= 0.01 || v === 0 ? 3 : 5;
  const unit = context.rule.as === 'absolute' && spec.dimension !== 'none' && context.rule.unit.size !== 1;
  return `${v.toFixed(digits)}${unit ? ` ${context.rule.unit.name}${spec.dimension === 'area' ? '\u00b2' : ''}` : ''}`;
}
