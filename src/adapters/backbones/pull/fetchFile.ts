/**
 * One file from an address, whole and checked or not at all. What arrives goes to `<path>.part`; a later try continues it
 * where the server allows; only a file of the right digest takes its name.
 */
import { type FileHandle, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogsadError } from '../../../core/errors.ts';
import { ensureFolder, writeFault } from '../../writing.ts';
import { hashFile } from '../store.ts';
import { type Answer, type GetOptions, get } from './http.ts';

export const FETCH = {
  /** Tries that brought nothing new before a file is given up. */
  attempts: 5,
  /** First pause between tries; doubled each time. */
  pauseMs: 1000,
  /** A server that asks for more patience than this is not waited for. */
  longestPauseMs: 300_000,
  /** Room that stays on the disk. */
  spareBytes: 64 * 2 ** 20,
} as const;

export interface FetchOptions extends GetOptions {
  /** sha256 that the file must have; null on the first pull, when what arrives is pinned. */
  readonly sha256: string | null;
  readonly attempts?: number;
  readonly pauseMs?: number;
  readonly longestPauseMs?: number;
  readonly onProgress?: (bytes: number, total: number | null) => void;
  /** Free bytes of the disk that holds a folder. */
  readonly room?: (folder: string) => Promise<number>;
}

export interface Fetched {
  readonly sha256: string;
  readonly bytes: number;
}

/** An answer that another try cannot mend. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** The server asks to come back later. */
class Later extends Error {
  override readonly name = 'Later';
  readonly ms: number;
  constructor(status: number, ms: number) {
    super(`the server answered ${status} and asks to wait ${Math.ceil(ms / 1000)} s`);
    this.ms = ms;
  }
}

const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Milliseconds that a Retry-After header asks for. */
export function retryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;

/** @throws LogsadError PULL_FAILED, PULL_DIGEST, DISK_FULL, NO_WRITE_PERMISSION */
export async function fetchFile(url: string, path: string, options: FetchOptions): Promise<Fetched> {
  const { attempts = FETCH.attempts, signal } = options;
  const part = `${path}.part`;
  await ensureFolder(dirname(path));
  let reason = '';
  let tries = 0;
  for (let idle = 0; idle < attempts; ) {
    signal?.throwIfAborted();
    const before = await sizeOf(part);
    tries++;
    try {
      const stated = await receive(url, part, options);
      return await settle(url, path, part, options.sha256 ?? stated);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof LogsadError) throw error;
      reason = error instanceof Error ? error.message : String(error);
      if (error instanceof Refused) break;
      // A try that moved the file on costs no patience.
      idle = (await sizeOf(part)) > before ? 1 : idle + 1;
      if (idle >= attempts || !(await paused(error, idle, options))) break;
    }
  }
  throw new LogsadError('PULL_FAILED', { url, reason, attempts: tries });
}

/** Waits before another try; false where the server asks for more patience than there is. */
async function paused(error: unknown, idle: number, options: FetchOptions): Promise<boolean> {
  const wait = error instanceof Later ? error.ms : (options.pauseMs ?? FETCH.pauseMs) * 2 ** (idle - 1);
  if (wait > (options.longestPauseMs ?? FETCH.longestPauseMs)) return false;
  await sleep(wait, undefined, options.signal ? { signal: options.signal } : {});
  return true;
}

/** Downloads or continues `part`. The digest that the server states, if any. */
async function receive(url: string, part: string, options: FetchOptions): Promise<string | null> {
  const have = await sizeOf(part);
  // Only what is still the same file may be continued: its tag stands in a note beside it.
  const tag = have > 0 ? await readFile(`${part}.tag`, 'utf8').catch(() => '') : '';
  const resuming = have > 0 && tag !== '';
  const headers = resuming ? { range: `bytes=${have}-`, 'if-range': tag } : {};
  const answer = await get(url, { ...options, headers: { ...options.headers, ...headers } });
  const { status, body } = answer;
  if (status === 429 || status === 503) {
    body.resume();
    const asked = retryAfter(answer.headers['retry-after'], Date.now());
    if (asked !== null) throw new Later(status, asked);
    throw new Error(`the server answered ${status}`);
  }
  if (status === 416) {
    body.resume();
    await rm(part, { force: true });
    throw new Error('the server has no such part of the file');
  }
  if (status !== 200 && status !== 206) {
    body.resume();
    const Fault = status >= 500 || status === 408 ? Error : Refused;
    throw new Fault(
      `the server answered ${status}${status === 401 || status === 403 ? ' (this model may need an account)' : ''}`,
    );
  }
  const from = status === 206 ? have : 0;
  if (status === 206 && !new RegExp(`^bytes ${have}-`).test(answer.headers['content-range'] ?? '')) {
    body.destroy();
    await rm(part, { force: true });
    throw new Error(`the server sent another part of the file (${answer.headers['content-range'] ?? 'unsaid'})`);
  }
  await write(answer, part, from, options);
  const stated = /^"?([0-9a-f]{64})"?$/.exec(String(answer.first['x-linked-etag'] ?? ''))?.[1];
  return stated ?? null;
}

async function write(answer: Answer, part: string, from: number, options: FetchOptions): Promise<void> {
  const length = Number(answer.headers['content-length']);
  const total = Number.isFinite(length) ? from + length : null;
  const folder = dirname(part);
  const room = await (options.room ?? freeBytes)(folder);
  if (Number.isFinite(length) && room < length + FETCH.spareBytes) {
    answer.body.destroy();
    throw new LogsadError('DISK_FULL', { path: part, folder, bytes: length });
  }
  const { etag } = answer.headers;
  let file: FileHandle | undefined;
  let bytes = from;
  try {
    // Weak tags do not promise the same bytes.
    await (etag && !etag.startsWith('W/') ? writeFile(`${part}.tag`, etag) : rm(`${part}.tag`, { force: true }));
    file = await open(part, from > 0 ? 'a' : 'w');
    options.onProgress?.(bytes, total);
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      await file.writeFile(chunk);
      bytes += chunk.length;
      options.onProgress?.(bytes, total);
    }
    await file.sync();
  } catch (error) {
    throw isOfDisk(error) ? writeFault(error, part, total ?? 0) : error;
  } finally {
    await file?.close();
  }
  if (total !== null && bytes !== total) throw new Error(`the transfer ended after ${bytes} of ${total} bytes`);
}

/** Faults of the disk carry a system call of files; those of the network another. */
const isOfDisk = (error: unknown): boolean =>
  ['write', 'open', 'fsync', 'close'].includes((error as NodeJS.ErrnoException).syscall ?? '') &&
  !['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Checks the digest and gives the file its name; a wrong one is removed, so that it is never continued. */
async function settle(url: string, path: string, part: string, expected: string | null): Promise<Fetched> {
  const sha256 = await hashFile(part);
  const bytes = await sizeOf(part);
  await rm(`${part}.tag`, { force: true });
  if (expected !== null && sha256 !== expected) {
    await rm(part, { force: true });
    throw new LogsadError('PULL_DIGEST', { path, url, expected, found: sha256 });
  }
  await rename(part, path);
  return { sha256, bytes };
}
