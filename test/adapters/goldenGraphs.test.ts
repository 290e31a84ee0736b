import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { Tensor } from '../../src/app/ports.ts';
import { readNpy } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';

interface Check {
  readonly model: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Relative to max(1, largest golden value). */
  readonly tol: number;
}

const path = shared('golden/manifest.json');
const checks: readonly (readonly [string, Check])[] = path
  ? Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Check>)
  : [];

/** `file[#int32|#int64][#rowN]`. */
function tensor(reference: string): Tensor {
  const [file, ...notes] = reference.split('#') as [string, ...string[]];
  const { data, shape } = readNpy(sharedPath('golden', file));
  const row = notes.find((n) => n.startsWith('row'));
  const length = row ? data.length / shape[0]! : data.length;
  const from = row ? Number(row.slice(3)) * length : 0;
  const values = data.slice(from, from + length);
  const dims = row ? [1, ...shape.slice(1)] : [...shape];
  if (notes.includes('int32')) return { dims, data: Int32Array.from(values, Number) };
  if (notes.includes('int64')) return { dims, data: values as BigInt64Array };
  return { dims, data: values as Float32Array };
}

describe.skipIf(path === null)('the stock graphs of ../shared/golden in our inference child (needs ../shared)', () => {
  let host: InferenceHost;
  beforeAll(async () => {
    host = await createInference();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it.each(checks)('%s', async (name, { model, inputs, outputs, tol }) => {
    await host.load(name, { path: sharedPath('golden', model) });
    const feeds = Object.fromEntries(Object.entries(inputs).map(([input, ref]) => [input, tensor(ref)]));
    const found = await host.run(
      [{ graph: name, feeds }],
      Object.keys(outputs).map((o) => [0, o] as const),
    );
    Object.values(outputs).forEach((reference, k) => {
      const wanted = tensor(reference).data;
      expect(found[k]!.data.length).toBe(wanted.length);
      let error = 0;
      let largest = 1;
      for (let i = 0; i < wanted.length; i++) {
        error = Math.max(error, Math.abs(Number(found[k]!.data[i]) - Number(wanted[i])));
        largest = Math.max(largest, Math.abs(Number(wanted[i])));
      }
      expect(error / largest).toBeLessThan(tol);
    });
  });
});
