/**
 * `Inference` over a forked child: a queue, what the child must hold, and what happens when it dies. See `child.ts` for
 * why a process, `link.ts` for its life.
 */
import { availableParallelism } from 'node:os';
import type { GraphSource, Inference, LoadedGraph, LocalGraph, RunOptions, Step, Tensor } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { ChildDied, ChildFault, ChildLink, DeadlinePassed, type Kept, RuntimeMissing } from './link.ts';
import type { Request, Result, WireStep } from './protocol.ts';

export interface InferenceOptions {
  /** Threads of one operator; default: the cores this process may use (container limits respected). */
  readonly threads?: number;
  /** The child is replaced between two calls once its resident memory exceeds this. */
  readonly childMemoryMb?: number;
  /** The child is replaced between two calls after this many runs. */
  readonly recycleAfter?: number;
  /** Deadline of a call that states none. */
  readonly deadlineMs?: number;
  /** Execution providers before the processor, in the order they are tried; default: LOGSAD_PROVIDERS, else none. */
  readonly providers?: readonly string[];
}

const MEBIBYTE = 2 ** 20;

const DEFAULTS = {
  childMemoryMb: 6144,
  recycleAfter: Number.POSITIVE_INFINITY,
  deadlineMs: 120_000,
  /** A child that is over its memory at rest is not replaced more often than this many runs. */
  minRunsBetweenRecycles: 64,
  /** A call that killed its child is repeated this often: the next child may have what this one lacked. */
  attempts: 2,
  /** Runs whose kept outputs a child holds at a time: a picture is judged while few others are under way. */
  keptRuns: 4,
} as const;

/** Starts the child, so that a missing runtime is known at once. @throws LogsadError INFERENCE_UNAVAILABLE */
export async function createInference(options: InferenceOptions = {}): Promise<InferenceHost> {
  const host = new InferenceHost(options);
  await host.put('', { dims: [0], data: new Float32Array(0) });
  await host.drop('');
  return host;
}

export class InferenceHost implements Inference {
  readonly threads: number;
  readonly providers: readonly string[];
  readonly #options: Required<Omit<InferenceOptions, 'threads' | 'providers'>>;
  readonly #graphs = new Map<string, { readonly source: LocalGraph; readonly face: LoadedGraph }>();
  readonly #tensors = new Map<string, Tensor>();
  #link: ChildLink | null = null;
  #keptSoFar = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: InferenceOptions = {}) {
    const { threads, providers = providersOf(process.env.LOGSAD_PROVIDERS), ...rest } = options;
    this.providers = providers.filter((p) => p !== 'cpu');
    this.threads = Math.max(1, Math.floor(threads ?? availableParallelism()));
    this.#options = { ...DEFAULTS, ...rest };
  }

  /** The process id of the present child, for `doctor` and for tests that kill it. */
  get pid(): number | undefined {
    return this.#link?.alive ? this.#link.pid : undefined;
  }

  /** A graph keeps its id for the life of the host: loading the same id again returns the names it has. */
  async load(id: string, source: GraphSource): Promise<LoadedGraph> {
    if ('remote' in source)
      throw new LogsadError('INFERENCE_GRAPH', {
        graph: id,
        reason: 'it is served elsewhere, which this host cannot reach',
      });
    const known = this.#graphs.get(id);
    if (known) return known.face;
    const face = (await this.#call(this.#loading(id, source))) as LoadedGraph;
    this.#graphs.set(id, { source, face });
    return face;
  }

  #loading(graph: string, source: LocalGraph): Request {
    // The processor last: it computes what a provider cannot.
    const providers = this.providers.length > 0 ? [...this.providers, 'cpu'] : [];
    return { kind: 'load', graph, source, threads: this.threads, providers };
  }

  async put(name: string, tensor: Tensor): Promise<void> {
    checkLength(name, tensor);
    await this.#call({ kind: 'put', name, tensor });
    this.#tensors.set(name, tensor);
  }

  async drop(name: string): Promise<void> {
    this.#tensors.delete(name);
    await this.#call({ kind: 'drop', name });
  }

  async run(
    steps: readonly Step[],
    fetch: readonly (readonly [step: number, output: string])[],
    { keep = [], ...options }: RunOptions = {},
  ): Promise<Tensor[]> {
    for (const step of steps) {
      for (const [name, feed] of Object.entries(step.feeds))
        if ('dims' in feed) checkLength(`${step.graph}.${name}`, feed);
    }
    const names = keep.map((index) => [index, `kept:${this.#keptSoFar++}`] as const);
    const result = await this.#call({ kind: 'run', steps, fetch, keep: names, forget: [] }, options);
    return [...(result as { tensors: readonly Tensor[] }).tensors];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const link = this.#link;
    this.#link = null;
    await link?.close();
  }

  /** First come, first served. An abort rejects at once; what already runs in the child ends there and is thrown away. */
  #call(
    request: Request,
    options: { readonly signal?: AbortSignal; readonly deadlineMs?: number } = {},
  ): Promise<Result> {
    const { signal, deadlineMs = this.#options.deadlineMs } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const turn = this.#tail.then(() => {
      signal?.throwIfAborted();
      return this.#attempt(request, deadlineMs);
    });
    this.#tail = turn.catch(() => {});
    if (!signal) return turn;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  async #attempt(request: Request, deadlineMs: number): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new LogsadError('INFERENCE_CLOSED');
      const link = this.#present();
      try {
        return await this.#perform(link, request, performance.now() + deadlineMs);
      } catch (error) {
        if (this.#closed) throw new LogsadError('INFERENCE_CLOSED', {}, { cause: error });
        if (error instanceof RuntimeMissing) link.kill();
        if (error instanceof ChildDied && attempt < DEFAULTS.attempts) continue;
        throw asLogsadError(error, deadlineMs, request, link.rss);
      }
    }
  }

  /** The child in use: a new one when there is none, when it died, or when it has worked or grown enough. */
  #present(): ChildLink {
    const { recycleAfter, childMemoryMb } = this.#options;
    const link = this.#link;
    if (link?.alive) {
      const grown = link.rss > childMemoryMb * 2 ** 20 && link.runs >= DEFAULTS.minRunsBetweenRecycles;
      if (link.runs < recycleAfter && !grown) return link;
      link.kill();
    }
    this.#link = new ChildLink();
    return this.#link;
  }

  /** Restores what the request needs in this child, then sends it. The deadline holds for all of it. */
  async #perform(link: ChildLink, request: Request, until: number): Promise<Result> {
    const ask = (r: Request): Promise<Result> => link.request(r, Math.max(1, until - performance.now()));
    if (request.kind === 'run') return this.#performRun(link, request, ask);
    const result = await ask(request);
    if (request.kind === 'load') link.loaded.add(request.graph);
    if (request.kind === 'put') link.resident.add(request.name);
    if (request.kind === 'drop') link.resident.delete(request.name);
    return result;
  }

  async #performRun(link: ChildLink, request: RunRequest, ask: (r: Request) => Promise<Result>): Promise<Result> {
    for (const { graph, feeds } of request.steps) {
      const known = this.#graphs.get(graph);
      if (known && !link.loaded.has(graph)) {
        await ask(this.#loading(graph, known.source));
        link.loaded.add(graph);
      }
      for (const feed of Object.values(feeds)) {
        if (!('resident' in feed) || link.resident.has(feed.resident)) continue;
        const tensor = this.#tensors.get(feed.resident);
        if (tensor) await ask({ kind: 'put', name: feed.resident, tensor });
        link.resident.add(feed.resident);
      }
    }
    link.runs++;
    const steps = request.steps.map((s) => ({ ...s, feeds: withoutKept(s.feeds, link.kept) }));
    const full = request.keep.length > 0 && link.kept.length >= DEFAULTS.keptRuns;
    const forget = full ? [...link.kept.shift()!.values()] : [];
    const result = await ask({ ...request, steps, forget });
    if (request.keep.length > 0) {
      const { tensors } = result as { tensors: readonly Tensor[] };
      link.kept.push(new Map(request.keep.map(([index, name]) => [tensors[index]!.data, name])));
    }
    return result;
  }
}

