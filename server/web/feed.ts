/** The list of inspections that the queue shows, page by page, kept up to what happens elsewhere. */
import { signal } from '@preact/signals';
import { at, call, type Query } from './api.ts';
import { chains } from './reviewing.ts';
import type { Event, Inspection, Page } from './types.ts';

const PAGE = 100;

export interface Filter {
  readonly product?: string | undefined;
  readonly rule?: string | undefined;
  readonly verdict?: string | undefined;
  readonly review?: string | undefined;
  /** Hours back from now. */
  readonly hours?: string | undefined;
  readonly batch?: string | undefined;
}

const HOUR_MS = 3_600_000;

function asked(filter: Filter): Query {
  const { hours, review, verdict, ...rest } = filter;
  const from = hours ? new Date(Date.now() - Number(hours) * HOUR_MS).toISOString() : undefined;
  return {
    ...rest,
    from,
    review: review === 'any' ? undefined : review,
    verdict: verdict === 'any' ? undefined : verdict,
  };
}

export class Feed {
  readonly items = signal<readonly Inspection[]>([]);
  readonly fault = signal<unknown>(null);
  readonly loading = signal(true);
  /** So many came in since the list was read that it would show. */
  readonly fresh = signal(0);
  readonly #fresh = new Set<string>();
  readonly #filter: Filter;
  #next: string | null = null;
  #round = 0;

  constructor(filter: Filter) {
    this.#filter = filter;
    void this.refresh();
  }

  get ended(): boolean {
    return this.#next === null;
  }

  async refresh(): Promise<void> {
    this.#next = null;
    this.#fresh.clear();
    this.fresh.value = 0;
    await this.#read(true);
  }

  async more(): Promise<void> {
    if (this.#next !== null && !this.loading.peek()) await this.#read(false);
  }

  async #read(anew: boolean): Promise<void> {
    const round = ++this.#round;
    this.loading.value = true;
    try {
      const query = { ...asked(this.#filter), limit: PAGE, ...(anew ? {} : { cursor: this.#next }) };
      const page = await call<Page<Inspection>>(at(['inspections'], query));
      if (round !== this.#round) return;
      this.#next = page.next;
      this.items.value = anew ? page.items : [...this.items.peek(), ...page.items];
      this.fault.value = null;
    } catch (fault) {
      if (round === this.#round) this.fault.value = fault;
    } finally {
      if (round === this.#round) this.loading.value = false;
    }
  }

  patch(id: string, change: Partial<Inspection>): void {
    this.items.value = this.items.peek().map((i) => (i.id === id ? { ...i, ...change } : i));
  }

  #holds(id: string): boolean {
    return this.items.peek().some((i) => i.id === id);
  }

  /** Puts the newest state of an inspection in its place, where the list holds it. Where it cannot be read, nothing changes. */
  async renew(id: string): Promise<void> {
    if (!this.#holds(id)) return;
    const now = await call<Inspection>(at(['inspections', id])).catch(() => null);
    if (!now) return;
    chains.stands(id, now.reviewId);
    this.patch(id, now);
  }

  /** What happened elsewhere: renews what the list holds, and counts what it would show if it were read anew. */
  async hear(event: Event): Promise<void> {
    const { kind, subject, data } = event;
    if (kind === 'review.made' || kind === 'review.undone') await this.renew(String(data.inspection));
    if (kind !== 'inspection.done' && kind !== 'inspection.failed') return;
    if (this.#holds(subject)) await this.renew(subject);
    else if (await this.#shows(event)) {
      this.#fresh.add(subject);
      this.fresh.value = this.#fresh.size;
    }
  }

  /** Whether the filter lets a part pass whose inspection just ended. Asks the service only for what events do not tell. */
  async #shows({ subject, product, data }: Event): Promise<boolean> {
    const f = this.#filter;
    const any = (word: string | undefined): boolean => !word || word === 'any';
    if (f.product && f.product !== product) return false;
    if (!any(f.verdict) && f.verdict !== data.verdict) return false;
    // Nobody has reviewed it yet.
    if (!any(f.review) && f.review !== 'none') return false;
    if (f.rule && !String(data.cause ?? '').startsWith(`${f.rule}: `)) return false;
    if (!f.batch) return true;
    const { batch } = await call<Inspection>(at(['inspections', subject])).catch(() => ({ batch: null }));
    return batch === f.batch;
  }
}

let current: { readonly key: string; readonly feed: Feed } | null = null;

/** One list at a time is kept: going into an inspection and back shows it as it was. */
export function feedOf(filter: Filter): Feed {
  const key = JSON.stringify(filter);
  if (current?.key !== key) current = { key, feed: new Feed(filter) };
  return current.feed;
}
