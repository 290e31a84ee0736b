/** Longer work on a product: vetting, mutation, mining and proposals run as tasks of the service. */
import { useEffect } from 'preact/hooks';
import { at, call } from '../api.ts';
import type { Task, TaskKind } from '../contracts.ts';
import { useEvents } from '../events.ts';
import { useLoaded } from '../load.ts';
import { sayFault } from '../parts/basics.tsx';
import type { Page } from '../types.ts';

/** Events come at once; a look now and then makes up for a stream that broke. */
const LOOK_MS = 3000;

export interface Followed {
  /** The newest task of the kind, with its result once it has one. */
  readonly task: Task | null;
  readonly fault: unknown;
  readonly busy: boolean;
  start(body: Readonly<Record<string, unknown>>): void;
}

/** The newest task of a kind; `start` makes another and follows it. A reload finds it again. */
export function useTask(product: string, kind: TaskKind): Followed {
  const list = useLoaded<Page<Task>>(`tasks ${product}`, (signal) =>
    call(at(['products', product, 'tasks']), { signal }),
  );
  const newest = list.data?.items.find((t) => t.kind === kind);
  const one = useLoaded<Task>(newest ? `task ${newest.id}` : null, (signal) =>
    call(at(['tasks', newest!.id]), { signal }),
  );
  const task = one.data ?? newest ?? null;
  const busy = task !== null && (task.state === 'queued' || task.state === 'running');
  useEvents((e) => {
    if (newest && e.subject === newest.id && e.kind.startsWith('task.')) one.reload();
  });
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(one.reload, LOOK_MS);
    return () => clearInterval(timer);
  }, [busy, newest?.id]);
  return {
    task,
    fault: list.fault ?? one.fault,
    busy,
    start: (body) => {
      call(at(['products', product, 'tasks']), { method: 'POST', json: { kind, ...body } }).then(list.reload, sayFault);
    },
  };
}
