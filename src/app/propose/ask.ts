/**
 * One question, asked until the answer is data: the ladder for servers that ignore schemas (strict schema, schema, tool
 * call, plain text), ajv always, and at most three rounds of repair that quote the faults.
 */
import { LogsadError } from '../../core/errors.ts';
import { type Prompt, renderPrompt } from '../../core/propose/prompt.ts';
import { type ReplySchema, readReply } from '../../core/propose/reply.ts';
import type { ChatImage, ChatMessage, ChatMode, ChatReply, ChatRequest, LanguageModel } from '../ports.ts';

export const ASK = {
  /** Rounds of repair per question. */
  repairs: 3,
  /** Answers that are not of the asked shape, after which the next rung of the ladder is taken. */
  malformed: 2,
} as const;

const LADDER: readonly ChatMode[] = ['strict', 'schema', 'tool', 'plain'];

export interface Talk {
  readonly llm: LanguageModel;
  readonly prompts: ReadonlyMap<string, Prompt>;
  /** The rung that worked last. */
  mode: ChatMode;
  readonly signal?: AbortSignal;
  /** Told before each request is handed on: what it is for, the round of repair, and itself. */
  readonly onRequest?: (stage: string, round: number, request: ChatRequest) => void;
}

export interface Question<T, V> {
  readonly stage: string;
  readonly schema: ReplySchema<T>;
  readonly messages: readonly ChatMessage[];
  /** What the answer comes to, and its faults. With faults, `value` is what could be kept if no better answer comes; null: nothing. */
  readonly check: (value: T) => { readonly value: V | null; readonly faults: readonly string[] };
}

export interface Answer<V> {
  readonly value: V;
  /** Rounds of repair that it took. */
  readonly rounds: number;
  /** Faults that remain: what they are about was left out. */
  readonly faults: readonly string[];
}

export const say = (role: ChatMessage['role'], text: string, images: readonly ChatImage[] = []): ChatMessage => ({
  role,
  parts: [{ text }, ...images.flatMap((image) => [{ text: `picture ${image.name}:` }, { image }])],
});

/** Renders a prompt file. */
export function prompted(
  talk: Pick<Talk, 'prompts'>,
  name: string,
  values: Readonly<Record<string, string>> = {},
): string {
  const prompt = talk.prompts.get(name);
  if (!prompt) throw new LogsadError('PROMPT_INVALID', { file: `prompts/propose/${name}.md`, reason: 'it is missing' });
  return renderPrompt(prompt, values);
}

/** @throws LogsadError LLM_REPLY_INVALID, LLM_REFUSED, LLM_TRUNCATED, and those of the model */
export async function ask<T, V>(talk: Talk, question: Question<T, V>): Promise<Answer<V>> {
  const { stage, schema, check } = question;
  let conversation = question.messages;
  let [rounds, malformed] = [0, 0];
  let kept: Answer<V> | null = null;
  let faults: readonly string[] = [];
  for (;;) {
    const reply = await send(talk, question, conversation, rounds);
    const read = readReply(schema, reply.text);
    if ('value' in read) {
      const checked = check(read.value);
      if (checked.faults.length === 0 && checked.value !== null) return { value: checked.value, rounds, faults: [] };
      faults = checked.faults;
      if (checked.value !== null) kept = { value: checked.value, rounds, faults };
    } else {
      faults = read.faults;
      malformed++;
    }
    if (rounds >= ASK.repairs) break;
    const next = LADDER[LADDER.indexOf(talk.mode) + 1];
    if (malformed >= ASK.malformed && next) {
      // The server does not hold the model to this form of asking: another one, from the start.
      talk.mode = next;
      malformed = 0;
      conversation = question.messages;
    } else {
      // Only this is a repair: a rung of the ladder asks the question anew.
      rounds++;
      conversation = [
        ...question.messages,
        say('assistant', reply.text),
        say('user', prompted(talk, 'repair', { faults: faults.map((f) => `- ${f}`).join('\n') })),
      ];
    }
  }
  if (kept) return { ...kept, rounds, faults };
  throw new LogsadError('LLM_REPLY_INVALID', { model: talk.llm.model, stage, rounds, faults: [...faults] });
}

/** One answer: goes down the ladder where a rung is refused, and once to twice the limit where it is cut off. */
async function send<T, V>(
  talk: Talk,
  question: Question<T, V>,
  conversation: readonly ChatMessage[],
  round: number,
): Promise<ChatReply> {
  const { stage, schema } = question;
  let maxOutputTokens = talk.llm.maxOutputTokens;
  for (;;) {
    talk.signal?.throwIfAborted();
    const request = requestOf(stage, talk.mode, conversation, schema, maxOutputTokens);
    talk.onRequest?.(stage, round, request);
    const reply = await talk.llm.complete(request, talk.signal ? { signal: talk.signal } : {});
    if (reply.unsupported !== null) {
      const next = LADDER[LADDER.indexOf(talk.mode) + 1];
      if (!next) {
        throw new LogsadError('LLM_SERVER', { endpoint: talk.llm.endpoint, status: '400', reason: reply.unsupported });
      }
      talk.mode = next;
      continue;
    }
    const { model } = talk.llm;
    if (reply.refusal !== null || reply.finish === 'content_filter') {
      const reason = reply.refusal ?? 'its answer was withheld by a content filter';
      throw new LogsadError('LLM_REFUSED', { model, stage, reason: reason.slice(0, 300) });
    }
    if (reply.finish !== 'length') return reply;
    if (maxOutputTokens > talk.llm.maxOutputTokens) {
      throw new LogsadError('LLM_TRUNCATED', { model, stage, tokens: maxOutputTokens });
    }
    maxOutputTokens *= 2;
  }
}

/** In plain text the schema is part of the question. */
export function requestOf<T>(
  stage: string,
  mode: ChatMode,
  messages: readonly ChatMessage[],
  schema: Pick<ReplySchema<T>, 'name' | 'portable'>,
  maxOutputTokens: number,
): ChatRequest {
  const shape = { name: schema.name, schema: schema.portable };
  if (mode !== 'plain') return { stage, mode, messages, schema: shape, maxOutputTokens };
  const told = `Answer with one JSON object and nothing else. It must follow this JSON schema:\n${JSON.stringify(schema.portable)}`;
  const at = messages.findIndex((m) => m.role === 'user');
  const withSchema = messages.map((m, i) => (i === at ? { ...m, parts: [...m.parts, { text: told }] } : m));
  return { stage, mode, messages: withSchema, schema: shape, maxOutputTokens };
}
