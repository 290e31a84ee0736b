/** The three answers and the way back, with their keys on them. */
import { may } from '../api.ts';
import type { Inspection, ReviewVerdict } from '../types.ts';

interface Props {
  readonly inspection: Inspection;
  readonly onReview: (verdict: ReviewVerdict) => void;
  readonly onUndo: () => void;
}

const ANSWERS = [
  { verdict: 'ok', word: 'OK', key: 'O' },
  { verdict: 'nok', word: 'NOK', key: 'N' },
  { verdict: 'unknown', word: 'Don’t know', key: 'D' },
] as const;

export function ReviewBar({ inspection: i, onReview, onUndo }: Props) {
  if (!may('reviewer')) return <p class="faint small">A token of role reviewer may review parts.</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons in a row, no form.
    <div class="review-bar" role="group" aria-label="Review of this part">
      {ANSWERS.map(({ verdict, word, key }) => (
        <button
          key={verdict}
          type="button"
          class={`answer ${verdict}`}
          aria-pressed={i.review === verdict}
          disabled={i.state !== 'done'}
          onClick={() => onReview(verdict)}
        >
          {word} <kbd>{key}</kbd>
        </button>
      ))}
      <button type="button" class="quiet" onClick={onUndo}>
        Undo <kbd>U</kbd>
      </button>
    </div>
  );
}
