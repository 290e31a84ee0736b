/** All products, and one of them with its tabs: rules, normals, learning, checks, proposals, history. */
import { useEffect, useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import { plural } from '../format.ts';
import { useDraft, useLoaded } from '../load.ts';
import { Empty, FaultBox, Waiting } from '../parts/basics.tsx';
import { Checks } from '../product/Checks.tsx';
import { Draw } from '../product/Draw.tsx';
import { useRuleDraft } from '../product/draft.ts';
import { History } from '../product/History.tsx';
import { Learn } from '../product/Learn.tsx';
import { Propose } from '../product/Propose.tsx';
import { Rules } from '../product/Rules.tsx';
import { DraftBar } from '../product/Save.tsx';
import { go, to } from '../router.ts';
import type { Page, Product } from '../types.ts';

export function Products({ id, tab }: { id: string; tab: string }) {
  return id ? <One key={id} id={id} tab={tab || 'rules'} /> : <All />;
}

function All() {
  const { data, fault, reload } = useLoaded<Page<Product>>('products', (signal) => call(at(['products']), { signal }));
  if (!data) return <main class="page">{fault ? <FaultBox fault={fault} retry={reload} /> : <Waiting />}</main>;
  return (
    <main class="page">
      <h1>Products</h1>
      {data.items.length === 0 ? <Empty title="No products yet" /> : null}
      <ul class="products">
        {data.items.map((p) => (
          <li key={p.id}>
            <a class="card product" href={to(['products', p.id])}>
              <b>{p.title}</b>
              <span class="faint small">{p.id}</span>
              <span>
                {plural(p.normals, 'normal')}, {plural(p.inspections, 'inspection')}
              </span>
              <span class="small">
                {p.liveRules === null ? (
                  <span class="badge">no live rules</span>
                ) : (
                  <span class="badge live">rules {p.liveRules} live</span>
                )}{' '}
                {p.readyProfile === null ? (
                  <span class="badge">not learnt</span>
                ) : (
                  <span class="badge ready">profile {p.readyProfile}</span>
                )}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {may('engineer') ? <NewProduct /> : null}
    </main>
  );
}

/** The id that a title suggests: what of it an address can carry. Empty where that is nothing. */
const idOf = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60)
    .replace(/-$/, '');

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

function NewProduct() {
  const draft = useDraft('new product');
  const title = draft.value;
  // Null: the title suggests it.
  const [typed, setTyped] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const id = typed ?? idOf(title);
  const wrong =
    title.trim() === '' || ID.test(id)
      ? null
      : id === ''
        ? 'The title has no Latin letters or digits: type an id, as addresses and rule files shall name the product.'
        : 'An id is lower-case letters a to z, digits and hyphens, no hyphen first, at most 63.';
  const make = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    try {
      await call(at(['products']), { method: 'POST', json: { id, title: title.trim() } });
      draft.value = '';
      go(to(['products', id, 'draw']));
    } catch (error) {
      setFault(error);
    }
  };
  return (
    <form class="card new-product" onSubmit={make}>
      <label>
        New product
        <input
          type="text"
          value={title}
          required
          maxLength={200}
          placeholder="Title"
          onInput={(e) => {
            draft.value = e.currentTarget.value;
          }}
        />
      </label>
      <label>
        Id
        <input
          type="text"
          value={id}
          maxLength={63}
          spellcheck={false}
          autocapitalize="off"
          aria-describedby="new-product-wrong"
          aria-invalid={wrong !== null}
          onInput={(e) => setTyped(e.currentTarget.value === '' ? null : e.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={title.trim() === '' || !ID.test(id)}>
        Create
      </button>
      <p class="small bad" id="new-product-wrong" role="status">
        {wrong}
      </p>
      <FaultBox fault={fault} />
    </form>
  );
}

const TABS = [
  { at: 'rules', name: 'Rules' },
  { at: 'draw', name: 'Normals' },
  { at: 'learn', name: 'Learning' },
  { at: 'checks', name: 'Checks' },
  { at: 'propose', name: 'Propose' },
  { at: 'history', name: 'History' },
] as const;

function One({ id, tab }: { id: string; tab: string }) {
  const product = useLoaded<Product>(`product ${id}`, (signal) => call(at(['products', id]), { signal }));
  const { draft, fault } = useRuleDraft(id);
  // Photographs, rules and profiles change on the tabs: the counts at the head follow.
  const newest = draft?.newest;
  useEffect(product.reload, [tab, newest]);
  const p = product.data;
  const broken = product.fault ?? fault;
  if (!p || !draft)
    return (
      <main class="page">
        {broken ? <FaultBox fault={broken} /> : <Waiting />}
        {broken ? <a href={to(['products'])}>All products</a> : null}
      </main>
    );
  return (
    <main class="product-page">
      <header class="product-head">
        <h1>{p.title}</h1>
        <nav class="tabs" aria-label="Parts of this product">
          {TABS.map((t) => (
            <a key={t.at} href={to(['products', id, t.at])} aria-current={t.at === tab ? 'page' : undefined}>
              {t.name}
            </a>
          ))}
        </nav>
        <span class="gap" />
        {p.liveRules === null ? (
          <span class="badge">no live rules</span>
        ) : (
          <span class="badge live">rules {p.liveRules} live</span>
        )}
        {p.readyProfile === null ? (
          <span class="badge">not learnt</span>
        ) : (
          <span class="badge ready">profile {p.readyProfile}</span>
        )}
      </header>
      <DraftBar product={id} draft={draft} />
      <div class={`tab tab-${tab}`}>
        {tab === 'rules' ? <Rules product={id} draft={draft} /> : null}
        {tab === 'draw' ? <Draw product={id} draft={draft} /> : null}
        {tab === 'learn' ? <Learn product={p} draft={draft} onLearnt={product.reload} /> : null}
        {tab === 'checks' ? <Checks product={id} draft={draft} /> : null}
        {tab === 'propose' ? <Propose product={id} draft={draft} /> : null}
        {tab === 'history' ? <History product={id} draft={draft} /> : null}
      </div>
    </main>
  );
}
