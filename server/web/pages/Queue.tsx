/** The queue: a long list on the left, the chosen part on the right, one key per decision. */
import { useMemo } from 'preact/hooks';
import { at, call, picture } from '../api.ts';
import { useEvents } from '../events.ts';
import { type Feed, feedOf } from '../feed.ts';
import { causeOf, exactly, when } from '../format.ts';
import { type Binding, useKeys } from '../keys.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, ReviewBadge, VerdictBadge, Waiting } from '../parts/basics.tsx';
import { otherCause } from '../parts/Findings.tsx';
import { PartPicture, usePart } from '../parts/Part.tsx';
import { ReviewBar } from '../parts/ReviewBar.tsx';
import { VirtualList } from '../parts/VirtualList.tsx';
import { review, undo } from '../reviewing.ts';
import { go, query, setQuery, to } from '../router.ts';
import type { Event, Inspection, Page, Product, ProductMetrics, ReviewVerdict } from '../types.ts';

const ROW = 68;
const THUMB = 112;

/** What the address says; parts that nobody looked at are asked for unless it says otherwise. */
export function filterOf(q: Readonly<Record<string, string>>) {
  return {
    product: q.product,
    rule: q.rule,
    verdict: q.verdict,
    review: q.review ?? 'none',
    hours: q.hours,
    batch: q.batch,
  };
}

/** The row that the address names, the first where it names none; -1: it is not in the list. */
function rowOf(items: readonly Inspection[], sel: string | undefined): number {
  return sel ? items.findIndex((i) => i.id === sel) : items.length > 0 ? 0 : -1;
}

export function Queue() {
  const q = query.value;
  const feed = feedOf(filterOf(q));
  const items = feed.items.value;
  const index = rowOf(items, q.sel);
  const chosen = items[index];
  useEvents((e: Event) => void feed.hear(e));
  useQueueKeys(feed);
  return (
    <main class="queue">
      <section class="queue-side" aria-label="Queue">
        <Filters />
        {feed.fresh.value > 0 ? (
          <button type="button" class="fresh" onClick={() => void feed.refresh()}>
            {feed.fresh.value} new, show
          </button>
        ) : null}
        <FaultBox fault={feed.fault.value} retry={() => void feed.refresh()} />
        {items.length === 0 && feed.loading.value ? <Waiting /> : null}
        {items.length === 0 && !feed.loading.value && !feed.fault.value ? <Nothing q={q} /> : null}
        {items.length > 0 ? (
          <VirtualList
            count={items.length}
            row={ROW}
            label="Inspections"
            chosen={index}
            rowId={(n) => `row-${items[n]?.id}`}
            onEnd={() => void feed.more()}
          >
            {(n) => <Row inspection={items[n]!} chosen={n === index} />}
          </VirtualList>
        ) : null}
      </section>
      <section class="queue-part" aria-label="Chosen part">
        {chosen ? <Chosen inspection={chosen} feed={feed} index={index} /> : null}
      </section>
    </main>
  );
}

function Nothing({ q }: { q: Readonly<Record<string, string>> }) {
  const narrowed = Object.keys(q).some((k) => k !== 'sel');
  if (narrowed) {
    return (
      <Empty title="Nothing matches these filters">
        <button type="button" onClick={() => go(to(['queue']))}>
          Clear filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing waits for a review">
      <p class="faint">
        New parts appear here by themselves. <a href={to(['queue'], { review: 'any' })}>Show reviewed parts too</a>, or{' '}
        <a href={to(['batch'])}>inspect a batch</a>.
      </p>
    </Empty>
  );
}

/** Goes to a row; the address remembers it. */
function choose(feed: Feed, index: number): void {
  const item = feed.items.peek()[index];
  if (item) setQuery({ sel: item.id });
  if (index >= feed.items.peek().length - 3) void feed.more();
}

async function decide(feed: Feed, index: number, verdict: ReviewVerdict): Promise<void> {
  const i = feed.items.peek()[index];
  if (i?.state !== 'done') return;
  // The next part comes at once; a refused review says so and stays in the list.
  choose(feed, Math.min(index + 1, feed.items.peek().length - 1));
  await review(i, verdict, feed);
}

async function takeBack(feed: Feed): Promise<void> {
  const id = await undo(feed);
  if (id !== null) setQuery({ sel: id });
}

function useQueueKeys(feed: Feed): void {
  const list = useMemo((): Binding[] => {
    // Read when a key is pressed, not when the list was drawn: who types fast must not review a part twice.
    const here = (): number => rowOf(feed.items.peek(), query.peek().sel);
    const open = (): void => {
      const i = feed.items.peek()[here()];
      if (i) go(to(['inspections', i.id], query.peek()));
    };
    return [
      { keys: ['j', 'ArrowDown'], does: 'next part', run: () => choose(feed, here() + 1) },
      { keys: ['k', 'ArrowUp'], does: 'part before', run: () => choose(feed, Math.max(0, here() - 1)) },
      { keys: ['o'], does: 'the part is OK', run: () => void decide(feed, here(), 'ok') },
      { keys: ['n'], does: 'the part is NOK', run: () => void decide(feed, here(), 'nok') },
      { keys: ['d'], does: 'don’t know', run: () => void decide(feed, here(), 'unknown') },
      { keys: ['u'], does: 'take the last review back', run: () => void takeBack(feed) },
      { keys: ['Enter'], does: 'look closely: layers, measurements, rules', run: open },
      { keys: ['r'], does: 'read the list anew', run: () => void feed.refresh() },
    ];
  }, [feed]);
  useKeys(list);
}

function Row({ inspection: i, chosen }: { inspection: Inspection; chosen: boolean }) {
  const cause = causeOf(i);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys of the whole page choose rows.
    // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus and names this row.
    <div
      class={chosen ? 'row chosen' : 'row'}
      role="option"
      aria-selected={chosen}
      id={`row-${i.id}`}
      onClick={() => setQuery({ sel: i.id })}
      onDblClick={() => go(to(['inspections', i.id], query.peek()))}
    >
      <img class="thumb" src={picture.inspection(i.id, THUMB)} alt="" loading="lazy" />
      <div class="row-words">
        <span class="row-head">
          <VerdictBadge of={i} />
          <span class="row-name">{i.name}</span>
          <ReviewBadge verdict={i.review} />
        </span>
        <span class="row-foot">
          <span class="row-cause">
            {cause?.text ??
              i.error?.message ??
              (i.state !== 'done' ? i.product : i.verdict === 'pass' ? 'nothing found' : 'unlike the normals')}
          </span>
          <time dateTime={i.createdAt} title={exactly(i.createdAt)}>
            {when(i.createdAt)}
          </time>
        </span>
      </div>
    </div>
  );
}

