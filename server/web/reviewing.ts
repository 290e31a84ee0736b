/** Reviews that are made on this page, one after the other, and taken back. */
import { signal } from '@preact/signals';
import { ApiFault, at, call } from './api.ts';
import { settle } from './disputes.ts';
import type { Feed } from './feed.ts';
import { REVIEW_WORDS } from './format.ts';
import { say, sayFault } from './parts/basics.tsx';
import type { Inspection, Page, Review, ReviewVerdict } from './types.ts';

const UNDOABLE = 'logsad:undo';
interface Made {
  readonly review: string;
  readonly inspection: string;
  readonly before: Inspection['review'];
  readonly beforeId: string | null;
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

/**
 * Where reviews made on this page have led: who types fast answers what a part was some keys ago, and has overruled nobody
 * but themselves.
 */
export const chains = {
  moved: new Map<string, { readonly from: Set<string | null>; now: string | null }>(),
  /** Reviews that are on their way. */
  pending: 0,

  /** The review that somebody knew of who sees `shown` on this page. */
  known(inspection: string, shown: string | null): string | null {
    const chain = this.moved.get(inspection);
    return chain?.from.has(shown) ? chain.now : shown;
  },
  move(inspection: string, from: readonly (string | null)[], now: string | null): void {
    const chain = this.moved.get(inspection) ?? { from: new Set<string | null>(), now };
    this.moved.set(inspection, chain);
    for (const id of from) chain.from.add(id);
    chain.from.delete(now);
    chain.now = now;
  },
  /** The service says which review stands: what was moved on from counts no more, unless keys are still under way. */
  stands(inspection: string, stands: string | null): void {
    if (this.pending === 0 && this.moved.get(inspection)?.now !== stands) this.moved.delete(inspection);
  },
};

/** Says OK, NOK or unknown of the whole part. True when it was taken. */
export async function review(i: Inspection, verdict: ReviewVerdict, feed: Feed | null, comment = ''): Promise<boolean> {
  feed?.patch(i.id, { review: verdict });
  chains.pending++;
  try {
    return await inTurn(() => send(i, verdict, feed, comment));
  } finally {
    chains.pending--;
  }
}

async function send(i: Inspection, verdict: ReviewVerdict, feed: Feed | null, comment: string): Promise<boolean> {
  let seen = chains.known(i.id, i.reviewId);
  let before = i.review;
  for (;;) {
    try {
      const r = await post(i, { verdict, seen, comment });
      chains.move(i.id, [i.reviewId, seen], r.id);
      feed?.patch(i.id, { review: verdict, reviewId: r.id });
      remember([...made(), { review: r.id, inspection: i.id, before, beforeId: seen }]);
      const action = { name: 'Undo', run: () => void undo(feed) };
      say(`${i.name}: ${REVIEW_WORDS[verdict]}`, { topic: 'review', action });
      reviewsChanged.value++;
      return true;
    } catch (fault) {
      const theirs = await overtaken(i.id, fault);
      if (theirs === undefined) {
        feed?.patch(i.id, { review: before });
        void feed?.renew(i.id);
        sayFault(fault);
        return false;
      }
      feed?.patch(i.id, { review: theirs?.verdict ?? null, reviewId: theirs?.id ?? null });
      reviewsChanged.value++;
      if (theirs?.verdict === verdict && comment === '') {
        say(`${i.name}: ${theirs.author} said ${REVIEW_WORDS[verdict]} too.`, { topic: 'review' });
        return true;
      }
      if (!(await settle({ inspection: i, verdict, theirs }))) return false;
      seen = theirs?.id ?? null;
      before = theirs?.verdict ?? null;
    }
  }
}

function post(i: Inspection, said: { verdict: ReviewVerdict; seen: string | null; comment: string }): Promise<Review> {
  const { comment, ...rest } = said;
  const json = { ...rest, ...(comment === '' ? {} : { comment }) };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return call<Review>(at(['inspections', i.id, 'reviews']), { method: 'POST', json, headers });
}

/** What somebody else said meanwhile; null: they took a review back; undefined: the fault is of another kind. */
async function overtaken(inspection: string, fault: unknown): Promise<Review | null | undefined> {
  if (!(fault instanceof ApiFault && fault.code === 'CONFLICT')) return undefined;
  try {
    const { items } = await call<Page<Review>>(at(['inspections', inspection, 'reviews']));
    return items.filter((r) => r.violation === null && r.undoneAt === null).at(-1) ?? null;
  } catch {
    return undefined;
  }
}

/** Takes the last review of this session back, also after a reload. Its inspection's id, or null where none was taken back. */
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
  } catch (fault) {
    // One that is gone will never be taken back; any other can be the next time.
    if (fault instanceof ApiFault && fault.status === 404) remember(list);
    sayFault(fault);
    return null;
  }
  remember(list);
  const reviewId = last.beforeId ?? null;
  chains.move(last.inspection, [last.review], reviewId);
  feed?.patch(last.inspection, { review: last.before, reviewId });
  say('Review taken back.', { topic: 'review' });
  reviewsChanged.value++;
  return last.inspection;
}
