/** Every version of the rule file: who saved it and why, what it changed, what it would say of stored parts. */
import { useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import { changing, exactly, plural } from '../format.ts';
import { useDraft, useLoaded } from '../load.ts';
import { Dialog, Empty, FaultBox, say, VerdictBadge, Waiting } from '../parts/basics.tsx';
import { Diff, diffOf } from '../parts/Diff.tsx';
import { Objections, useGoingLive } from '../parts/GoLive.tsx';
import { query, setQuery, to } from '../router.ts';
import type { RuleFileText, RulesDiff } from '../types.ts';
import type { RuleDraft } from './draft.ts';

export function History({ product, draft }: { product: string; draft: RuleDraft }) {
  const open = Number(query.value.open ?? 0);
  const [asked, ask] = useState<number | null>(null);
  return (
    <>
      {draft.versions.length === 0 ? (
        <Empty title="No version was saved yet">
          <p class="faint">The first one appears here when a draft is saved.</p>
        </Empty>
      ) : null}
      <ol class="versions">
        {draft.versions.map((v, n) => (
          <li key={v.version} class="card">
            <header class="part-head">
              <h2>
                Version {v.version} <span class={`badge ${v.state}`}>{v.state}</span>
              </h2>
              <span class="faint small">
                {v.author} · {exactly(v.createdAt)}
              </span>
            </header>
            <p>{v.why}</p>
            <p class="row-of-buttons">
              <a class="button" href={to(['products', product, 'rules'], { version: v.version, view: 'yaml' })}>
                Show the file
              </a>
              {n < draft.versions.length - 1 ? (
                <button
                  type="button"
                  aria-pressed={open === v.version}
                  onClick={() => setQuery({ open: open === v.version ? null : v.version })}
                >
                  What changed
                </button>
              ) : null}
              {may('engineer') && v.state !== 'live' ? (
                <button type="button" onClick={() => ask(v.version)}>
                  Make live …
                </button>
              ) : null}
            </p>
            {open === v.version ? (
              <Changed product={product} from={draft.versions[n + 1]!.version} to={v.version} />
            ) : null}
          </li>
        ))}
      </ol>
      {asked === null ? null : (
        <LiveDialog product={product} version={asked} onClose={() => ask(null)} onLive={draft.reload} />
      )}
    </>
  );
}

/** A version goes live for a reason, which the history keeps; objections are shown before they are overruled. */
function LiveDialog(props: { product: string; version: number; onClose: () => void; onLive: () => void }) {
  const { product, version } = props;
  const why = useDraft(`why ${product} ${version}`);
  const live = useGoingLive(product);
  const over = (done: boolean): void => {
    if (!done) return;
    why.value = '';
    say(`Version ${version} is live.`);
    props.onLive();
    props.onClose();
  };
  const accept = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    over(await live.go(why.value.trim(), async () => version));
  };
  if (live.refused) {
    return (
      <Dialog title={`Make version ${version} live`} onClose={props.onClose}>
        <div class="stack">
          <FaultBox fault={live.fault} />
          <Objections
            fault={live.refused.fault}
            busy={live.busy}
            onLeave={props.onClose}
            onInsist={async () => over(await live.insist())}
          />
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Make version ${version} live`} onClose={props.onClose}>
      <form class="stack" onSubmit={accept}>
        <label class="stack">
          Why
          <textarea
            rows={2}
            required
            maxLength={2000}
            value={why.value}
            onInput={(e) => {
              why.value = e.currentTarget.value;
            }}
          />
        </label>
        <FaultBox fault={live.fault} />
        <div class="row-of-buttons">
          <button type="submit" class="primary" disabled={live.busy}>
            Make live
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Changed({ product, from, to: until }: { product: string; from: number; to: number }) {
  const texts = useLoaded<[RuleFileText, RuleFileText]>(`texts ${product} ${from} ${until}`, (signal) =>
    Promise.all([
      call<RuleFileText>(at(['products', product, 'rules', from]), { signal }),
      call<RuleFileText>(at(['products', product, 'rules', until]), { signal }),
    ]),
  );
  const verdicts = useLoaded<RulesDiff>(`diff ${product} ${from} ${until}`, (signal) =>
    call(at(['products', product, 'rules', until, 'diff'], { from }), { signal }),
  );
  return (
    <div class="stack">
      {texts.data ? <Diff lines={diffOf(texts.data[0].text, texts.data[1].text)} /> : <Waiting />}
      <FaultBox fault={texts.fault ?? verdicts.fault} />
      {verdicts.data ? (
        <>
          <p class="small">
            Of the newest {plural(verdicts.data.scenes, 'stored part')}, {changing(verdicts.data.changes.length)}.
          </p>
          <ul class="changes">
            {verdicts.data.changes.map((c) => (
              <li key={c.image}>
                {c.image} <VerdictBadge of={{ verdict: c.before, state: 'done' }} /> →{' '}
                <VerdictBadge of={{ verdict: c.after, state: 'done' }} />
                {c.cause ? <span class="faint small">{c.cause}</span> : null}
              </li>
            ))}
          </ul>
        </>
      ) : verdicts.loading ? (
        <Waiting what="Judging stored parts again" />
      ) : null}
    </div>
  );
}
