/**
 * Everything that is written passes here. A file is either there whole or not there at all: bytes go to a temporary file
 * in the same folder, are flushed, and take their name by rename.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LogsadError } from '../core/errors.ts';

/** The calls of node:fs that writing needs; tests hand in failing ones. */
export interface WriteCalls {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly unlink: typeof unlink;
}
const NODE_CALLS: WriteCalls = { open, rename, unlink };

/** The operating system's name of a fault (`ENOENT`), or `unknown`. */
export const errno = (error: unknown): string => (error as NodeJS.ErrnoException)?.code ?? 'unknown';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'read-only file system',
  EISDIR: 'a folder stands there',
  EIO: 'the disk reports an error',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
};
/** The same in words. */
export const reason = (error: unknown): string => REASONS[errno(error)] ?? errno(error);

/** Turns a fault of the operating system while writing `path` into one of the catalogue. Others come back as they are. */
export function writeFault(error: unknown, path: string, bytes = 0): unknown {
  if (error instanceof LogsadError) return error;
  const at = { path, folder: dirname(path), bytes };
  switch (errno(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new LogsadError('DISK_FULL', at, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LogsadError('NO_WRITE_PERMISSION', { ...at, reason: reason(error) }, { cause: error });
    case 'ENOTDIR':
      return new LogsadError('NOT_A_FOLDER', { path: dirname(path) }, { cause: error });
    case 'unknown':
      return error;
    default:
      return new LogsadError('WRITE_FAILED', { ...at, reason: reason(error) }, { cause: error });
  }
}

/** @throws LogsadError NO_WRITE_PERMISSION, NOT_A_FOLDER, DISK_FULL, WRITE_FAILED */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    // mkdir answers EEXIST when the last part is a file and ENOTDIR when an earlier one is.
    if (errno(error) === 'EEXIST' || errno(error) === 'ENOTDIR') {
      throw new LogsadError('NOT_A_FOLDER', { path }, { cause: error });
    }
    throw writeFault(error, path);
  }
}

/**
 * Writes the whole file or nothing: temporary file beside it, flush, rename, flush of the folder. The folder is made
 * where it lacks. @throws LogsadError DISK_FULL, NO_WRITE_PERMISSION, NOT_A_FOLDER, WRITE_FAILED
 */
export async function writeAtomic(path: string, data: Uint8Array | string, calls = NODE_CALLS): Promise<void> {
  const folder = dirname(path);
  await ensureFolder(folder);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.part`);
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    handle = await calls.open(temporary, 'wx', 0o644);
    await handle.writeFile(data);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await calls.rename(temporary, path);
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await calls.unlink(temporary).catch(() => undefined);
    throw writeFault(error, path, data.length);
  }
  // The name itself must survive a power cut; some file systems cannot flush a folder, which is no fault of the file.
  const dir = await calls.open(folder, 'r').catch(() => undefined);
  await dir?.sync().catch(() => undefined);
  await dir?.close().catch(() => undefined);
}

/** Fails now rather than after minutes of learning when `path` could not be written. @throws as writeAtomic */
export async function checkWritable(path: string, calls = NODE_CALLS): Promise<void> {
  const folder = dirname(path);
  await ensureFolder(folder);
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    throw new LogsadError('WRITE_FAILED', { path, folder, reason: 'a folder stands there' });
  }
  const probe = join(folder, `.logsad-probe-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    const handle = await calls.open(probe, 'wx');
    await handle.close();
    await calls.unlink(probe);
  } catch (error) {
    throw writeFault(error, path);
  }
}
