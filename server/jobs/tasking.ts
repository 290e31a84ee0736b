/** Authoring tasks, with progress. */
import { LogsadError } from '../../src/index.ts';
import { EngineDied } from '../engine/host.ts';
import type { AskOf } from '../engine/protocol.ts';
import { getRules, groundingOf, listNormals, productVersions } from '../storage/products.ts';
import { getProfile, profileFor } from '../storage/profiles.ts';
import { beginTask, countTaskTry, finishTask, progressTask, type TaskOutcome } from '../storage/tasks.ts';
import { announce } from './announce.ts';
import { blameFor, isFileFault, lastFault } from './faults.ts';
import type { Job } from './queue.ts';
import { TRIES, untilBack, type WorkerDeps } from './work.ts';

/** Progress is written at most this often, in milliseconds. */
const PROGRESS_MS = 500;

/** @throws LogsadError PRODUCT_NOT_READY, NOT_FOUND */
async function askOf(
  { sql, blobs }: WorkerDeps,
  { product, request }: NonNullable<Awaited<ReturnType<typeof beginTask>>>,
) {
  const { liveRules, readyProfile } = await productVersions(sql, product);
  const version = request.rules ?? liveRules;
  const author = request.kind === 'propose';
  const rules = request.text ?? (version === null || author ? null : (await getRules(sql, product, version)).text);
  // The profile that judges, unless another one was learnt for this very text.
  const profile = (rules === null ? null : await profileFor(sql, product, groundingOf(rules))) ?? readyProfile;
  const missing = rules === null ? 'no rule file is live' : profile === null ? 'no profile is ready' : null;
  if (!author && missing !== null) {
    const remedy = 'name the rules of the task, and learn a profile first';
    throw new LogsadError('PRODUCT_NOT_READY', { product, reason: missing, remedy });
  }
  const blob = profile === null ? null : (await getProfile(sql, product, profile)).blob;
  const normals = (await listNormals(sql, product)).filter((n) => n.purpose === 'normal');
  return {
    kind: 'task',
    task: request.kind,
    ...{ product, rules },
    profile: author || blob === null ? null : blobs.pathOf(blob),
    normals: normals.map((n) => ({ name: n.name, path: blobs.pathOf(n.image) })),
    seed: request.seed ?? 0,
    models: request.models ?? null,
    instructions: request.instructions ?? '',
  } satisfies AskOf<'task'>;
}

export async function tasking(deps: WorkerDeps, job: Job, stopped: () => boolean): Promise<void> {
  const { sql, queue, engines } = deps;
  const work = await beginTask(sql, job.subject);
  if (work === null) return sql.transaction((tx) => queue.finish(tx, job));
  const event = { product: work.product, subject: job.subject };
  let last = 0;
  let outcome: TaskOutcome;
  try {
    const result = await engines.task(await askOf(deps, work), (progress) => {
      if (performance.now() - last < PROGRESS_MS && progress.done < progress.total) return;
      last = performance.now();
      void sql
        .transaction(async (tx) => {
          await progressTask(tx, job.subject, progress);
          await announce(tx, queue, { ...event, kind: 'task.progress', data: { ...progress } });
        })
        .catch(deps.onError);
    });
    outcome = { result };
  } catch (error) {
    if (stopped()) return queue.release(job);
    if (blameFor(error) === 'machine' && !isFileFault(error)) throw error;
    deps.onError(error, { task: job.subject });
    const attempts = await countTaskTry(sql, job.subject);
    if (error instanceof EngineDied && attempts < TRIES) return queue.release(job);
    outcome = { error: lastFault(error, attempts) };
  }
  const end = outcome;
  await untilBack(sql, stopped, async (tx) => {
    const fresh = await finishTask(tx, job.subject, end);
    await queue.finish(tx, job);
    if (!fresh) return;
    const data = { task: work.request.kind, ...('error' in end ? end : {}) };
    await announce(tx, queue, { ...event, kind: 'error' in end ? 'task.failed' : 'task.done', data });
  });
}
