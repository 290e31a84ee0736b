/** Steps a and b: a description that can be grounded, measured on all normals, and corrected by the model once. */
import { calibrate } from '../../core/calibrate.ts';
import { LogsadError } from '../../core/errors.ts';
import type { Mask } from '../../core/grid/grid.ts';
import type { Profile } from '../../core/profile.ts';
import { checkCorrection, checkDescription } from '../../core/propose/check.ts';
import { composeFile, type Draft, rawExemplar } from '../../core/propose/draft.ts';
import { steadiness } from '../../core/propose/evidence.ts';
import { type Facts, factsOf, factsText } from '../../core/propose/facts.ts';
import { fenced } from '../../core/propose/prompt.ts';
import { CORRECT, DESCRIBE, type Description } from '../../core/propose/replies.ts';
import { type CompiledRules, type CompileOptions, compileRules, type LearningSet } from '../../core/rules/index.ts';
import type { Scene } from '../../core/scene.ts';
import { type Deps, type ImageRef, type LearnOptions, learn } from '../learn.ts';
import type { ChatImage, ChatMessage } from '../ports.ts';
import { ask, prompted, say, type Talk } from './ask.ts';
import { annotated, type PictureDeps } from './pictures.ts';

/** What every step needs to know about the product at hand. */
export interface Case {
  readonly product: string;
  readonly instructions: string;
  readonly normals: readonly ImageRef[];
  /** The normals that are shown, and the pictures of them as they are sent. */
  readonly shown: readonly ImageRef[];
  readonly photographs: readonly ChatImage[];
  /** What is sent for them: the photographs, or one sheet. */
  readonly sent: readonly ChatImage[];
  /** Roles that have a model on this machine. */
  readonly roles: readonly string[];
  readonly set: string;
  readonly seed: number;
}

export interface Grounded {
  readonly draft: Draft;
  readonly profile: Profile;
  readonly scenes: readonly Scene[];
  /** What rules are learnt and vetted on. */
  readonly set: LearningSet;
  readonly facts: Facts;
}

/** Learns from a compiled file without detectors beyond its rules, and measures. @throws LogsadError as learn, PROPOSE_NOTHING */
export async function measure(
  draft: Draft,
  compiled: CompiledRules,
  c: Pick<Case, 'normals' | 'set' | 'seed'>,
  deps: Deps,
  options: LearnOptions,
  masks?: ReadonlyMap<string, Mask>,
): Promise<Grounded & { failures: readonly { image: string; error: LogsadError }[] }> {
  const { normals, set, seed } = c;
  const input = { compiled, normals, exemplars: normals, set, seed, ...(masks ? { masks } : {}) };
  const { profile, failures } = await learn(input, deps, options);
  const scenes = profile.normals.map((n) => n.scene);
  const facts = factsOf(draft, scenes);
  if (facts.interests.every((i) => i.area === null)) {
    throw new LogsadError('PROPOSE_NOTHING', {
      reason: `none of ${facts.interests.map((i) => i.interest).join(', ') || 'no interests'} is found on any of ${scenes.length} normals`,
      fix: 'name clearer pictures with --images, or draw the exemplars by hand: logsad init, then propose --no-llm',
    });
  }
  // No rules stand yet, so none of the normals is set aside; what inspection borrows of them is the same.
  const { aside: _, ...learning } = calibrate(compiled, profile, masks ? Object.fromEntries(masks) : {}).learning;
  return { draft, profile, scenes, set: learning, facts, failures };
}

const compiledDraft = (draft: Draft): CompiledRules =>
  compileRules(composeFile({ draft, rules: [], detectors: ['composition'] }).text, 'proposal.yaml');

export const instructionsPart = (text: string): string => fenced(text, 'instructions');

/** The first request: what `--dry-run` shows. */
export function describeMessages(talk: Pick<Talk, 'prompts'>, c: Case): ChatMessage[] {
  const names = c.shown.map((s) => s.name).join(', ');
  return [
    say('system', prompted(talk, 'system')),
    say('user', prompted(talk, 'describe', { instructions: instructionsPart(c.instructions), names }), c.sent),
  ];
}

export interface Described {
  readonly description: Description;
  readonly draft: Draft;
  readonly rounds: number;
}

/** What the compiler knows of this machine and of the pictures shown. */
const compiling = (c: Case): CompileOptions => ({
  models: c.roles,
  exemplarExists: (image) => c.shown.some((s) => s.name === image),
});

/** Step a. @throws LogsadError LLM_* */
export async function describe(talk: Talk, c: Case): Promise<Described> {
  const names = c.shown.map((s) => s.name);
  const options = compiling(c);
  const { value, rounds } = await ask(talk, {
    stage: 'describe',
    schema: DESCRIBE,
    messages: describeMessages(talk, c),
    check: (description) => {
      const checked = checkDescription(description, c.product, names, options);
      if ('faults' in checked) return { value: null, faults: checked.faults };
      return { value: { description, draft: checked.draft }, faults: [] };
    },
  });
  return { ...value, rounds };
}

export interface Corrected extends Grounded {
  /** What the model said to its own grounding. */
  readonly remarks: readonly string[];
  /** `fine`, `redrawn`, or `kept`: redrawn, but the normals agreed better with what was there before. */
  readonly outcome: 'fine' | 'redrawn' | 'kept';
  readonly pictures: readonly ChatImage[];
  readonly failures: readonly { image: string; error: LogsadError }[];
}

/** The shown pictures with what was found in them. */
export async function annotatedPictures(
  c: Pick<Case, 'photographs'>,
  g: Grounded,
  deps: Pick<PictureDeps, 'images' | 'hash'>,
): Promise<ChatImage[]> {
  const interests = Object.keys(g.draft.interests);
  const out: ChatImage[] = [];
  for (const picture of c.photographs) {
    const scene = g.scenes.find((s) => s.image === picture.name);
    if (scene) out.push(await annotated(picture, scene, interests, deps));
  }
  return out;
}

/** Step b. @throws LogsadError LLM_*, as learn */
export async function ground(
  talk: Talk,
  c: Case,
  described: Described,
  deps: Deps & PictureDeps,
  options: LearnOptions,
): Promise<Corrected> {
  const first = await measure(described.draft, compiledDraft(described.draft), c, deps, options);
  const pictures = await annotatedPictures(c, first, deps);
  const names = c.shown.map((s) => s.name);
  const { value } = await ask(talk, {
    stage: 'correct',
    schema: CORRECT,
    messages: [
      ...describeMessages(talk, { ...c, sent: [] }),
      say('assistant', JSON.stringify(described.description)),
      say(
        'user',
        prompted(talk, 'correct', {
          names: Object.keys(first.draft.interests).join(', '),
          facts: factsText(first.facts),
        }),
        pictures,
      ),
    ],
    check: (correction) => {
      const checked = checkCorrection(correction, first.draft, names, rawExemplar, compiling(c));
      // A correction that stays faulty is not worth losing the run: the first drawing stands.
      if ('faults' in checked) return { value: { correction, draft: null }, faults: checked.faults };
      return { value: { correction, draft: correction.redraw.length > 0 ? checked.draft : null }, faults: [] };
    },
  });
  const { remarks } = value.correction;
  if (value.draft === null) return { ...first, remarks, outcome: 'fine', pictures };
  const second = await measure(value.draft, compiledDraft(value.draft), c, deps, options);
  if (steadiness(second.facts) < steadiness(first.facts)) return { ...first, remarks, outcome: 'kept', pictures };
  return { ...second, remarks, outcome: 'redrawn', pictures: await annotatedPictures(c, second, deps) };
}
