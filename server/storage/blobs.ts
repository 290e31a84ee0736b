/**
 * Files by what they hold: `<folder>/ab/<sha256>`. A name is a digest we computed, never something a client sent. Bytes
 * go to a temporary file, are flushed, and take their name by rename; a file that is there already is left alone.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { files, LogsadError } from '../../src/index.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: number;
}

/** A blob whose bytes are on disk but which has no name yet: look at it, then keep or drop it. */
export interface Draft extends Blob {
  readonly path: string;
  keep(): Promise<Blob>;
  drop(): Promise<void>;
}

export interface Blobs {
  /** Takes a stream in. @throws LogsadError UPLOAD_TOO_LARGE, DISK_FULL, NO_WRITE_PERMISSION */
  draft(source: AsyncIterable<Uint8Array>, limit: number): Promise<Draft>;
  put(bytes: Uint8Array): Promise<Blob>;
  pathOf(digest: string): string;
  has(digest: string): Promise<boolean>;
  /** Digests of blobs that nobody touched for `idleMs`. */
  idle(idleMs: number): AsyncGenerator<string>;
  /** Unless somebody touched it within `idleMs`, also between being looked at and now; whether it is gone. */
  remove(digest: string, idleMs: number): Promise<boolean>;
  /** Removes drafts that a crash left behind. */
  tidy(): Promise<void>;
}

/** The calls that may fail for want of room; tests hand in failing ones. */
export interface BlobCalls {
  readonly open: typeof open;
  readonly rename: typeof rename;
}

/** A draft so old belongs to no upload that still runs; other processes may share the folder. */
const ABANDONED_MS = 3_600_000;

const DIGEST = /^[0-9a-f]{64}$/;

export function openBlobs(folder: string, calls: BlobCalls = { open, rename }): Blobs {
  const pathOf = (digest: string): string => {
    if (!DIGEST.test(digest)) throw new LogsadError('NOT_FOUND', { what: 'this file' });
    return join(folder, digest.slice(0, 2), digest);
  };
  const drafts = join(folder, 'drafts');
  const has = (digest: string): Promise<boolean> =>
    access(pathOf(digest), constants.R_OK).then(
      () => true,
      () => false,
    );

  const name = async (draft: string, digest: string): Promise<void> => {
    const path = pathOf(digest);
    // Retention leaves alone what was touched lately. What cannot be touched (gone, or another user's) is put there anew.
    const touched = await utimes(path, new Date(), new Date()).then(
      () => true,
      () => false,
    );
    if (touched) return unlink(draft);
    await mkdir(join(folder, digest.slice(0, 2)), { recursive: true });
    await calls.rename(draft, path);
    const dir = await calls.open(join(folder, digest.slice(0, 2)), 'r').catch(() => undefined);
    await dir?.sync().catch(() => undefined);
    await dir?.close();
  };

  const draft = async (source: AsyncIterable<Uint8Array>, limit: number): Promise<Draft> => {
    const path = join(drafts, `${process.pid}-${randomBytes(8).toString('hex')}`);
    const hash = createHash('sha256');
    let bytes = 0;
    let handle: FileHandle | undefined;
    try {
      await mkdir(drafts, { recursive: true });
      handle = await calls.open(path, 'wx', 0o640);
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > limit) throw new LogsadError('UPLOAD_TOO_LARGE', { limit: `${limit} bytes` });
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
      await handle.sync();
      await handle.close();
      handle = undefined;
    } catch (error) {
      await handle?.close().catch(() => undefined);
      await unlink(path).catch(() => undefined);
      throw files.writeFault(error, path, bytes);
    }
    const digest = hash.digest('hex');
    return {
      path,
      digest,
      bytes,
      keep: async () => {
        await name(path, digest).catch((error: unknown) => Promise.reject(files.writeFault(error, path, bytes)));
        return { digest, bytes };
      },
      drop: () => unlink(path).catch(() => undefined),
    };
  };

  return {
    draft,
    pathOf,
    has,
    put: async (data) => {
      const made = await draft(
        (async function* () {
          yield data;
        })(),
        Number.POSITIVE_INFINITY,
      );
      return made.keep();
    },
    idle: (idleMs) => idle(folder, idleMs),
    remove: async (digest, idleMs) => {
      const [path, aside] = [pathOf(digest), join(drafts, `${process.pid}-${randomBytes(8).toString('hex')}`)];
      await mkdir(drafts, { recursive: true });
      // Out of reach first, then looked at again: who touched it before is seen here, who comes later finds nothing.
      const moved = await calls.rename(path, aside).then(
        () => true,
        () => false,
      );
      if (!moved) return false;
      const { mtimeMs } = await stat(aside);
      const wanted = Date.now() - mtimeMs < idleMs;
      await (wanted ? calls.rename(aside, path) : unlink(aside));
      return !wanted;
    },
    tidy: async () => {
      for (const left of await readdir(drafts).catch(() => [])) {
        const there = await stat(join(drafts, left)).catch(() => undefined);
        if (there && Date.now() - there.mtimeMs > ABANDONED_MS) await unlink(join(drafts, left)).catch(() => undefined);
      }
    },
  };
}

async function* idle(folder: string, idleMs: number): AsyncGenerator<string> {
  for (const shelf of await readdir(folder).catch(() => [])) {
    if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
    for (const digest of await readdir(join(folder, shelf))) {
      const there = await stat(join(folder, shelf, digest)).catch(() => undefined);
      if (there && DIGEST.test(digest) && Date.now() - there.mtimeMs >= idleMs) yield digest;
    }
  }
}
