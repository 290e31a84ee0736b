/** From a review to a better rule file: offers, and stored parts judged again. All pure. */
export { rejudgeEdit } from './edited.ts';
export { flow as ruleLine } from './edits.ts';
export { type DiffLine, lineDiff } from './lineDiff.ts';
export type { Offer, OfferKind, Offers } from './offer.ts';
export { type OffersInput, offersFor } from './offers.ts';
export {
  isWrong,
  openRejudge,
  type Rejudge,
  type Rejudged,
  type Replay,
  replayer,
  type StoredPart,
  type Taught,
  type VerdictChange,
} from './rejudge.ts';
