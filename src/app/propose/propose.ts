/**
 * The set-up story (LogSAD's match of thought, at authoring time only): a few normals and a paragraph to a rule file worth
 * accepting. Nothing that a model says is believed before it was measured on the normals.
 */
import { digestOf, sha256 } from '../../core/digest.ts';
import { LogsadError } from '../../core/errors.ts';
import { modelsOf } from '../../core/profile.ts';
import { composeFile, type Draft } from '../../core/propose/draft.ts';
import { INSTRUCTION_LIMITS } from '../../core/propose/instructions.ts';
import { openQuestions } from '../../core/propose/open.ts';
import type { Prompt } from '../../core/propose/prompt.ts';
import { reviewSheet, type SheetExchange } from '../../core/propose/sheet.ts';
import { explainRules } from '../../core/rules/explain.ts';
import { compileRules, learnFrom } from '../../core/rules/index.ts';
import { writeVetting } from '../../core/rules/tools/index.ts';
import type { Deps, ImageRef, LearnOptions } from '../learn.ts';
import type { ChatEntry, ChatExchange, ChatImage, LanguageModel } from '../ports.ts';
import type { Talk } from './ask.ts';
import { estimateText } from './budget.ts';
import { type Case, describe, type Grounded, ground } from './ground.ts';
import { canonical, dataUrl, type PictureDeps, photograph, sheetOf } from './pictures.ts';
import { DETECTORS, type Ruled, rule } from './rules.ts';

export type ProposeDeps = Deps & PictureDeps & { readonly prompts: ReadonlyMap<string, Prompt> };

export interface ProposeInput {
  readonly product: string;
  /** Where the file will lie, as the review sheet names it. */
  readonly file: string;
  readonly instructions: string;
  readonly normals: readonly ImageRef[];
  /** Names of the normals to show; default: chosen by coverage. */
  readonly images?: readonly string[];
  /** Sends one contact sheet instead of single pictures. */
  readonly sheet?: boolean;
  readonly set?: string;
  readonly seed?: number;
  /** Roles that have a model here. */
  readonly roles?: readonly string[];
}

export interface Proposal {
  /** The rule file: `status: proposed`, with provenance and vetting. */
  readonly text: string;
  /** The review sheet. */
  readonly html: string;
  readonly rules: { readonly model: number; readonly mined: number; readonly left: number };
  readonly open: readonly string[];
  readonly score: number | null;
  readonly alarms: { readonly fired: number; readonly of: number };
  readonly shown: readonly string[];
  readonly failures: readonly { readonly image: string; readonly error: LogsadError }[];
}

/** A model that remembers what was said. */
export interface RecordedTalk extends LanguageModel {
  /** Answers so far, in order. */
  readonly exchanges: readonly ChatExchange[];
  /** The same with the attempts between them that failed. */
  readonly entries: readonly ChatEntry[];
}

const DEFAULT_SET = 'embedded';

/** The pictures and names that the chain needs; no model is asked yet. @throws LogsadError USAGE, IMAGE_*, MODEL_* */
export async function prepare(input: ProposeInput, deps: ProposeDeps, options: LearnOptions = {}): Promise<Case> {
  const set = input.set ?? DEFAULT_SET;
  if (input.instructions.trim() === '' || input.instructions.length > INSTRUCTION_LIMITS.characters) {
    const reason = `the instructions hold ${input.instructions.trim().length} characters, expected 1 to ${INSTRUCTION_LIMITS.characters}`;
    throw new LogsadError('USAGE', { reason, command: 'propose' });
  }
  const shown = input.images
    ? input.images.map((name) => {
        const found = input.normals.find((n) => n.name === name);
        if (found) return found;
        throw new LogsadError('USAGE', {
          reason: `--images names ${name}, which is none of the normals`,
          command: 'propose',
        });
      })
    : await canonical(input.normals, set, deps, options);
  const photographs: ChatImage[] = [];
  for (const ref of shown) photographs.push(await photograph(ref, deps, options.signal));
  const sent = input.sheet ? [await sheetOf(photographs, deps)] : photographs;
  const { product, instructions, normals } = input;
  const { seed = 0, roles = ['dense'] } = input;
  return { product, instructions, normals, shown, photographs, sent, roles, set, seed };
}

/**
 * The whole chain with a language model. `exchanges` are those of the record so far: the file's provenance names them,
 * and all times in it are theirs. @throws LogsadError LLM_*, PROPOSE_NOTHING, and those of learn; the abort reason of `signal`
 */
