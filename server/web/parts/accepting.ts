/** From an offer to rules that are live: a picture becomes a normal, rules are saved, a profile is learnt, the rules go live. */
import { type Signal, signal } from '@preact/signals';
import { ApiFault, at, call } from '../api.ts';
import type { Offer, Offers, Replay } from '../contracts.ts';
import { replayAll } from '../replay.ts';
import { reviewsChanged } from '../reviewing.ts';
import type { Normal, Profile, RuleFileText } from '../types.ts';
import { say } from './basics.tsx';
import { makeLive } from './GoLive.tsx';

/** Learning is followed at this pace; events would do, but the page may be left meanwhile. */
const LOOK_MS = 1500;

/** How far it is. Kept for the session: a reload must not leave saved rules that never go live. */
interface Begun {
  readonly why: string;
  /** Its replay was answered by somebody, or needed no answer. */
  readonly replayed: boolean;
  /** Versions that were made for it; null: not yet. */
  readonly rules: number | null;
  readonly profile: number | null;
}
/** What somebody has to answer before it goes on: an offer breaks what was right, cannot be tried, or is objected to. */
export type Question =
  | { readonly about: 'breaks' }
  | { readonly about: 'untried'; readonly fault: unknown }
  | { readonly about: 'objections'; readonly version: number; readonly fault: ApiFault };

export interface Acceptance {
  /** What is being done now, null: nothing. */
  readonly step: string | null;
  readonly fault: unknown;
  readonly question: Question | null;
  /** What it does to everything that is stored, once that was asked for. */
  readonly replay: Replay | null;
}
const IDLE: Acceptance = { step: null, fault: null, question: null, replay: null };

const nameOf = (offer: Offer, found: Offers): string => `logsad:accepting ${found.inspection} ${offer.id}`;
const begunOf = (name: string): Begun | null => JSON.parse(sessionStorage.getItem(name) ?? 'null') as Begun | null;
const states = new Map<string, Signal<Acceptance>>();

export function acceptance(offer: Offer, found: Offers): Signal<Acceptance> {
  const name = nameOf(offer, found);
  const known = states.get(name) ?? signal<Acceptance>(IDLE);
  states.set(name, known);
  return known;
}

/** Whether it was begun before the page was loaded, and goes on nowhere yet. */
export function isBegun(offer: Offer, found: Offers): boolean {
  const { step, question } = acceptance(offer, found).peek();
  return step === null && question === null && begunOf(nameOf(offer, found)) !== null;
}

/** Leaves an offer where a question stopped it: what was saved stays a draft. */
export function leave(offer: Offer, found: Offers): void {
  sessionStorage.removeItem(nameOf(offer, found));
  const state = acceptance(offer, found);
  const { question, replay } = state.peek();
  state.value = { ...IDLE, replay };
  // The newest version is another one now: offers are edits of that.
  if (question?.about === 'objections') reviewsChanged.value++;
}

/** A step that waits for an answer. */
class Asks extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super(question.about);
    this.question = question;
  }
}

/**
 * Takes every step that is left, once however often it is asked; called again after a question it overrules what that is
 * about. True when the offer is in force.
 */
export async function accept(offer: Offer, found: Offers, why: string): Promise<boolean> {
  const name = nameOf(offer, found);
  const state = acceptance(offer, found);
  const { step, question } = state.peek();
  if (step !== null) return false;
  const change = (to: Partial<Acceptance>): void => {
    state.value = { ...state.peek(), fault: null, question: null, ...to };
  };
  change({ step: 'Beginning' });
  try {
    const begun = begunOf(name) ?? { why, replayed: false, rules: null, profile: null };
    await walk(offer, found, begun, question?.about ?? null, change);
  } catch (fault) {
    if (fault instanceof Asks) {
      change({ step: null, question: fault.question });
      return false;
    }
    change({ step: null, fault });
    // A service that is away, or a page that is being left: what was made so far counts when it goes on.
    if (!(fault instanceof ApiFault && fault.status === 0)) sessionStorage.removeItem(name);
    return false;
  }
  sessionStorage.removeItem(name);
  state.value = IDLE;
  say(`${offer.title} In force.`);
  reviewsChanged.value++;
  return true;
}

/** Judges all stored parts again. @throws Asks where that breaks a verdict that is right, or cannot be done */
async function tried(found: Offers, text: string, change: (to: Partial<Acceptance>) => void): Promise<void> {
  const begin = 'Judging stored parts again';
  change({ step: begin });
  let replay: Replay | null = null;
  try {
    replay = await replayAll(found.product, text, ({ done, total }) => {
      if (done > 0) change({ step: `${begin}: ${done} of ${total}` });
    });
  } catch (fault) {
    throw new Asks({ about: 'untried', fault });
  }
  change({ step: begin, replay });
  if (replay && replay.breaks.length > 0) throw new Asks({ about: 'breaks' });
}

/** @throws Asks; ApiFault, and what learning says */
async function walk(
  offer: Offer,
  found: Offers,
  from: Begun,
  answered: Question['about'] | null,
  change: (to: Partial<Acceptance>) => void,
): Promise<void> {
  const inProduct = (...parts: (string | number)[]): string => at(['products', found.product, ...parts]);
  const tell = (step: string): void => change({ step });
  let begun = from;
  const keep = (more: Partial<Begun>): void => {
    begun = { ...begun, ...more };
    sessionStorage.setItem(nameOf(offer, found), JSON.stringify(begun));
  };
  if (offer.text !== null && !begun.replayed) {
    if (answered === null) await tried(found, offer.text, change);
    keep({ replayed: true });
  }
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
    const fault = await makeLive(found.product, version, begun.why, answered === 'objections');
    if (fault) throw new Asks({ about: 'objections', version, fault });
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
