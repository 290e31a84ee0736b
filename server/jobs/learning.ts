/** Learning runs, with progress. */
import { EngineDied } from '../engine/host.ts';
import type { PictureFile } from '../engine/protocol.ts';
import { getRules, listNormals } from '../storage/products.ts';
import {
  countProfileTry,
  finishProfile,
  getProfile,
  type ProfileOutcome,
  progressProfile,
} from '../storage/profiles.ts';
import { announce } from './announce.ts';
import { blameFor, isFileFault, lastFault } from './faults.ts';
import type { Job } from './queue.ts';
import { TRIES, untilBack, type WorkerDeps } from './work.ts';

/** Progress is written at most this often, in milliseconds. */
const PROGRESS_MS = 500;

/** Null where there is nothing to do. */
async function learnAsk(deps: WorkerDeps, product: string, version: number) {
  const { sql, blobs } = deps;
  const profile = await getProfile(sql, product, version);
  if (profile.state !== 'queued' && profile.state !== 'running') return null;
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

export async function learning(deps: WorkerDeps, job: Job, stopped: () => boolean): Promise<void> {
  const { sql, queue, engines } = deps;
  const [product, versionText] = job.subject.split('/') as [string, string];
  const version = Number(versionText);
  const ask = await learnAsk(deps, product, version);
  if (ask === null) return sql.transaction((tx) => queue.finish(tx, job));
  let last = 0;
  let outcome: ProfileOutcome;
  try {
    outcome = await engines.learn(ask, (progress) => {
      if (performance.now() - last < PROGRESS_MS && progress.done < progress.total) return;
      last = performance.now();
      void sql
        .transaction(async (tx) => {
          await progressProfile(tx, product, version, progress);
          await announce(tx, queue, { kind: 'profile.progress', product, subject: job.subject, data: { ...progress } });
        })
        .catch(deps.onError);
    });
  } catch (error) {
    if (stopped()) return queue.release(job);
    const blame = blameFor(error);
    if (blame === 'machine' && !isFileFault(error)) throw error;
    deps.onError(error, { profile: job.subject });
    const attempts = await countProfileTry(sql, product, version);
    // A fault the engine names itself comes again; only a process that died may have been unlucky.
    if (error instanceof EngineDied && attempts < TRIES) return queue.release(job);
    outcome = { error: lastFault(error, attempts) };
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
