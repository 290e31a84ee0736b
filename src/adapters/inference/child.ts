/**
 * The forked process that owns onnxruntime: `run` and `create` block whichever event loop they are called on, and only a
 * process can be killed in the middle of one. It keeps sessions and resident tensors, answers one request after the
 * other, and leaves with its parent.
 */
import type * as Ort from 'onnxruntime-node';
import type { Tensor } from '../../app/ports.ts';
import type { Envelope, Fault, Feed, Reply, Request, Result, WireStep } from './protocol.ts';

type TensorType = 'float32' | 'uint8' | 'int32' | 'int64';

/** How runtimes word an allocation that failed. */
const OUT_OF_MEMORY = /bad_alloc|out of memory|failed to allocate|allocation failed|not enough memory|cannot allocate/i;

/** How the runtime words a provider whose library or device is missing. */
const PROVIDER_FAILED = /execution provider|providers_|cuda|dlopen|LoadLibrary/i;

class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.reason);
    this.fault = fault;
  }
}

/** The parent may vanish between the look and the write: then nobody waits for this, and there is nothing left to do. */
function send(reply: Reply): void {
  if (process.connected) process.send!(reply, undefined, undefined, (error) => void (error && process.exit(0)));
}

const { ort, absent } = await import('onnxruntime-node').then(
  // Loaders differ in whether a CommonJS package shows its exports as `default`.
  (module) => ({ ort: ('default' in module ? module.default : module) as typeof Ort, absent: '' }),
  (cause: unknown) => ({ ort: undefined, absent: cause instanceof Error ? cause.message : String(cause) }),
);

const sessions = new Map<string, Ort.InferenceSession>();
const residents = new Map<string, Ort.Tensor>();

function typeOf(data: Tensor['data']): TensorType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Uint8Array) return 'uint8';
  return data instanceof Int32Array ? 'int32' : 'int64';
}

function toOrt(t: Tensor): Ort.Tensor {
  return new ort!.Tensor(typeOf(t.data), t.data as never, t.dims);
}

const installed = (): string[] => ort!.listSupportedBackends().map((b) => b.name);

/** The runtime skips a provider that it does not know without a word: what was asked for must be what computes. */
function checkProviders(graph: string, providers: readonly string[]): void {
  const known = installed();
  const missing = providers.find((p) => !known.includes(p));
  if (missing === undefined) return;
  const reason = 'the installed onnxruntime was not built with it';
  throw new Refusal({ kind: 'provider', graph, reason, expected: known.join(', '), found: missing });
}

async function load(request: Extract<Request, { kind: 'load' }>): Promise<Result> {
  const { graph, source, threads, providers } = request;
  let session = sessions.get(graph);
  if (!session) {
    checkProviders(graph, providers);
    const options: Ort.InferenceSession.SessionOptions = {
      ...(providers.length > 0 ? { executionProviders: [...providers] } : {}),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
      // Every session has threads of its own, and what spins there after a run takes the cores from the caller.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    };
    session = await ('bytes' in source
      ? ort!.InferenceSession.create(source.bytes, options)
      : ort!.InferenceSession.create(source.path, options)
    ).catch((cause: unknown) => {
      const reason = messageOf(cause);
      if (providers.length === 0 || !PROVIDER_FAILED.test(reason)) throw cause;
      throw new Refusal({ kind: 'provider', graph, reason, expected: installed().join(', '), found: providers.join() });
    });
    sessions.set(graph, session);
  }
  return { inputs: [...session.inputNames], outputs: [...session.outputNames] };
}

function sessionOf(graph: string): Ort.InferenceSession {
  const session = sessions.get(graph);
  if (!session) throw new Refusal({ kind: 'graph', graph, reason: 'it was never loaded' });
  return session;
}

function describe(type: string, dims: readonly (number | string)[]): string {
  return `${type}[${dims.join(', ')}]`;
}

/** Refuses feeds that the graph does not declare: the runtime's own message would name a node deep inside. */
function checkFeeds(graph: string, session: Ort.InferenceSession, feeds: Readonly<Record<string, Ort.Tensor>>): void {
  const refuse = (expected: string, found: string): never => {
    throw new Refusal({ kind: 'shape', graph, reason: 'wrong feeds', expected, found });
  };
  const names = Object.keys(feeds);
  if (names.length !== session.inputNames.length || !session.inputNames.every((n) => n in feeds)) {
    refuse(`inputs ${session.inputNames.join(', ')}`, names.join(', ') || 'none');
  }
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor) continue;
    const fed = feeds[meta.name]!;
    const fits =
      meta.type === fed.type &&
      meta.shape.length === fed.dims.length &&
      meta.shape.every((d, i) => typeof d === 'string' || d < 0 || d === fed.dims[i]);
    if (!fits) refuse(`${meta.name} as ${describe(meta.type, meta.shape)}`, describe(fed.type, fed.dims));
  }
}

