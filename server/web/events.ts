/** What happens in the service, as it happens: one stream for the whole page, with the gaps filled after a break. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { EVENT_KINDS } from '../schemas/eventKinds.ts';
import { at, call } from './api.ts';
import type { Event, Session } from './types.ts';

/** False while the stream is broken: figures may be old. */
export const live = signal(true);

const listeners = new Set<(event: Event) => void>();
/** Number of the newest event that was heard; null: none yet. */
let last: number | null = null;
const hear = (message: MessageEvent<string>): void => {
  const event = JSON.parse(message.data) as Event;
  last = event.seq;
  for (const listener of listeners) listener(event);
};

/** Pauses before a stream that was refused is asked for again, the last one from then on. */
const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000] as const;

/**
 * Listens from now on. After a break the browser resumes by itself; after a refusal (a service that stops or is full, a
 * session that ended) it never would, so this asks again from the last event, or learns that nobody is signed in.
 */
export function openEvents(): () => void {
  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let over = false;
  last = null;
  const open = (): void => {
    const source = new EventSource(at(['events'], { after: last }));
    stream = source;
    for (const kind of EVENT_KINDS) source.addEventListener(kind, hear);
    source.onopen = () => {
      refusals = 0;
      live.value = true;
    };
    source.onerror = () => {
      live.value = false;
      if (source.readyState !== source.CLOSED || over) return;
      timer = setTimeout(() => void again(), PAUSES_MS[Math.min(refusals++, PAUSES_MS.length - 1)]);
    };
  };
  const again = async (): Promise<void> => {
    // A stream does not tell its status. Asking who is signed in does, and leads to the sign-in page where nobody is.
    await call<Session>(at(['session'])).catch(() => undefined);
    if (!over) open();
  };
  open();
  return () => {
    over = true;
    clearTimeout(timer);
    stream?.close();
    live.value = true;
  };
}

/** Calls `hearing` for every event while the component is shown. */
export function useEvents(hearing: (event: Event) => void): void {
  useEffect(() => {
    listeners.add(hearing);
    return () => void listeners.delete(hearing);
  }, [hearing]);
}
