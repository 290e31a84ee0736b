/** The same story without any language model: exemplars that a person drew, rules that mining finds, and what stays open. */
import { LogsadError } from '../../core/errors.ts';
import type { Mask } from '../../core/grid/grid.ts';
import { modelsOf } from '../../core/profile.ts';
import { commented, type Draft, type DraftRule } from '../../core/propose/draft.ts';
import { openQuestions } from '../../core/propose/open.ts';
import { reviewSheet } from '../../core/propose/sheet.ts';
import type { RuleFile } from '../../core/rules/definition.ts';
import { explainRules } from '../../core/rules/explain.ts';
import { bind, type CompiledRules, compileRules, type LearningSet, learnFrom } from '../../core/rules/index.ts';
import {
  type Mining,
  minedText,
  mineRules,
  type Vetting,
  vetRules,
  writeVetting,
} from '../../core/rules/tools/index.ts';
import { exemplarNames, type ImageRef, type LearnOptions } from '../learn.ts';
import type { ChatImage } from '../ports.ts';
import { annotatedPictures, measure } from './ground.ts';
import { dataUrl, photograph } from './pictures.ts';
import type { Proposal, ProposeDeps } from './propose.ts';

export interface ByHandInput {
  readonly file: string;
  /** The rule file with what a person drew: its interests, attributes, frame and comments are kept. */
  readonly hand: {
    readonly text: string;
    readonly compiled: CompiledRules;
    readonly masks?: ReadonlyMap<string, Mask>;
  };
  readonly instructions: string | null;
  readonly normals: readonly ImageRef[];
  readonly set?: string;
  readonly seed?: number;
  /** ISO time of this run. */
  readonly at: string;
}

/** Normals that the sheet shows where the exemplars lie on none of them. */
const SHOWN = 4;

/** What the facts and the open questions need of a file that a person wrote. */
function draftOf(file: RuleFile): Draft {
  return {
    product: file.product,
    title: file.title ?? file.product,
    object: file.object ?? file.product,
    interests: Object.fromEntries(
      Object.entries(file.interests).map(([id, i]) => [id, { form: i.form, role: i.role }]),
    ),
    attributes: Object.fromEntries(
      Object.entries(file.attributes).map(([id, a]) => [id, { of: a.of, values: a.values }]),
    ),
    ...(file.variants ? { variants: file.variants.by } : {}),
  };
}

/** @throws LogsadError PROPOSE_NOTHING, and those of learn */
export async function proposeByHand(
  input: ByHandInput,
  deps: ProposeDeps,
  options: LearnOptions = {},
): Promise<Proposal> {
  const { hand, normals, seed = 0, set = 'embedded' } = input;
  const { file } = hand.compiled;
  if (Object.keys(file.interests).length === 0) {
    throw new LogsadError('PROPOSE_NOTHING', {
      reason: `${input.file} names no interests, and without a language model nothing else says what to look for`,
      fix: 'draw the interests on one to four normals (logsad init writes a sheet with rulers), then run this again',
    });
  }
  // Nothing but what rules need: the detectors of the file are learnt once it is accepted.
  const bare = bind({ ...file, rules: [], cases: [], detectors: [{ name: 'composition', options: {} }] }, (path) =>
    path[0] === 'interests' ? hand.compiled.interestAt(String(path[1])) : { file: input.file, line: 1, col: 1 },
  );
  const draft = draftOf(file);
  const g = await measure(draft, bare, { normals, set, seed }, deps, options, hand.masks);
  options.onProgress?.({ stage: 'mine', done: 0, total: 0 });
  const mined = soundMining(input, g.set, seed, modelsOf(g.profile));
  const drawn = normals.filter((n) => exemplarNames(file).includes(n.name));
  const shown = drawn.length > 0 ? drawn : normals.slice(0, SHOWN);
  const photographs: ChatImage[] = [];
  for (const ref of shown) photographs.push(await photograph(ref, deps, options.signal));
  const pictures = await annotatedPictures({ photographs }, g, deps);
  const rules = mined.mining.rules.map((m): DraftRule => ({ raw: m.raw, origin: 'mined', remarks: [] }));
  const open = openQuestions({
    draft,
    facts: g.facts,
    rules,
    instructions: input.instructions,
    asked: false,
    unsure: [],
    unsaid: [],
  });
  const html = reviewSheet({
    product: draft.product,
    title: draft.title,
    file: input.file,
    model: null,
    instructions: input.instructions,
    captions: [],
    pictures: pictures.map((p) => ({ name: p.name, href: dataUrl(p.jpeg) })),
    facts: g.facts,
    rules,
    explanations: explainRules(mined.compiled, learnFrom(mined.compiled, g.set)),
    vetting: mined.vetting,
    left: [],
    unsaid: [],
    open,
    exchanges: [],
    provenance: [
      ['mined at', input.at],
      ['models', modelsOf(g.profile).join(', ')],
    ],
  });
  return {
    text: `${['Mined by logsad propose --no-llm. What could not be known:', ...open.map((o) => `- ${o}`)].flatMap((l) => commented(l)).join('\n')}\n${mined.text}`,
    html,
    rules: { model: 0, mined: rules.length, left: 0 },
    open,
    score: mined.vetting.score,
    alarms: { fired: mined.vetting.alarms.fired, of: mined.vetting.alarms.of },
    shown: shown.map((s) => s.name),
    failures: g.failures,
  };
}

/** Mined rules without those that vetting would not keep. @throws LogsadError PROPOSE_NOTHING */
function soundMining(
  input: ByHandInput,
  set: LearningSet,
  seed: number,
  models: readonly string[],
): { mining: Mining; vetting: Vetting; compiled: CompiledRules; text: string } {
  const stamp = { date: input.at.slice(0, 10), models };
  let mining = mineRules({ compiled: input.hand.compiled, ...set, seed });
  for (;;) {
    if (mining.rules.length === 0) {
      throw new LogsadError('PROPOSE_NOTHING', {
        reason: `no rule holds on all ${set.normals.length} normals`,
        fix: 'look at the outlines (logsad learn names the worst normals), click once more where they are wrong, run this again',
      });
    }
    const text = minedText(input.hand.text, mining, stamp);
    const compiled = compileRules(text, input.file);
    const vetting = vetRules({ compiled, ...set, seed });
    const bad = new Set(vetting.rules.filter((r) => r.advice !== 'keep').map((r) => r.rule));
    if (bad.size === 0) return { mining, vetting, compiled, text: writeVetting(text, compiled, vetting, stamp) };
    mining = { ...mining, rules: mining.rules.filter((r) => !bad.has(r.raw.id)) };
  }
}
