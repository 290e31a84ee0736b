/** The review page: who is signed in, which page the address means, what is the same on all of them. */
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { closeSession, findSession, session } from './api.ts';
import { live, openEvents } from './events.ts';
import { bindings, helpShown, startKeys, useKeys } from './keys.ts';
import { Queue } from './pages/Queue.tsx';
import { SignIn } from './pages/SignIn.tsx';
import { Dialog, Empty, Messages, sayFault, Waiting } from './parts/basics.tsx';
import { Dispute } from './parts/Dispute.tsx';
import { lazy } from './parts/lazy.tsx';
import { followLinks, go, path, to } from './router.ts';

const Inspection = lazy(async () => (await import('./pages/Inspection.tsx')).Inspection);

const Batch = lazy(async () => (await import('./pages/Batch.tsx')).Batch);
const Trends = lazy(async () => (await import('./pages/Trends.tsx')).Trends);
const Products = lazy(async () => (await import('./pages/Products.tsx')).Products);

const PLACES = [
  { name: 'Queue', at: 'queue', key: '1' },
  { name: 'Batch', at: 'batch', key: '2' },
  { name: 'Trends', at: 'trends', key: '3' },
  { name: 'Products', at: 'products', key: '4' },
] as const;

const GLOBAL = [
  {
    keys: ['?'],
    does: 'this help',
    run: () => {
      helpShown.value = true;
    },
  },
  ...PLACES.map(({ name, at, key }) => ({ keys: [key], does: name, run: () => go(to([at])) })),
];

function App() {
  const who = session.value;
  useEffect(() => {
    void findSession().catch((fault) => {
      session.value = null;
      sayFault(fault);
    });
  }, []);
  if (who === undefined) return <Waiting />;
  return (
    <>
      {who === null ? <SignIn /> : <Signed />}
      <Messages />
    </>
  );
}

function Signed() {
  useKeys(GLOBAL);
  useEffect(openEvents, []);
  const [place = 'queue'] = path.value;
  useEffect(() => {
    document.title = `${PLACES.find((p) => p.at === place)?.name ?? 'Inspection'} · logsad`;
  }, [place]);
  return (
    <>
      <header class="top">
        <a class="brand" href={to(['queue'])}>
          <span class="mark" aria-hidden="true" /> logsad
        </a>
        <nav aria-label="Pages">
          {PLACES.map((p) => (
            <a
              key={p.at}
              href={to([p.at])}
              aria-current={p.at === place ? 'page' : p.at === 'queue' && place === 'inspections' ? 'true' : undefined}
            >
              {p.name}
            </a>
          ))}
        </nav>
        <span class="gap" />
        {live.value ? null : (
          <span class="offline" role="status">
            no live news: reconnecting …
          </span>
        )}
        <button
          type="button"
          class="quiet keys-button"
          aria-label="Keys"
          onClick={() => {
            helpShown.value = true;
          }}
        >
          <kbd>?</kbd>
        </button>
        <details class="menu">
          <summary>{session.value?.name}</summary>
          <div class="menu-body">
            <p class="faint small">role {session.value?.role}</p>
            <a href="/api/docs" target="_blank" rel="noreferrer">
              HTTP API
            </a>
            <button type="button" onClick={() => void closeSession().catch(sayFault)}>
              Sign out
            </button>
          </div>
        </details>
      </header>
      <Place />
      <Dispute />
      {helpShown.value ? <Help /> : null}
    </>
  );
}

function Place() {
  const [place = 'queue', id = '', tab = ''] = path.value;
  if (place === 'batch') return <Batch id={id} />;
  if (place === 'trends') return <Trends />;
  if (place === 'products') return <Products id={id} tab={tab} />;
  if (place === 'queue') return <Queue />;
  if (place === 'inspections' && id) return <Inspection id={id} />;
  return (
    <main class="page">
      <Empty title="There is no such page">
        <a href={to(['queue'])}>Go to the queue</a>
      </Empty>
    </main>
  );
}

const WRITTEN: Readonly<Record<string, string>> = { ArrowDown: '↓', ArrowUp: '↑', Enter: '↵', Escape: 'Esc' };

function Help() {
  const all = [...bindings.value].reverse().flat();
  return (
    <Dialog
      title="Keys"
      onClose={() => {
        helpShown.value = false;
      }}
    >
      <dl class="keys">
        {all.map((b) => (
          <div key={b.keys.join()}>
            <dt>
              {b.keys.map((k) => (
                <kbd key={k}>{WRITTEN[k] ?? k.toUpperCase()}</kbd>
              ))}
            </dt>
            <dd>{b.does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>+</kbd>
            <kbd>−</kbd>
            <kbd>0</kbd>
          </dt>
          <dd>zoom, where the picture has the focus; arrows move it</dd>
        </div>
      </dl>
    </Dialog>
  );
}

startKeys();
addEventListener('click', followLinks);
render(<App />, document.getElementById('app')!);
