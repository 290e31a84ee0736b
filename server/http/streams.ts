/** Server-sent events on the wire. */
import type { Response } from 'express';
import { LIMITS } from '../config.ts';
import type { EventSource } from './endpoint.ts';

/** A reader that is so many bytes behind is cut off; it comes back with Last-Event-ID and misses nothing. */
const MOST_BEHIND = 4 * 2 ** 20;

/** Resolves when the client has gone. */
export async function streamEvents(res: Response, source: EventSource, signal: AbortSignal): Promise<void> {
  res.status(200);
  res.setHeader('content-type', 'text/event-stream');
  res.setHeader('cache-control', 'no-cache, no-transform');
  res.setHeader('x-accel-buffering', 'no');
  res.flushHeaders();
  res.write(': hello\n\n');
  const beat = setInterval(() => res.write(': beat\n\n'), LIMITS.heartbeatMs);
  try {
    await source((event) => {
      res.write(`id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
      if (res.writableLength > MOST_BEHIND) res.destroy();
    }, signal);
  } finally {
    clearInterval(beat);
    res.end();
  }
}
