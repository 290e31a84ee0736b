/** The engine's side of the conversation with the service. */
import { LogsadError } from '../../src/index.ts';
import type { Desk } from './desk.ts';
import { residentBytes } from './memory.ts';
import type { FromEngine, ToEngine } from './protocol.ts';

/** Answers requests of the parent process until it goes; the desk is handed in so that tests can bring a bad one. */
export function serveParent(desk: Pick<Desk, 'answer'>): void {
  // The service may vanish between the look and the write: nobody waits for this then, and `disconnect` ends the process.
  const send = (message: FromEngine): void => {
    if (process.connected) process.send!(message, undefined, undefined, () => undefined);
  };
  process.on('message', ({ id, ask }: ToEngine) => {
    desk
      .answer(ask as never, (progress) => send({ id, progress }))
      .then((answer) => send({ id, answer, rss: residentBytes() }))
      .catch((error: unknown) => send({ id, fault: faultOf(error) }));
  });
  send({ up: true });
  // Ctrl-C reaches the whole group; the service ends its engines itself once their work is done.
  process.on('SIGINT', () => undefined);
}

function faultOf(error: unknown): Extract<FromEngine, { fault: unknown }>['fault'] {
  if (!(error instanceof LogsadError)) {
    const { code: errno } = error as { code?: unknown };
    return { code: null, params: {}, message: String(error), ...(typeof errno === 'string' ? { errno } : {}) };
  }
  const { code, params, place, message } = error;
  return { code, params: { ...params }, message, ...(place ? { place } : {}) };
}
