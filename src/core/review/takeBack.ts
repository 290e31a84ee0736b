/**
 * Widened tolerances that nothing good needs any more, taken back in one edit: one missed part shows one bound, while the
 * bounds beside it were often widened for the same reason. A stated `within` is a person's requirement and stays.
 */
import type { CompiledRule } from '../rules/compiled.ts';
import { compileRules, lintRules } from '../rules/index.ts';
import type { RegionMasks } from '../rules/view.ts';
import { REVIEW } from './constants.ts';
import { rejudgeEdit } from './edited.ts';
import { dropSetting, setSetting } from './edits.ts';
import type { Draft } from './offer.ts';
import type { Rejudge, StoredPart, Taught } from './rejudge.ts';
import { type HeldMargin, heldMargins, marginsOf } from './tighten.ts';
import { hasTolerance } from './widen.ts';

export interface TakenBack {
  readonly rule: string;
  /** Factors of the learnt tolerance, `tolerance` the new one: at least 1, less than `from`. */
  readonly from: number;
  readonly tolerance: number;
  /** What normals and good parts reach, in units of the tolerance that was. */
  readonly held: HeldMargin;
  readonly good: number;
}

export interface TakeBackInput {
  readonly text: string;
  readonly path: string;
  readonly now: Rejudge;
  readonly taught: Taught;
  readonly held: ReadonlyMap<string, HeldMargin>;
  /** Parts that a person called good: none of them may come near a bound. */
  readonly good: readonly StoredPart[];
  readonly masks?: RegionMasks | undefined;
}

export interface TakeBack {
  readonly rules: readonly TakenBack[];
  readonly text: string;
  /** The edited file on the same Scenes. */
  readonly after: Rejudge;
}

/** What arithmetic leaves of a figure that is exact on paper. */
const ROUNDING = 1e-9;

/** The smallest factor, in steps, that keeps `reach` (in learnt tolerances) clear of the border. */
function factorFor(reach: number): number {
  const steps = Math.ceil((reach * REVIEW.clear) / REVIEW.step - ROUNDING);
  return Math.max(1, Number((steps * REVIEW.step).toFixed(4)));
}

/** A factor of 1 is what a rule has without one: the setting goes, where that leaves every comment in its place. */
function written(text: string, { rule, tolerance }: TakenBack): string | null {
  return (
    (tolerance === 1 ? dropSetting(text, rule, 'tolerance') : null) ?? setSetting(text, rule, 'tolerance', tolerance)
  );
}

/** Largest margin of each rule on the parts that are called good. */
function reached(judge: Rejudge['judge'], good: readonly StoredPart[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const part of good)
    for (const [rule, margin] of marginsOf(judge(part))) out.set(rule, Math.max(out.get(rule) ?? 0, margin));
  return out;
}

function candidates({ now, held, good }: TakeBackInput): TakenBack[] {
  const widened = now.compiled.rules.filter((rule) => (rule.spec.tolerance ?? 1) > 1 && hasTolerance(rule));
  if (widened.length === 0) return [];
  const worst = reached(now.judge, good);
  return widened.flatMap((rule: CompiledRule): TakenBack[] => {
    const from = rule.spec.tolerance ?? 1;
    const normals = held.get(rule.id);
    // One normal was judged by no other: it shows nothing.
    if (!normals || normals.n < 2) return [];
    const reach = Math.max(normals.worst, worst.get(rule.id) ?? 0) * from;
    return [{ rule: rule.id, from, tolerance: factorFor(reach), held: normals, good: worst.get(rule.id) ?? 0 }];
  });
}

/** Rules of the edit that a normal or a good part comes nearer to than it should, judged under the edit. */
function crowded(input: TakeBackInput, list: readonly TakenBack[], after: Rejudge): ReadonlySet<string> {
  const normals = heldMargins(after, input.taught, input.now.bounds.learning.aside);
  const good = reached(after.judge, input.good);
  const reach = (id: string): number => Math.max(normals.get(id)?.worst ?? 0, good.get(id) ?? 0);
  return new Set(list.map((t) => t.rule).filter((id) => reach(id) * REVIEW.clear > 1 + ROUNDING));
}

/**
 * Sets every learnt tolerance that was widened (`tolerance` above 1) to the smallest factor, rounded up to `REVIEW.step`,
 * that keeps all normals, each under bounds it did not set, and all parts called good at the distance that tightening keeps
 * (`REVIEW.clear`). Margins need not follow a factor, and which normals teach may change with it: the edit is judged before
 * it is believed, and a rule that turns out to need its tolerance keeps it. Null where every widened tolerance is needed,
 * there is none, or the text cannot be edited.
 */
export function takeBack(input: TakeBackInput): TakeBack | null {
  const { path, now, taught, masks } = input;
  let rules = candidates(input).filter((t) => t.tolerance < t.from);
  while (rules.length > 0) {
    const text = rules.reduce<string | null>((whole, t) => whole && written(whole, t), input.text);
    if (text === null || lintRules(text, path).some((f) => f.severity === 'error')) return null;
    const after = rejudgeEdit(now, compileRules(text, path), taught, masks);
    const near = crowded(input, rules, after);
    if (near.size === 0) return { rules, text, after };
    rules = rules.filter((t) => !near.has(t.rule));
  }
  return null;
}

function evidence({ rule, from, tolerance, held, good }: TakenBack, parts: number): string {
  const to = tolerance === 1 ? 'the learnt tolerance' : `${tolerance} times the learnt tolerance`;
  const ok =
    parts === 0 ? '' : `, ${parts} ${parts === 1 ? 'part' : 'parts'} reviewed OK at most ${(good * from).toFixed(2)}`;
  return `${rule}, from ${from} to ${to}: ${held.n} normals, each under bounds it did not set, reach at most ${(held.worst * from).toFixed(2)} of the learnt tolerance${held.image === null ? '' : ` (${held.image})`}${ok}.`;
}

/** `bad`: the part whose review asks for it; the evidence says so where it goes on passing. */
export function takeBackDraft({ rules, text, after }: TakeBack, bad: StoredPart, parts: number): Draft {
  const one = rules.length === 1;
  const what = one ? `tolerance of ${rules[0]!.rule}` : `tolerances of ${rules.length} rules`;
  const wide = rules.every((t) => t.tolerance === 1) ? '' : ' so wide';
  const passes = after.judge(bad).verdict !== 'reject';
  return {
    kind: 'take-back',
    rule: null,
    title: `Take back the widened ${what}: no normal and no part reviewed OK needs ${one ? 'it' : 'them'}${wide}.`,
    text,
    evidence: [...(passes ? ['This part is still not rejected by it.'] : []), ...rules.map((t) => evidence(t, parts))],
    opened: after,
    weight: 0,
  };
}
