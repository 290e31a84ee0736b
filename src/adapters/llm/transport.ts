/** What passes between the package and a server: nothing that the configuration does not name. */
import { LogsadError } from '../../core/errors.ts';

/** Variables by which the package would add headers of its own; they may hold keys of another server. */
const AMBIENT = 'OPENAI_CUSTOM_HEADERS';

/**
 * Runs `make` while the package cannot see the headers that the environment holds: it reads them when a client is made
 * and has no switch for them. `make` is synchronous, so nobody else sees the gap.
 */
export function withoutAmbientHeaders<T>(make: () => T): T {
  const kept = process.env[AMBIENT];
  delete process.env[AMBIENT];
  try {
    return make();
  } finally {
    if (kept !== undefined) process.env[AMBIENT] = kept;
  }
}

/** Most bytes of one answer as it comes over the wire; a stream says little with many bytes. */
export const MOST_BYTES = { whole: 8 * 2 ** 20, stream: 64 * 2 ** 20 } as const;
/** Most characters that the pieces of a stream may add up to. */
export const MOST_CHARACTERS = 4 * 2 ** 20;

/** An answer beyond what is read. */
export const tooLong = (endpoint: string, most: string): LogsadError =>
  new LogsadError('LLM_SERVER', {
    endpoint,
    status: '200',
    reason: `the answer is longer than ${most}, and was not read further`,
  });

/** All headers that a server is sent (and what HTTP itself needs): the package would add the platform, its version and more. */
const HEADERS = ['accept', 'content-type'] as const;
/** Those that hold the key. */
const SECRET = ['authorization', 'api-key'] as const;
const AGENT = 'logsad';

export interface Transport {
  readonly endpoint: string;
  /** Bytes of an answer that are read. */
  readonly most: number;
  /** There is a key; without, none of its headers is sent. */
  readonly keyed: boolean;
  readonly send?: typeof fetch;
}

/** `send` with the headers named above and no others; bodies fail with LLM_SERVER once they pass `most` bytes: nothing longer is held in memory. */
export function boundedFetch({ endpoint, most, keyed, send = fetch }: Transport): typeof fetch {
  const names = keyed ? [...HEADERS, ...SECRET] : HEADERS;
  return async (input, init) => {
    const given = new Headers(init?.headers);
    const sent = new Headers({ 'user-agent': AGENT });
    for (const name of names) if (given.has(name)) sent.set(name, given.get(name)!);
    const response = await send(input, { ...init, headers: sent });
    if (response.body === null) return response;
    let bytes = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          bytes += piece.byteLength;
          if (bytes > most) controller.error(tooLong(endpoint, `${most / 2 ** 20} MiB`));
          else controller.enqueue(piece);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(counted, { status, statusText, headers });
  };
}

/** An HTTP request as it would go over the wire; the key is not shown. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly bytes: number;
}

export function sentBy(input: Parameters<typeof fetch>[0], init: Parameters<typeof fetch>[1]): Sent {
  const body = typeof init?.body === 'string' ? init.body : '';
  const headers = [...new Headers(init?.headers)].map(([name, value]): [string, string] =>
    (SECRET as readonly string[]).includes(name) ? [name, '(the key, not shown)'] : [name, value],
  );
  return {
    method: init?.method ?? 'GET',
    url: typeof input === 'string' ? input : input instanceof URL ? input.href : input.url,
    headers: Object.fromEntries(headers),
    body: JSON.parse(body) as unknown,
    bytes: Buffer.byteLength(body),
  };
}

/** What nobody answers to a request that was not sent. */
export function unsent(stream: boolean): Response {
  const choices = [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }];
  return stream
    ? new Response('data: [DONE]\n\n', { headers: { 'content-type': 'text/event-stream' } })
    : new Response(JSON.stringify({ choices }), { headers: { 'content-type': 'application/json' } });
}
