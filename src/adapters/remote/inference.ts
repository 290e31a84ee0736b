/**
 * `Inference` in which some graphs are run by a server and all others by the inference it is given (the local child):
 * a step may feed on the outputs of either. Nothing else in the program knows where a graph runs.
 */
import type { Inference, LoadedGraph, RemoteGraph, Step, Tensor, TensorFace } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { type CallOptions, infer, metadata } from './client.ts';
import { datatypeOf, type Stated, typeOfData } from './protocol.ts';

type Fetch = readonly (readonly [step: number, output: string])[];

interface Served extends RemoteGraph {
  readonly stated: readonly Stated[];
}

export function withRemote(local: Inference): Inference {
  const served = new Map<string, Served>();
  const load = async (id: string, source: RemoteGraph): Promise<LoadedGraph> => {
    const found = await metadata(source);
    const face = { inputs: source.inputs.map((f) => f.name), outputs: source.outputs.map((f) => f.name) };
    if (source.version !== undefined && found.versions.length > 0 && !found.versions.includes(source.version))
      refuse(source, `version ${source.version}`, `versions ${found.versions.join(', ')}`);
    checkFace(source, 'input', source.inputs, found.inputs, true);
    checkFace(source, 'output', source.outputs, found.outputs, false);
    served.set(id, { ...source, stated: found.inputs });
    return { ...face, stated: Object.fromEntries(found.inputs.map((f) => [f.name, f.dims])) };
  };
  return {
    threads: local.threads,
    ...(local.providers ? { providers: local.providers } : {}),
    load: (id, source) => ('remote' in source ? load(id, source) : local.load(id, source)),
    put: (name, tensor) => local.put(name, tensor),
    drop: (name) => local.drop(name),
    run: (steps, fetch, options = {}) =>
      steps.some((s) => served.has(s.graph))
        ? runMixed(local, served, steps, fetch, options)
        : local.run(steps, fetch, options),
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

function refuse({ remote, model }: RemoteGraph, expected: string, found: string): never {
  throw new LogsadError('REMOTE_FACE', { remote, model, expected, found });
}

const spell = (name: string, type: string, dims: readonly number[]): string =>
  `${name} ${type}[${dims.map((d) => (d < 0 ? '?' : d)).join(', ')}]`;

const fits = (wanted: readonly number[], found: readonly number[]): boolean =>
  wanted.length === found.length && wanted.every((d, i) => d < 0 || found[i]! < 0 || d === found[i]);

/** Every tensor that is needed must be there, of its type and size; a served model may yield more, but not want more. */
function checkFace(
  graph: RemoteGraph,
  what: 'input' | 'output',
  wanted: readonly TensorFace[],
  found: readonly Stated[],
  all: boolean,
): void {
  const told = found.map((f) => spell(f.name, f.datatype, f.dims)).join(', ') || 'none';
  for (const { name, type, dims } of wanted) {
    const match = found.find((f) => f.name === name);
    if (!match || match.datatype !== datatypeOf(type) || !fits(dims, match.dims))
      refuse(graph, `${what} ${spell(name, datatypeOf(type), dims)}`, told);
  }
  if (all && found.length !== wanted.length)
    refuse(graph, `no ${what} besides ${wanted.map((w) => w.name).join(', ')}`, told);
}

/**
 * Steps in order: neighbours that run here go to the child in one call, so that what passes between them stays there;
 * what a server yields comes back as tensors.
 */
async function runMixed(
  local: Inference,
  served: ReadonlyMap<string, Served>,
  steps: readonly Step[],
  fetch: Fetch,
  options: CallOptions,
): Promise<Tensor[]> {
  const made = new Map<string, Tensor>();
  const key = (step: number, output: string): string => `${step} ${output}`;
  for (let from = 0; from < steps.length; ) {
    const remote = served.get(steps[from]!.graph);
    let to = from + 1;
    while (!remote && to < steps.length && !served.has(steps[to]!.graph)) to++;
    const wanted = wantedOf(from, to, steps, fetch);
    const given = steps.slice(from, to).map((s): Step => ({ ...s, feeds: shifted(s, from, made, key) }));
    const out =
      wanted.length === 0
        ? []
        : remote
          ? await infer(
              remote,
              tensorsOnly(remote, given[0]!),
              wanted.map(([, o]) => o),
              options,
            )
          : await local.run(
              given,
              wanted.map(([s, o]) => [s - from, o] as const),
              localOptions(options),
            );
    for (const [i, [step, output]] of wanted.entries()) made.set(key(step, output), out[i]!);
    from = to;
  }
  return fetch.map(([step, output]) => made.get(key(step, output))!);
}

const localOptions = ({ signal, deadlineMs }: CallOptions) => ({
  ...(signal ? { signal } : {}),
  ...(deadlineMs === undefined ? {} : { deadlineMs }),
});

/** Outputs of the steps [from, to) that a later group or the caller reads, each once. */
function wantedOf(from: number, to: number, steps: readonly Step[], fetch: Fetch): (readonly [number, string])[] {
  const wanted = new Map<string, readonly [number, string]>();
  const add = (step: number, output: string): void => {
    if (step >= from && step < to) wanted.set(`${step} ${output}`, [step, output]);
  };
  for (const [step, output] of fetch) add(step, output);
  for (const later of steps.slice(to))
    for (const feed of Object.values(later.feeds)) if ('step' in feed) add(feed.step, feed.output);
  return [...wanted.values()];
}

/** Feeds of a step with earlier groups' outputs as tensors, and numbers of steps counted from its own group. */
function shifted(
  step: Step,
  from: number,
  made: ReadonlyMap<string, Tensor>,
  key: (step: number, output: string) => string,
): Step['feeds'] {
  return Object.fromEntries(
    Object.entries(step.feeds).map(([name, feed]) => {
      if (!('step' in feed)) return [name, feed];
      if (feed.step >= from) return [name, { step: feed.step - from, output: feed.output }];
      return [name, made.get(key(feed.step, feed.output))!];
    }),
  );
}

function tensorsOnly(graph: Served, { feeds }: Step): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    if (!('dims' in feed)) throw new TypeError(`served graph ${graph.model} is fed ${name}, which lives in the child`);
    const stated = graph.stated.find((f) => f.name === name);
    const type = datatypeOf(typeOfData(feed.data));
    if (!stated || stated.datatype !== type || !fits(feed.dims, stated.dims))
      refuse(
        graph,
        graph.stated.map((f) => spell(f.name, f.datatype, f.dims)).join(', '),
        spell(name, type, feed.dims),
      );
    out[name] = feed;
  }
  return out;
}
