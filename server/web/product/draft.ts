/** The rule file that somebody works on: kept in the browser until it is saved, shared by all tabs of a product. */
import { type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { at, call } from '../api.ts';
import { useLoaded } from '../load.ts';
import type { Page, RuleFile, RuleFileText } from '../types.ts';

interface Kept {
  /** The newest version that was known when the edit began. */
  readonly base: number;
  readonly text: string;
}

export interface RuleDraft {
  /** What is being worked on: the draft, or else the newest version. */
  readonly text: string;
  readonly newest: RuleFileText | null;
  readonly versions: readonly RuleFile[];
  readonly base: number;
  readonly dirty: boolean;
  /** Somebody saved another version since the draft began. */
  readonly overtaken: boolean;
  set(text: string): void;
  /** Edits what stands there now, also when two edits come before the page is drawn anew. */
  edit(change: (text: string) => string): void;
  drop(): void;
  reload(): void;
}

const name = (product: string): string => `logsad:rules ${product}`;
const drafts = new Map<string, Signal<Kept | null>>();

function draftOf(product: string): Signal<Kept | null> {
  let found = drafts.get(product);
  if (!found) {
    const stored = localStorage.getItem(name(product));
    found = signal(stored === null ? null : (JSON.parse(stored) as Kept));
    drafts.set(product, found);
  }
  return found;
}

/** Undefined while it is loaded; `fault` where that failed. */
export function useRuleDraft(product: string): { readonly draft: RuleDraft | undefined; readonly fault: unknown } {
  const kept = draftOf(product);
  const loaded = useLoaded<{ versions: readonly RuleFile[]; newest: RuleFileText | null }>(
    `rules ${product}`,
    async (signal) => {
      const { items } = await call<Page<RuleFile>>(at(['products', product, 'rules']), { signal });
      const first = items[0];
      const newest = first
        ? await call<RuleFileText>(at(['products', product, 'rules', first.version]), { signal })
        : null;
      return { versions: items, newest };
    },
  );
  const value = kept.value;
  useEffect(() => {
    if (value === null) localStorage.removeItem(name(product));
    else localStorage.setItem(name(product), JSON.stringify(value));
  }, [value, product]);
  const data = loaded.data;
  const draft = useMemo((): RuleDraft | undefined => {
    if (!data) return undefined;
    const { newest, versions } = data;
    const saved = newest?.text ?? skeleton(product);
    const version = newest?.version ?? 0;
    const dirty = value !== null && value.text !== saved;
    const set = (text: string): void => {
      kept.value = text === saved ? null : { base: kept.peek()?.base ?? version, text };
    };
    return {
      text: value?.text ?? saved,
      newest,
      versions,
      base: value?.base ?? version,
      dirty,
      overtaken: dirty && value.base < version,
      set,
      edit: (change) => set(change(kept.peek()?.text ?? saved)),
      drop: () => {
        kept.value = null;
      },
      reload: loaded.reload,
    };
  }, [data, value, product]);
  return { draft, fault: loaded.fault };
}

/** What a product without a rule file starts with. */
const skeleton = (product: string): string =>
  `schema: logsad/rules/v1\nproduct: ${product}\n\ninterests: {}\n\nrules: []\n\ndetectors: [patch, composition]\n`;
