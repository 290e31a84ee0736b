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

/** One seed: what a run finds, the next one finds again. */
const SEED = 20261122;
type Damage = readonly (readonly [at: number, value: number])[];
const damages = (min: number, max: number): fc.Arbitrary<Damage> =>
  fc.array(fc.tuple(fc.integer({ min, max }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
function damaged(bytes: Uint8Array, damage: Damage): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (const [at, value] of damage) out[at] = value;
  return out;
}

/** A zip of one stored file, as torch.save lays it out: enough for a pickle without tensors. */
function zipOf(name: string, data: Uint8Array): Uint8Array {
  const local = Buffer.alloc(30 + name.length);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  local.write(name, 30);
  const central = Buffer.alloc(46 + name.length);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt32LE(data.length, 24);
  central.writeUInt16LE(name.length, 28);
  central.write(name, 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length + data.length, 16);
  return Buffer.concat([local, data, central, end]);
}
const pickle = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  zipOf(
    'x/data.pkl',
    Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p, 'latin1') : Buffer.from(p)))),
  );

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
    const withHeader = (...header: readonly number[]): Uint8Array =>
      Uint8Array.of(header.length, 0, 0, 0, 0, 0, 0, 0, ...header);
    expect(reasonOf(withHeader(...new TextEncoder().encode('null')))).toContain('header is damaged');
    expect(reasonOf(withHeader(0x7b, 0x22, 0xff, 0x22))).toContain('no UTF-8');
  });

  it('never crashes on damage', () => {
    const bytes = writeSafetensors({
      a: { shape: [3, 2], data: new Float32Array(6) },
      'b.ü': { shape: [2], data: new Float32Array(2) },
    });
    fc.assert(
      fc.property(damages(0, bytes.length - 1), (damage) => {
        reasonOf(damaged(bytes, damage));
      }),
      { numRuns: 1000, seed: SEED },
    );
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
      fc.property(damages(60, 900), (damage) => {
        reasonOf(damaged(bytes, damage));
      }),
      { numRuns: 1000, seed: SEED },
    );
  });
});

describe('pickles made by hand', () => {
  it.each([
    ['a name that is no UTF-8', pickle('}X', [1, 0, 0, 0, 0xff], 'K', [1], 's.'), 'pickle is damaged'],
    ['a text that ends beyond the file', pickle('}X', [9, 0, 0, 0], 'a.'), 'pickle is damaged'],
    ['a mark in the place of a name', pickle('}(', [0x85], 'Ns.'), 'pickle is damaged|neither text nor a number'],
    ['a list as a name', pickle('}]Ns.'), 'neither text nor a number'],
    ['a table that holds itself', pickle('}q', [0], 'X', [1, 0, 0, 0], 'ah', [0], 's.'), 'more than 10000 entries'],
  ])('%s is refused', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toMatch(new RegExp(reason));
  });
});
