/** For every mutant that survives, the rule that would kill it: from what mining finds to hold on the normals. */

import { leaveOneOut } from '../estimates.ts';
import { learnFrom, teaching } from '../learn.ts';
import type { RawRule } from './candidates.ts';
import { VET } from './constants.ts';
import { firing, type MutantName, type Trial } from './kill.ts';
import { bindCandidates, holdingRules, type MineInput } from './mine.ts';
import { learnPanel } from './panel.ts';
import { statedKiller } from './stated.ts';

export interface Suggestion {
  readonly survivor: MutantName;
  /** The rule to add; null where the language has none. */
  readonly rule: RawRule | null;
  /** `mined` holds with a learnt tolerance, also on normals left out; `stated` is the bare range of the normals. */
  readonly by: 'mined' | 'stated' | null;
}

/** Weak kinds once more with the bounds of core ones: only what also holds so on normals that are left out. */
function tightened(input: MineInput, raws: readonly RawRule[]): RawRule[] {
  const core = raws.map((r): RawRule => ({ ...r, id: `${r.id}-core`, tier: 'core' }));
  const estimates = new Map(leaveOneOut(bindCandidates(input.compiled, core), input).rules.map((e) => [e.rule, e]));
  return core.filter((r) => estimates.get(r.id)!.fired <= VET.relaxRate * estimates.get(r.id)!.n);
}

/** Survivors among the counted mutants with the rule that kills each and most of the other survivors. */
export function suggestRules(input: MineInput, trials: readonly Trial[]): Suggestion[] {
  const survivors = trials.filter((t) => t.mutant.counted && t.killers.length === 0).map((t) => t.mutant);
  if (survivors.length === 0) return [];
  const held = holdingRules(input);
  const weak = held.compiled.rules.filter((r) => r.context.tier === 'weak').map((r) => held.raws.get(r.id)!);
  const further = tightened(input, weak);
  const raws = new Map([...held.compiled.rules.map((r) => held.raws.get(r.id)!), ...further].map((r) => [r.id, r]));
  const all = bindCandidates(input.compiled, [...raws.values()]);
  const learnt = learnFrom(all, input);
  const killers = survivors.map((m) => new Set(firing(all, learnt, m.scene, input.masks)));
  const reach = new Map([...raws.keys()].map((id) => [id, killers.filter((k) => k.has(id)).length]));
  const tight = new Set(further.map((r) => r.id));
  // As written before tightened, then the one that kills most survivors.
  const order = [...raws.keys()].sort(
    (a, b) => Number(tight.has(a)) - Number(tight.has(b)) || reach.get(b)! - reach.get(a)!,
  );
  const { normals } = teaching(input);
  const panel = learnPanel(input.compiled.file, normals);
  const variants = new Map(normals.map((s) => [s.image, s.variant]));
  return survivors.map(({ scene, ...survivor }, i): Suggestion => {
    const id = order.find((candidate) => killers[i]!.has(candidate));
    if (id !== undefined) return { survivor, rule: raws.get(id)!, by: 'mined' };
    const rule = statedKiller(input.compiled, panel, scene, variants.get(scene.image) ?? null);
    return { survivor, rule, by: rule === null ? null : 'stated' };
  });
}
