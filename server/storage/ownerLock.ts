/**
 * One owner per data folder: the embedded database lives in the memory of one process and two would destroy it. The
 * lock is a file with the owner's process id, its start time and where it runs, written again and again while it lives.
 * Only a process of the same machine and process space can be looked up by id; any other counts as alive while its
 * lock is fresh. A stale lock is replaced in one step by the one process that holds the right to.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, readlink, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LogsadError } from '../../src/index.ts';

const NAME = 'owner.lock';

/** Milliseconds: how often the owner writes its lock again, and how old a lock may be that still counts as fresh. */
export const OWNER = { beatMs: 5000, freshMs: 30_000 } as const;

interface Lock {
  readonly pid?: number;
  readonly started?: string | null;
  /** Absent in locks of older versions, which are looked up by process id. */
  readonly place?: string;
}

/** Start time of a process in clock ticks since boot, which tells a recycled process id; null where /proc is missing. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the start time is the 20th field after it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Where process ids mean the same: machine, its boot, and the space of process ids (two containers each have a 1). */
async function placeOf(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return [hostname(), boot.trim(), space].join(' ');
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

/** Age by the clock of the file system, so that clocks of several machines need not agree; infinite where it is gone. */
async function ageOf(path: string, fresh: string): Promise<number> {
  const [old, now] = await Promise.all([stat(path).catch(() => null), stat(fresh)]);
  return old === null ? Number.POSITIVE_INFINITY : now.mtimeMs - old.mtimeMs;
}

/** Links `draft` as `path`; false where that name is taken. */
const claim = (draft: string, path: string): Promise<boolean> =>
  link(draft, path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );

/** Replaces the lock that reads `stale`; false where somebody else was faster. The name is never without a lock. */
async function replace(path: string, draft: string, mine: string, stale: string): Promise<boolean> {
  const right = `${path}.taking`;
  if (!(await claim(draft, right))) {
    // Left by a process that died in the middle.
    if ((await ageOf(right, draft)) > OWNER.freshMs) await unlink(right).catch(() => undefined);
    return false;
  }
  try {
    // Looked at again now that nobody else may replace it.
    const [now, holder] = await Promise.all([path, right].map((p) => readFile(p, 'utf8').catch(() => null)));
    if (now !== stale || holder !== mine) return false;
    await rename(draft, path);
    return (await readFile(path, 'utf8')) === mine;
  } finally {
    if ((await readFile(right, 'utf8').catch(() => null)) === mine) await unlink(right).catch(() => undefined);
  }
}

/** Whether the owner that wrote `text` is there, and its process id. */
async function ownerOf(text: string, place: string, age: number): Promise<{ alive: boolean; pid: number }> {
  const { pid = 0, started = null, place: at = place } = JSON.parse(text || '{}') as Lock;
  const alive = at === place ? pid > 0 && (await lives(pid, started)) : age < OWNER.freshMs;
  return { alive, pid };
}

/** Returns what releases the lock. @throws LogsadError DATA_IN_USE */
export async function ownFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, NAME);
  const place = await placeOf();
  const id = randomUUID();
  const mine = JSON.stringify({ pid: process.pid, started: await startOf(process.pid), place, id });
  // A whole file takes its name in one step, so no other process ever reads half a lock.
  const draft = `${path}.${id}`;
  // Kept open: what is written later reaches this lock alone, whoever has the name by then.
  const file = await open(draft, 'w');
  const beat = (): Promise<unknown> => file.write(mine, 0);
  try {
    await beat();
    for (let attempt = 0; !(await claim(draft, path)); attempt++) {
      const text = await readFile(path, 'utf8').catch(() => null);
      if (text === null) continue;
      const { alive, pid } = await ownerOf(text, place, await ageOf(path, draft));
      if (alive) throw new LogsadError('DATA_IN_USE', { path: folder, owner: pid });
      if (await replace(path, draft, mine, text)) break;
      if (attempt > 3) throw new LogsadError('DATA_IN_USE', { path: folder, owner: pid });
    }
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  const beating = setInterval(() => void beat().catch(() => undefined), OWNER.beatMs);
  beating.unref();
  return async () => {
    clearInterval(beating);
    await file.close().catch(() => undefined);
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await unlink(path).catch(() => undefined);
  };
}
