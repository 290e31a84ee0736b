/** Steps c to f: rules from the instructions, checked, vetted, disputed once, completed by mining. */
import { checkRules } from '../../core/propose/check.ts';
import { composeFile, type Draft, type DraftRule, type LeftOut } from '../../core/propose/draft.ts';
import { disputed, evidenceText, minedBeyond, minedDraft, vettedRemark } from '../../core/propose/evidence.ts';
import { factsText } from '../../core/propose/facts.ts';
import { REVISE, RULES, type RulesReply } from '../../core/propose/replies.ts';
import { kindsText, namesText } from '../../core/propose/vocabulary.ts';
import { type CompiledRules, compileRules, type LearningSet, lintRules } from '../../core/rules/index.ts';
import { type Vetting, vetRules } from '../../core/rules/tools/index.ts';
import { ask, prompted, say, type Talk } from './ask.ts';
import { type Case, type Grounded, instructionsPart } from './ground.ts';

/** Detectors of a file that is handed over: rules, and patches for what no rule speaks of. */
export const DETECTORS = ['patch', 'composition'] as const;

export interface Ruled {
  readonly rules: readonly DraftRule[];
  readonly left: readonly LeftOut[];
  /** Sentences that the model says no rule can check. */
  readonly unsaid: readonly { readonly sentence: string; readonly why: string }[];
  readonly vetting: Vetting;
  readonly compiled: CompiledRules;
  readonly rounds: number;
}

const compiled = (draft: Draft, rules: readonly DraftRule[]): CompiledRules =>
  compileRules(composeFile({ draft, rules, detectors: DETECTORS }).text, 'proposal.yaml');

function vet(draft: Draft, rules: readonly DraftRule[], set: LearningSet, seed: number): Vetting {
  return vetRules({ compiled: compiled(draft, rules), ...set, seed });
}

/** What is asked for rules: the instructions, the names that exist, what was measured, the kinds that can be said. */
const rulesRequest = (talk: Talk, c: Case, g: Grounded): string =>
  prompted(talk, 'rules', {
    instructions: instructionsPart(c.instructions),
    names: namesText(g.draft),
    facts: factsText(g.facts),
    kinds: kindsText(),
  });

/** Faults of rules as they are told to the model. */
const faultsOf = (bad: ReturnType<typeof checkRules>['bad']): string[] =>
  bad.flatMap((b) => b.faults.map((f) => `rule ${b.raw.id}: ${f}`));

/** Step c and d. @throws LogsadError LLM_* */
async function proposed(
  talk: Talk,
  c: Case,
  g: Grounded,
): Promise<{ good: readonly DraftRule[]; left: LeftOut[]; unsaid: RulesReply['left']; rounds: number }> {
  const options = { models: c.roles };
  const { value, rounds } = await ask(talk, {
    stage: 'rules',
    schema: RULES,
    messages: [say('system', prompted(talk, 'system')), say('user', rulesRequest(talk, c, g))],
    check: (reply) => {
      const checked = checkRules(reply.rules, g.draft, c.instructions, options);
      return { value: { checked, unsaid: reply.left }, faults: faultsOf(checked.bad) };
    },
  });
  const left = value.checked.bad.map(
    ({ raw, faults }): LeftOut => ({ raw, reason: `Not valid: ${faults.join('; ')}` }),
  );
  return { good: value.checked.good, left, unsaid: value.unsaid, rounds };
}

/** Step e, the round back. Rules that are neither mended nor withdrawn stay as they were; vetting then leaves them out. */
async function revised(
  talk: Talk,
  c: Case,
  g: Grounded,
  rules: readonly DraftRule[],
  vetting: Vetting,
): Promise<{ rules: DraftRule[]; left: LeftOut[] }> {
  const ids = disputed(vetting).map((v) => v.rule);
  const kept = rules.filter((r) => !ids.includes(r.raw.id));
  const old = rules.filter((r) => ids.includes(r.raw.id));
  const { value } = await ask(talk, {
    stage: 'revise',
    schema: REVISE,
    messages: [
      say('system', prompted(talk, 'system')),
      say(
        'user',
        [
          rulesRequest(talk, c, g),
          prompted(talk, 'evidence', {
            rules: old.map((r) => JSON.stringify(r.raw)).join('\n'),
            evidence: evidenceText(vetting, rules, g.facts),
          }),
        ].join('\n\n'),
      ),
    ],
    check: (reply) => {
      const strangers = reply.rules.filter((r) => !ids.includes(r.id)).map((r) => `rule ${r.id} was not asked for`);
      const mine = reply.rules.filter((r) => ids.includes(r.id));
      const checked = checkRules(mine, g.draft, c.instructions, { models: c.roles }, kept);
      const faults = [...strangers, ...faultsOf(checked.bad)];
      return { value: { good: checked.good, withdrawn: reply.withdrawn }, faults };
    },
  });
  const withdrawn = new Map(value.withdrawn.filter((w) => ids.includes(w.id)).map((w) => [w.id, w.why]));
  const next: DraftRule[] = [];
  const left: LeftOut[] = [];
  for (const rule of rules) {
    const better = value.good.find((r) => r.raw.id === rule.raw.id);
    const why = withdrawn.get(rule.raw.id);
    if (better) next.push(better);
    else if (why !== undefined) left.push({ raw: rule.raw, reason: `Withdrawn by the model: ${why}` });
    else next.push(rule);
  }
  return { rules: next, left };
}

