/** From an offer to rules that are live: a picture becomes a normal, rules are saved, a profile is learnt, the rules go live. */
import { type Signal, signal } from '@preact/signals';
import { ApiFault, at, call } from '../api.ts';
import type { Offer, Offers } from '../contracts.ts';
import { reviewsChanged } from '../feed.ts';
import type { Normal, Profile, RuleFileText } from '../types.ts';
import { say } from './basics.tsx';

/** Learning is followed at this pace; events would do, but the page may be left meanwhile. */
const LOOK_MS = 1500;

/** How far it is. Kept for the session: a reload must not leave saved rules that never go live. */
interface Begun {
  readonly why: string;
  /** Versions that were made for it; null: not yet. */
  readonly rules: number | null;
  readonly profile: number | null;
}
export interface Acceptance {
  /** What is being done now, null: nothing. */
  readonly step: string | null;
  readonly fault: unknown;
}

const nameOf = (offer: Offer, found: Offers): string => `logsad:accepting ${found.inspection} ${offer.id}`;
const begunOf = (name: string): Begun | null => JSON.parse(sessionStorage.getItem(name) ?? 'null') as Begun | null;
const states = new Map<string, Signal<Acceptance>>();

export function acceptance(offer: Offer, found: Offers): Signal<Acceptance> {
  const name = nameOf(offer, found);
  const known = states.get(name) ?? signal<Acceptance>({ step: null, fault: null });
  states.set(name, known);
  return known;
}

/** Whether it was begun before the page was loaded, and goes on nowhere yet. */
export const isBegun = (offer: Offer, found: Offers): boolean =>
  acceptance(offer, found).peek().step === null && begunOf(nameOf(offer, found)) !== null;

/** Takes every step that is left, once however often it is asked. True when the offer is in force. */
export async function accept(offer: Offer, found: Offers, why: string): Promise<boolean> {
  const name = nameOf(offer, found);
  const state = acceptance(offer, found);
  if (state.peek().step !== null) return false;
  const tell = (step: string): void => {
    state.value = { step, fault: null };
  };
  tell('Beginning');
  try {
    await walk(offer, found, begunOf(name) ?? { why, rules: null, profile: null }, tell);
  } catch (fault) {
    state.value = { step: null, fault };
    // A service that is away, or a page that is being left: what was made so far counts when it goes on.
    if (!(fault instanceof ApiFault && fault.status === 0)) sessionStorage.removeItem(name);
    return false;
  }
  sessionStorage.removeItem(name);
  state.value = { step: null, fault: null };
  say(`${offer.title} In force.`);
  reviewsChanged.value++;
  return true;
}

/** @throws ApiFault, and what learning says */
async function walk(offer: Offer, found: Offers, from: Begun, tell: (step: string) => void): Promise<void> {
  const inProduct = (...parts: (string | number)[]): string => at(['products', found.product, ...parts]);
  let begun = from;
  const keep = (change: Partial<Begun>): void => {
    begun = { ...begun, ...change };
    sessionStorage.setItem(nameOf(offer, found), JSON.stringify(begun));
  };
  if (offer.needs.includes('normal')) {
    tell('Adding the picture to the normals');
    const json = offer.normal ? { name: offer.normal } : {};
    await call<Normal>(at(['inspections', found.inspection, 'normal']), { method: 'POST', json });
  }
  if (offer.text !== null && begun.rules === null) {
    tell('Saving the rules');
    const json = { text: offer.text, why: begun.why, base: found.base };
    keep({ rules: (await call<RuleFileText>(inProduct('rules'), { method: 'POST', json })).version });
  }
  const version = begun.rules ?? found.rules;
  if (offer.needs.includes('learn')) {
    tell('Learning');
    if (begun.profile === null) {
      const made = await call<Profile>(inProduct('profiles'), { method: 'POST', json: { rules: version } });
      keep({ profile: made.version });
    }
    await learnt(() => call<Profile>(inProduct('profiles', begun.profile!)), tell);
  }
  if (offer.text !== null) {
    tell('Going live');
    await call(inProduct('rules', version, 'accept'), { method: 'POST', json: { why: begun.why, force: true } });
  }
}

/** Waits for a profile. @throws ApiFault; Error with what learning says */
async function learnt(look: () => Promise<Profile>, tell: (step: string) => void): Promise<void> {
  let profile = await look();
  while (profile.state === 'queued' || profile.state === 'running') {
    const p = profile.progress;
    tell(p ? `Learning: ${p.stage} ${p.done} of ${p.total}` : 'Learning');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    profile = await look();
  }
  if (profile.error) throw new Error(profile.error.message);
}
