import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTensors, type Tensors, writeSafetensors } from '../../src/adapters/tensors.ts';
import { LogsadError } from '../../src/core/errors.ts';
import { npyFloats } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';

const reasonOf = (bytes: Uint8Array): string => {
  try {
    readTensors(bytes, 'adapters.pth');
  } catch (error) {
    if (error instanceof LogsadError && error.code === 'ADAPTERS_INVALID') return error.message;
    throw error;
  }
  return '';
};

describe('safetensors', () => {
  it('what is written is read back to the bit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 5 })), { maxLength: 4 }),
        (shapes) => {
          const tensors: Tensors = Object.fromEntries(
            shapes.map((shape, i) => [
              `t.${i}`,
              { shape, data: Float32Array.from({ length: shape[0] * shape[1] }, (_, k) => k / 3 - i) },
            ]),
          );
          expect(readTensors(writeSafetensors(tensors, { made: 'here' }), 'x')).toEqual(tensors);
        },
      ),
    );
  });

  it('says what is wrong', () => {
    expect(reasonOf(Uint8Array.of(1, 2, 3))).toContain('cut short');
    expect(reasonOf(new TextEncoder().encode('this is some text file'))).toContain('neither a .pth nor');
    const good = writeSafetensors({ a: { shape: [3], data: new Float32Array(3) } });
    expect(reasonOf(good.subarray(0, good.length - 4))).toContain('outside the file');
    const half = new TextDecoder('latin1').decode(good).replace('F32', 'F16');
    expect(reasonOf(Uint8Array.from(half, (c) => c.charCodeAt(0)))).toContain('F16');
  });
});

describe.skipIf(shared('golden/aprilgan') === null)('torch.save (needs ../shared/golden)', () => {
  const path = (name: string): string => sharedPath('golden', 'aprilgan', name);
  it('reads the published layout, equal to the stored arrays', () => {
    const tensors = readTensors(readFileSync(path('adapters.pth')), 'adapters.pth');
    const names = Object.keys(tensors).sort();
    expect(names).toEqual(
      [0, 1, 2, 3]
        .flatMap((i) => [`trainable_linearlayer.fc.${i}.bias`, `trainable_linearlayer.fc.${i}.weight`])
        .sort(),
    );
    for (const [name, t] of Object.entries(tensors)) {
      const [, , i, what] = name.split('.');
      const golden = npyFloats(path(`fc${i}.${what}.npy`));
      expect(t.shape).toEqual(golden.shape);
      expect([...t.data]).toEqual([...golden.data]);
    }
  });

  it('refuses other names, and never crashes on damage', () => {
    const bytes = readFileSync(path('adapters.pth'));
    const text = bytes.toString('latin1');
    const evil = Buffer.from(
      text.replace(
        'collections\nOrderedDict',
        `os
${'system'.padEnd(20, '_')}`,
      ),
      'latin1',
    );
    expect(reasonOf(evil)).toContain('os system_');
    expect(reasonOf(bytes.subarray(0, 20_000))).not.toBe('');
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 900 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = value;
        reasonOf(damaged);
      }),
      { numRuns: 300 },
    );
  });
});
