/**
 * The only importer of `openai`: chat completions against any server that speaks that wire format. Pictures go as data
 * URLs; the server is never given an address to fetch. Repeats, Retry-After and the deadline are ours.
 */
import OpenAI, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AzureOpenAI,
} from 'openai';
import type {
  ChatCompletion,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { ChatMessage, ChatMode, ChatReply, ChatRequest, LanguageModel } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { LLM_DEFAULTS, type LlmConfig } from './config.ts';
import { failedBy, refusedMode, scrub, type Wrong } from './faults.ts';
import { repeated } from './retries.ts';
import {
  boundedFetch,
  MOST_BYTES,
  MOST_CHARACTERS,
  type Sent,
  sentBy,
  tooLong,
  unsent,
  withoutAmbientHeaders,
} from './transport.ts';

const now = (): string => new Date().toISOString();

/** Opens no connection yet. `clock` gives the time of an answer; `send` is what stands in for the network. */
export function createClient(
  config: LlmConfig,
  mode: ChatMode | null = null,
  clock: () => string = now,
  send: typeof fetch = fetch,
): LanguageModel {
  const seconds = config.timeoutSeconds ?? LLM_DEFAULTS.timeoutSeconds;
  const endpoint = new URL(config.url).host;
  const common = {
    // The package insists on one; where there is none, its header is not sent.
    apiKey: config.key ?? 'none',
    maxRetries: 0,
    timeout: seconds * 1000,
    // The package reads further settings of its own from the environment; none of them is meant for our server.
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    logLevel: 'off' as const,
    // Pictures and the key go to the host that was named, and to no other that it points to.
    fetch: boundedFetch({
      endpoint,
      most: config.stream === true ? MOST_BYTES.stream : MOST_BYTES.whole,
      keyed: config.key !== null,
      send,
    }),
    fetchOptions: { redirect: 'error' as const },
  };
  const { azure } = config;
  const client = withoutAmbientHeaders(() =>
    azure
      ? new AzureOpenAI({
          ...common,
          // Null, or OPENAI_BASE_URL would come into its place.
          baseURL: null,
          endpoint: config.url,
          apiVersion: azure.apiVersion,
          deployment: config.model,
        })
      : new OpenAI({ ...common, baseURL: config.url }),
  );
  return {
    model: config.model,
    endpoint,
    mode: config.mode ?? mode,
    maxOutputTokens: config.maxOutputTokens ?? LLM_DEFAULTS.maxOutputTokens,
    prices: config.prices ?? null,
    complete(request, options = {}) {
      const { stage } = request;
      const { key } = config;
      const body = bodyOf(request, config.model);
      return repeated({
        retries: config.retries ?? LLM_DEFAULTS.retries,
        seconds,
        clock,
        options,
        failed: (error, expired) => failedBy(wrongOf(error), { endpoint, stage, seconds, expired, key }, Date.now()),
        once: async (signal) => {
          try {
            const completion =
              config.stream === true
                ? await streamed(client, body, signal, endpoint)
                : await client.chat.completions.create(body, { signal });
            return scrubbed(replyOf(completion, clock(), endpoint), key);
          } catch (error) {
            const wrong = wrongOf(error);
            const reason = wrong instanceof LogsadError ? null : refusedMode(wrong, request.mode, key);
            if (reason === null) throw error;
            return unsupported(reason, config.model, clock());
          }
        },
      });
    },
  };
}

/** The HTTP request that `complete` would send, to the byte, but for the key. Nothing is sent. */
export async function asSent(config: LlmConfig, request: ChatRequest): Promise<Sent> {
  let sent: Sent | null = null;
  const nobody: typeof fetch = (input, init) => {
    sent = sentBy(input, init);
    return Promise.resolve(unsent(config.stream === true));
  };
  await createClient(config, null, now, nobody).complete(request);
  return sent!;
}

/** What is asked, in the words of the wire format. */
export function bodyOf(request: ChatRequest, model: string): ChatCompletionCreateParamsNonStreaming {
  const { mode, schema } = request;
  const body: ChatCompletionCreateParamsNonStreaming = {
    model,
    messages: request.messages.map(messageOf),
    max_completion_tokens: request.maxOutputTokens,
  };
  if (mode === 'plain') return body;
  if (mode === 'tool') {
    return {
      ...body,
      tools: [{ type: 'function', function: { name: schema.name, parameters: { ...schema.schema } } }],
      tool_choice: { type: 'function', function: { name: schema.name } },
    };
  }
  const json_schema = {
    name: schema.name,
    schema: { ...schema.schema },
    ...(mode === 'strict' ? { strict: true } : {}),
  };
  return { ...body, response_format: { type: 'json_schema', json_schema } };
}

function messageOf({ role, parts }: ChatMessage): ChatCompletionMessageParam {
  const text = parts.flatMap((p) => ('text' in p ? [p.text] : [])).join('\n\n');
  if (role !== 'user' || !parts.some((p) => 'image' in p)) return { role, content: text };
  return {
    role,
    content: parts.map((p) =>
      'text' in p
        ? { type: 'text' as const, text: p.text }
        : {
            type: 'image_url' as const,
            image_url: { url: `data:image/jpeg;base64,${Buffer.from(p.image.jpeg).toString('base64')}` },
          },
    ),
  };
}

interface Said {
  readonly text: string;
  readonly refusal: string | null;
  readonly finish: string;
  readonly usage: ChatReply['usage'];
  readonly model: string;
  readonly id: string | null;
  readonly fingerprint: string | null;
}

async function streamed(
  client: OpenAI,
  body: ChatCompletionCreateParamsNonStreaming,
  signal: AbortSignal,
  endpoint: string,
): Promise<Said> {
  const stream = await client.chat.completions.create(
    { ...body, stream: true, stream_options: { include_usage: true } },
    { signal },
  );
  let [text, called, refusal, finish] = ['', '', '', ''];
  let usage: ChatReply['usage'] = null;
  let head: { model: string; id: string | null; fingerprint: string | null } | null = null;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    head ??= { model: chunk.model, id: chunk.id ?? null, fingerprint: chunk.system_fingerprint ?? null };
    if (chunk.usage) usage = { input: chunk.usage.prompt_tokens, output: chunk.usage.completion_tokens };
    const choice = chunk.choices?.[0];
    if (!choice) continue;
    text += choice.delta?.content ?? '';
    refusal += choice.delta?.refusal ?? '';
    called += choice.delta?.tool_calls?.[0]?.function?.arguments ?? '';
    finish = choice.finish_reason ?? finish;
    if (text.length + called.length + refusal.length > MOST_CHARACTERS) {
      throw tooLong(endpoint, `${MOST_CHARACTERS} characters`);
    }
  }
  // The package ends a stream in silence when it is aborted.
  signal.throwIfAborted();
  // A stream that ends without saying why was cut.
  return {
    text: called === '' ? text : called,
    refusal: refusal === '' ? null : refusal,
    finish: finish === '' ? 'length' : finish,
    usage,
    ...(head ?? { model: body.model, id: null, fingerprint: null }),
  };
}

