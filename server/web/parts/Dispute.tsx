/** The question that is asked before somebody's review is overruled. */
import { disputed } from '../disputes.ts';
import { REVIEW_WORDS, when } from '../format.ts';
import { Dialog } from './basics.tsx';

export function Dispute() {
  const open = disputed.value;
  if (!open) return null;
  const { inspection, verdict, theirs, answer } = open;
  return (
    <Dialog key={inspection.id} title={`${inspection.name} was reviewed meanwhile`} onClose={() => answer(false)}>
      <div class="stack">
        {theirs ? (
          <p>
            {theirs.author} said <b>{REVIEW_WORDS[theirs.verdict]}</b>, {when(theirs.createdAt)}
            {theirs.comment ? <q>{theirs.comment}</q> : null}
          </p>
        ) : (
          <p>The review that you saw was taken back.</p>
        )}
        <div class="row-of-buttons">
          <button type="button" onClick={() => answer(false)}>
            Leave it so
          </button>
          <button type="button" class="primary" onClick={() => answer(true)}>
            Say {REVIEW_WORDS[verdict]} nevertheless
          </button>
        </div>
      </div>
    </Dialog>
  );
}
