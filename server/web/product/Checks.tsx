/** Are the rules any good: vetting on the normals, mutation, and rules mined from the normals, as pictures. */
import type { ComponentChildren } from 'preact';
import { may } from '../api.ts';
import type { MinedRule, MineResult, MutateResult, VetResult } from '../contracts.ts';
import { exactly, percent } from '../format.ts';
import { FaultBox, StageLine, StoredFault, say, Waiting } from '../parts/basics.tsx';
import { to } from '../router.ts';
import { addRule } from './document.ts';
import type { RuleDraft } from './draft.ts';
import { type Followed, useTask } from './tasks.ts';

interface Props {
  readonly product: string;
  readonly draft: RuleDraft;
}

export function Checks({ product, draft }: Props) {
  const vet = useTask(product, 'vet');
  const mutate = useTask(product, 'mutate');
  const mine = useTask(product, 'mine');
  const { text } = draft;
  return (
    <div class="cards">
      <TaskCard
        title="Vetting: does a rule fire on normals?"
        button="Vet the rules"
        followed={vet}
        onStart={() => vet.start({ text })}
      >
        {vet.task?.result ? <Vetting product={product} result={vet.task.result as VetResult} draft={draft} /> : null}
      </TaskCard>
      <TaskCard
        title="Mutation: would a defect be seen?"
        button="Mutate normals"
        followed={mutate}
        onStart={() => mutate.start({ text })}
      >
        {mutate.task?.result ? <Mutation result={mutate.task.result as MutateResult} /> : null}
      </TaskCard>
      <TaskCard
        title="Mining: rules that all normals keep"
        button="Mine rules"
        followed={mine}
        onStart={() => mine.start({ text })}
      >
        {mine.task?.result ? <Mined result={mine.task.result as MineResult} draft={draft} /> : null}
      </TaskCard>
    </div>
  );
}

/** A task with its button, progress, fault and result. */
export function TaskCard(props: {
  title: string;
  button: string;
  followed: Followed;
  onStart: () => void;
  /** Whether there is what it needs. */
  ready?: boolean;
  children?: ComponentChildren;
}) {
  const { task, busy, fault } = props.followed;
  return (
    <section class="card stack">
      <header class="part-head">
        <h2>{props.title}</h2>
        {task?.finishedAt ? <span class="faint small">{exactly(task.finishedAt)}</span> : null}
        <span class="gap" />
        {may('engineer') ? (
          <button type="button" disabled={busy || props.ready === false} onClick={props.onStart}>
            {props.button}
          </button>
        ) : null}
      </header>
      <FaultBox fault={fault} />
      {busy && !task?.progress ? <Waiting what="Waiting for its turn" /> : null}
      {busy && task?.progress ? <StageLine progress={task.progress} /> : null}
      {task?.error ? <StoredFault error={task.error} /> : null}
      {!task && !busy ? <p class="faint small">Not run yet.</p> : null}
      {props.children}
    </section>
  );
}

/** A share with its interval on a track from 0 to 1. */
function Share({ share, low, high, bad }: { share: number; low?: number; high?: number; bad?: boolean }) {
  const left = `${100 * (low ?? 0)}%`;
  const width = `${100 * ((high ?? share) - (low ?? 0))}%`;
  return (
    <span class="track" role="img" aria-label={percent(share)}>
      <span class={`fill ${bad ? 'reject' : 'pass'}`} style={{ width: `${100 * share}%` }} />
      {high === undefined ? null : <span class="interval" style={{ left, width }} />}
    </span>
  );
}