function replyOf(said: ChatCompletion | Said, at: string, endpoint: string): ChatReply {
  if ('text' in said) return { ...said, at, unsupported: null };
  const choice = said.choices?.[0];
  if (!choice?.message) {
    throw new LogsadError('LLM_SERVER', { endpoint, status: '200', reason: 'no choice in the answer' });
  }
  const call = choice.message.tool_calls?.[0];
  const called = call && 'function' in call ? call.function.arguments : undefined;
  return {
    text: called ?? choice.message.content ?? '',
    refusal: choice.message.refusal ?? null,
    finish: choice.finish_reason ?? 'stop',
    usage: said.usage ? { input: said.usage.prompt_tokens, output: said.usage.completion_tokens } : null,
    model: said.model ?? '',
    id: said.id ?? null,
    fingerprint: said.system_fingerprint ?? null,
    at,
    unsupported: null,
  };
}

const unsupported = (reason: string, model: string, at: string): ChatReply => ({
  text: '',
  refusal: null,
  finish: 'unsupported',
  usage: null,
  model,
  id: null,
  fingerprint: null,
  at,
  unsupported: reason,
});

/** Faults of ours stay what they are. */
function wrongOf(error: unknown): Wrong | LogsadError {
  if (error instanceof LogsadError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const stopped = error instanceof APIConnectionTimeoutError || error instanceof APIUserAbortError;
  const none = { message, stopped, lost: null, status: null, headers: null, param: '' };
  if (error instanceof APIConnectionError) {
    const cause = (error.cause as { cause?: { code?: string; message?: string }; code?: string } | undefined) ?? {};
    return { ...none, lost: { code: cause.cause?.code ?? cause.code, message: cause.cause?.message } };
  }
  if (!(error instanceof APIError)) return none;
  return { ...none, status: error.status ?? null, headers: error.headers ?? null, param: String(error.param ?? '') };
}

function scrubbed(reply: ChatReply, key: string | null): ChatReply {
  const clean = (t: string | null): string | null => (t === null ? null : scrub(t, key));
  return {
    ...reply,
    text: scrub(reply.text, key),
    refusal: clean(reply.refusal),
    unsupported: clean(reply.unsupported),
    model: scrub(reply.model, key),
    id: clean(reply.id),
    fingerprint: clean(reply.fingerprint),
  };
}
