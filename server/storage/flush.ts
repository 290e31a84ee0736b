/** Bytes to the disk itself: what a power cut cannot take back. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files flushed at a time when a whole folder is. */
const AT_A_TIME = 8;

/** How the embedded database flushes; it computes in this thread, so it waits here. */
export interface Flush {
  handle(handle: number): void;
  /** A folder, after files came, went or were renamed in it. */
  folder(path: string): void;
}

export const FLUSH: Flush = {
  handle: fsyncSync,
  folder: (path) => {
    // Windows knows no handles of folders; NTFS keeps their changes in its own log.
    if (process.platform === 'win32') return;
    const handle = openSync(path, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
};

/** Everything below a folder, and the folder: some hundred milliseconds for a thousand files, nothing for old ones. */
export async function flushAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const windows = process.platform === 'win32';
  const paths = entries
    .filter((e) => e.isFile() || (e.isDirectory() && !windows))
    .map((e) => join(e.parentPath ?? e.path, e.name));
  if (!windows) paths.push(folder);
  const next = paths[Symbol.iterator]();
  const flushing = async (): Promise<void> => {
    for (const path of next) {
      // Windows flushes only what may be written to.
      const handle = await open(path, windows ? 'r+' : 'r');
      await handle.sync().finally(() => handle.close());
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, flushing));
}
