/**
 * From one review to better rule files. A false alarm is answered by the smallest edits that let the part pass, a miss by
 * bounds that come in to what the normals show and by predicates that hold on all of them; every edit is tried on all
 * reviewed parts before anyone sees it.
 */
import { type CompiledRules, compileRules, lintRules } from '../rules/index.ts';
import type { RegionMasks } from '../rules/view.ts';
import { fallbacks } from './alarms.ts';
import { REVIEW } from './constants.ts';
import { rejudgeEdit } from './edited.ts';
import { append, setSetting } from './edits.ts';
import { lineDiff } from './lineDiff.ts';
import { minedFor, type Predicate } from './mined.ts';
import type { Draft, Offer, OfferKind, Offers } from './offer.ts';
import { openRejudge, type Rejudge, type Rejudged, replayer, type StoredPart, type Taught } from './rejudge.ts';
import { takeBack, takeBackDraft } from './takeBack.ts';
import { heldMargins, type Tightened, tighten } from './tighten.ts';
import { widen } from './widen.ts';

export interface OffersInput {
  readonly text: string;
  /** What faults and violations call the file. */
  readonly path: string;
  readonly taught: Taught;
  /** The reviewed part; its `review` is what a person says of it. */
  readonly part: StoredPart;
  /** Fingerprint of the one violation that is a false alarm. */
  readonly violation?: string | undefined;
  /** All reviewed parts of the product. */
  readonly reviewed: readonly StoredPart[];
  readonly masks?: RegionMasks;
  /** `openRejudge` of the same text and profile, where it is open already. */
  readonly now?: Rejudge;
}

const ORDER: readonly OfferKind[] = [
  'take-back',
  'tighten',
  'widen',
  'add-rule',
  'add-normal',
  'ignore',
  'variant',
  'warn',
];

/** Compiled, where the edit brings no fault and no warning that was not there. */
function clean(text: string, path: string, warnings: number): CompiledRules | null {
  const faults = lintRules(text, path);
  if (faults.some((f) => f.severity === 'error') || faults.length > warnings) return null;
  return compileRules(text, path);
}

function alarmDrafts({ text, taught, part, violation }: OffersInput, now: Rejudge, found: Rejudged): Draft[] {
  const alarms = found.violations.filter((v) =>
    violation === undefined ? v.severity === 'reject' || found.unit <= 1 : v.fingerprint === violation,
  );
  const rules = now.compiled.rules.filter((r) => alarms.some((v) => v.rule === r.id));
  const measured = (id: string) => found.measurements.filter((m) => m.rule === id && m.violated);
  const out: Draft[] = [];
  let all: string | null = text;
  for (const rule of rules) {
    const wider = widen(text, rule, measured(rule.id));
    all = all === null ? null : (widen(all, rule, measured(rule.id))?.text ?? null);
    if (!wider) continue;
    const title = `Widen ${rule.id} to include this part: ${wider.what}.`;
    const says = alarms.find((v) => v.rule === rule.id)!.message;
    out.push({ kind: 'widen', rule: rule.id, title, text: wider.text, evidence: [says], weight: 1 });
  }
  if (all !== null && rules.length > 1) {
    const names = rules.map((r) => r.id);
    const title = `Widen ${names.length} bounds to include this part: ${names.join(', ')}.`;
    out.push({ kind: 'widen', rule: null, title, text: all, evidence: alarms.map((v) => v.message), weight: 0 });
  }
  return [...out, ...fallbacks({ text, taught, part, compiled: now.compiled, found, rules })];
}

type Bound = Pick<Tightened, 'rule' | 'tolerance'>;

const tightened = (t: Tightened): string =>
  `${t.held.n} normals, each under bounds it did not set, reach at most ${t.held.worst.toFixed(2)} of the present tolerance${t.held.image === null ? '' : ` (${t.held.image})`}; this part lies ${t.apart >= 100 ? 'more than 100' : t.apart.toFixed(1)} times as far out.`;

function tightDrafts(text: string, list: readonly Tightened[]): Draft[] {
  const one = list.map(
    (t): Draft => ({
      kind: 'tighten',
      rule: t.rule,
      title: `Tighten ${t.rule} to what the normals show: ${t.tolerance === 1 ? 'the learnt tolerance' : `${t.tolerance} times the learnt tolerance`}.`,
      text: t.text,
      evidence: [tightened(t)],
      weight: t.apart,
    }),
  );
  const all = list.reduce<string | null>(
    (whole, t) => whole && setSetting(whole, t.rule, 'tolerance', t.tolerance),
    text,
  );
  if (all === null || list.length < 2) return one;
  const title = `Tighten ${list.length} bounds to what the normals show: ${list.map((t) => t.rule).join(', ')}.`;
  return [...one, { kind: 'tighten', rule: null, title, text: all, evidence: list.map(tightened), weight: 0 }];
}

function minedDraft(text: string, p: Predicate): Draft {
  const { fired, n } = p.estimate;
  const others = p.catches.length > 0 ? ` It also catches ${p.catches.length} other reviewed misses.` : '';
  return {
    kind: 'add-rule',
    rule: p.raw.id,
    title: `Add ${p.raw.id}: ${p.sentence}`,
    text: append(
      text,
      'rules',
      p.raw,
      `${p.sentence} From a review; left out in turn it fired on ${fired} of ${n} normals.`,
    ),
    evidence: [`Holds on all normals; left out in turn it fired on ${fired} of ${n}.${others}`],
    weight: p.margin,
  };
}

