/**
 * Takes jobs from one queue and runs them, so many at a time, until it is told to stop. A job that meets a fault of the
 * machine is parked and tried again later; that costs it nothing.
 */
import { createParking } from './parking.ts';
import type { Job, Queue, QueueName } from './queue.ts';

/** Pauses in milliseconds: looking for jobs that were announced while nobody listened, and after a fault of the queue. */
const CONSUMER = { lookMs: 1000, faultMs: 500 } as const;

export interface Consumer {
  /** Somebody sent a job: look now. */
  wake(): void;
  /** Takes no more; resolves when those that run are done. */
  stop(): Promise<void>;
  readonly running: number;
}

export interface ConsumerOptions {
  readonly queue: Queue;
  readonly name: QueueName;
  readonly width: number;
  /** Finishes or releases the job itself; a fault that leaves it is the machine's: it is logged and the job parked. */
  readonly run: (job: Job) => Promise<void>;
  readonly onError: (error: unknown, job?: Job) => void;
}

export function startConsumer({ queue, name, width, run, onError }: ConsumerOptions): Consumer {
  const running = new Set<Promise<void>>();
  let stopping = false;
  let wanted = false;
  let wakeUp: (() => void) | null = null;
  const wake = (): void => {
    wanted = true;
    wakeUp?.();
  };
  const rest = async (ms: number): Promise<void> => {
    if (wanted || stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wakeUp = null;
  };
  const parking = createParking(queue, onError);
  const start = (job: Job): void => {
    const work = run(job)
      .then(() => {
        parking.forget(job);
        queue.settled(job);
      })
      .catch((error: unknown) => {
        onError(error, job);
        return parking.park(job);
      })
      .finally(() => {
        running.delete(work);
        wake();
      });
    running.add(work);
  };
  const loop = (async () => {
    while (!stopping) {
      wanted = false;
      try {
        const free = width - running.size;
        const jobs = free > 0 ? await queue.take(name, free) : [];
        for (const job of jobs) start(job);
        // Fewer than were asked for: there are no more until somebody sends one.
        if (free <= 0 || jobs.length < free) await rest(CONSUMER.lookMs);
      } catch (error) {
        onError(error);
        await rest(CONSUMER.faultMs);
        // A wake-up must not turn a database that is away into a busy loop.
        await new Promise((resolve) => setTimeout(resolve, CONSUMER.faultMs));
      }
    }
  })();
  return {
    wake,
    get running() {
      return running.size;
    },
    stop: async () => {
      stopping = true;
      wake();
      const cleared = parking.clear();
      await loop;
      await Promise.all([cleared, ...running]);
    },
  };
}
