/** After a review: edits of the rule file that would have judged right, each with what it does to all stored parts. */
import { useEffect, useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import type { Offers as Found, Offer } from '../contracts.ts';
import { reviewsChanged } from '../feed.ts';
import { useDraft, useLoaded } from '../load.ts';
import { to } from '../router.ts';
import type { Inspection } from '../types.ts';
import { accept, acceptance, isBegun } from './accepting.ts';
import { FaultBox, Waiting } from './basics.tsx';
import { Diff, ReplayLine, ReplayParts } from './Diff.tsx';

const HEADINGS = {
  'false-alarm': 'A false alarm: what would let this part pass',
  miss: 'A miss: what would have caught this part',
  confirmed: 'A bad part, caught: what it shows about the bounds',
} as const;

export function Offers({ inspection: i }: { inspection: Inspection }) {
  const as = i.review === 'ok' || i.review === 'nok' ? i.review : null;
  const asked = as !== null && may('reviewer');
  const { data, fault, loading, reload } = useLoaded<Found>(
    asked ? `offers ${i.id} ${as} ${reviewsChanged.value}` : null,
    (signal) => call(at(['inspections', i.id, 'offers'], { as }), { signal }),
  );
  if (!asked) return null;
  if (!data) {
    return (
      <div class="block offers">
        {fault ? (
          <FaultBox fault={fault} retry={reload} />
        ) : loading ? (
          <Waiting what="Looking for better rules" />
        ) : null}
      </div>
    );
  }
  if (data.situation === 'none') return null;
  return (
    <div class="block offers">
      <h2>{HEADINGS[data.situation]}</h2>
      {data.rules === i.rules ? null : (
        <p class="note small">
          By the live rules, version {data.rules}: the verdict above is that of version {i.rules}.
        </p>
      )}
      {data.note ? <p class="note small">{data.note}</p> : null}
      {data.items.map((offer) => (
        <OfferCard key={offer.id} offer={offer} found={data} />
      ))}
    </div>
  );
}

function OfferCard({ offer, found }: { offer: Offer; found: Found }) {
  const draft = useDraft(`reason ${found.inspection} ${offer.id}`);
  const [why, setWhy] = useState(draft.value || offer.why);
  const { step, fault } = acceptance(offer, found).value;
  const go = async (): Promise<void> => {
    if (await accept(offer, found, why)) draft.value = '';
  };
  // What was begun before a reload goes on.
  useEffect(() => {
    if (isBegun(offer, found)) void go();
  }, [offer.id, found.inspection]);
  const steps = [
    ...(offer.needs.includes('normal') ? ['adds the picture to the normals'] : []),
    ...(offer.needs.includes('learn') ? ['learns anew'] : []),
  ];
  return (
    <article class="offer" data-kind={offer.kind}>
      <h3>{offer.title}</h3>
      {offer.replay ? <ReplayLine replay={offer.replay} /> : null}
      {offer.evidence.length > 0 ? (
        <ul class="evidence small">
          {offer.evidence.map((e) => (
            <li key={e}>{e}</li>
          ))}
        </ul>
      ) : null}
      <details>
        <summary class="small">What changes</summary>
        {offer.diff.length > 0 ? <Diff lines={offer.diff} /> : <p class="faint small">The rule file stays as it is.</p>}
        {offer.replay ? <ReplayParts replay={offer.replay} /> : null}
      </details>
      <FaultBox fault={fault} />
      {may('engineer') ? (
        <div class="offer-foot">
          <input
            type="text"
            aria-label="Reason, kept in the history"
            value={why}
            maxLength={2000}
            onInput={(e) => {
              const typed = e.currentTarget.value;
              setWhy(typed);
              draft.value = typed === offer.why ? '' : typed;
            }}
          />
          <button type="button" class="primary" disabled={step !== null || why.trim() === ''} onClick={() => void go()}>
            Accept
          </button>
        </div>
      ) : (
        <p class="faint small">An engineer may accept this.</p>
      )}
      {step === null ? null : <Waiting what={step} />}
      {steps.length > 0 && step === null ? <p class="faint small">Accepting also {steps.join(' and ')}.</p> : null}
      {offer.text !== null && may('engineer') ? (
        <p class="small">
          <a href={to(['products', found.product, 'history'])}>History of the rules</a>
        </p>
      ) : null}
    </article>
  );
}