export async function propose(
  input: ProposeInput,
  llm: RecordedTalk,
  deps: ProposeDeps,
  options: LearnOptions = {},
): Promise<Proposal> {
  const c = await prepare(input, deps, options);
  const step = (stage: string): void => options.onProgress?.({ stage, done: 0, total: 0 });
  const talk: Talk = {
    llm,
    prompts: deps.prompts,
    mode: llm.mode ?? 'strict',
    ...(options.signal ? { signal: options.signal } : {}),
    onRequest: (stage, round, request) => {
      const repair = round === 0 ? '' : `, repair ${round}`;
      step(`ask: ${stage}${repair} (${estimateText(request, llm.prices)})`);
    },
  };
  const described = await describe(talk, c);
  const g = await ground(talk, c, described, deps, options);
  const ruled = await rule(talk, c, g, step);
  const { description } = described;
  const open = openQuestions({
    draft: g.draft,
    facts: g.facts,
    rules: ruled.rules,
    instructions: c.instructions,
    asked: true,
    unsure: [...description.unsure, ...(g.outcome === 'kept' ? g.remarks : [])],
    unsaid: ruled.unsaid,
  });
  const last = llm.exchanges.at(-1)!;
  const used = new Set(llm.exchanges.map((x) => x.stage));
  const prompts = [...deps.prompts.values()].map((p): [string, string] => [p.name, p.digest.slice(0, 12)]);
  const provenance = {
    interests: { by: llm.model, correction: g.outcome, repairs: described.rounds },
    rules: {
      by: llm.model,
      mined: ruled.rules.filter((r) => r.origin === 'mined').map((r) => r.raw.id),
      repairs: ruled.rounds,
    },
    model: {
      asked: llm.model,
      answered: last.reply.model,
      endpoint: llm.endpoint,
      fingerprint: last.reply.fingerprint,
    },
    when: last.reply.at,
    stages: [...used],
    prompts: Object.fromEntries(prompts),
    instructions: sha256(c.instructions).slice(0, 12),
    images: Object.fromEntries(c.photographs.map((p) => [p.name, p.sha256.slice(0, 12)])),
    exchanges: llm.exchanges.map((x) => x.key.slice(0, 12)),
    seed: c.seed,
  };
  return finish({ input, c, g, ruled, open, provenance, at: last.reply.at, llm, captions: description.captions });
}

interface Ending {
  readonly input: ProposeInput;
  readonly c: Case;
  readonly g: Grounded & { readonly failures: Proposal['failures']; readonly pictures: readonly ChatImage[] };
  readonly ruled: Omit<Ruled, 'rounds'>;
  readonly open: readonly string[];
  readonly provenance: Readonly<Record<string, unknown>>;
  /** ISO time of what was proposed. */
  readonly at: string;
  readonly llm: RecordedTalk;
  readonly captions: readonly { readonly image: string; readonly caption: string }[];
}

/** Step g: the file with its vetting, and the sheet. */
function finish({ input, c, g, ruled, open, at, llm, ...end }: Ending): Proposal {
  if (ruled.rules.length === 0) {
    throw new LogsadError('PROPOSE_NOTHING', {
      reason: `no rule stands: ${ruled.left.map((l) => `${l.raw.id} (${l.reason})`).join('; ') || 'none was proposed, and none could be mined'}`,
      fix: 'say in the instructions what must be so, show more normals, or write rules by hand: logsad init',
    });
  }
  const parts = {
    draft: g.draft,
    rules: ruled.rules,
    left: ruled.left,
    detectors: DETECTORS,
    provenance: end.provenance,
  };
  const { text } = composeFile({ ...parts, head: headOf(g.draft, open, llm.model) });
  const compiled = compileRules(text, input.file);
  const stamp = { date: at.slice(0, 10), models: modelsOf(g.profile) };
  const html = reviewSheet({
    product: input.product,
    title: g.draft.title,
    file: input.file,
    model: llm.model,
    instructions: c.instructions,
    captions: end.captions,
    pictures: g.pictures.map((p) => ({ name: p.name, href: dataUrl(p.jpeg) })),
    facts: g.facts,
    rules: ruled.rules,
    explanations: explainRules(compiled, learnFrom(compiled, g.set)),
    vetting: ruled.vetting,
    left: ruled.left,
    unsaid: ruled.unsaid,
    open,
    exchanges: llm.entries.map(rowOf),
    provenance: [
      ['proposed at', at],
      ['models', stamp.models.join(', ')],
      ['rules digest', compiled.digests.rules.slice(0, 12)],
      ['provenance digest', digestOf(end.provenance).slice(0, 12)],
    ],
  });
  const mined = ruled.rules.filter((r) => r.origin === 'mined').length;
  return {
    text: writeVetting(text, compiled, ruled.vetting, stamp),
    html,
    rules: { model: ruled.rules.length - mined, mined, left: ruled.left.length },
    open,
    score: ruled.vetting.score,
    alarms: { fired: ruled.vetting.alarms.fired, of: ruled.vetting.alarms.of },
    shown: c.shown.map((s) => s.name),
    failures: g.failures,
  };
}

/** How an exchange reads on the sheet. */
function rowOf(x: ChatEntry): SheetExchange {
  const { stage, mode, prompt } = x;
  if ('fault' in x) {
    const outcome = x.fault.code ?? 'given up';
    return { stage, mode, prompt, at: x.fault.at, input: null, output: null, outcome };
  }
  const { at, usage, unsupported, refusal, finish } = x.reply;
  const [no, cut] = [unsupported !== null, finish === 'length'];
  const outcome = no ? 'not supported' : refusal !== null ? 'refused' : cut ? 'cut off' : 'answered';
  return { stage, mode, prompt, at, input: usage?.input ?? null, output: usage?.output ?? null, outcome };
}

function headOf(draft: Draft, open: readonly string[], model: string): string[] {
  return [
    `Proposed by ${model} through logsad propose: what a correct ${draft.object} is.`,
    'Read the review sheet beside this file, then: logsad rules accept. All coordinates are fractions of the image.',
    ...(open.length > 0 ? ['What could not be known:', ...open.map((o) => `- ${o}`)] : []),
  ];
}