type RunRequest = Extract<Request, { kind: 'run' }>;

/** Feeds with what the child holds already named instead of sent. */
function withoutKept(feeds: WireStep['feeds'], kept: readonly Kept[]): WireStep['feeds'] {
  if (kept.length === 0) return feeds;
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => {
      const held = 'dims' in feed ? kept.find((k) => k.has(feed.data))?.get((feed as Tensor).data) : undefined;
      return [name, held === undefined ? feed : { resident: held }];
    }),
  );
}

/** A tensor whose data do not fill its dims would be read beyond its end or silently cut. */
function checkLength(graph: string, { dims, data }: Tensor): void {
  const expected = dims.reduce((product, n) => product * n, 1);
  if (data.length === expected) return;
  throw new LogsadError('INFERENCE_SHAPE', {
    graph,
    expected: `${expected} values for [${dims}]`,
    found: `${data.length}`,
  });
}

/** `cuda, cpu` as a list. */
const providersOf = (text: string | undefined): string[] =>
  (text ?? '').split(',').flatMap((p) => p.trim().toLowerCase() || []);

const graphOf = (r: Request): string =>
  r.kind === 'run' ? [...new Set(r.steps.map((s) => s.graph))].join(', ') : r.kind === 'load' ? r.graph : r.name;

/** How a process words its end for want of memory; a kill from outside says nothing. */
const NO_MEMORY = /bad_alloc|out of memory|allocation failed/i;

function asLogsadError(error: unknown, deadlineMs: number, request: Request, rss: number): unknown {
  const cause = { cause: error };
  const held = Math.round(rss / MEBIBYTE);
  if (error instanceof DeadlinePassed) return new LogsadError('INFERENCE_TIMEOUT', { deadlineMs }, cause);
  if (error instanceof RuntimeMissing)
    return new LogsadError('INFERENCE_UNAVAILABLE', { reason: error.message }, cause);
  if (error instanceof ChildDied && NO_MEMORY.test(error.message))
    return new LogsadError('INFERENCE_MEMORY', { graph: graphOf(request), reason: error.message, held }, cause);
  if (error instanceof ChildDied)
    return new LogsadError('INFERENCE_CRASHED', { graph: graphOf(request), reason: error.message, held }, cause);
  if (!(error instanceof ChildFault)) return error;
  const { kind, graph, reason, expected, found } = error.fault;
  if (kind === 'memory') {
    const bytes = Number(/(?:buffer of )?size:? (\d+)/.exec(reason)?.[1] ?? 0);
    const asked = bytes > 0 ? `${(bytes / MEBIBYTE).toFixed(0)} MiB` : undefined;
    return new LogsadError('INFERENCE_MEMORY', { graph, reason, held, asked, fed: found }, cause);
  }
  if (kind === 'shape') return new LogsadError('INFERENCE_SHAPE', { graph, expected, found }, cause);
  if (kind === 'provider')
    return new LogsadError('INFERENCE_PROVIDER', { provider: found, reason, known: expected }, cause);
  return new LogsadError('INFERENCE_GRAPH', { graph, reason }, cause);
}
