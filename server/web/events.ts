/** What happens in the service, as it happens: one stream for the whole page, with the gaps filled after a break. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { EVENT_KINDS } from '../schemas/eventKinds.ts';
import { at } from './api.ts';
import type { Event } from './types.ts';

/** False while the stream is broken: figures may be old. */
export const live = signal(true);

const listeners = new Set<(event: Event) => void>();
let stream: EventSource | null = null;
const hear = (message: MessageEvent<string>): void => {
  const event = JSON.parse(message.data) as Event;
  for (const listener of listeners) listener(event);
};

/** Listens from now on; the browser resumes after a break by itself. */
export function openEvents(): () => void {
  stream = new EventSource(at(['events']));
  for (const kind of EVENT_KINDS) stream.addEventListener(kind, hear);
  stream.onopen = () => {
    live.value = true;
  };
  stream.onerror = () => {
    live.value = false;
  };
  return () => {
    stream?.close();
    stream = null;
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
