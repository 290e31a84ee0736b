/**
 * A local server that speaks the wire format of chat completions, streaming too, and answers from a script: what the real
 * client, its retries, time limits and aborts are tested against.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Turn =
  /** An answer: a value is sent as JSON text. */
  | {
      readonly say: unknown;
      readonly finish?: string;
      readonly refusal?: string;
      /** Milliseconds between pieces of the answer. */
      readonly slow?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: number; readonly message: string; readonly headers?: Readonly<Record<string, string>> }
  /** Bytes as they are, with status 200. */
  | { readonly raw: string }
  /** Never answers. */
  | { readonly hang: true };

export interface Received {
  readonly stage: string;
  readonly mode: 'strict' | 'schema' | 'tool' | 'plain';
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string;
  readonly headers: IncomingHttpHeaders;
}

export interface LlmServer {
  readonly url: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** What to answer; called once per request. `nth` counts the requests of a stage from 0. */
export type Script = (request: Received, nth: number) => Turn;

/** Members of the schema told in plain text by which the question of each stage is known where no schema names it. */
const TELLTALES: readonly (readonly [string, string])[] = [
  ['"captions"', 'describe'],
  ['"redraw"', 'correct'],
  ['"withdrawn"', 'revise'],
  ['"left"', 'rules'],
  ['"digit"', 'probe'],
];

interface Body {
  readonly stream?: boolean;
  readonly model?: string;
  readonly messages?: readonly { readonly content: string | readonly { readonly text?: string }[] }[];
  readonly response_format?: { readonly json_schema?: { readonly name?: string; readonly strict?: boolean } };
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

function receivedOf(body: Body, headers: IncomingHttpHeaders): Received {
  const schema = body.response_format?.json_schema;
  const tool = body.tools?.[0]?.function.name;
  // A question may quote earlier answers, whose members are other stages': only the schema that is told counts.
  const said = (body.messages ?? []).flatMap(({ content }) =>
    typeof content === 'string' ? [content] : content.flatMap((part) => (part.text === undefined ? [] : [part.text])),
  );
  const schemaTold = /follow this JSON schema:\n(.*)/.exec(said.join('\n'))?.[1] ?? said.join('\n');
  const told = TELLTALES.find(([mark]) => schemaTold.includes(mark))?.[1] ?? 'unknown';
  const stage = schema?.name ?? tool ?? told;
  const mode = tool ? 'tool' : !schema ? 'plain' : schema.strict ? 'strict' : 'schema';
  return {
    stage,
    mode,
    body: body as Readonly<Record<string, unknown>>,
    authorization: headers.authorization ?? '',
    headers,
  };
}

const read = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    request.on('data', (d) => {
      text += d;
    });
    request.on('end', () => resolve(text));
    request.on('error', reject);
  });

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const PIECES = 6;

function pieces(text: string): string[] {
  const size = Math.max(1, Math.ceil(text.length / PIECES));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

async function answer(turn: Turn, request: Received, response: ServerResponse, n: number): Promise<void> {
  if ('hang' in turn) return;
  if ('raw' in turn) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(turn.raw);
  } else if ('status' in turn) {
    const error = { message: turn.message, type: 'error', code: null, param: null };
    response.writeHead(turn.status, { 'content-type': 'application/json', ...turn.headers });
    response.end(JSON.stringify({ error }));
  } else if ((request.body as Body).stream) await stream(turn, request, response, n);
  else await whole(turn, request, response, n);
}

type Said = Extract<Turn, { readonly say: unknown }>;

const textOf = ({ say }: Said): string => (typeof say === 'string' ? say : JSON.stringify(say));
const headOf = (n: number) => ({ id: `chat-${n}`, created: 0, model: 'careful-1-served', system_fingerprint: 'fp_1' });
const usageOf = (text: string, n: number) => ({
  prompt_tokens: 1000 + n,
  completion_tokens: Math.ceil(text.length / 4),
  total_tokens: 1000 + n + Math.ceil(text.length / 4),
});
const isCalled = (turn: Said, request: Received): boolean => request.mode === 'tool' && !turn.refusal;

async function stream(turn: Said, request: Received, response: ServerResponse, n: number): Promise<void> {
  const text = textOf(turn);
  response.writeHead(200, { 'content-type': 'text/event-stream', ...turn.headers });
  const send = (chunk: object): boolean =>
    response.write(`data: ${JSON.stringify({ ...headOf(n), object: 'chat.completion.chunk', ...chunk })}\n\n`);
  for (const piece of pieces(text)) {
    const called = { tool_calls: [{ index: 0, function: { arguments: piece } }] };
    const delta = turn.refusal ? {} : isCalled(turn, request) ? called : { content: piece };
    send({ choices: [{ index: 0, delta, finish_reason: null }] });
    if (turn.slow) await wait(turn.slow);
  }
  const last = turn.refusal ? { refusal: turn.refusal } : {};
  send({ choices: [{ index: 0, delta: last, finish_reason: turn.finish ?? 'stop' }] });
  send({ choices: [], usage: usageOf(text, n) });
  response.end('data: [DONE]\n\n');
}

async function whole(turn: Said, request: Received, response: ServerResponse, n: number): Promise<void> {
  const text = textOf(turn);
  const called = isCalled(turn, request);
  const tool_calls = [{ id: 'call-1', type: 'function', function: { name: request.stage, arguments: text } }];
  const said = { role: 'assistant', content: turn.refusal || called ? null : text, refusal: turn.refusal ?? null };
  const message = called ? { ...said, tool_calls } : said;
  const finish_reason = turn.finish ?? (called ? 'tool_calls' : 'stop');
  const body = JSON.stringify({
    ...headOf(n),
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason, logprobs: null }],
    usage: usageOf(text, n),
  });
  response.writeHead(200, { 'content-type': 'application/json', ...turn.headers });
  for (const piece of turn.slow ? pieces(body) : [body]) {
    if (response.destroyed) return;
    response.write(piece);
    if (turn.slow) await wait(turn.slow);
  }
  response.end();
}

export async function llmServer(script: Script): Promise<LlmServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(await read(request)) as Body;
      const got = receivedOf(body, request.headers);
      const nth = received.filter((r) => r.stage === got.stage).length;
      received.push(got);
      await answer(script(got, nth), got, response, received.length);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A script from lists of turns per stage; past its end the server fails for good. */
export function scripted(turns: Readonly<Record<string, readonly Turn[]>>): Script {
  return ({ stage }, nth) =>
    turns[stage]?.[nth] ?? { status: 400, message: `the script has no turn ${nth} of ${stage}` };
}
