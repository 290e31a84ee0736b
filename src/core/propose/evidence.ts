/** Steps e and f: what the normals and the mutants say against a proposal, and what mining adds to it. */
import { bind } from '../rules/compile.ts';
import type { CompiledRules } from '../rules/compiled.ts';
import { type LearningSet, learnFrom } from '../rules/learn.ts';
import { rule as normaliseRule } from '../rules/normalise.ts';
import { MINE } from '../rules/tools/constants.ts';
import { firing, mutationTest, type Trial } from '../rules/tools/kill.ts';
import { type MinedRule, type Mining, mineRules } from '../rules/tools/mine.ts';
import type { VettedRule, Vetting } from '../rules/tools/vet.ts';
import type { DraftRule, RawRule } from './draft.ts';
import type { Facts } from './facts.ts';

/** Rules that vetting would not keep. */
export const disputed = (vetting: Vetting): readonly VettedRule[] => vetting.rules.filter((r) => r.advice !== 'keep');

/** Settings that state a number of instances. */
const STATED = ['equals', 'atLeast', 'atMost', 'oneOf'] as const;

/** One line per disputed rule: what it said, and what was measured. */
export function evidenceText(vetting: Vetting, rules: readonly DraftRule[], facts: Facts): string {
  return disputed(vetting)
    .map((v) => {
      const raw = rules.find((r) => r.raw.id === v.rule)?.raw;
      return `- ${v.rule}: ${[...claims(raw, facts), ...v.reasons].join('; ')}`;
    })
    .join('\n');
}

/** "you said equals 15; the normals show 14 on 3 of 40, 15 on 31 of 40, 16 on 6 of 40". */
function claims(raw: RawRule | undefined, facts: Facts): string[] {
  if (raw === undefined || raw.kind !== 'count') return [];
  const said = STATED.filter((s) => raw[s] !== undefined).map((s) => `${s} ${JSON.stringify(raw[s])}`);
  const seen = facts.interests.find((i) => i.interest === raw.of);
  if (said.length === 0 || !seen || raw.in !== undefined || raw.region !== undefined || raw.having !== undefined)
    return [];
  const counts = Object.entries(seen.counts).map(([k, n]) => `${k} on ${n} of ${facts.normals}`);
  return [`you said ${said.join(', ')}; the normals show ${counts.join(', ')}`];
}

export interface Addition {
  readonly rules: readonly MinedRule[];
  readonly mining: Mining;
}

/**
 * Mined rules that kill mutants which the model's rules let live, in the order of what each adds. Weights as in mining:
 * every operator counts one.
 */
export function minedBeyond(compiled: CompiledRules, set: LearningSet, seed: number): Addition {
  const mining = mineRules({ compiled, ...set, seed });
  const { trials } = mutationTest(compiled, learnFrom(compiled, set), set, { seed });
  const each = new Map<string, number>();
  for (const t of trials) each.set(t.mutant.operator, (each.get(t.mutant.operator) ?? 0) + 1);
  const weight = (t: Trial): number => 1 / each.get(t.mutant.operator)! / Math.max(1, each.size);
  const mined = bind(
    { ...compiled.file, rules: mining.rules.map((m) => normaliseRule(m.raw, m.raw.id)), cases: [] },
    () => ({ file: 'mined', line: 1, col: 1 }),
  );
  const learnt = learnFrom(mined, set);
  let left = trials.filter((t) => t.killers.length === 0);
  const killers = new Map(left.map((t) => [t, new Set(firing(mined, learnt, t.mutant.scene, set.masks))]));
  const rules: MinedRule[] = [];
  for (const m of mining.rules) {
    const gained = left.filter((t) => killers.get(t)!.has(m.raw.id));
    if (gained.reduce((sum, t) => sum + weight(t), 0) < MINE.leastGain) continue;
    rules.push({ ...m, kills: gained.length, adds: gained.length });
    left = left.filter((t) => !killers.get(t)!.has(m.raw.id));
  }
  return { rules, mining };
}

/** A mined rule as part of the draft: its id is kept apart from those of the model. */
export function minedDraft(m: MinedRule, taken: readonly string[]): DraftRule {
  let id = m.raw.id;
  while (taken.includes(id)) id = `mined-${id}`;
  const e = m.estimate;
  return {
    raw: { ...m.raw, id },
    origin: 'mined',
    remarks: [
      `Mined from the normals, not said by the model: ${m.sentence}`,
      `n ${m.n}; left out in turn it fired on ${e.fired} of ${e.n}; kills ${m.adds} mutants that the rules above let live`,
    ],
  };
}

/** What vetting found, as a remark above the rule. */
export function vettedRemark(v: VettedRule | undefined): string[] {
  if (v === undefined) return [];
  const { fired, n, interval } = v.estimate;
  const high = `${(100 * interval.high).toFixed(1)} %`;
  return [
    `Fired on ${fired} of ${n} normals left out (at most ${high} with 95 % confidence); kills ${v.mutants.killed} of ${v.mutants.own} mutants.`,
  ];
}

/** How steadily the grounding finds what it looks for: mean share of the normals that show the usual number. */
export function steadiness(facts: Facts): number {
  if (facts.interests.length === 0 || facts.normals === 0) return 0;
  const shares = facts.interests.map((i) => {
    const modes = Object.entries(i.counts).filter(([k]) => k !== '0');
    return modes.length === 0 ? 0 : Math.max(...modes.map(([, n]) => n)) / facts.normals;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
