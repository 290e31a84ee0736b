/** Many pictures at once: dropped, sent, and watched as their verdicts come in. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { at, call, may, picture } from '../api.ts';
import { useEvents } from '../events.ts';
import { exactly, plural } from '../format.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, ProgressLine, ReviewBadge, say, VerdictBadge, Waiting } from '../parts/basics.tsx';
import { go, query, setQuery, to } from '../router.ts';
import type { Batch as Counts, Inspection, NewBatch, Page, Product } from '../types.ts';

/** Pictures of a batch that are shown; a batch request takes as many. */
const MOST = 500;
/** Bytes of one request; the service takes 512 MB with what a form adds. */
const MOST_BYTES = 480 * 2 ** 20;
const THUMB = 200;
/** Events of a batch come in bursts: figures are asked for at this pace. */
const PACE_MS = 600;

export function Batch({ id }: { id: string }) {
  return id ? <Watched id={id} /> : <Upload />;
}

/** Batches of this browser, newest first. */
const RECENT = 'logsad:batches';
interface Recent {
  readonly id: string;
  readonly product: string;
  readonly at: string;
  readonly total: number;
}
const recent = (): Recent[] => JSON.parse(localStorage.getItem(RECENT) ?? '[]') as Recent[];

/** Pictures in forms that the service takes: no more pictures, and no more bytes, than one may have. */
export function formsOf<T extends { readonly size: number }>(pictures: readonly T[]): T[][] {
  const forms: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const p of pictures) {
    if (bytes + p.size > MOST_BYTES || forms.at(-1)!.length === MOST) {
      forms.push([]);
      bytes = 0;
    }
    forms.at(-1)!.push(p);
    bytes += p.size;
  }
  return forms;
}

/** Sends one form and remembers its batch, whose id it gives. @throws ApiFault */
async function sendForm(product: string, pictures: readonly File[]): Promise<string> {
  const form = new FormData();
  for (const f of pictures) form.append('image', f, f.name);
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const made = await call<NewBatch>(at(['products', product, 'batches']), { method: 'POST', body: form, headers });
  for (const r of made.refused) say(`${r.name}: ${r.error.message}`, { bad: true });
  const { id, createdAt, total } = made.batch;
  localStorage.setItem(RECENT, JSON.stringify([{ id, product, at: createdAt, total }, ...recent()].slice(0, 12)));
  return id;
}

