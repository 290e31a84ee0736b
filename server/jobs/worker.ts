/** What becomes of jobs: inspections, learning runs and deliveries, each finished together with its outcome. */
import { getParcel, recordDelivery } from '../storage/webhooks.ts';
import { type Consumer, startConsumer } from './consumer.ts';
import { pauseAfter, post } from './deliver.ts';
import { createInspecting } from './inspecting.ts';
import { learning } from './learning.ts';
import { type Job, WORK_CHANNEL } from './queue.ts';
import { tasking } from './tasking.ts';
import type { WorkerDeps } from './work.ts';

/** See each. */
const WORKER = {
  /** Dead holders are looked for this often. */
  sweepMs: 2000,
  /** And what the tables say is open but the queue forgot. */
  refillMs: 120_000,
  deliveries: 4,
} as const;

export interface Worker {
  /** Takes no more work and waits for what runs, at most `ms`; the rest is put back. */
  stop(ms: number): Promise<void>;
}

/** Starts on the queues of a database. One per process. */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { queue, engines, onError } = deps;
  const held = new Map<string, Job>();
  let stopped = false;
  const consume = (name: Job['queue'], width: number, run: (job: Job) => Promise<void>): Consumer =>
    startConsumer({
      queue,
      name,
      width,
      onError: (error, job) => onError(error, job ? { job: job.id, subject: job.subject } : { queue: name }),
      run: async (job) => {
        held.set(job.id, job);
        try {
          await run(job);
        } finally {
          held.delete(job.id);
        }
      },
    });
  const isStopped = (): boolean => stopped;
  const inspections = createInspecting(deps, isStopped);
  const consumers = {
    inspect: consume('inspect', engines.width, inspections),
    learn: consume('learn', 1, (job) => learning(deps, job, isStopped)),
    task: consume('task', 1, (job) => tasking(deps, job, isStopped)),
    deliver: consume('deliver', WORKER.deliveries, (job) => delivering(deps, job)),
  };
  const all = Object.values(consumers);
  try {
    await deps.sql.listen(WORK_CHANNEL, (name) => {
      for (const [key, consumer] of Object.entries(consumers)) if (name === '' || name === key) consumer.wake();
    });
  } catch (error) {
    stopped = true;
    await Promise.all(all.map((c) => c.stop()));
    throw error;
  }
  const sweep = setInterval(() => void queue.sweep().catch(onError), WORKER.sweepMs);
  sweep.unref();
  const refill = setInterval(() => void queue.refill().catch(onError), WORKER.refillMs);
  refill.unref();
  return {
    stop: async (ms) => {
      stopped = true;
      clearInterval(sweep);
      clearInterval(refill);
      const done = Promise.all(all.map((c) => c.stop()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([done, late]);
      clearTimeout(timer);
      const left = [...held.values()];
      engines.close();
      for (const job of left) await queue.release(job).catch(onError);
    },
  };
}

async function delivering({ sql, queue, allowPrivateWebhooks }: WorkerDeps, job: Job): Promise<void> {
  const parcel = await getParcel(sql, job.subject);
  if (parcel === null) return sql.transaction((tx) => queue.finish(tx, job));
  const { status, reason } = await post(parcel.url, parcel.secret, parcel.event, allowPrivateWebhooks);
  const pause = reason === null ? null : pauseAfter(parcel.attempts + 1);
  const state = reason === null ? 'delivered' : pause === null ? 'failed' : 'queued';
  await sql.transaction(async (tx) => {
    await recordDelivery(tx, job.subject, { state, status, reason });
    await queue.finish(tx, job);
    if (pause !== null) await queue.send(tx, 'deliver', job.subject, pause);
  });
}
