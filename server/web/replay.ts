/** What another rule file would have said of everything that is stored: asked for part by part, so that it can be watched and left. */
import { useSignal } from '@preact/signals';
import { ApiFault, at, call } from './api.ts';
import type { Replay, ReplayPage } from './contracts.ts';
import { useLoaded } from './load.ts';
import type { Product } from './types.ts';

/** Parts per request: some seconds each. */
const PART = 1000;
/** Changed verdicts that are named; all are counted. */
const NAMED = 100;

export interface ReplayProgress {
  readonly done: number;
  /** About: parts whose inspection failed are among them. */
  readonly total: number;
}

/** Two stretches of one replay as one. */
function joined(a: Replay, b: Replay): Replay {
  return {
    judged: a.judged + b.judged,
    reviewed: a.reviewed + b.reviewed,
    fixes: [...a.fixes, ...b.fixes],
    breaks: [...a.breaks, ...b.breaks],
    changes: [...a.changes, ...b.changes].slice(0, NAMED),
    changed: a.changed + b.changed,
    approximate: a.approximate || b.approximate,
    note: a.note ?? b.note,
  };
}

/**
 * Judges every stored part of a product again by a rule text. Null where there is nothing to compare with: no rules are
 * live, or no profile is ready. @throws ApiFault
 */
export async function replayAll(
  product: string,
  text: string,
  tell: (progress: ReplayProgress) => void,
  signal?: AbortSignal,
): Promise<Replay | null> {
  const stop = signal ? { signal } : {};
  try {
    const { inspections } = await call<Product>(at(['products', product]), stop);
    let sum: Replay | null = null;
    let after: string | null = null;
    do {
      tell({ done: sum?.judged ?? 0, total: inspections });
      const json: object = { text, limit: PART, ...(after === null ? {} : { after }) };
      const page: ReplayPage = await call(at(['products', product, 'replay']), { method: 'POST', json, ...stop });
      const { next, ...found } = page;
      sum = sum === null ? found : joined(sum, found);
      after = next;
    } while (after !== null);
    return sum;
  } catch (fault) {
    if (fault instanceof ApiFault && fault.code === 'PRODUCT_NOT_READY') return null;
    throw fault;
  }
}

/** `replayAll` while a component is shown. `data` may be of before while `loading`. */
export function useReplay(product: string, text: string) {
  const progress = useSignal<ReplayProgress | null>(null);
  const found = useLoaded<Replay | null>(`replay ${product} ${text}`, (signal) =>
    replayAll(
      product,
      text,
      (p) => {
        progress.value = p;
      },
      signal,
    ),
  );
  return { ...found, progress: progress.value };
}
