/** What becomes of jobs: inspections, learning runs and deliveries, each finished together with its outcome. */
import { isImageFault, LogsadError } from '../../src/index.ts';
import type { Engines } from '../engine/engines.ts';
import { EngineDied } from '../engine/host.ts';
import type { PictureFile, ProductKey } from '../engine/protocol.ts';
import type { Fault } from '../schemas.ts';
import type { Blobs } from '../storage/blobs.ts';
import { beginInspection, countTry, finishInspection, type Outcome, type Work } from '../storage/inspections.ts';
import {
  countProfileTry,
  finishProfile,
  getProfile,
  getRules,
  listNormals,
  type ProfileOutcome,
  progressProfile,
} from '../storage/products.ts';
import type { Queryable, Sql } from '../storage/sql.ts';
import { getParcel, recordDelivery } from '../storage/webhooks.ts';
import { announce } from './announce.ts';
import { type Consumer, startConsumer } from './consumer.ts';
import { pauseAfter, post } from './deliver.ts';
import { type Job, type Queue, WORK_CHANNEL } from './queue.ts';

/** See each. */
const WORKER = {
  /** A picture whose engine process died so often is at fault itself. */
  tries: 3,
  /** Dead holders are looked for this often. */
  sweepMs: 2000,
  deliveries: 4,
  /** Progress of a learning run is written at most this often. */
  progressMs: 500,
  /** An outcome that cannot be written because the database is away is tried again after this. */
  againMs: 500,
} as const;

export interface WorkerDeps {
  readonly sql: Sql;
  readonly queue: Queue;
  readonly engines: Engines;
  readonly blobs: Blobs;
  readonly blobFolder: string;
  readonly allowPrivateWebhooks: boolean;
  readonly onError: (error: unknown, about?: Record<string, unknown>) => void;
  /** A finished inspection and how long its engine took, for metrics. */
  readonly onInspected?: (outcome: string, ms: number) => void;
}

export interface Worker {
  /** Takes no more work and waits for what runs, at most `ms`; the rest is put back. */
  stop(ms: number): Promise<void>;
}

const faultOf = ({ code, message, fix }: LogsadError): Fault => ({ code, message, fix });

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
    deliver: consume('deliver', WORKER.deliveries, (job) => delivering(deps, job)),
  };
  await deps.sql.listen(WORK_CHANNEL, (name) => {
    for (const [key, consumer] of Object.entries(consumers)) if (name === '' || name === key) consumer.wake();
  });
  const sweep = setInterval(() => void queue.sweep().catch(onError), WORKER.sweepMs);
  sweep.unref();
  return {
    stop: async (ms) => {
      stopped = true;
      clearInterval(sweep);
      const done = Promise.all(Object.values(consumers).map((c) => c.stop()));
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

/** Retries while the database is away: what was computed is not thrown away for a restart of PostgreSQL. */
async function untilBack(sql: Sql, stopped: () => boolean, work: (tx: Queryable) => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await sql.transaction(work);
    } catch (error) {
      const away = error instanceof LogsadError && error.code === 'DATABASE_UNAVAILABLE';
      if (!away || stopped()) throw error;
      await new Promise((resolve) => setTimeout(resolve, WORKER.againMs));
    }
  }
}

// --- inspections -----------------------------------------------------------------------------------------------------

/** Product keys are the same for thousands of inspections: the newest few are kept. */
const KEYS_KEPT = 16;

function createInspecting(deps: WorkerDeps, stopped: () => boolean): (job: Job) => Promise<void> {
  const { sql, queue, blobs, engines } = deps;
  const keys = new Map<string, Promise<ProductKey>>();
  const keyOf = (w: Work): Promise<ProductKey> => {
    const name = `${w.product}/${w.rules}/${w.profile}`;
    const known = keys.get(name);
    if (known) return known;
    const made = readKey(deps, w);
    made.catch(() => keys.delete(name));
    keys.set(name, made);
    if (keys.size > KEYS_KEPT) keys.delete(keys.keys().next().value!);
    return made;
  };

  /** Null: to be tried again. */
  const outcomeOf = async (work: Work): Promise<Outcome | null> => {
    try {
      const image = { name: work.name, path: blobs.pathOf(work.image) };
      const key = await keyOf(work);
      return await engines.inspect({ kind: 'inspect', key, image, blobs: deps.blobFolder }, work.attempts > 0);
    } catch (error) {
      if (isDatabaseFault(error)) throw error;
      if (error instanceof LogsadError && error.exit === 2 && isImageFault(error)) return { error: faultOf(error) };
      if (stopped()) return null;
      deps.onError(error, { inspection: work.id, attempt: work.attempts + 1 });
      const attempts = await countTry(sql, work.id);
      if (attempts < WORKER.tries) return null;
      const reason = error instanceof Error ? error.message : String(error);
      const dead = error instanceof EngineDied || !(error instanceof LogsadError);
      return { error: faultOf(dead ? new LogsadError('INSPECTION_FAILED', { attempts, reason }) : error) };
    }
  };

  return async (job) => {
    const work = await beginInspection(sql, job.subject);
    if (work === null) return sql.transaction((tx) => queue.finish(tx, job));
    const began = performance.now();
    const outcome = await outcomeOf(work);
    if (outcome === null) return queue.release(job);
    await untilBack(sql, stopped, async (tx) => {
      const fresh = await finishInspection(tx, work.id, outcome);
      await queue.finish(tx, job);
      if (fresh) await announce(tx, queue, inspectionEvent(work, outcome));
    });
    deps.onInspected?.('error' in outcome ? 'failed' : outcome.verdict, performance.now() - began);
  };
}