function Upload() {
  const products = useLoaded<Page<Product>>('products', (signal) => call(at(['products']), { signal }));
  const ready = (products.data?.items ?? []).filter((p) => p.liveRules !== null && p.readyProfile !== null);
  const product = ready.find((p) => p.id === query.value.product)?.id ?? ready[0]?.id;
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const input = useRef<HTMLInputElement>(null);
  const send = async (files: readonly File[]): Promise<void> => {
    const pictures = files.filter((f) => f.type.startsWith('image/') || /\.(tiff?|bmp)$/i.test(f.name));
    if (pictures.length === 0 || product === undefined) return;
    setFault(null);
    const batches: string[] = [];
    let sent = 0;
    try {
      for (const part of formsOf(pictures)) {
        setBusy(
          `Sending ${sent === 0 ? '' : `${sent + 1} to ${sent + part.length} of `}${plural(pictures.length, 'picture')}`,
        );
        batches.push(await sendForm(product, part));
        sent += part.length;
      }
    } catch (error) {
      setFault(error);
      if (sent > 0) say(`${sent} of ${plural(pictures.length, 'picture')} were sent.`, { bad: true });
    }
    setBusy('');
    if (sent < pictures.length) return;
    if (batches.length === 1) go(to(['batch', batches[0]!]));
    else say(`${plural(sent, 'picture')} were sent as ${batches.length} batches.`);
  };
  if (!products.data)
    return <main class="page">{products.fault ? <FaultBox fault={products.fault} /> : <Waiting />}</main>;
  if (ready.length === 0) {
    return (
      <main class="page">
        <Empty title="No product is ready to inspect">
          <p class="faint">
            A product needs live rules and a learnt profile. <a href={to(['products'])}>Open products</a>
          </p>
        </Empty>
      </main>
    );
  }
  return (
    <main class="page">
      <header class="page-head">
        <h1>Inspect a batch</h1>
        <span class="gap" />
        <select aria-label="Product" value={product} onChange={(e) => setQuery({ product: e.currentTarget.value })}>
          {ready.map((p) => (
            <option key={p.id} value={p.id}>
              {p.title}
            </option>
          ))}
        </select>
      </header>
      <FaultBox fault={fault} />
      {may('reviewer') ? (
        <button
          type="button"
          class={over ? 'drop over' : 'drop'}
          disabled={busy !== ''}
          onClick={() => input.current?.click()}
          onDragOver={(e) => {
            e.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(e) => {
            e.preventDefault();
            setOver(false);
            void send([...(e.dataTransfer?.files ?? [])]);
          }}
        >
          <span class="drop-title">{busy ? `${busy} …` : 'Drop photographs here'}</span>
          <span class="faint">or choose files; JPEG, PNG, WebP, TIFF; more than {MOST} become several batches</span>
        </button>
      ) : (
        <p class="note">A token of role reviewer may send pictures.</p>
      )}
      <input
        ref={input}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label="Photographs"
        multiple
        accept="image/*"
        onChange={(e) => {
          void send([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = '';
        }}
      />
      {recent().length > 0 ? (
        <section class="card">
          <h2>Batches sent from here</h2>
          <ul class="plain">
            {recent().map((b) => (
              <li key={b.id}>
                <a href={to(['batch', b.id])}>{exactly(b.at)}</a>{' '}
                <span class="faint">
                  {plural(b.total, 'picture')}, {b.product}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </main>
  );
}

const KINDS = ['reject', 'review', 'pass', 'failed'] as const;

function Watched({ id }: { id: string }) {
  const counts = useLoaded<Counts>(`batch ${id}`, (signal) => call(at(['batches', id]), { signal }));
  const items = useLoaded<Page<Inspection>>(`batch list ${id}`, (signal) =>
    call(at(['inspections'], { batch: id, limit: MOST }), { signal }),
  );
  const due = useRef(0);
  const busy = useRef(false);
  busy.current = counts.loading || items.loading;
  const again = (): void => {
    // Asked again it would be given up: on a slow machine nothing would ever arrive.
    due.current = busy.current ? window.setTimeout(again, PACE_MS) : 0;
    if (due.current !== 0) return;
    counts.reload();
    items.reload();
  };
  useEvents(({ kind }) => {
    if (kind.startsWith('inspection.') || kind.startsWith('review.')) due.current ||= window.setTimeout(again, PACE_MS);
  });
  useEffect(() => () => clearTimeout(due.current), []);
  const b = counts.data;
  if (!b)
    return (
      <main class="page">{counts.fault ? <FaultBox fault={counts.fault} retry={counts.reload} /> : <Waiting />}</main>
    );
  const finished = b.done + b.failed;
  const only = query.value.show;
  const list = [...(items.data?.items ?? [])].reverse();
  const shown = list.filter((i) => !only || (i.verdict ?? i.state) === only);
  return (
    <main class="page">
      <header class="page-head">
        <h1>Batch of {plural(b.total, 'picture')}</h1>
        <span class="faint">
          {b.product} · {exactly(b.createdAt)} · {b.author}
        </span>
        <span class="gap" />
        <span class="row-of-buttons">
          <a class="button" href={to(['queue'], { batch: id, review: 'any' })}>
            Review these
          </a>
          <a class="button" href={to(['batch'])}>
            New batch
          </a>
        </span>
      </header>
      {finished < b.total ? (
        <ProgressLine done={finished} total={b.total} label="Inspected">
          {finished} of {b.total} inspected
        </ProgressLine>
      ) : null}
      {/* biome-ignore lint/a11y/useSemanticElements: buttons in a row, no form. */}
      <div class="tiles" role="group" aria-label="Show only">
        {KINDS.map((kind) => (
          <button
            key={kind}
            type="button"
            class={`tile ${kind}`}
            aria-pressed={only === kind}
            onClick={() => setQuery({ show: only === kind ? null : kind })}
          >
            <b>{b[kind]}</b>
            <span>{kind}</span>
          </button>
        ))}
      </div>
      <ul class="thumbs">
        {shown.map((i) => (
          <li key={i.id}>
            <a
              class={`thumb-card ${i.verdict ?? i.state}`}
              href={to(['inspections', i.id], { batch: id, review: 'any', sel: i.id })}
            >
              <img src={picture.inspection(i.id, THUMB)} alt="" loading="lazy" />
              <span class="thumb-name">{i.name}</span>
              <span class="thumb-foot">
                <VerdictBadge of={i} /> <ReviewBadge verdict={i.review} />
              </span>
              {i.cause ? <span class="thumb-cause">{i.cause.slice(i.cause.indexOf(': ') + 2)}</span> : null}
            </a>
          </li>
        ))}
      </ul>
      {list.length > 0 && shown.length === 0 ? <p class="faint">None.</p> : null}
    </main>
  );
}
