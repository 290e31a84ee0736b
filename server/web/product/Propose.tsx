/** A rule file proposed by a language model from instructions and normals; nothing is live before a person accepts it. */
import { may } from '../api.ts';
import type { ProposeResult } from '../contracts.ts';
import { percent, plural } from '../format.ts';
import { useDraft } from '../load.ts';
import { say } from '../parts/basics.tsx';
import { Diff, diffOf } from '../parts/Diff.tsx';
import { setQuery } from '../router.ts';
import { TaskCard } from './Checks.tsx';
import type { RuleDraft } from './draft.ts';
import { useTask } from './tasks.ts';

export function Propose({ product, draft }: { product: string; draft: RuleDraft }) {
  const task = useTask(product, 'propose');
  const instructions = useDraft(`instructions ${product}`);
  const result = task.task?.result as ProposeResult | null | undefined;
  const take = (): void => {
    draft.set(result!.text);
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
        ready={instructions.value.trim() !== ''}
        onStart={() => task.start({ instructions: instructions.value })}
      >
        {result ? (
          <>
            <p>
              {plural(result.rules.model, 'rule')} from {result.llm.model}, {result.rules.mined} mined;{' '}
              {result.alarms.fired} alarms on {result.alarms.of} normals
              {result.score === null ? '' : `, ${percent(result.score)} of the drawn defects are seen`}.
            </p>
            {result.open.map((o) => (
              <p key={o} class="reason">
                {o}
              </p>
            ))}
            <Diff lines={diffOf(draft.text, result.text)} />
            {may('engineer') ? (
              <p>
                <button type="button" class="primary" onClick={take}>
                  Take as draft
                </button>
              </p>
            ) : null}
          </>
        ) : null}
      </TaskCard>
    </div>
  );
}
