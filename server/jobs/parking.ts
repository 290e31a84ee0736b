/**
 * Where jobs wait that met a fault of the machine: still leased to this process, longer after every fault, then put back
 * unharmed. Time is the process's own, so a clock that is set back holds nothing; a process that dies here loses nothing,
 * for its leases are swept.
 */
import type { Job, Queue } from './queue.ts';

/** Milliseconds unless stated. */
export const PARKING = {
  /** After the first fault of a job; doubled by every further one, up to the longest. */
  firstMs: 1000,
  longestMs: 60_000,
  /** So many jobs wait beside those that run; with more of them the machine is in trouble, and seats wait too. */
  places: 50,
  /** Jobs whose faults are remembered. */
  remembered: 1000,
} as const;

/** Milliseconds to wait after the `faults`th fault (1 is the first). */
export function parkMs(faults: number): number {
  return Math.min(PARKING.longestMs, PARKING.firstMs * 2 ** Math.min(faults - 1, 20));
}

export interface Parking {
  /** Resolves at once where there is room, so that the seat goes on; else when the job was put back. */
  park(job: Job): Promise<void>;
  /** The job went well: its faults are forgotten. */
  forget(job: Job): void;
  /** Puts everything back now, and from now on what comes. */
  clear(): Promise<void>;
}

export function createParking(queue: Queue, onError: (error: unknown, job: Job) => void): Parking {
  const parked = new Map<string, () => Promise<void>>();
  const faults = new Map<string, number>();
  let open = true;
  const putBack = async (job: Job): Promise<void> => {
    parked.delete(job.id);
    await queue.release(job).catch((error: unknown) => onError(error, job));
    queue.settled(job);
  };
  const countOf = (job: Job): number => {
    const count = (faults.get(job.subject) ?? 0) + 1;
    // Set anew, so that the oldest is first.
    faults.delete(job.subject);
    faults.set(job.subject, count);
    if (faults.size > PARKING.remembered) faults.delete(faults.keys().next().value!);
    return count;
  };
  return {
    park: (job) => {
      const ms = parkMs(countOf(job));
      if (!open) return putBack(job);
      const full = parked.size >= PARKING.places;
      const waited = new Promise<void>((resolve) => {
        const end = async (): Promise<void> => {
          clearTimeout(timer);
          await putBack(job);
          resolve();
        };
        const timer = setTimeout(() => void end(), ms);
        parked.set(job.id, end);
      });
      return full ? waited : Promise.resolve();
    },
    forget: (job) => void faults.delete(job.subject),
    clear: async () => {
      open = false;
      await Promise.all([...parked.values()].map((end) => end()));
    },
  };
}