function resolve(
  graph: string,
  feed: Feed,
  results: readonly Ort.InferenceSession.ReturnType[],
  owned: Ort.Tensor[],
): Ort.Tensor {
  if ('resident' in feed) {
    const kept = residents.get(feed.resident);
    if (!kept)
      throw new Refusal({
        kind: 'shape',
        graph,
        reason: '',
        expected: `resident tensor '${feed.resident}'`,
        found: 'none',
      });
    return kept;
  }
  if ('step' in feed) {
    const made = results[feed.step]?.[feed.output];
    if (!made) {
      const reason = `output '${feed.output}' of step ${feed.step}`;
      throw new Refusal({ kind: 'shape', graph, reason, expected: reason, found: 'none' });
    }
    return made as Ort.Tensor;
  }
  const tensor = toOrt(feed);
  owned.push(tensor);
  return tensor;
}

/** The outputs of a step that later steps or the caller read; the others are not even computed where the runtime can. */
function wantedOf(index: number, steps: readonly WireStep[], fetch: readonly (readonly [number, string])[]): string[] {
  const wanted = new Set<string>();
  for (const [step, output] of fetch) if (step === index) wanted.add(output);
  for (const step of steps.slice(index + 1)) {
    for (const feed of Object.values(step.feeds)) if ('step' in feed && feed.step === index) wanted.add(feed.output);
  }
  return [...wanted];
}

async function runStep(
  index: number,
  request: Extract<Request, { kind: 'run' }>,
  results: readonly Ort.InferenceSession.ReturnType[],
  owned: Ort.Tensor[],
): Promise<Ort.InferenceSession.ReturnType> {
  const { graph, feeds } = request.steps[index]!;
  const session = sessionOf(graph);
  const fed: Record<string, Ort.Tensor> = {};
  for (const [name, feed] of Object.entries(feeds)) fed[name] = resolve(graph, feed, results, owned);
  checkFeeds(graph, session, fed);
  const wanted = wantedOf(index, request.steps, request.fetch);
  if (wanted.length === 0) return {};
  const unknown = wanted.filter((w) => !session.outputNames.includes(w));
  if (unknown.length > 0) {
    const expected = `outputs among ${session.outputNames.join(', ')}`;
    throw new Refusal({ kind: 'shape', graph, reason: 'unknown output', expected, found: unknown.join(', ') });
  }
  try {
    return await session.run(fed, wanted);
  } catch (cause) {
    const found = Object.entries(fed).map(([name, t]) => `${name} ${describe(t.type, t.dims)}`);
    throw new Refusal({ kind: 'graph', graph, reason: messageOf(cause), found: found.join(', ') });
  }
}

/** Runs the steps, hands the fetched tensors to `reply` (which copies them into the pipe) and frees everything. */
async function run(request: Extract<Request, { kind: 'run' }>, reply: (result: Result) => void): Promise<void> {
  const owned: Ort.Tensor[] = [];
  const results: Ort.InferenceSession.ReturnType[] = [];
  try {
    for (let i = 0; i < request.steps.length; i++) {
      const result = await runStep(i, request, results, owned);
      results.push(result);
      owned.push(...(Object.values(result) as Ort.Tensor[]));
    }
    const tensors = request.fetch.map(([step, output]) => {
      const t = results[step]?.[output] as Ort.Tensor | undefined;
      if (!t) throw new Refusal({ kind: 'shape', graph: '', reason: '', expected: `step ${step}`, found: 'none' });
      return { dims: [...t.dims], data: t.data as Tensor['data'] };
    });
    reply({ tensors });
    for (const [index, name] of request.keep) {
      const [step, output] = request.fetch[index]!;
      residents.set(name, results[step]![output] as Ort.Tensor);
    }
  } finally {
    const kept = new Set(residents.values());
    for (const t of owned) if (!kept.has(t)) t.dispose();
    for (const name of request.forget) forget(name);
  }
}

function forget(name: string): void {
  residents.get(name)?.dispose();
  residents.delete(name);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function answer({ id, request }: Envelope): Promise<void> {
  const reply = (result: Result): void => send({ id, rss: process.memoryUsage.rss(), result });
  try {
    if (request.kind === 'run') await run(request, reply);
    else if (request.kind === 'load') reply(await load(request));
    else {
      forget(request.name);
      if (request.kind === 'put') residents.set(request.name, toOrt(request.tensor));
      reply(null);
    }
  } catch (cause) {
    const graph =
      request.kind === 'load' ? request.graph : request.kind === 'run' ? (request.steps[0]?.graph ?? '') : request.name;
    const fault: Fault = cause instanceof Refusal ? cause.fault : { kind: 'graph', graph, reason: messageOf(cause) };
    const memory = fault.kind === 'graph' && OUT_OF_MEMORY.test(fault.reason);
    send({ id, rss: process.memoryUsage.rss(), fault: memory ? { ...fault, kind: 'memory' } : fault });
  }
}

// A terminal's Ctrl-C reaches the whole process group; the parent decides when the child leaves.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
// Gone while the runtime was being loaded: nobody will say so again.
if (!process.connected) process.exit(0);
let queue: Promise<void> = Promise.resolve();
process.on('message', (envelope: Envelope) => {
  queue = queue.then(() => answer(envelope));
});
send(ort ? { ready: true } : { unavailable: absent });
