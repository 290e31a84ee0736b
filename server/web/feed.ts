/** The list of inspections that the queue shows, page by page, and the reviews that are made from it. */
import { signal } from '@preact/signals';
import { ApiFault, at, call, type Query } from './api.ts';
import { REVIEW_WORDS } from './format.ts';
import { say, sayFault } from './parts/basics.tsx';
import type { Inspection, Page, Review, ReviewVerdict } from './types.ts';

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
  /** More came in since the list was read. */
  readonly fresh = signal(0);
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

  /** Puts the newest state of an inspection in its place, where the list holds it. */
  async renew(id: string): Promise<void> {
    if (!this.items.peek().some((i) => i.id === id)) {
      this.fresh.value++;
      return;
    }
    this.patch(id, await call<Inspection>(at(['inspections', id])));
  }
}

let current: { readonly key: string; readonly feed: Feed } | null = null;

/** One list at a time is kept: going into an inspection and back shows it as it was. */
export function feedOf(filter: Filter): Feed {
  const key = JSON.stringify(filter);
  if (current?.key !== key) current = { key, feed: new Feed(filter) };
  return current.feed;
}

// --- reviews ---------------------------------------------------------------------------------------------------------

const UNDOABLE = 'logsad:undo';
interface Made {
  readonly review: string;
  readonly inspection: string;
  readonly before: Inspection['review'];
}
const made = (): Made[] => JSON.parse(sessionStorage.getItem(UNDOABLE) ?? '[]') as Made[];
const remember = (list: readonly Made[]): void => sessionStorage.setItem(UNDOABLE, JSON.stringify(list.slice(-50)));

/** Counts up whenever a review changed: what shows reviews reads them anew. */
export const reviewsChanged = signal(0);

let turn: Promise<unknown> = Promise.resolve();

/** One after the other, in the order of the keys: what is taken back must be the review that was made last. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = turn.then(work);
  turn = done.catch(() => undefined);
  return done;
}

/** The newest review of the whole part that stands. */
async function standing(inspection: string): Promise<Review | null> {
  const { items } = await call<Page<Review>>(at(['inspections', inspection, 'reviews']));
  return items.filter((r) => r.violation === null && r.undoneAt === null).at(-1) ?? null;
}

/** Says OK, NOK or unknown of the whole part. True when it was taken. */
export function review(i: Inspection, verdict: ReviewVerdict, feed: Feed | null, comment = ''): Promise<boolean> {
  feed?.patch(i.id, { review: verdict });
  return inTurn(() => send(i, verdict, feed, comment));
}

async function send(i: Inspection, verdict: ReviewVerdict, feed: Feed | null, comment: string): Promise<boolean> {
  try {
    const seen = i.review === null ? null : ((await standing(i.id))?.id ?? null);
    const body = { verdict, seen, ...(comment === '' ? {} : { comment }) };
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const r = await call<Review>(at(['inspections', i.id, 'reviews']), { method: 'POST', json: body, headers });
    remember([...made(), { review: r.id, inspection: i.id, before: i.review }]);
    const action = { name: 'Undo', run: () => void undo(feed) };
    say(`${i.name}: ${REVIEW_WORDS[verdict]}`, { topic: 'review', action });
    reviewsChanged.value++;
    return true;
  } catch (fault) {
    feed?.patch(i.id, { review: i.review });
    if (fault instanceof ApiFault && fault.status === 409) void feed?.renew(i.id);
    sayFault(fault);
    return false;
  }
}

/** Takes the last review of this session back, also after a reload. Its inspection's id, or null where there is none. */
export const undo = (feed: Feed | null): Promise<string | null> => inTurn(() => takeBack(feed));

async function takeBack(feed: Feed | null): Promise<string | null> {
  const list = made();
  const last = list.pop();
  if (!last) {
    say('There is no review of yours to take back.', { topic: 'review' });
    return null;
  }
  try {
    await call(at(['reviews', last.review, 'undo']), { method: 'POST' });
    feed?.patch(last.inspection, { review: last.before });
    say('Review taken back.', { topic: 'review' });
    reviewsChanged.value++;
  } catch (fault) {
    sayFault(fault);
  }
  remember(list);
  return last.inspection;
}