/** Whether `a` brings every bound of `b` in at least as far. */
const covers = (a: readonly Bound[], b: readonly Bound[]): boolean =>
  b.every(({ rule, tolerance }) => a.some((t) => t.rule === rule && t.tolerance <= tolerance));

/** `missed`: the live rules pass the part; otherwise a person confirms that they are right to reject it. */
function badDrafts(input: OffersInput, now: Rejudge, found: Rejudged, missed: boolean): Draft[] {
  const { text, path, taught, part, reviewed, masks } = input;
  const good = reviewed.filter((r) => r.review === 'ok' && r.id !== part.id);
  const bad = reviewed.filter((r) => r.review === 'nok');
  const held = heldMargins(now, taught);
  const tight = tighten(text, now, found, held, good, missed);
  const back = takeBack({ text, path, now, taught, held, good, masks });
  const whole = back !== null && covers(back.rules, tight);
  let drafts = tightDrafts(text, tight);
  // What a rejected part shows of several bounds is one finding.
  if (!missed) drafts = drafts.slice(-1);
  // Of two offers to the same end, one.
  if (back && !(back.rules.length === 1 && covers(tight, back.rules))) {
    if (whole) drafts = drafts.filter((d) => missed && d.rule !== null);
    drafts = [takeBackDraft(back, part, good.length), ...drafts];
  }
  if (!missed) return drafts;
  const mined = minedFor({ compiled: now.compiled, set: now.bounds.learning, part, good, bad });
  return [...drafts, ...mined.map((p) => minedDraft(text, p))].filter((d) => d.text !== null);
}

/** Tries a draft on the reviewed parts; null where its text is no clean rule file. */
function tried(draft: Draft, input: OffersInput, now: Rejudge, warnings: number): Offer | null {
  const { text, path, taught, part, reviewed, masks } = input;
  const compiled = draft.text === null ? now.compiled : clean(draft.text, path, warnings);
  if (!compiled) return null;
  const { kind, rule, title, evidence, needs = [], normal = null, note = null } = draft;
  let replay: Offer['replay'] = null;
  if (draft.replayable !== false) {
    const next =
      draft.opened ??
      (draft.taught ? openRejudge(compiled, draft.taught, masks) : rejudgeEdit(now, compiled, taught, masks));
    const run = replayer(now.judge, (p) => next.judge(draft.see ? draft.see(p as StoredPart) : p));
    for (const p of [part, ...reviewed.filter((r) => r.id !== part.id)]) run.add(p);
    replay = { ...run.result(), approximate: note !== null, note };
  }
  return {
    id: `${kind}:${rule ?? 'all'}`,
    ...{ kind, rule, title, text: draft.text, needs, normal, evidence, replay },
    why: `${title} After the review of ${part.name}.`,
    diff: draft.text === null ? [] : lineDiff(text, draft.text),
  };
}

/** What would answer this review. Deterministic. @throws LogsadError RULES_INVALID */
export function offersFor(input: OffersInput): Offers {
  const { text, path, taught, part, masks } = input;
  const now = input.now ?? openRejudge(compileRules(text, path), taught, masks);
  const found = now.judge(part);
  const none = (note: string): Offers => ({ situation: 'none', note, items: [] });
  if (part.review === null) return none('The part is not reviewed.');
  const good = part.review === 'ok';
  if (good && found.verdict === 'pass') return none('The live rules pass this part already.');
  const missed = !good && found.verdict !== 'reject';
  const warnings = lintRules(text, path).length;
  const drafts = good ? alarmDrafts(input, now, found) : badDrafts(input, now, found, missed);
  if (!good && !missed && drafts.length === 0)
    return none('The live rules reject this part already, by bounds as narrow as the normals allow.');
  const items = drafts
    .flatMap((draft) => {
      const offer = tried(draft, input, now, warnings);
      return offer ? [{ offer, weight: draft.weight }] : [];
    })
    // A miss that stays one is not answered, but by bounds that nothing good needs.
    .filter(
      ({ offer }) =>
        good ||
        found.verdict !== 'pass' ||
        offer.kind === 'take-back' ||
        offer.replay?.fixes.some((f) => f.inspection === part.id),
    )
    .sort((a, b) => rank(a.offer) - rank(b.offer) || order(a.offer) - order(b.offer) || b.weight - a.weight)
    .map(({ offer }) => offer)
    .slice(0, REVIEW.offers);
  const note = items.length > 0 ? null : 'Nothing that holds on all normals tells this part from them.';
  return { situation: good ? 'false-alarm' : missed ? 'miss' : 'confirmed', note, items };
}

/** Smaller first: what it puts right less what it spoils, and nothing that spoils anything before what spoils nothing. */
const rank = ({ replay }: Offer): number =>
  replay === null ? 0 : replay.breaks.length * REVIEW.spoils - replay.fixes.length;
const order = ({ kind }: Offer): number => ORDER.indexOf(kind);