function Vetting({ product, result, draft }: { product: string; result: VetResult; draft: RuleDraft }) {
  const { alarms } = result;
  const take = (): void => {
    draft.set(result.text);
    say('The vetting block is in the draft; save it to make the rules acceptable.');
  };
  return (
    <>
      <p>
        On left-out normals the rules raise <b>{alarms.fired}</b> alarms of {alarms.of}: a rate of {percent(alarms.low)}{' '}
        to {percent(alarms.high)}.
        {result.score === null ? '' : ` They see ${percent(result.score)} of the drawn defects.`}
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Rule</th>
              <th>Advice</th>
              <th>Fires on normals, 95 %</th>
              <th>Sees of its defects</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {result.rules.map((r) => (
              <tr key={r.rule}>
                <td>
                  <a href={to(['products', product, 'rules'], { view: 'yaml', line: r.line })}>{r.rule}</a>
                </td>
                <td>
                  <span class={`badge ${r.advice === 'keep' ? 'pass' : r.advice === 'relax' ? 'review' : 'reject'}`}>
                    {r.advice}
                  </span>
                </td>
                <td>
                  <Share share={r.of > 0 ? r.fired / r.of : 0} low={r.low} high={r.high} bad />
                  <span class="small faint">
                    {r.fired} of {r.of}
                  </span>
                </td>
                <td>
                  {r.mutants && r.mutants.own > 0 ? (
                    <>
                      <Share share={r.mutants.killed / r.mutants.own} />
                      <span class="small faint">
                        {r.mutants.killed} of {r.mutants.own}
                      </span>
                    </>
                  ) : (
                    '–'
                  )}
                </td>
                <td class="small">
                  {r.reasons.join('; ')}
                  {r.fired > 0 && r.worstImage ? (
                    <a href={to(['products', product, 'draw'], { normal: r.worstImage })}> {r.worstImage}</a>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {may('engineer') ? (
        <p>
          <button type="button" onClick={take}>
            Put the vetting into the draft
          </button>
        </p>
      ) : null}
    </>
  );
}

const SURVIVORS = 12;

function Mutation({ result }: { result: MutateResult }) {
  return (
    <>
      {result.score === null ? null : (
        <p>
          The rules see <b>{percent(result.score)}</b> of the defects that were drawn into normals.
        </p>
      )}
      <ul class="bars">
        {result.operators.map((o) => (
          <li key={o.operator}>
            <span>{o.operator}</span>
            <Share share={o.of > 0 ? o.killed / o.of : 0} />
            <span class="n">
              {o.killed} <span class="faint">of {o.of}</span>
            </span>
          </li>
        ))}
      </ul>
      {result.survivors.length > 0 ? (
        <details>
          <summary>Not seen: {result.survivors.length}</summary>
          <ul class="plain small">
            {result.survivors.slice(0, SURVIVORS).map((s) => (
              <li key={s.mutant}>
                {s.mutant}
                {s.rule ? <pre class="place">{s.rule}</pre> : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </>
  );
}

function Mined({ result, draft }: { result: MineResult; draft: RuleDraft }) {
  const card = (r: MinedRule) => <MinedCard key={r.yaml} mined={r} draft={draft} />;
  return (
    <>
      <p>
        {result.rules.length} rules are worth proposing
        {result.score === null ? '' : `; together they see ${percent(result.score)} of the drawn defects`}.
      </p>
      <ul class="mined">{result.rules.map(card)}</ul>
      {result.spare.length > 0 ? (
        <details>
          <summary>{result.spare.length} more that add little</summary>
          <ul class="mined">{result.spare.map(card)}</ul>
        </details>
      ) : null}
    </>
  );
}

function MinedCard({ mined: r, draft }: { mined: MinedRule; draft: RuleDraft }) {
  const take = (): void => {
    draft.edit((text) => addRule(text, r.yaml));
    say('Added to the draft.');
  };
  return (
    <li class="offer">
      <h3>{r.sentence}</h3>
      <p class="small faint">
        holds on {r.n} normals · {r.fired} of {r.of} alarms when left out · sees {r.kills} defects, {r.adds} that no
        other rule sees
      </p>
      <pre class="place">{r.yaml.trim()}</pre>
      {may('engineer') ? (
        <button type="button" onClick={take}>
          Add to the draft
        </button>
      ) : null}
    </li>
  );
}
