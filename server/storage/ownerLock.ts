/**
 * One owner per data folder: the embedded database lives in the memory of one process and two would destroy it. The
 * lock is a file with the owner's process id and start time; a lock whose process is gone is taken over.
 */
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LogsadError } from '../../src/index.ts';

const NAME = 'owner.lock';

/** Start time of a process in clock ticks since boot, which tells a recycled process id; null where /proc is missing. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

async function lives(pid: number, started: string | null): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return started === null || now === null || now === started;
}

/** Returns what releases the lock. @throws LogsadError DATA_IN_USE */
export async function ownFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, NAME);
  const mine = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  // A whole file takes its name in one step, so no other process ever reads half a lock.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, mine);
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        await link(draft, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
        const text = await readFile(path, 'utf8').catch(() => '{}');
        const { pid = 0, started = null } = JSON.parse(text || '{}') as { pid?: number; started?: string | null };
        if (pid > 0 && (await lives(pid, started))) throw new LogsadError('DATA_IN_USE', { path: folder, owner: pid });
        await unlink(path).catch(() => undefined);
      }
    }
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  return async () => {
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await unlink(path).catch(() => undefined);
  };
}
