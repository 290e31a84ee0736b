/** After a review: edits of the rule file that would have judged right, each with what it does to reviewed parts, and to all stored ones before it is accepted. */
import { useEffect, useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import type { Offers as Found, Offer } from '../contracts.ts';
import { plural } from '../format.ts';
import { useDraft, useLoaded } from '../load.ts';
import { reviewsChanged } from '../reviewing.ts';
import { to } from '../router.ts';
import type { Inspection } from '../types.ts';
import { type Acceptance, accept, acceptance, isBegun, leave } from './accepting.ts';
import { FaultBox, Waiting } from './basics.tsx';
import { Diff, ReplayLine, ReplayParts } from './Diff.tsx';
import { Objections } from './GoLive.tsx';

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
  const state = acceptance(offer, found).value;
  const { step, fault, question } = state;
  // What it does to the reviewed parts; to all that is stored, once it is accepted.
  const replay = state.replay ?? offer.replay;
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
      {replay ? <ReplayLine replay={replay} /> : null}
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
        {replay ? <ReplayParts replay={replay} /> : null}
      </details>
      <FaultBox fault={fault} />
      <Asked state={state} onLeave={() => leave(offer, found)} onGoOn={() => void go()} />
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
          <button
            type="button"
            class="primary"
            disabled={step !== null || question !== null || why.trim() === ''}
            onClick={() => void go()}
          >
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

interface AskedProps {
  readonly state: Acceptance;
  readonly onLeave: () => void;
  readonly onGoOn: () => void;
}

/** What speaks against an offer that is being accepted, for somebody to overrule or not. */
function Asked({ state: { question, replay }, onLeave, onGoOn }: AskedProps) {
  if (question === null) return null;
  if (question.about === 'objections') {
    return (
      <>
        <p class="note small">Saved as version {question.version}, not live yet.</p>
        <Objections fault={question.fault} busy={false} onLeave={onLeave} onInsist={onGoOn} />
      </>
    );
  }
  return (
    <>
      {question.about === 'untried' ? <FaultBox fault={question.fault} /> : null}
      <p class="note small" role="alert">
        {question.about === 'untried'
          ? 'What it does to stored parts is not known.'
          : `Over all stored parts it turns ${plural(replay?.breaks.length ?? 0, 'verdict')} wrong that reviewers found right.`}
      </p>
      {replay ? <ReplayParts replay={replay} /> : null}
      <div class="row-of-buttons">
        <button type="button" onClick={onLeave}>
          Leave it
        </button>
        <button type="button" class="danger" onClick={onGoOn}>
          Go on nevertheless
        </button>
      </div>
    </>
  );
}
