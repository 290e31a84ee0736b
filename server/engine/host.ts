/** One engine process and what it is asked. When it dies, everything it was doing fails with `EngineDied`. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LogsadError } from '../../src/index.ts';
import { environmentFor, type Needs } from './environment.ts';
import type { Answer, Ask, AskOf, FromEngine, Progress } from './protocol.ts';

/** The process could not be started, ended, or was killed at a deadline; the message says how. */
export class EngineDied extends Error {
  /** Whether it had come up; where it had not, nothing it was asked for is to blame. */
  readonly started: boolean;
  /** What it wrote to standard error last: for the log alone, since whoever sees the message may see no paths of ours. */
  readonly lastWords: string;

  constructor(reason: string, started: boolean, lastWords = '') {
    super(reason);
    this.started = started;
    this.lastWords = lastWords;
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (p: Progress) => void;
  readonly timer: NodeJS.Timeout;
}

export interface AskOptions {
  readonly deadlineMs: number;
  readonly onProgress?: (p: Progress) => void;
}

const LAST_WORDS = 1000;

/** The module that runs in the process: this folder's child, unless a test brings another. */
export const ENGINE_MODULE = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);

/** @throws EngineDied where Node throws what it could have emitted */
function started(module: URL, env: NodeJS.ProcessEnv): ChildProcess {
  const typescript = module.pathname.endsWith('.ts');
  const loader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  try {
    return fork(fileURLToPath(module), [], {
      serialization: 'advanced',
      execArgv: typescript ? ['--import', loader()] : [],
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
  } catch (error) {
    throw new EngineDied(error instanceof Error ? error.message : String(error), false);
  }
}

export class EngineHost {
  readonly #module: URL;
  readonly #needs: Needs;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  /** The present process has said that it is up. */
  #up = false;
  #next = 0;
  /** Resident memory the process last reported, in bytes. */
  rss = 0;
  /** How often a process was started. */
  starts = 0;

  constructor(module: URL = ENGINE_MODULE, needs: Needs = 'engine') {
    this.#module = module;
    this.#needs = needs;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get busy(): number {
    return this.#waiting.size;
  }

  /** @throws EngineDied, LogsadError of the engine */
  async ask<K extends Ask['kind']>(ask: AskOf<K>, options: AskOptions): Promise<Answer<K>> {
    const child = this.#present();
    const id = ++this.#next;
    return (await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.#end(child, `no answer within ${options.deadlineMs} ms`), options.deadlineMs);
      this.#waiting.set(id, { resolve, reject, timer, onProgress: options.onProgress ?? (() => undefined) });
      // A process that could not be started has no channel; why comes with its `error`, on the next tick.
      if (child.pid === undefined) return;
      try {
        child.send({ id, ask }, (error) => {
          if (error) this.#end(child, error.message);
        });
      } catch (error) {
        // It holds what cannot be sent; the process and what else it does have no part in that.
        clearTimeout(timer);
        this.#waiting.delete(id);
        reject(error as Error);
      }
    })) as Answer<K>;
  }

  /** Ends the process now; the next request starts another. */
  stop(): void {
    if (this.#child) this.#end(this.#child, 'stopped by the service');
  }

  #present(): ChildProcess {
    if (this.#child) return this.#child;
    const child = started(this.#module, environmentFor(process.env, this.#needs));
    this.#child = child;
    this.#up = false;
    this.starts++;
    let words = '';
    // First of all: without handles Node gives back a child that has neither pipes nor channel, and tells on the next tick.
    child.on('error', (error) => this.#end(child, error.message));
    child.on('close', (code, signal) =>
      this.#end(child, signal ? `signal ${signal}` : `exit code ${code}`, words.trim()),
    );
    child.on('message', (message: FromEngine) => {
      if (this.#child === child) this.#settle(message);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    return child;
  }

  #settle(message: FromEngine): void {
    this.#up = true;
    if ('up' in message) return;
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ('progress' in message) {
      waiting.onProgress(message.progress);
      return;
    }
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if ('answer' in message) {
      this.rss = message.rss;
      waiting.resolve(message.answer);
      return;
    }
    const { code, params, place, message: text, errno } = message.fault;
    const options = place ? { place } : {};
    const plain = (): Error => Object.assign(new Error(text), errno === undefined ? {} : { code: errno });
    waiting.reject(code === null ? plain() : new LogsadError(code, params as never, options));
  }

  /** Once per process: what waited on it fails, and the process is gone for certain. */
  #end(child: ChildProcess, reason: string, lastWords = ''): void {
    if (this.#child !== child) return;
    this.#child = null;
    const up = this.#up;
    this.rss = 0;
    child.kill('SIGKILL');
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const w of waiting) {
      clearTimeout(w.timer);
      w.reject(new EngineDied(reason, up, lastWords));
    }
  }
}
