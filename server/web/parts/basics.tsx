/** Small things that every page shows: verdicts, faults, empty places, waiting, messages. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiFault } from '../api.ts';
import { REVIEW_WORDS } from '../format.ts';
import type { Fault, Inspection, Progress } from '../types.ts';

/** The verdict, or how far an inspection is. Words carry it; colour only helps. */
export function VerdictBadge({ of: i }: { of: Pick<Inspection, 'verdict' | 'state'> }) {
  const word = i.verdict ?? i.state;
  return <span class={`badge ${word}`}>{word}</span>;
}

export function ReviewBadge({ verdict }: { verdict: Inspection['review'] }) {
  return verdict === null ? null : <span class={`reviewed ${verdict}`}>{REVIEW_WORDS[verdict]}</span>;
}

/** What mends a fault for somebody at the page, where the service's own words are for those at a command line. */
const HERE: Readonly<Record<string, string>> = {
  AUTH_REQUIRED: 'Check that the whole token was pasted. An admin makes another where it was lost or revoked.',
  NOT_FOUND: 'It may have been removed, or the address is not whole.',
  RULES_NOT_ACCEPTABLE:
    'Vet them under Checks, put the vetting into the draft and save it; or make them live nevertheless.',
  LLM_NOT_CONFIGURED:
    'Whoever runs the service names a model there: LOGSAD_LLM_URL, LOGSAD_LLM_MODEL, and LOGSAD_LLM_KEY where the server asks for one.',
};
const remedy = ({ code, fix }: Pick<Fault, 'code' | 'fix'>): string => HERE[code] ?? fix;

/** What went wrong and what mends it. */
export function FaultBox({ fault, retry }: { fault: unknown; retry?: (() => void) | undefined }) {
  if (fault === null || fault === undefined) return null;
  const known = fault instanceof ApiFault ? fault : null;
  return (
    <div class="fault" role="alert">
      <p>
        <b>{known?.message ?? (fault instanceof Error ? fault.message : String(fault))}</b>
      </p>
      {known && remedy(known) ? <p>{remedy(known)}</p> : null}
      {known ? <p class="faint small">{known.code}</p> : null}
      {retry ? (
        <button type="button" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Appears late: what comes at once must not flicker. */
export function Waiting({ what = 'Loading' }: { what?: string }) {
  return (
    <p class="waiting" role="status">
      <span class="spinner" aria-hidden="true" />
      {what} …
    </p>
  );
}

export function Bar({ done, total, label }: { done: number; total: number; label: string }) {
  const most = Math.max(1, total);
  return <progress class="bar" max={most} value={Math.min(done, most)} aria-label={label} />;
}

/** Work that counts its steps. */
export function ProgressLine(props: { done: number; total: number; label: string; children: ComponentChildren }) {
  const { done, total, label } = props;
  return (
    <div class="progress-line" role="status">
      <Bar done={done} total={total} label={label} />
      <span class="small faint">{props.children}</span>
    </div>
  );
}

/** A stage of a job, as jobs tell it. */
export function StageLine({ progress: { stage, done, total } }: { progress: Progress }) {
  return (
    <ProgressLine done={done} total={total} label={stage}>
      {stage} {done} of {total}
    </ProgressLine>
  );
}

/** Why something that was stored failed: no alarm, it happened before. */
export function StoredFault({ error }: { error: Fault }) {
  return (
    <div class="fault">
      <b>{error.message}</b>
      <p>{remedy(error)}</p>
    </div>
  );
}

interface Message {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  /** A newer message on the same matter takes its place. */
  readonly topic: string;
  readonly action?: { readonly name: string; readonly run: () => void };
}

const messages = signal<readonly Message[]>([]);
const SHOWN_MS = 6000;
let next = 0;

/** A line at the foot of the page for some seconds. */
export function say(text: string, options: { bad?: boolean; topic?: string; action?: Message['action'] } = {}): void {
  const id = next++;
  const { bad = false, topic = String(id), action } = options;
  const others = messages.peek().filter((m) => m.topic !== topic);
  messages.value = [...others.slice(-2), { id, text, bad, topic, ...(action ? { action } : {}) }];
  setTimeout(
    () => {
      messages.value = messages.peek().filter((m) => m.id !== id);
    },
    bad ? 2 * SHOWN_MS : SHOWN_MS,
  );
}

/** Says a fault the same way. */
export function sayFault(fault: unknown): void {
  if (fault instanceof DOMException && fault.name === 'AbortError') return;
  const text = fault instanceof Error ? fault.message : String(fault);
  say(fault instanceof ApiFault && fault.fix ? `${text} ${fault.fix}` : text, { bad: true });
}

export function Messages() {
  return (
    <div class="messages" role="status" aria-live="polite">
      {messages.value.map((m) => (
        <div key={m.id} class={m.bad ? 'message bad' : 'message'}>
          <span>{m.text}</span>
          {m.action ? (
            <button type="button" onClick={m.action.run}>
              {m.action.name}
            </button>
          ) : null}
        </div>
      ))}
    </div>
  );
}

/** A modal dialog of the browser: keeps the focus inside, Escape closes it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
    // Who has keys begins with the first field; for fingers that would open the keyboard of the screen.
    if (matchMedia('(pointer: fine)').matches)
      box.current?.querySelector<HTMLElement>('input, textarea, select')?.focus();
  }, []);
  return (
    <dialog ref={box} onClose={onClose} aria-label={title}>
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={() => box.current?.close()}>
          Close
        </button>
      </header>
      {children}
    </dialog>
  );
}
