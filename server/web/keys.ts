/** Keys of the page: components say what a key does while they are shown, the help lists what holds now. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export interface Binding {
  /** As `KeyboardEvent.key`; several do the same. */
  readonly keys: readonly string[];
  readonly does: string;
  readonly run: () => void;
}

export const bindings = signal<readonly (readonly Binding[])[]>([]);
export const helpShown = signal(false);

/** Whoever types into a field means letters; sliders and lists keep their arrows. */
function typing(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest('input, textarea, select, [contenteditable], dialog, .editor') !== null
  );
}

export function startKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    // The newest component has the first word.
    for (const set of [...bindings.peek()].reverse()) {
      const hit = set.find((b) => b.keys.includes(event.key));
      if (!hit) continue;
      // Enter and space press the button that has the focus.
      if ((event.key === 'Enter' || event.key === ' ') && (event.target as Element).closest('a, button, summary'))
        return;
      event.preventDefault();
      hit.run();
      return;
    }
  });
}

/** Binds keys while the component is shown. */
export function useKeys(list: readonly Binding[]): void {
  useEffect(() => {
    bindings.value = [...bindings.peek(), list];
    return () => {
      bindings.value = bindings.peek().filter((b) => b !== list);
    };
  }, [list]);
}
