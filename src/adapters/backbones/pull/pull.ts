/** Brings the files of models: from the hub, a mirror of its layout, or a folder; several at a time; pins what arrives. */

import { existsSync } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LogsadError } from '../../../core/errors.ts';
import { homeFolder, modelsFolder } from '../../home.ts';
import { ensureFolder, writeFault } from '../../writing.ts';
import type { ModelEntry } from '../manifest.ts';
import type { ModelRegistry } from '../registry.ts';
import { hashFile, type Pin, readLock, writeLock } from '../store.ts';
import { type FetchOptions, fetchFile } from './fetchFile.ts';

export const PULL = {
  /** Where repositories are looked for; LOGSAD_HUB or `--from` name another. */
  hub: 'https://huggingface.co',
  /** Files at a time. */
  parallel: 3,
  revision: 'main',
} as const;

export interface PullOptions extends Omit<FetchOptions, 'sha256' | 'onProgress'> {
  readonly home?: string;
  /** A hub, a mirror of its paths, or a folder that holds `<model>/<path>`, `<repository>/<path>` or `<path>`. */
  readonly from?: string;
  /** Brings files anew and pins what arrives, even where another digest was pinned before. */
  readonly force?: boolean;
  readonly parallel?: number;
  readonly onProgress?: (p: PullProgress) => void;
}

export interface PullProgress {
  readonly file: string;
  readonly bytes: number;
  readonly total: number | null;
}

export interface PulledFile {
  readonly model: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** `kept`: it was here and right. */
  readonly how: 'pulled' | 'kept';
}

interface Job {
  readonly model: string;
  readonly entry: ModelEntry;
  readonly file: ModelEntry['files'][number];
  readonly target: string;
}

/** The models of a set that are pulled, or those named. @throws LogsadError MODEL_UNKNOWN */
export async function modelsToPull(registry: ModelRegistry, ids: readonly string[], set?: string): Promise<string[]> {
  const [sets, models] = [await registry.sets(), await registry.models()];
  if (set !== undefined && !sets[set])
    throw new LogsadError('MODEL_UNKNOWN', { what: 'set', name: set, known: Object.keys(sets) });
  const wanted = [...new Set([...(set === undefined ? [] : Object.values(sets[set]!)), ...ids])];
  for (const id of wanted)
    if (!models.has(id)) throw new LogsadError('MODEL_UNKNOWN', { what: 'model', name: id, known: [...models.keys()] });
  return wanted.filter((id) => 'pull' in models.get(id)!.source);
}

/** @throws LogsadError PULL_*, DISK_FULL, NO_WRITE_PERMISSION; what arrived whole before stays and is pinned */
export async function pullModels(
  registry: ModelRegistry,
  ids: readonly string[],
  options: PullOptions = {},
): Promise<PulledFile[]> {
  const home = options.home ?? homeFolder();
  const models = await registry.models();
  const jobs = ids.flatMap((model): Job[] => {
    const entry = models.get(model)!;
    return entry.files.map((file) => ({ model, entry, file, target: join(modelsFolder(home), model, file.path) }));
  });
  const pins: Record<string, Pin> = { ...(await readLock(home)).files };
  let writing: Promise<void> = Promise.resolve();
  const pin = (key: string, value: Pin): Promise<void> => {
    pins[key] = value;
    writing = writing.then(() => writeLock(home, pins));
    return writing;
  };
  const done: PulledFile[] = [];
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const work = async (job: Job): Promise<void> => {
    const { model, file, target } = job;
    const key = `${model}/${file.path}`;
    const pinned = file.sha256 ?? (options.force ? null : (pins[key]?.sha256 ?? null));
    if (!options.force && pinned !== null && existsSync(target) && (await hashFile(target)) === pinned) {
      const bytes = pins[key]?.bytes ?? 0;
      done.push({ model, path: target, sha256: pinned, bytes, how: 'kept' });
      return;
    }
    const { fetched, from } = await bring(job, pinned, { ...options, signal });
    await rm(`${target}.sha256`, { force: true });
    await pin(key, { ...fetched, from });
    done.push({ model, path: target, ...fetched, how: 'pulled' });
  };
  const queue = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) await work(job);
  };
  const lanes = Array.from({ length: Math.min(options.parallel ?? PULL.parallel, jobs.length) }, () =>
    lane().catch((error: unknown) => {
      // The others stop where they are; what they have is continued by the next pull.
      queue.length = 0;
      stop.abort(error);
      throw error;
    }),
  );
  const results = await Promise.allSettled(lanes);
  options.signal?.throwIfAborted();
  // An abort that one failure caused in the others is not the fault to show.
  const faults = results.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
  if (faults.length > 0) throw faults.find((f) => f instanceof LogsadError) ?? faults[0];
  return done.sort((a, b) => (a.path < b.path ? -1 : 1));
}

type Fetched = { fetched: { sha256: string; bytes: number }; from: string };

async function bring(
  { model, entry, file, target }: Job,
  sha256: string | null,
  options: PullOptions,
): Promise<Fetched> {
  if (!('pull' in entry.source)) throw new TypeError(`${model} is not pulled`);
  const { pull: repository, revision = PULL.revision } = entry.source;
  const from = options.from ?? options.environment?.LOGSAD_HUB ?? process.env.LOGSAD_HUB ?? PULL.hub;
  const onProgress = (bytes: number, total: number | null): void =>
    options.onProgress?.({ file: `${model}/${file.path}`, bytes, total });
  if (/^https?:\/\//.test(from)) {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const url = `${from.replace(/\/+$/, '')}/${repository}/resolve/${encodeURIComponent(revision)}/${path}`;
    const { onProgress: _, ...rest } = options;
    return { fetched: await fetchFile(url, target, { ...rest, sha256, onProgress }), from: url };
  }
  const folder = resolve(from);
  const places = [join(folder, model, file.path), join(folder, repository, file.path), join(folder, file.path)];
  const found = places.find((p) => existsSync(p));
  if (!found) throw new LogsadError('PULL_SOURCE', { from: folder, model, path: file.path, tried: places });
  return { fetched: await copied(found, target, sha256), from: found };
}

/** As a download: to a part file, checked, then named. */
async function copied(source: string, target: string, expected: string | null) {
  const part = `${target}.part`;
  await ensureFolder(dirname(target));
  try {
    await copyFile(source, part);
  } catch (error) {
    throw writeFault(error, part);
  }
  await rm(`${part}.tag`, { force: true });
  const sha256 = await hashFile(part);
  if (expected !== null && sha256 !== expected) {
    await rm(part, { force: true });
    throw new LogsadError('PULL_DIGEST', { path: target, url: source, expected, found: sha256 });
  }
  await rename(part, target);
  const { size: bytes } = await stat(target);
  return { sha256, bytes };
}
