/** The part of compose.ts that serves authoring: language models, their record, and the stories that use them. */
import { createHash } from 'node:crypto';
import { readText } from './adapters/files.ts';
import { llmConfig } from './adapters/llm/config.ts';
import { memoryFile, recall, remember } from './adapters/llm/memory.ts';
import { loadPrompts } from './adapters/llm/prompts.ts';
import { knownExchanges, type RecordedModel, recorded, replayed } from './adapters/llm/record.ts';
import type { Sent } from './adapters/llm/transport.ts';
import type { Deps, LearnOptions } from './app/learn.ts';
import type { ChatRequest } from './app/ports.ts';
import { requestOf } from './app/propose/ask.ts';
import { budgeted, type Caps, DEFAULT_CAPS, estimateTokens } from './app/propose/budget.ts';
import { type ByHandInput, proposeByHand } from './app/propose/byHand.ts';
import { describeMessages } from './app/propose/ground.ts';
import { type Probed, probe } from './app/propose/probe.ts';
import {
  type Proposal,
  type ProposeDeps,
  type ProposeInput,
  prepare,
  propose,
  type RecordedTalk,
} from './app/propose/propose.ts';
import { compileFacts, images, type ProductRules, withMasks } from './compose.ts';
import { LogsadError } from './core/errors.ts';
import { costOf } from './core/propose/estimate.ts';
import { DESCRIBE } from './core/propose/replies.ts';

/** The client and the package behind it are loaded when a model is asked: no other command pays for them. */
const loadClient = () => import('./adapters/llm/client.ts');

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const proposeDeps = async (engine: Deps): Promise<ProposeDeps> => ({
  images,
  inference: engine.inference,
  backbones: engine.backbones,
  hash,
  prompts: await loadPrompts(),
});

export interface ModelRequest {
  /** A YAML file that names url and model; default: the environment. */
  readonly config?: string;
  /** Where exchanges are written down; null: nowhere. */
  readonly record: string | null;
  /** Answers of earlier runs in the record are used again. Default true. Without, the record is replaced when all is through. */
  readonly reuse?: boolean;
  readonly caps?: Partial<Caps>;
}

/** A language model whose exchanges are capped, recorded and not asked twice. @throws LogsadError LLM_NOT_CONFIGURED, LLM_CONFIG, LLM_RECORD_INVALID */
export async function openModel(request: ModelRequest): Promise<RecordedModel> {
  const { createClient } = await loadClient();
  const config = await llmConfig(request.config);
  const capability = await recall(config.url, config.model);
  const client = createClient(config, capability?.mode ?? null);
  const caps = { ...DEFAULT_CAPS, ...request.caps };
  if (caps.dollars !== undefined && client.prices === null) {
    throw new LogsadError('LLM_CONFIG', {
      file: request.config ?? 'the environment',
      reason: 'a cap on cost needs prices: { input, output } in dollars per million tokens',
    });
  }
  const fresh = request.reuse === false;
  const known = request.record !== null && !fresh ? await knownExchanges(request.record) : [];
  return recorded(budgeted(client, caps), { file: request.record, known, fresh });
}

/** A record in the place of a model. @throws LogsadError LLM_RECORD_INVALID, FILE_NOT_FOUND */
export const openRecord = (file: string): Promise<RecordedModel> => replayed(file);

/** Step a to g. @throws as app/propose */
export async function proposeRules(
  engine: Deps,
  input: ProposeInput,
  llm: RecordedTalk,
  options: LearnOptions = {},
): Promise<Proposal> {
  const { models } = await compileFacts();
  return propose(models ? { roles: models, ...input } : input, llm, await proposeDeps(engine), options);
}

/** The same without a model: from a rule file with hand-drawn exemplars. @throws as app/propose/byHand.ts */
export async function proposeFromDrawing(
  engine: Deps,
  drawn: ProductRules,
  input: Omit<ByHandInput, 'hand' | 'at'>,
  options: LearnOptions = {},
): Promise<Proposal> {
  const { masks } = await withMasks(drawn);
  const hand = { text: await readText(drawn.path), compiled: drawn.compiled, masks };
  return proposeByHand({ ...input, hand, at: new Date().toISOString() }, await proposeDeps(engine), options);
}

/** What would leave the machine first, to the byte, and where to. Nothing is sent. */
export interface DryRun {
  readonly endpoint: string;
  readonly model: string;
  readonly request: ChatRequest;
  /** The HTTP request: method, address, headers (without the key), body. */
  readonly sent: Sent;
  /** Of the question, estimated, and the most of an answer. */
  readonly tokens: number;
  readonly maxOutputTokens: number;
  /** Most dollars of this request, where prices are known. */
  readonly dollars: number | null;
  readonly cap: number;
}

/** @throws LogsadError LLM_NOT_CONFIGURED, LLM_CONFIG, and those of the pictures */
export async function dryRun(
  engine: Deps,
  input: ProposeInput,
  model: Pick<ModelRequest, 'config' | 'caps'>,
  options: LearnOptions = {},
): Promise<DryRun> {
  const { asSent, createClient } = await loadClient();
  const config = await llmConfig(model.config);
  const capability = await recall(config.url, config.model);
  const llm = createClient(config, capability?.mode ?? null);
  const deps = await proposeDeps(engine);
  const messages = describeMessages(deps, await prepare(input, deps, options));
  const { maxOutputTokens, prices } = llm;
  const request = requestOf('describe', llm.mode ?? 'strict', messages, DESCRIBE, maxOutputTokens);
  const tokens = estimateTokens(request);
  return {
    endpoint: llm.endpoint,
    model: llm.model,
    request,
    sent: await asSent(config, request),
    tokens,
    maxOutputTokens,
    dollars: prices === null ? null : costOf({ input: tokens, output: maxOutputTokens }, prices),
    cap: model.caps?.tokens ?? DEFAULT_CAPS.tokens,
  };
}

/** Tries a server and remembers what it can do. @throws LogsadError LLM_* */
export async function probeModel(
  config: string | undefined,
  signal?: AbortSignal,
): Promise<Probed & { readonly endpoint: string; readonly asked: string; readonly memory: string }> {
  const { createClient } = await loadClient();
  const found = await llmConfig(config);
  // A probe asks anew whatever is remembered.
  const client = createClient(found);
  const probed = await probe(client, { images, hash }, signal);
  const memory = memoryFile();
  await remember(
    { url: found.url, model: found.model, mode: probed.mode, images: probed.images, at: probed.at },
    memory,
  );
  return { ...probed, endpoint: client.endpoint, asked: found.model, memory };
}
