/** Events as they happen, in order and without gaps, for whoever listens in this process. */
import type { Event } from '../schemas.ts';
import { EVENTS_CHANNEL, eventsAfter, lastEvent } from './events.ts';
import type { Sql } from './sql.ts';

export interface Bus {
  /** Returns what ends the subscription. */
  subscribe(onEvent: (event: Event) => void): () => void;
  /** The first event that `match` accepts, or null after `ms`, or when `signal` aborts. */
  wait(match: (event: Event) => boolean, ms: number, signal?: AbortSignal): Promise<Event | null>;
  close(): void;
}

/** Events are read so many at a time; and at least so often, should a notice be lost. */
const BUS = { page: 200, lookMs: 2000 } as const;

export async function openBus(sql: Sql, onError: (error: unknown) => void): Promise<Bus> {
  const listeners = new Set<(event: Event) => void>();
  let seen = await lastEvent(sql);
  let reading = false;
  let again = false;
  let closed = false;
  const read = async (): Promise<void> => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      do {
        again = false;
        const events = await eventsAfter(sql, seen, BUS.page);
        for (const event of events) {
          seen = event.seq;
          for (const listener of [...listeners]) listener(event);
        }
        if (events.length === BUS.page) again = true;
      } while (again && !closed);
    } catch (error) {
      if (!closed) onError(error);
    } finally {
      reading = false;
    }
  };
  await sql.listen(EVENTS_CHANNEL, () => void read());
  const timer = setInterval(() => {
    if (listeners.size > 0) void read();
  }, BUS.lookMs);
  timer.unref();
  const subscribe = (onEvent: (event: Event) => void): (() => void) => {
    listeners.add(onEvent);
    return () => listeners.delete(onEvent);
  };
  return {
    subscribe,
    wait: (match, ms, signal) =>
      new Promise((resolve) => {
        const end = (event: Event | null): void => {
          stop();
          clearTimeout(timeout);
          signal?.removeEventListener('abort', aborted);
          resolve(event);
        };
        const aborted = (): void => end(null);
        const stop = subscribe((event) => {
          if (match(event)) end(event);
        });
        const timeout = setTimeout(() => end(null), ms);
        signal?.addEventListener('abort', aborted, { once: true });
        if (signal?.aborted) end(null);
      }),
    close: () => {
      closed = true;
      clearInterval(timer);
      listeners.clear();
    },
  };
}
