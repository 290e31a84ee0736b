/** Repeats after faults that may pass. They are ours, so that a cap counts each of them and the record holds each of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChatOptions } from '../../app/ports.ts';
import type { Failed } from './faults.ts';

/** Milliseconds before a repeat where the server names none: doubled each time up to a most. */
const PAUSE = { first: 500, most: 8000 } as const;

export interface Repeating<T> {
  readonly once: (signal: AbortSignal) => Promise<T>;
  /** What a fault of `once` is. `expired`: the time limit has passed. */
  readonly failed: (error: unknown, expired: boolean) => Failed;
  readonly retries: number;
  /** For the question as a whole, pauses included. */
  readonly seconds: number;
  readonly clock: () => string;
  readonly options: ChatOptions;
}

/** A pause that ends after the limit is not begun: the fault is told at once. @throws LogsadError LLM_*, the abort reason of the caller */
export async function repeated<T>(r: Repeating<T>): Promise<T> {
  const { signal: caller, onAttempt, onFault } = r.options;
  const ends = performance.now() + r.seconds * 1000;
  const deadline = AbortSignal.timeout(Math.ceil(r.seconds * 1000));
  const signal = caller ? AbortSignal.any([caller, deadline]) : deadline;
  for (let attempt = 1; ; attempt++) {
    caller?.throwIfAborted();
    onAttempt?.();
    try {
      return await r.once(signal);
    } catch (error) {
      const at = r.clock();
      if (caller?.aborted) {
        await onFault?.({ code: null, params: {}, status: null, attempt, at });
        throw caller.reason;
      }
      const failed = r.failed(error, deadline.aborted);
      const { params, status } = failed;
      await onFault?.({ code: failed.error.code, params, status, attempt, at });
      const pause = failed.wait ?? Math.min(PAUSE.most, PAUSE.first * 2 ** (attempt - 1));
      if (!failed.again || attempt > r.retries || performance.now() + pause >= ends) throw failed.error;
      await sleep(pause, undefined, caller ? { signal: caller } : {}).catch(() => caller?.throwIfAborted());
    }
  }
}
