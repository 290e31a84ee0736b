/** What a review leads to: an offer as people see it, and before it was tried. */
import type { DiffLine } from './lineDiff.ts';
import type { Rejudge, Replay, StoredPart, Taught } from './rejudge.ts';

export type OfferKind = 'take-back' | 'widen' | 'tighten' | 'add-rule' | 'warn' | 'ignore' | 'add-normal' | 'variant';

export interface Offer {
  /** Kind and rule: the same for the same offer. */
  readonly id: string;
  readonly kind: OfferKind;
  readonly rule: string | null;
  /** One sentence. */
  readonly title: string;
  /** Proposed reason for the history. */
  readonly why: string;
  /** The whole new rule text; null where no rule is edited. */
  readonly text: string | null;
  readonly diff: readonly DiffLine[];
  /** What must happen before the rules can go live: the picture becomes a normal, a profile is learnt anew. */
  readonly needs: readonly ('normal' | 'learn')[];
  /** Name under which the picture becomes a normal. */
  readonly normal: string | null;
  readonly evidence: readonly string[];
  readonly replay: (Replay & { readonly approximate: boolean; readonly note: string | null }) | null;
}

/** An offer before it was tried; `taught` where other Scenes than the profile's teach, `see` where others are judged. */
export interface Draft {
  readonly kind: OfferKind;
  readonly rule: string | null;
  readonly title: string;
  readonly text: string | null;
  readonly needs?: Offer['needs'];
  readonly normal?: string;
  readonly evidence: readonly string[];
  readonly taught?: Taught;
  /** The edited file on the profile's Scenes, where it is open already. */
  readonly opened?: Rejudge;
  readonly see?: (part: StoredPart) => StoredPart;
  /** Why a replay is only near the truth; `none`: it cannot be replayed at all. */
  readonly note?: string;
  readonly replayable?: false;
  /** Larger is better among offers that fix and break as many. */
  readonly weight: number;
}

export interface Offers {
  /** `confirmed`: a bad part that is rejected, and shows bounds wider than the normals ask for. */
  readonly situation: 'false-alarm' | 'miss' | 'confirmed' | 'none';
  readonly note: string | null;
  /** Best first. */
  readonly items: readonly Offer[];
}
