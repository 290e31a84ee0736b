import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readTensors } from '../../../src/adapters/tensors.ts';
import {
  type Adapter,
  adapterLogits,
  adapterMap,
  adaptersOf,
  memoryMap,
  tensorsOf,
  withBias,
} from '../../../src/core/detect/adapters.ts';
import { textScores } from '../../../src/core/detect/windows.ts';
import { matmul, unitRows } from '../../../src/core/grid/linear.ts';
import { absolute } from '../../support/errors.ts';
import { npyFloats, npyRows } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const TOLERANCE = 1e-4;
const golden = (name: string): string => sharedPath('golden', 'aprilgan', name);
const STAGES = ['stage2', 'stage4', 'stage6', 'stage8_stock'];
const worst: Record<string, number> = {};
function near(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  const error = absolute(got, want);
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThan(TOLERANCE);
}

describe.skipIf(shared('golden/aprilgan') === null)('golden/aprilgan (needs ../shared/golden)', () => {
  it.each([
    ['native', 8],
    ['double', 16],
  ] as const)('%s: adapters, both maps, image score', (name, side) => {
    const adapters = adaptersOf(readTensors(readFileSync(golden('adapters.pth')), 'adapters.pth')) as Adapter[];
    expect(adapters).toHaveLength(4);
    const expected = JSON.parse(readFileSync(golden(`${name}.expected.json`), 'utf8'));
    const size = { width: expected.size, height: expected.size };
    const grid = { width: side, height: side };
    const texts = npyRows(golden('text.npy'));
    const tokens = STAGES.map((s) => {
      const { data, shape } = npyFloats(sharedPath('golden', 'clip-tiny', 'golden', `${name}.${s}.npy`));
      return data.slice(shape[2]!);
    });
    const logits = tokens.map((t, s) => {
      const { weight, bias } = adapters[s]!;
      const made = adapterLogits(withBias(matmul(t, weight.data, weight.channels), bias), texts);
      near('logits', made, npyFloats(golden(`${name}.logits${s}.npy`)).data);
      return made;
    });
    const zero = adapterMap(logits, grid, size);
    near('zero-shot map', zero.data, npyFloats(golden(`${name}.zero_shot_map.npy`)).data);
    const cosines = tokens.map((t, s) => {
      const d = adapters[s]!.weight.channels;
      const memory = unitRows(npyFloats(golden(`${name}.memory${s}.npy`)).data, d);
      const products = matmul(unitRows(t, d), memory, d);
      const m = memory.length / d;
      return Float32Array.from({ length: t.length / d }, (_, i) => Math.max(...products.subarray(i * m, (i + 1) * m)));
    });
    const few = memoryMap(cosines, grid, size);
    near('few-shot map', few.data, npyFloats(golden(`${name}.few_shot_map.npy`)).data);
    near(
      'final map',
      few.data.map((v, i) => v + zero.data[i]!),
      npyFloats(golden(`${name}.final_map.npy`)).data,
    );
    near('largest', [Math.max(...few.data)], [expected.max_few]);
    const cls = npyRows(sharedPath('golden', 'clip-tiny', 'golden', `${name}.cls_embedding_stock.npy`));
    near('image', textScores(cls, texts, 0.01), [expected.text_probability]);
  });

  it('the order matters: softmax before interpolation is another map', () => {
    const expected = JSON.parse(readFileSync(golden('native.expected.json'), 'utf8'));
    const logits = [0, 1, 2, 3].map((s) => npyFloats(golden(`native.logits${s}.npy`)).data);
    const wrong = logits.reduce(
      (sum, stage) => {
        const early = stage.map((v, i) => (i % 2 === 1 ? 1 / (1 + Math.exp(stage[i - 1]! - v)) : 0));
        const up = memoryMap(
          [Float32Array.from({ length: 64 }, (_, i) => 1 - early[2 * i + 1]!)],
          { width: 8, height: 8 },
          { width: 64, height: 64 },
        );
        return up.data.map((v, i) => v + sum[i]!);
      },
      new Float32Array(64 * 64),
    );
    const right = npyFloats(golden('native.zero_shot_map.npy')).data;
    expect(absolute(wrong, right)).toBeCloseTo(expected.naive_order_max_difference, 4);
  });

  it('worst absolute errors', () => {
    const figures = Object.entries(worst).map(([k, v]) => `${k} ${v.toExponential(1)}`);
    process.stdout.write(`golden/aprilgan: ${figures.join(', ')}\n`);
    expect(Object.keys(worst)).toHaveLength(6);
  });
});

describe('adapters in files', () => {
  const weight = { shape: [2, 3], data: new Float32Array(6) };
  const bias = { shape: [2], data: new Float32Array(2) };
  it('go both ways', () => {
    const adapters = adaptersOf({ 'fc.0.weight': weight, 'fc.0.bias': bias }) as Adapter[];
    expect(tensorsOf(adapters)).toEqual({ 'fc.0.weight': weight, 'fc.0.bias': bias });
  });
  it('what is missing is said', () => {
    expect(adaptersOf({ 'conv.weight': weight })).toContain('conv.weight');
    expect(adaptersOf({ 'fc.0.weight': weight })).toContain('do not belong together');
    expect(adaptersOf({ 'fc.0.weight': weight, 'fc.0.bias': { shape: [3], data: new Float32Array(3) } })).toContain(
      'fc.0',
    );
  });
});
