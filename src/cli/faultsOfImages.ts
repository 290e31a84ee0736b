/** What faults of single images make of a batch: which exit code, and a stop that still lets the outputs be written. */
import { LogsadError } from '../core/errors.ts';
import { EXIT, type ExitCode } from './command.ts';

export interface Faults {
  add(error: LogsadError): void;
  /** The worst so far: a fault of the machine counts more than one of a file. Null without any. */
  readonly exit: ExitCode | null;
  /** The fault that ended the batch early. */
  stopped: LogsadError | null;
}

export function collectFaults(): Faults {
  let exit: ExitCode | null = null;
  return {
    add(error) {
      if (error.exit === EXIT.environment || exit === null) exit = error.exit;
    },
    get exit() {
      return exit;
    },
    stopped: null,
  };
}

/** The items up to a fault of the machine, which is kept in `faults` for later: report and counts come first. */
export async function* stopGently<T>(items: AsyncIterable<T>, faults: Faults): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof LogsadError)) throw error;
    faults.stopped = error;
  }
}
