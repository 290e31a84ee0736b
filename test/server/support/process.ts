/** Processes that tests start, kill without warning, and start again. */
import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export interface ChildOptions {
  readonly data: string;
  readonly port: number;
  readonly databaseUrl?: string;
  readonly engines: number;
  /** The engine without models. */
  readonly stub: boolean;
}

/**
 * Bytes of a service, of its JavaScript heap, and of its engine processes; since the last look, milliseconds of processor
 * that the service alone took, and how late its event loop was.
 */
export interface Figures {
  readonly rss: number;
  readonly heapUsed: number;
  readonly engine: number;
  /** Of engine processes that inspect. */
  readonly pids: readonly number[];
  readonly cpu: number;
  readonly loopP99: number;
  readonly loopMax: number;
}

export class ServiceProcess {
  readonly #kind: 'serve' | 'work';
  readonly #options: ChildOptions;
  #child: ChildProcess | null = null;

  constructor(kind: 'serve' | 'work', options: ChildOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  async start(): Promise<void> {
    const module = fileURLToPath(new URL('./serviceChild.ts', import.meta.url));
    const child = fork(module, [this.#kind, JSON.stringify(this.#options)], {
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let words = '';
    child.stderr!.on('data', (d: Buffer) => {
      words += d.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code, signal) =>
        reject(new Error(`${this.#kind} ended: ${code ?? signal} ${words.slice(-2000)}`)),
      );
    });
  }

  /** `collected`: once its garbage is gone. */
  figures(of: 'now' | 'collected' = 'now'): Promise<Figures> {
    const child = this.#child!;
    return new Promise((resolve, reject) => {
      child.once('message', resolve as (message: unknown) => void);
      child.send(of, (error) => void (error && reject(error)));
    });
  }

  /** `kill -9`, now; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return gone;
  }
}
