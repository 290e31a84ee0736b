/** Resident memory of this process and those it started: the models live in a child of the engine. */
import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Bytes; where /proc does not tell, this process alone. */
export function residentBytes(): number {
  let total = process.memoryUsage.rss();
  for (const pid of childrenOf(process.pid)) total += residentOf(pid);
  return total;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or the process is gone.
    return '';
  }
}

function childrenOf(pid: number): number[] {
  const own = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * KIB;
