/**
 * Whose fault a failed job is. It decides what the failure costs: a picture that cannot be judged ends its inspection, one
 * that may have killed its engine process is tried a few times, and for a machine in trouble the job waits and loses nothing.
 */
import { isImageFault, LogsadError } from '../../src/index.ts';
import { EngineDied } from '../engine/host.ts';
import type { Fault } from '../schemas.ts';

/**
 * `subject`: trying again gives the same. `attempt`: perhaps the subject's, perhaps not; so many tries and no more.
 * `machine`: neither picture nor rules have a part in it.
 */
export type Blame = 'subject' | 'attempt' | 'machine';

/** Disks, rights, databases and processes that do not start: the next machine, or this one later, does better. */
const MACHINE: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'DISK_FULL',
  'NO_WRITE_PERMISSION',
  'WRITE_FAILED',
  'NOT_A_FOLDER',
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'IMAGE_NOT_FOUND',
  'INFERENCE_UNAVAILABLE',
  'INFERENCE_CLOSED',
]);

/** `ENOSPC`, `EMFILE`: how the operating system names its faults. */
const ERRNO = /^E[A-Z0-9]{2,}$/;

export function blameFor(error: unknown): Blame {
  if (error instanceof EngineDied) return error.started ? 'attempt' : 'machine';
  if (error instanceof LogsadError) {
    if (MACHINE.has(error.code)) return 'machine';
    return error.exit === 2 && isImageFault(error) ? 'subject' : 'attempt';
  }
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && ERRNO.test(code) ? 'machine' : 'attempt';
}

/** Whether a file that the job needs was not found or not opened: it may be this file alone, or the whole folder. */
export function isFileFault(error: unknown): boolean {
  return error instanceof LogsadError && (error.code === 'IMAGE_NOT_FOUND' || error.code === 'FILE_NOT_FOUND');
}

/** As rows and answers carry it. */
export const faultOf = ({ code, message, fix }: LogsadError): Fault => ({ code, message, fix });

/** What stands in the row after the last try. */
export function lastFault(error: unknown, attempts: number): Fault {
  if (error instanceof LogsadError) return faultOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  return faultOf(new LogsadError('INSPECTION_FAILED', { attempts, reason }));
}
