/** One child process and the one request it is working on. When it dies, the request fails with `ChildDied`. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Tensor } from '../../app/ports.ts';
import type { Fault, Reply, Request, Result } from './protocol.ts';

/** How much of the child's last words is kept for the message. */
const LAST_WORDS = 2000;

/** The child ended; `reason` says how, with its last words. */
export class ChildDied extends Error {}
/** The child was killed because the request overran its deadline. */
export class DeadlinePassed extends Error {}
/** The child reported a fault of the request. */
export class ChildFault extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.reason);
    this.fault = fault;
  }
}
/** The runtime could not be loaded in the child. */
export class RuntimeMissing extends Error {}

/** What one run left in the child. */
export type Kept = ReadonlyMap<Tensor['data'], string>;

interface Waiting {
  readonly id: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** `child.ts` under tsx and vitest, `child.js` in the build: the sibling with our own extension. */
function forkChild(): ChildProcess {
  const typescript = import.meta.url.endsWith('.ts');
  const module = new URL(typescript ? './child.ts' : './child.js', import.meta.url);
  const loader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return fork(fileURLToPath(module), [], {
    serialization: 'advanced',
    execArgv: typescript ? ['--import', loader()] : [],
    // Without it, glibc keeps an arena per thread and resident memory climbs with every session.
    env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

export class ChildLink {
  readonly loaded = new Set<string>();
  readonly resident = new Set<string>();
  /** Outputs of runs that the child still holds, by the data that the caller has of them; run by run, oldest first. */
  readonly kept: Kept[] = [];
  /** Resident set size the child last reported, in bytes. */
  rss = 0;
  runs = 0;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #waiting: Waiting | null = null;
  #next = 0;
  #ended: string | null = null;
  #stderr = '';

  constructor() {
    const child = forkChild();
    this.#child = child;
    this.#ready = new Promise((resolve, reject) => {
      child.on('message', (reply: Reply) => {
        if ('ready' in reply) resolve();
        else if ('unavailable' in reply) reject(new RuntimeMissing(reply.unavailable));
        else this.#settle(reply);
      });
      const end = (how: string): void => {
        this.#ended ??= [how, this.#stderr.trim()].filter(Boolean).join(': ');
        reject(new ChildDied(this.#ended));
        this.#waiting?.reject(new ChildDied(this.#ended));
        this.#waiting = null;
      };
      child.on('error', (error) => end(error.message));
      // 'close' rather than 'exit': the last words have been read by then.
      child.on('close', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    });
    this.#ready.catch(() => {});
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-LAST_WORDS);
    });
    this.#hold(false);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#ended === null;
  }

  /** Sends one request; the caller never sends a second before the first is settled. */
  async request(request: Request, deadlineMs: number): Promise<Result> {
    this.#hold(true);
    let timer: NodeJS.Timeout | undefined;
    const overrun = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#waiting = null;
        this.kill();
        reject(new DeadlinePassed());
      }, deadlineMs);
    });
    try {
      return await Promise.race([this.#exchange(request), overrun]);
    } finally {
      clearTimeout(timer);
      this.#hold(false);
    }
  }

  async #exchange(request: Request): Promise<Result> {
    await this.#ready;
    if (this.#ended !== null) throw new ChildDied(this.#ended);
    const id = ++this.#next;
    return await new Promise<Result>((resolve, reject) => {
      this.#waiting = { id, resolve, reject };
      this.#child.send({ id, request }, (error) => {
        if (!error || this.#waiting?.id !== id) return;
        this.#waiting = null;
        this.kill();
        reject(new ChildDied(error.message));
      });
    });
  }

  #settle(reply: Extract<Reply, { id: number }>): void {
    const waiting = this.#waiting;
    this.rss = reply.rss;
    if (waiting?.id !== reply.id) return;
    this.#waiting = null;
    if ('fault' in reply) waiting.reject(new ChildFault(reply.fault));
    else waiting.resolve(reply.result);
  }

  /** Ends the child at once; a run inside cannot be ended otherwise. */
  kill(): void {
    this.#ended ??= 'killed by the host';
    this.#child.kill('SIGKILL');
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#hold(true);
    this.kill();
    await gone;
  }

  /** An idle child must not keep the parent's event loop alive; a working one must. */
  #hold(busy: boolean): void {
    const handles = [
      this.#child,
      this.#child.channel,
      this.#child.stderr as unknown as { ref(): void; unref(): void } | null,
    ];
    for (const handle of handles) busy ? handle?.ref() : handle?.unref();
  }
}
