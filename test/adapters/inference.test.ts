import { fork } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { Step, Tensor } from '../../src/app/ports.ts';
import { additionOnnx, hugeOnnx, slowOnnx } from '../support/tinyOnnx.ts';

const SIDE = 384;
const vector = (...values: number[]): Tensor => ({ dims: [values.length], data: Float32Array.from(values) });
const add = (a: Step['feeds'][string], b: Step['feeds'][string]): Step => ({ graph: 'add', feeds: { a, b } });
const slow = (times: number): Step => ({
  graph: 'slow',
  feeds: {
    x: { dims: [SIDE, SIDE], data: new Float32Array(SIDE * SIDE).fill(3) },
    times: { dims: [times], data: new Float32Array(times) },
  },
});

async function prepared(options: Parameters<typeof createInference>[0] = {}): Promise<InferenceHost> {
  const host = await createInference({ threads: 1, ...options });
  await host.load('add', { bytes: additionOnnx() });
  await host.load('slow', { bytes: slowOnnx(SIDE) });
  await host.put('ones', vector(1, 1));
  return host;
}

const values = (tensors: Tensor[]): number[][] => tensors.map((t) => Array.from(t.data as Float32Array));
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

let host: InferenceHost;
beforeAll(async () => {
  host = await prepared();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

describe('programs', () => {
  it('names the inputs and outputs of a graph', async () => {
    expect(await host.load('add', { bytes: additionOnnx() })).toEqual({ inputs: ['a', 'b'], outputs: ['sum'] });
  });

  it('feeds tensors, resident tensors and outputs of earlier steps', async () => {
    const steps = [add(vector(1, 2), vector(10, 20)), add({ step: 0, output: 'sum' }, { resident: 'ones' })];
    const out = await host.run(steps, [
      [1, 'sum'],
      [0, 'sum'],
    ]);
    expect(values(out)).toEqual([
      [12, 23],
      [11, 22],
    ]);
    expect(out[0]!.dims).toEqual([2]);
  });

  it('sends no more than the view of a larger buffer', async () => {
    const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    expect(values(await host.run([add({ dims: [2], data: view }, vector(0, 0))], [[0, 'sum']]))).toEqual([[1, 2]]);
  });

  it('feeds what the child kept without sending it again, and sends what it has let go of', async () => {
    const sumOf = async (n: number) => (await host.run([add(vector(n), vector(1))], [[0, 'sum']], { keep: [0] }))[0]!;
    const sums = [await sumOf(1), await sumOf(2), await sumOf(3), await sumOf(4), await sumOf(5), await sumOf(6)];
    const twice = async (t: Tensor) => values(await host.run([add(t, t)], [[0, 'sum']]));
    // A change that the child does not see tells which tensors came from it.
    for (const t of sums) (t.data as Float32Array)[0] = 100;
    const out: number[][][] = [];
    for (const t of sums) out.push(await twice(t));
    expect(out.flat(2)).toEqual([200, 200, 8, 10, 12, 14]);
  });

  it('outlives a child that held kept tensors', async () => {
    const own = await prepared();
    try {
      const [sum] = await own.run([add(vector(1), vector(1))], [[0, 'sum']], { keep: [0] });
      process.kill(own.pid!, 'SIGKILL');
      expect(values(await own.run([add(sum!, vector(1))], [[0, 'sum']]))).toEqual([[3]]);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  it('replaces and drops resident tensors', async () => {
    await host.put('changing', vector(5));
    await host.put('changing', vector(7));
    const step = add({ resident: 'changing' }, vector(1));
    expect(values(await host.run([step], [[0, 'sum']]))).toEqual([[8]]);
    await host.drop('changing');
    await expect(host.run([step], [[0, 'sum']])).rejects.toMatchObject({ code: 'INFERENCE_SHAPE' });
  });

  it('answers in the order of the calls', async () => {
    const order: number[] = [];
    await Promise.all([40, 1, 1].map((n, i) => host.run([slow(n)], [[0, 'largest']]).then(() => order.push(i))));
    expect(order).toEqual([0, 1, 2]);
  });

  it('leaves the event loop of the caller free', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await host.run([slow(150)], [[0, 'largest']]);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });
});

describe('faults of a request', () => {
  it.each([
    ['a missing input', { a: vector(1) }, /a, b.*found a/],
    ['an unknown input', { a: vector(1), b: vector(1), c: vector(1) }, /a, b.*found a, b, c/],
    ['another type', { a: vector(1), b: { dims: [1], data: new Int32Array(1) } }, /b as float32\[n\].*int32\[1\]/],
    ['another rank', { a: vector(1), b: { dims: [1, 1], data: new Float32Array(1) } }, /float32\[1, 1\]/],
    [
      'data that do not fill the dims',
      { a: vector(1), b: { dims: [3], data: new Float32Array(2) } },
      /3 values.*found 2/,
    ],
  ] as const)('names %s', async (_, feeds, message) => {
    const fault = host.run([{ graph: 'add', feeds }], [[0, 'sum']]);
    await expect(fault).rejects.toMatchObject({ code: 'INFERENCE_SHAPE', message: expect.stringMatching(message) });
  });

  it('names an output that does not exist', async () => {
    const fault = host.run([add(vector(1), vector(1))], [[0, 'product']]);
    await expect(fault).rejects.toMatchObject({
      code: 'INFERENCE_SHAPE',
      message: expect.stringContaining('among sum'),
    });
  });

  it('refuses bytes that are no graph, and does not remember them', async () => {
    await expect(host.load('junk', { bytes: Buffer.from('no graph') })).rejects.toMatchObject({
      code: 'INFERENCE_GRAPH',
    });
    expect((await host.load('junk', { bytes: additionOnnx() })).outputs).toEqual(['sum']);
  });

  it('tells that memory ran out', async () => {
    await host.load('huge', { bytes: hugeOnnx() });
    const step = { graph: 'huge', feeds: { length: { dims: [1], data: new BigInt64Array([2n ** 42n]) } } };
    await expect(host.run([step], [[0, 'largest']])).rejects.toMatchObject({
      code: 'INFERENCE_MEMORY',
      // 2^42 float32: the graph, what it asked for, what it was fed, what the process held, what to do.
      message: expect.stringMatching(
        /^graph 'huge' ran out of memory: it asked for 16777216 MiB at once, fed length int64\[1\]; .* held \d+ MiB$/,
      ),
      fix: expect.stringMatching(/logsad doctor.*logsad learn --models/),
    });
  });

  it('refuses an execution provider that is not installed, and computes on the processor where it is named', async () => {
    await using strange = await createInference({ threads: 1, providers: ['abacus'] });
    await expect(strange.load('add', { bytes: additionOnnx() })).rejects.toMatchObject({
      code: 'INFERENCE_PROVIDER',
      message: expect.stringMatching(/'abacus'.*installed: .*cpu/),
    });
    await using plain = await createInference({ threads: 1, providers: ['cpu'] });
    expect(plain.providers).toEqual([]);
  });

  it('goes on with the same child after all of these', async () => {
    const before = host.pid;
    expect(values(await host.run([add(vector(1), vector(2))], [[0, 'sum']]))).toEqual([[3]]);
    expect(host.pid).toBe(before);
  });
});

describe('a child that hangs or dies', () => {
  it('is killed at the deadline; graphs and resident tensors come back in the next', async () => {
    const before = host.pid!;
    await expect(host.run([slow(100_000)], [[0, 'largest']], { deadlineMs: 100 })).rejects.toMatchObject({
      code: 'INFERENCE_TIMEOUT',
    });
    expect(values(await host.run([add(vector(1, 1), { resident: 'ones' })], [[0, 'sum']]))).toEqual([[2, 2]]);
    expect(host.pid).not.toBe(before);
    expect(isAlive(before)).toBe(false);
  });

  it('is replaced when killed at rest', async () => {
    process.kill(host.pid!, 'SIGKILL');
    expect(values(await host.run([add(vector(4, 4), { resident: 'ones' })], [[0, 'sum']]))).toEqual([[5, 5]]);
  });

  it('is replaced, and the call repeated, when killed during a run', async () => {
    const before = host.pid!;
    const running = host.run([slow(300)], [[0, 'largest']]);
    await sleep(150);
    process.kill(before, 'SIGKILL');
    expect(values(await running)).toEqual([[3]]);
    expect(host.pid).not.toBe(before);
  });

  it('is an error when it dies again in the repeated call', async () => {
    const running = host.run([slow(100_000)], [[0, 'largest']]);
    const killed = new Set<number>();
    const timer = setInterval(() => {
      const { pid } = host;
      if (pid !== undefined && !killed.has(pid)) killed.add(pid) && process.kill(pid, 'SIGKILL');
    }, 50);
    await expect(running).rejects.toMatchObject({
      code: 'INFERENCE_CRASHED',
      message: expect.stringContaining('SIGKILL'),
    });
    clearInterval(timer);
    expect(killed.size).toBe(2);
    expect(values(await host.run([add(vector(1, 1), { resident: 'ones' })], [[0, 'sum']]))).toEqual([[2, 2]]);
  });

  it('is replaced after so many runs without losing anything', async () => {
    await using short = await prepared({ recycleAfter: 2 });
    const pids = new Set<number>();
    for (let i = 0; i < 5; i++) {
      expect(values(await short.run([add(vector(i, i), { resident: 'ones' })], [[0, 'sum']]))).toEqual([
        [i + 1, i + 1],
      ]);
      pids.add(short.pid!);
    }
    expect(pids.size).toBe(3);
  });
});

describe('abort and end', () => {
  it('rejects a running and a waiting call at once, and leaves no listener', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await host.run([add(vector(1), vector(1))], [[0, 'sum']], { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const calls = [slow(200), add(vector(1), vector(1))].map((s) =>
      host.run([s], [[0, s.graph === 'slow' ? 'largest' : 'sum']], { signal }),
    );
    controller.abort(new Error('enough'));
    for (const call of calls) await expect(call).rejects.toThrow('enough');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await expect(host.run([add(vector(1), vector(1))], [], { signal })).rejects.toThrow('enough');
    expect(values(await host.run([add(vector(1), vector(1))], [[0, 'sum']]))).toEqual([[2]]);
  });

  it('ends the child and refuses further calls', async () => {
    const own = await prepared();
    const pid = own.pid!;
    const cut = own.run([slow(100_000)], [[0, 'largest']]);
    cut.catch(() => {});
    await sleep(50);
    await own[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
    await expect(cut).rejects.toMatchObject({ code: 'INFERENCE_CLOSED' });
    await expect(own.run([add(vector(1), vector(1))], [[0, 'sum']])).rejects.toMatchObject({
      code: 'INFERENCE_CLOSED',
    });
  });

  it('a child whose parent goes during a run ends quietly: its answer is for nobody', async () => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const script = fileURLToPath(new URL('../../src/adapters/inference/child.ts', import.meta.url));
    const child = fork(script, [], { serialization: 'advanced', execArgv: ['--import', tsx] });
    const ended = once(child, 'exit');
    await once(child, 'message');
    const source = { bytes: slowOnnx(SIDE) };
    child.send({ id: 1, request: { kind: 'load', graph: 'slow', source, threads: 1, providers: [] } });
    await once(child, 'message');
    // The run blocks the child's event loop, so it cannot know yet that the parent is gone when it answers.
    child.send({ id: 2, request: { kind: 'run', steps: [slow(100)], fetch: [[0, 'largest']] } });
    child.send({ id: 3, request: { kind: 'run', steps: [slow(1)], fetch: [[0, 'largest']] } });
    await sleep(50);
    child.disconnect();
    expect(await ended).toEqual([0, null]);
  });

  it.each(['stay', 'leave'])('leaves no child behind a parent that is told to %s', async (how) => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const script = fileURLToPath(new URL('../support/hostParent.ts', import.meta.url));
    const parent = fork(script, [how], { execArgv: ['--import', tsx] });
    const [pid] = (await once(parent, 'message')) as [number];
    expect(pid).toBeGreaterThan(0);
    // A parent that leaves does so by itself: an idle child does not hold it.
    if (how === 'stay') parent.kill('SIGKILL');
    if (parent.exitCode === null && parent.signalCode === null) await once(parent, 'exit');
    for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(50);
    expect(isAlive(pid)).toBe(false);
  });
});
