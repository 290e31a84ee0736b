/** Data of the service in components: what was there before is shown while it is asked again. */
import { type Signal, signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly fault: unknown;
  readonly loading: boolean;
}

/** Answers of lately, so that going back and forth shows them at once. */
const KEPT = 60;
const known = new Map<string, Signal<Loaded<unknown>>>();

function slot<T>(key: string): Signal<Loaded<T>> {
  const found = known.get(key) ?? signal<Loaded<unknown>>({ data: undefined, fault: null, loading: true });
  known.delete(key);
  known.set(key, found);
  if (known.size > KEPT) known.delete(known.keys().next().value!);
  return found as Signal<Loaded<T>>;
}

const NOTHING: Loaded<never> = { data: undefined, fault: null, loading: false };

/** Loads under a key; null loads nothing. `reload` asks again. */
export function useLoaded<T>(
  key: string | null,
  load: (abort: AbortSignal) => Promise<T>,
): Loaded<T> & { reload(): void; set(data: T): void } {
  const again = useSignal(0);
  const state = useMemo(() => (key === null ? signal<Loaded<T>>(NOTHING) : slot<T>(key)), [key]);
  const round = again.value;
  // The key stands for what is loaded, the round for asking again.
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    state.value = { ...state.peek(), loading: true };
    load(stop.signal).then(
      (data) => {
        if (!stop.signal.aborted) state.value = { data, fault: null, loading: false };
      },
      (fault: unknown) => {
        if (!stop.signal.aborted) state.value = { ...state.peek(), fault, loading: false };
      },
    );
    return () => stop.abort();
  }, [key, state, round]);
  return {
    ...state.value,
    reload: () => {
      again.value++;
    },
    set: (data) => {
      state.value = { data, fault: null, loading: false };
    },
  };
}

const choices = new Map<string, Signal<unknown>>();

/** What was kept in the browser under a name, `first` where there is nothing that can be read. */
function stored<T>(name: string, first: T): T {
  try {
    return (JSON.parse(localStorage.getItem(name) ?? 'null') as T | null) ?? first;
  } catch {
    return first;
  }
}

/** A choice that survives a reload of the page and is the same wherever it is shown; `null` forgets it. */
export function useKept<T>(key: string, first: T): Signal<T> {
  const name = `logsad:${key}`;
  const state = useMemo(() => {
    const known = choices.get(name) ?? signal<unknown>(stored(name, first));
    choices.set(name, known);
    return known as Signal<T>;
  }, [name]);
  const value = state.value;
  useEffect(() => {
    if (value === null) localStorage.removeItem(name);
    else if (value !== first) localStorage.setItem(name, JSON.stringify(value));
  }, [name, value]);
  return state;
}

/** A text that survives a reload of the page; removed when it is empty. */
export function useDraft(key: string): Signal<string> {
  const name = `logsad:${key}`;
  const state = useMemo(() => {
    const text = signal(localStorage.getItem(name) ?? '');
    // At once, not after the next paint: the page may be left with the last letter.
    text.subscribe((t) => (t === '' ? localStorage.removeItem(name) : localStorage.setItem(name, t)));
    return text;
  }, [name]);
  return state;
}
