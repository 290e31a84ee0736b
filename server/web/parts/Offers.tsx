/** After a review: edits of the rule file that would have judged right, each with what it does to all stored parts. */
import { useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import type { Offers as Found, Offer } from '../contracts.ts';
import { reviewsChanged } from '../feed.ts';
import { useLoaded } from '../load.ts';
import { to } from '../router.ts';
import type { Inspection, Normal, Profile, RuleFileText } from '../types.ts';
import { FaultBox, say, Waiting } from './basics.tsx';
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
      {data.note ? <p class="note small">{data.note}</p> : null}
      {data.items.map((offer) => (
        <OfferCard key={offer.id} offer={offer} found={data} onDone={reload} />
      ))}
    </div>
  );
}

/** Learning is followed at this pace; events would do, but the address may be left meanwhile. */
const LOOK_MS = 1500;

/** Every step that an offer takes until it is live. @throws ApiFault */
async function accept(offer: Offer, found: Found, why: string, tell: (step: string) => void): Promise<void> {
  const inProduct = (...parts: (string | number)[]): string => at(['products', found.product, ...parts]);
  if (offer.needs.includes('normal')) {
    tell('adding the picture to the normals');
    const json = offer.normal ? { name: offer.normal } : {};
    await call<Normal>(at(['inspections', found.inspection, 'normal']), { method: 'POST', json });
  }
  let version = found.rules;
  if (offer.text !== null) {
    tell('saving the rules');
    const json = { text: offer.text, why, base: found.base };
    version = (await call<RuleFileText>(inProduct('rules'), { method: 'POST', json })).version;
  }
  if (offer.needs.includes('learn')) {
    let profile = await call<Profile>(inProduct('profiles'), { method: 'POST', json: { rules: version } });
    while (profile.state === 'queued' || profile.state === 'running') {
      tell(
        profile.progress
          ? `learning: ${profile.progress.stage} ${profile.progress.done} of ${profile.progress.total}`
          : 'learning',
      );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      profile = await call<Profile>(inProduct('profiles', profile.version));
    }
    if (profile.error) throw new Error(profile.error.message);
  }
  if (offer.text !== null) {
    tell('going live');
    await call(inProduct('rules', version, 'accept'), { method: 'POST', json: { why, force: true } });
  }
}

function OfferCard({ offer, found, onDone }: { offer: Offer; found: Found; onDone: () => void }) {
  const [why, setWhy] = useState(offer.why);
  const [step, setStep] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const go = async (): Promise<void> => {
    setFault(null);
    try {
      await accept(offer, found, why, setStep);
      say(`${offer.title}: live.`);
      reviewsChanged.value++;
      onDone();
    } catch (error) {
      setFault(error);
    }
    setStep(null);
  };
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
            onInput={(e) => setWhy(e.currentTarget.value)}
          />
          <button type="button" class="primary" disabled={step !== null || why.trim() === ''} onClick={() => void go()}>
            {step === null ? 'Accept' : `${step} …`}
          </button>
        </div>
      ) : (
        <p class="faint small">An engineer may accept this.</p>
      )}
      {steps.length > 0 ? <p class="faint small">Accepting also {steps.join(' and ')}.</p> : null}
      {offer.text !== null && may('engineer') ? (
        <p class="small">
          <a href={to(['products', found.product, 'history'])}>History of the rules</a>
        </p>
      ) : null}
    </article>
  );
}