function Chosen({ inspection: i, feed, index }: { inspection: Inspection; feed: Feed; index: number }) {
  const part = usePart(i);
  const [first, ...more] = part.result?.violations ?? [];
  return (
    <>
      <header class="part-head">
        <h1>
          <VerdictBadge of={i} /> <span>{i.name}</span>
        </h1>
        <a class="button" href={to(['inspections', i.id], query.value)}>
          Look closely <kbd>↵</kbd>
        </a>
      </header>
      <p class="sentence">
        {first ? (
          <>
            <b>{first.because || first.message}</b> {first.because ? first.message : ''}
            {more.length > 0 ? <span class="faint"> and {more.length} more</span> : null}
          </>
        ) : (
          (i.error?.message ?? (part.result ? otherCause(part.result) : ''))
        )}
      </p>
      <FaultBox fault={part.fault} />
      <PartPicture inspection={i} {...part} focus={null} tools={false} />
      <ReviewBar
        inspection={i}
        onReview={(verdict) => void decide(feed, index, verdict)}
        onUndo={() => void takeBack(feed)}
      />
    </>
  );
}

/** Filters live in the address: a link shows another person the same list. */
function Filters() {
  const q = query.value;
  const products = useLoaded<Page<Product>>('products', (signal) => call(at(['products']), { signal }));
  const one = products.data?.items.length === 1 ? products.data.items[0]!.id : undefined;
  const product = q.product ?? one;
  const metrics = useLoaded<ProductMetrics>(product ? `metrics ${product}` : null, (signal) =>
    call(at(['products', product!, 'metrics']), { signal }),
  );
  const set = (name: string) => (e: { currentTarget: HTMLSelectElement }) =>
    setQuery({ [name]: e.currentTarget.value, sel: null, ...(name === 'product' ? { rule: null } : {}) });
  const causes = metrics.data?.causes ?? [];
  const rules = [...new Set([...causes.map((c) => c.rule), ...(q.rule ? [q.rule] : [])])];
  return (
    <form class="filters" aria-label="Filters" onSubmit={(e) => e.preventDefault()}>
      <select aria-label="Review state" value={q.review ?? ''} onChange={set('review')}>
        <option value="">to review</option>
        <option value="any">all</option>
        <option value="ok">reviewed OK</option>
        <option value="nok">reviewed NOK</option>
        <option value="unknown">don’t know</option>
      </select>
      <select aria-label="Verdict" value={q.verdict ?? ''} onChange={set('verdict')}>
        <option value="">any verdict</option>
        <option value="reject">reject</option>
        <option value="review">review</option>
        <option value="pass">pass</option>
      </select>
      {one === undefined ? (
        <select aria-label="Product" value={q.product ?? ''} onChange={set('product')}>
          <option value="">all products</option>
          {products.data?.items.map((p) => (
            <option key={p.id} value={p.id}>
              {p.title}
            </option>
          ))}
        </select>
      ) : null}
      <select
        aria-label="Rule"
        value={q.rule ?? ''}
        onChange={set('rule')}
        disabled={!product}
        title={product ? undefined : 'Choose a product first'}
      >
        <option value="">any rule</option>
        {rules.map((r) => (
          <option key={r} value={r}>
            {r}
          </option>
        ))}
      </select>
      <select aria-label="Time" value={q.hours ?? ''} onChange={set('hours')}>
        <option value="">any time</option>
        <option value="1">last hour</option>
        <option value="24">last day</option>
        <option value="168">last week</option>
      </select>
      {q.batch ? (
        <button
          type="button"
          class="chip"
          onClick={() => setQuery({ batch: null, sel: null })}
          title="Show all batches"
        >
          one batch ×
        </button>
      ) : null}
    </form>
  );
}
