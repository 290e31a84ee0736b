/** Two people judge one part: the slower one sees what the other said before anything is overruled. */
import { signal } from '@preact/signals';
import type { Inspection, Review, ReviewVerdict } from './types.ts';

export interface Disputed {
  readonly inspection: Inspection;
  /** What was to be said. */
  readonly verdict: ReviewVerdict;
  /** What stands now; null: a review was taken back meanwhile. */
  readonly theirs: Review | null;
}

/** What waits for an answer; one at a time, as reviews are sent. */
export const disputed = signal<(Disputed & { readonly answer: (insist: boolean) => void }) | null>(null);

/** Asks whether to overrule; answered where the page shows `disputed`. */
export function settle(what: Disputed): Promise<boolean> {
  return new Promise((resolve) => {
    disputed.value = {
      ...what,
      answer: (insist) => {
        disputed.value = null;
        resolve(insist);
      },
    };
  });
}