const isDatabaseFault = (error: unknown): boolean =>
  error instanceof LogsadError && error.code === 'DATABASE_UNAVAILABLE';

async function readKey({ sql, blobs }: WorkerDeps, w: Work): Promise<ProductKey> {
  const [rules, profile] = await Promise.all([
    getRules(sql, w.product, w.rules),
    getProfile(sql, w.product, w.profile),
  ]);
  if (profile.blob === null) throw new LogsadError('NOT_FOUND', { what: `profile ${w.profile} of '${w.product}'` });
  const versions = { rulesVersion: w.rules, profileVersion: w.profile };
  return { product: w.product, ...versions, rules: rules.text, profile: blobs.pathOf(profile.blob) };
}

function inspectionEvent({ id, product, name }: Work, o: Outcome) {
  const failed = 'error' in o;
  return {
    kind: failed ? ('inspection.failed' as const) : ('inspection.done' as const),
    product,
    subject: id,
    data: failed
      ? { name, error: o.error }
      : { name, verdict: o.verdict, score: o.score, unit: o.unit, cause: o.cause },
  };
}

// --- learning --------------------------------------------------------------------------------------------------------

/** Null where there is nothing to do. */
async function learnAsk(deps: WorkerDeps, product: string, version: number) {
  const { sql, blobs } = deps;
  const profile = await getProfile(sql, product, version);
  if (profile.state === 'ready' || profile.state === 'failed') return null;
  const [rules, normals] = await Promise.all([getRules(sql, product, profile.rules), listNormals(sql, product)]);
  const of = (purpose: string): PictureFile[] =>
    normals.filter((n) => n.purpose === purpose).map((n) => ({ name: n.name, path: blobs.pathOf(n.image) }));
  return {
    kind: 'learn' as const,
    product,
    rules: rules.text,
    normals: of('normal'),
    calibration: of('calibration'),
    exemplars: [...of('normal'), ...of('exemplar')],
    seed: profile.request.seed ?? 0,
    models: profile.request.models ?? 'embedded',
    blobs: deps.blobFolder,
  };
}

async function learning(deps: WorkerDeps, job: Job, stopped: () => boolean): Promise<void> {
  const { sql, queue, engines } = deps;
  const [product, versionText] = job.subject.split('/') as [string, string];
  const version = Number(versionText);
  const ask = await learnAsk(deps, product, version);
  if (ask === null) return sql.transaction((tx) => queue.finish(tx, job));
  let last = 0;
  let outcome: ProfileOutcome;
  try {
    outcome = await engines.learn(ask, (progress) => {
      if (performance.now() - last < WORKER.progressMs && progress.done < progress.total) return;
      last = performance.now();
      void sql
        .transaction(async (tx) => {
          await progressProfile(tx, product, version, progress);
          await announce(tx, queue, { kind: 'profile.progress', product, subject: job.subject, data: { ...progress } });
        })
        .catch(deps.onError);
    });
  } catch (error) {
    if (isDatabaseFault(error)) throw error;
    if (stopped()) return queue.release(job);
    deps.onError(error, { profile: job.subject });
    const own = error instanceof LogsadError;
    const attempts = own ? WORKER.tries : await countProfileTry(sql, product, version);
    if (attempts < WORKER.tries) return queue.release(job);
    const reason = error instanceof Error ? error.message : String(error);
    outcome = { error: faultOf(own ? error : new LogsadError('INSPECTION_FAILED', { attempts, reason })) };
  }
  const result = outcome;
  await untilBack(sql, stopped, async (tx) => {
    const fresh = await finishProfile(tx, product, version, result);
    await queue.finish(tx, job);
    if (!fresh) return;
    const kind = 'blob' in result ? 'profile.ready' : 'profile.failed';
    await announce(tx, queue, { kind, product, subject: job.subject, data: 'blob' in result ? {} : result });
  });
}

// --- deliveries ------------------------------------------------------------------------------------------------------

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
