/** One part looked at closely: picture and layers on the left, what was found and what people said on the right. */
import { useMemo } from 'preact/hooks';
import { at, call } from '../api.ts';
import { useEvents } from '../events.ts';
import { feedOf } from '../feed.ts';
import { exactly, REVIEW_WORDS, when } from '../format.ts';
import { type Binding, useKeys } from '../keys.ts';
import { useDraft, useLoaded } from '../load.ts';
import { FaultBox, StoredFault, VerdictBadge, Waiting } from '../parts/basics.tsx';
import { boxOf, Detectors, Measurements, Violations, valueKey } from '../parts/Findings.tsx';
import { Offers } from '../parts/Offers.tsx';
import { PartPicture, usePart } from '../parts/Part.tsx';
import { ReviewBar } from '../parts/ReviewBar.tsx';
import { review, reviewsChanged, undo } from '../reviewing.ts';
import { go, query, setQuery, to } from '../router.ts';
import type { Inspection as Item, NormalValues, Page, Review, ReviewVerdict } from '../types.ts';
import { filterOf } from './Queue.tsx';

export function Inspection({ id }: { id: string }) {
  const {
    data: i,
    fault,
    reload,
  } = useLoaded<Item>(`inspection ${id}`, (signal) => call(at(['inspections', id]), { signal }));
  useEvents((e) => {
    if (e.subject === id || e.data.inspection === id) reload();
  });
  if (!i)
    return (
      <main class="page">
        {fault ? <FaultBox fault={fault} retry={reload} /> : <Waiting />}
        <p>
          <a href={to(['queue'], inQueue(null))}>Back to the queue</a>
        </p>
      </main>
    );
  return <Shown key={id} inspection={i} reload={reload} />;
}

/** The query of the queue, from the one here: what is chosen within a part stays behind. */
const inQueue = (sel: string | null) => ({ ...query.value, ...(sel ? { sel } : {}), v: null });

function Shown({ inspection: i, reload }: { inspection: Item; reload: () => void }) {
  const part = usePart(i);
  const chosen = query.value.v ?? null;
  const normals = useLoaded<Map<string, readonly number[]>>(
    i.state === 'done' ? `normal values ${i.product} ${i.profile} ${i.rules}` : null,
    async (signal) => {
      const path = at(['products', i.product, 'profiles', i.profile, 'measurements'], { rules: i.rules });
      const { items } = await call<NormalValues>(path, { signal });
      return new Map(items.map((n) => [valueKey(n), n.values]));
    },
  );
  const comment = useDraft(`comment ${i.id}`);
  const feed = feedOf(filterOf(query.value));
  const items = feed.items.value;
  const index = items.findIndex((x) => x.id === i.id);
  const violation = part.result?.violations.find((v) => v.fingerprint === chosen);
  const step = (by: number): void => {
    const next = items[index + by];
    if (index >= 0 && next) go(to(['inspections', next.id], inQueue(next.id)), true);
    if (index >= items.length - 3) void feed.more();
  };
  const decide = async (verdict: ReviewVerdict): Promise<void> => {
    if (await review(i, verdict, feed, comment.peek().trim())) comment.value = '';
    reload();
  };
  const back = async (): Promise<void> => {
    await undo(feed);
    reload();
  };
  const keys = useMemo(
    (): Binding[] => [
      { keys: ['j', 'ArrowDown'], does: 'next part of the queue', run: () => step(1) },
      { keys: ['k', 'ArrowUp'], does: 'part before', run: () => step(-1) },
      { keys: ['o'], does: 'the part is OK', run: () => void decide('ok') },
      { keys: ['n'], does: 'the part is NOK', run: () => void decide('nok') },
      { keys: ['d'], does: 'don’t know', run: () => void decide('unknown') },
      { keys: ['u'], does: 'take the last review back', run: () => void back() },
      {
        keys: ['Escape', 'Backspace'],
        does: 'back to the queue',
        run: () => go(to(['queue'], inQueue(i.id))),
      },
    ],
    [i, index, items],
  );
  useKeys(keys);
  return (
    <main class="inspection">
      <section class="inspection-picture" aria-label="Picture">
        <nav class="crumbs" aria-label="Queue">
          <a class="button quiet" href={to(['queue'], inQueue(i.id))}>
            ← Queue
          </a>
          <span class="gap" />
          {index >= 0 ? (
            <span class="faint small">
              {index + 1} of {items.length}
              {feed.ended ? '' : '+'}
            </span>
          ) : null}
          <button type="button" class="quiet" disabled={index <= 0} onClick={() => step(-1)}>
            Before <kbd>K</kbd>
          </button>
          <button type="button" class="quiet" disabled={index < 0 || index + 1 >= items.length} onClick={() => step(1)}>
            Next <kbd>J</kbd>
          </button>
        </nav>
        <PartPicture inspection={i} {...part} focus={violation ? boxOf(violation, part.scene) : null} tools />
      </section>
      <section class="inspection-words" aria-label="Findings">
        <header class="part-head">
          <h1>
            <VerdictBadge of={i} /> <span>{i.name}</span>
          </h1>
        </header>
        <p class="faint small">
          <a href={to(['products', i.product])}>{i.product}</a> · {exactly(i.createdAt)} · rules {i.rules}, profile{' '}
          {i.profile}
        </p>
        <ReviewBar inspection={i} onReview={(v) => void decide(v)} onUndo={() => void back()} />
        <label class="comment">
          <span class="small faint">Remark, sent with the review</span>
          <input
            type="text"
            value={comment.value}
            maxLength={4000}
            onInput={(e) => (comment.value = e.currentTarget.value)}
          />
        </label>
        <FaultBox fault={part.fault} />
        {i.error ? <StoredFault error={i.error} /> : null}
        {i.state === 'queued' || i.state === 'running' ? <Waiting what="Waiting for the verdict" /> : null}
        {part.result ? (
          <>
            {part.result.reviewReasons.map((r) => (
              <p key={r} class="reason">
                {r}
              </p>
            ))}
            <Violations
              inspection={i}
              result={part.result}
              scene={part.scene}
              normals={normals.data}
              chosen={chosen}
              onChoose={(v) => setQuery({ v: chosen === v.fingerprint ? null : v.fingerprint })}
            />
            <Offers inspection={i} />
            <Detectors result={part.result} />
            <Measurements result={part.result} />
          </>
        ) : null}
        <Reviews id={i.id} />
      </section>
    </main>
  );
}

/** Everything that was said of a part, taken back or not. */
function Reviews({ id }: { id: string }) {
  const round = reviewsChanged.value;
  const { data } = useLoaded<Page<Review>>(`reviews ${id} ${round}`, (signal) =>
    call(at(['inspections', id, 'reviews']), { signal }),
  );
  if (!data || data.items.length === 0) return null;
  return (
    <div class="block">
      <h3>Reviews</h3>
      <ul class="history">
        {[...data.items].reverse().map((r) => (
          <li key={r.id} class={r.undoneAt === null ? '' : 'undone'}>
            <span class={`reviewed ${r.verdict}`}>{REVIEW_WORDS[r.verdict]}</span>{' '}
            <span class="said">
              {r.author},{' '}
              <time dateTime={r.createdAt} title={exactly(r.createdAt)}>
                {when(r.createdAt)}
              </time>
            </span>
            {r.comment ? <q>{r.comment}</q> : null}
            {r.undoneBy === null ? null : <span class="faint"> taken back by {r.undoneBy}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