/** Rules that vetting would not keep go; those that lean on them are judged anew, until all that stand are kept. */
function withoutDisputed(
  draft: Draft,
  rules: readonly DraftRule[],
  set: LearningSet,
  seed: number,
): { rules: readonly DraftRule[]; left: LeftOut[]; vetting: Vetting } {
  let standing = rules;
  const left: LeftOut[] = [];
  for (;;) {
    const sound = leaning(draft, standing, left);
    const vetting = vet(draft, sound, set, seed);
    const bad = disputed(vetting);
    if (bad.length === 0) return { rules: sound, left, vetting };
    for (const v of bad) {
      const { raw } = sound.find((r) => r.raw.id === v.rule)!;
      left.push({ raw, reason: `Vetting advises to ${v.advice} it: ${v.reasons.join('; ')}` });
    }
    standing = sound.filter((r) => !bad.some((v) => v.rule === r.raw.id));
  }
}

/** Drops rules whose guard names a rule that is gone; they are named as left out. */
function leaning(draft: Draft, rules: readonly DraftRule[], left: LeftOut[]): readonly DraftRule[] {
  let standing = rules;
  for (;;) {
    const { text, spans } = composeFile({ draft, rules: standing, detectors: DETECTORS });
    const faults = lintRules(text, 'proposal.yaml').filter((f) => f.severity === 'error');
    const bad = new Map(
      faults.flatMap((f) =>
        spans.filter((s) => s.from <= f.line && f.line <= s.to).map((s) => [s.id, f.message] as const),
      ),
    );
    if (bad.size === 0) return standing;
    for (const rule of standing) {
      const reason = bad.get(rule.raw.id);
      if (reason !== undefined)
        left.push({ raw: rule.raw, reason: `It leans on a rule that is not in force: ${reason}` });
    }
    standing = standing.filter((r) => !bad.has(r.raw.id));
  }
}

/** Step f, and the last vetting. Also the whole of the story where no model is asked: `rules` is then empty. */
export function completed(
  draft: Draft,
  rules: readonly DraftRule[],
  set: LearningSet,
  seed: number,
): Omit<Ruled, 'unsaid' | 'rounds'> {
  const said = withoutDisputed(draft, rules, set, seed);
  const { rules: mined } = minedBeyond(compiled(draft, said.rules), set, seed);
  const all = [...said.rules];
  for (const m of mined) {
    const candidate = minedDraft(
      m,
      all.map((r) => r.raw.id),
    );
    const { text, spans } = composeFile({ draft, rules: [...all, candidate], detectors: DETECTORS });
    const span = spans.at(-1)!;
    // One that says no more than a rule above it is not worth a line.
    const remarks = lintRules(text, 'proposal.yaml').filter((f) => f.code !== 'UNUSED_INTEREST');
    if (!remarks.some((f) => f.severity === 'error' || (span.from <= f.line && f.line <= span.to))) all.push(candidate);
  }
  const done = withoutDisputed(draft, all, set, seed);
  const vetted = done.rules.map((r): DraftRule => {
    const v = done.vetting.rules.find((x) => x.rule === r.raw.id);
    return { ...r, remarks: [...r.remarks, ...vettedRemark(v)] };
  });
  return {
    rules: vetted,
    // A mined rule that vetting refuses was nobody's word: it is not kept as a comment.
    left: [...said.left, ...done.left.filter((l) => rules.some((r) => r.raw.id === l.raw.id))],
    vetting: done.vetting,
    compiled: compiled(draft, done.rules),
  };
}

/** Steps c to f. @throws LogsadError LLM_* */
export async function rule(
  talk: Talk,
  c: Case,
  g: Grounded,
  onStep: (step: string) => void = () => undefined,
): Promise<Ruled> {
  const first = await proposed(talk, c, g);
  onStep('vet');
  const vetting = vet(g.draft, first.good, g.set, c.seed);
  const second =
    disputed(vetting).length > 0
      ? await revised(talk, c, g, first.good, vetting)
      : { rules: [...first.good], left: [] as LeftOut[] };
  onStep('mine');
  const done = completed(g.draft, second.rules, g.set, c.seed);
  return { ...done, left: [...first.left, ...second.left, ...done.left], unsaid: first.unsaid, rounds: first.rounds };
}
