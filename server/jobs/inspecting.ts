/** Inspections: a picture, its rules and its profile to a result that is written once. */
import { LogsadError } from '../../src/index.ts';
import type { ProductKey } from '../engine/protocol.ts';
import { beginInspection, countTry, finishInspection, type Outcome, type Work } from '../storage/inspections.ts';
import { getRules } from '../storage/products.ts';
import { getProfile } from '../storage/profiles.ts';
import { announce } from './announce.ts';
import { blameFor, faultOf, isFileFault, lastFault } from './faults.ts';
import type { Job } from './queue.ts';
import { TRIES, untilBack, type WorkerDeps } from './work.ts';

/** Product keys are the same for thousands of inspections: the newest few are kept. */
const KEYS_KEPT = 16;

export function createInspecting(deps: WorkerDeps, stopped: () => boolean): (job: Job) => Promise<void> {
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

  /** Null: to be tried again. @throws what is the machine's fault */
  const outcomeOf = async (work: Work): Promise<Outcome | null> => {
    try {
      const image = { name: work.name, path: blobs.pathOf(work.image) };
      const key = await keyOf(work);
      return await engines.inspect({ kind: 'inspect', key, image, blobs: deps.blobFolder }, work.attempts > 0);
    } catch (error) {
      if (stopped()) return null;
      const blame = isFileFault(error) && (await misses(deps, work)) ? 'attempt' : blameFor(error);
      if (blame === 'machine') throw error;
      if (blame === 'subject') return { error: faultOf(error as LogsadError) };
      deps.onError(error, { inspection: work.id, attempt: work.attempts + 1 });
      const attempts = await countTry(sql, work.id);
      return attempts < TRIES ? null : { error: lastFault(error, attempts) };
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

/** Whether one of the files of an inspection is gone and the other is there; both gone is a folder that is away. */
async function misses({ sql, blobs }: WorkerDeps, { product, image, profile }: Work): Promise<boolean> {
  const { blob } = await getProfile(sql, product, profile);
  if (blob === null) return true;
  const [picture, learnt] = await Promise.all([blobs.has(image), blobs.has(blob)]);
  return picture !== learnt;
}

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
