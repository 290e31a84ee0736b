/** Graphs behind the KServe v2 protocol, against a small server of ours: programs that run half here, half there. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInference } from '../../src/adapters/inference/host.ts';
import { withRemote } from '../../src/adapters/remote/inference.ts';
import { decodeAnswer, ProtocolFault } from '../../src/adapters/remote/protocol.ts';
import type { Inference, RemoteGraph, Step, Tensor } from '../../src/app/ports.ts';
import { type Served, serveRepository } from '../support/kserveServer.ts';
import { additionOnnx } from '../support/tinyOnnx.ts';

let folder: string;
let server: Served;
let inference: Inference;
const vector = (...values: number[]): Tensor => ({ dims: [values.length], data: Float32Array.from(values) });
const face = (name: string) => ({ name, type: 'float32' as const, dims: [-1] });
const adder = (more: Partial<RemoteGraph> = {}): RemoteGraph => ({
  remote: server.address,
  model: 'adder',
  inputs: [face('a'), face('b')],
  outputs: [face('sum')],
  ...more,
});
const there = (a: Step['feeds'][string], b: Step['feeds'][string]): Step => ({ graph: 'there', feeds: { a, b } });
const here = (a: Step['feeds'][string], b: Step['feeds'][string]): Step => ({ graph: 'here', feeds: { a, b } });
const sum = (step: number): Step['feeds'][string] => ({ step, output: 'sum' });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-remote-'));
  await mkdir(join(folder, 'adder', '1'), { recursive: true });
  await writeFile(join(folder, 'adder', '1', 'model.onnx'), additionOnnx());
  server = await serveRepository(folder);
  inference = withRemote(await createInference({ threads: 1 }));
  await inference.load('here', { bytes: additionOnnx() });
  await inference.put('ones', vector(1, 1));
});
beforeEach(() => {
  server.misbehave(null);
  server.plain(false);
});
afterAll(async () => {
  await inference[Symbol.asyncDispose]();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a program', () => {
  it('runs each step where its graph lives, and hands outputs both ways', async () => {
    expect(await inference.load('there', adder({ version: '1' }))).toEqual({
      inputs: ['a', 'b'],
      outputs: ['sum'],
      stated: { a: [-1], b: [-1] },
    });
    const steps = [
      here(vector(1, 2), { resident: 'ones' }),
      here(sum(0), sum(0)),
      there(sum(1), sum(0)),
      there(sum(2), vector(100, 100)),
      here(sum(3), { resident: 'ones' }),
    ];
    const found = await inference.run(steps, [
      [4, 'sum'],
      [2, 'sum'],
      [0, 'sum'],
      [4, 'sum'],
    ]);
    const values = found.map((t) => [...(t.data as Float32Array)]);
    expect(values).toEqual([
      [107, 110],
      [6, 9],
      [2, 3],
      [107, 110],
    ]);
  });

  it('reads servers that answer in JSON numbers', async () => {
    await inference.load('there', adder());
    server.plain(true);
    const [out] = await inference.run([there(vector(1.5, 2), vector(1, 1))], [[0, 'sum']]);
    expect(out).toEqual({ dims: [2], data: Float32Array.of(2.5, 3) });
  });
});

describe('a server that', () => {
  const run = (options: Parameters<Inference['run']>[2] = {}) =>
    inference.run([there(vector(1), vector(2))], [[0, 'sum']], options);
  beforeAll(() => inference.load('there', adder()));

  it.each([
    ['is busy', (_: unknown, r: import('node:http').ServerResponse) => r.writeHead(503, { 'retry-after': '0' }).end()],
    ['breaks off', (_: unknown, r: import('node:http').ServerResponse) => r.destroy()],
  ] as const)('%s at first is asked again', async (_, how) => {
    let left = 2;
    server.misbehave((request, response) => {
      if (left === 0) return false;
      left--;
      how(request, response);
      return true;
    });
    const before = server.calls();
    expect((await run())[0]!.data).toEqual(Float32Array.of(3));
    expect(server.calls() - before).toBe(3);
  });

  it('stays silent is given up at the deadline, and an abort ends the call at once', async () => {
    server.misbehave(() => true);
    await expect(run({ deadlineMs: 300 })).rejects.toMatchObject({
      code: 'REMOTE_AWAY',
      message: expect.stringMatching(/gave no answer in 1 tries: no answer within \d+ ms/),
    });
    const controller = new AbortController();
    const running = run({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(running).rejects.toThrow('enough');
  });

  it('is not there is named, with what to type', async () => {
    const gone = adder({ remote: 'http://127.0.0.1:9' });
    await expect(inference.load('gone', gone)).rejects.toMatchObject({
      code: 'REMOTE_AWAY',
      message: expect.stringMatching(/http:\/\/127\.0\.0\.1:9 gave no answer/),
      fix: expect.stringContaining('curl http://127.0.0.1:9/v2/health/ready'),
    });
  });

  it.each([
    ['has no such model', { model: 'other' }, 'REMOTE_MODEL', /serves no model 'other'.*unknown model/],
    ['has no such version', { version: '7' }, 'REMOTE_MODEL', /adder, version 7/],
    ['yields something else', { outputs: [face('product')] }, 'REMOTE_FACE', /output product FP32\[\?\].*sum FP32/],
    ['takes more', { inputs: [face('a')] }, 'REMOTE_FACE', /no input besides a, found a FP32.*b FP32/],
    [
      'takes another type',
      { inputs: [face('a'), { ...face('b'), type: 'uint8' as const }] },
      'REMOTE_FACE',
      /input b UINT8\[\?\]/,
    ],
    ['takes another rank', { inputs: [{ ...face('a'), dims: [1, -1] }, face('b')] }, 'REMOTE_FACE', /a FP32\[1, \?\]/],
  ] as const)('%s is refused when it is loaded', async (_, more, code, message) => {
    await expect(inference.load('refused', adder(more as Partial<RemoteGraph>))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('fails, or speaks another protocol, is not asked again', async () => {
    const before = server.calls();
    await expect(inference.run([there(vector(1, 2), vector(1, 2, 3))], [[0, 'sum']])).rejects.toMatchObject({
      code: 'REMOTE_FAILED',
      message: expect.stringMatching(/status 500: .*(broadcast|dimension)/i),
    });
    server.misbehave((_, response) => {
      response.end('<html>hello</html>');
      return true;
    });
    await expect(run()).rejects.toMatchObject({ code: 'REMOTE_FAILED', message: expect.stringContaining('KServe v2') });
    expect(server.calls() - before).toBe(2);
  });
});

describe('an answer', () => {
  it('of any bytes is read or refused, never misread', () => {
    const good = Buffer.from(
      JSON.stringify({
        outputs: [{ name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }],
      }),
    );
    const body = Buffer.concat([good, Buffer.from(Float32Array.of(1, 2).buffer)]);
    expect(decodeAnswer(body, good.length).get('x')!.data).toEqual(Float32Array.of(1, 2));
    expect(() => decodeAnswer(body.subarray(0, -1), good.length)).toThrow(/needs 8 bytes/);
    expect(() => decodeAnswer(body, body.length + 1)).toThrow(ProtocolFault);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (damage) => {
          const bytes = Uint8Array.from(body);
          for (const [at, value] of damage) bytes[at] = value;
          try {
            for (const t of decodeAnswer(bytes, good.length).values())
              expect(t.data.length).toBe(t.dims.reduce((n, d) => n * d, 1));
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolFault);
          }
        },
      ),
      { numRuns: 500, seed: 5 },
    );
  });
});
