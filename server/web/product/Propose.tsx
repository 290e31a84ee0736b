/** A rule file proposed by a language model from instructions and normals; nothing is live before a person accepts it. */
import { may } from '../api.ts';
import { useDraft } from '../load.ts';
import { say } from '../parts/basics.tsx';
import { Diff, diffOf } from '../parts/Diff.tsx';
import { setQuery } from '../router.ts';
import { TaskCard } from './Checks.tsx';
import type { RuleDraft } from './draft.ts';
import { useTask } from './tasks.ts';

export function Propose({ product, title, draft }: { product: string; title: string; draft: RuleDraft }) {
  const task = useTask(product, 'propose');
  const instructions = useDraft(`instructions ${product}`);
  const text = (task.task?.result as { text?: string } | null)?.text;
  const take = (): void => {
    draft.set(text!);
    say('The proposal is your draft now: look at it, then check and save.');
    setQuery({ view: null });
  };
  return (
    <div class="stack">
      <label class="stack card">
        <span>
          <b>Instructions</b> <span class="faint">what a person is told who must check this part</span>
        </span>
        <textarea
          rows={8}
          value={instructions.value}
          readOnly={!may('engineer')}
          onInput={(e) => {
            instructions.value = e.currentTarget.value;
          }}
          placeholder="Each kit holds four screws, two long and two short, …"
        />
      </label>
      <TaskCard
        title="Proposal"
        button="Propose rules"
        followed={task}
        onStart={() => task.start({ instructions: instructions.value, title })}
      >
        {text === undefined ? null : (
          <>
            <Diff lines={diffOf(draft.text, text)} />
            {may('engineer') ? (
              <p>
                <button type="button" class="primary" onClick={take}>
                  Take as draft
                </button>
              </p>
            ) : null}
          </>
        )}
      </TaskCard>
    </div>
  );
}
