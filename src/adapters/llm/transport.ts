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

/** `fetch`, whose bodies fail with LLM_SERVER once they pass `most` bytes: nothing longer is held in memory. */
export function boundedFetch(endpoint: string, most: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
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
