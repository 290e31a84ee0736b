import { describe, expect, it } from 'vitest';
import type { LogsadError } from '../../src/core/errors.ts';
import { groundModel, groundSection } from '../../src/core/ground/store.ts';
import { decodeProfile, encodeProfile, type Profile } from '../../src/core/profile.ts';
import { learnScalar } from '../../src/core/statistics.ts';

const model = {
  head: {
    classes: ['a', 'b'],
    colours: [{ words: ['red'] }],
    stages: [{ channels: 2, mean: Float32Array.of(1, 2), scale: Float32Array.of(3, 4) }],
    weights: Float32Array.from({ length: 34 }, (_, i) => i / 7),
  },
  medians: { a: 12.5 },
  likeness: {},
  attributes: [
    {
      attribute: 'colour',
      of: 'a',
      values: ['x', 'y'],
      prototypes: Float32Array.of(1, 2, 3),
      whitening: Float32Array.of(0.5),
      references: [learnScalar([], { floor: 1 }), learnScalar([1, 2, 3], { floor: 1, oneSided: true })],
    },
  ],
  focus: null,
};

const profile: Profile = {
  schema: 'logsad/profile/v1',
  stamp: { product: 'p', grounding: 'g', backbones: {}, set: 'embedded', seed: 0, engine: 'e' },
  sections: { ground: groundSection(model, { 'a.png': 'abc' }), other: { facts: { n: 1 }, arrays: {} } },
  normals: [],
  calibration: [],
  relit: [],
  worst: [],
};

const code = (bytes: Uint8Array): string => {
  try {
    decodeProfile(bytes, 'x.profile');
  } catch (error) {
    return (error as LogsadError).code;
  }
  return 'none';
};

describe('profile files', () => {
  it('come back as they were, unbounded references included', () => {
    const back = decodeProfile(encodeProfile(profile), 'x.profile');
    expect(back).toEqual(profile);
    expect(groundModel(back.sections.ground!)).toEqual(model);
  });

  it('are the same bytes for the same profile', () =>
    expect(encodeProfile(profile)).toEqual(encodeProfile(structuredClone(profile))));

  it('are refused when damaged anywhere, cut anywhere, or of another format', () => {
    const bytes = encodeProfile(profile);
    for (const cut of [0, 5, 11, 40, bytes.length - 1])
      expect(code(bytes.slice(0, cut)), `cut at ${cut}`).toBe('PROFILE_UNREADABLE');
    expect(code(Uint8Array.of(...bytes, 0, 0, 0, 0))).toBe('PROFILE_UNREADABLE');
    expect(code(new TextEncoder().encode('schema: logsad/rules/v1'))).toBe('PROFILE_UNREADABLE');
    const newer = bytes.slice();
    newer[7] = '9'.charCodeAt(0);
    expect(code(newer)).toBe('PROFILE_VERSION');
  });

  it('are refused with any bit turned over', () => {
    const bytes = encodeProfile(profile);
    for (let at = 0; at < bytes.length; at += 1) {
      const turned = bytes.slice();
      turned[at]! ^= 1 << (at % 8);
      const expected =
        at === 7 && /\d/.test(String.fromCharCode(turned[7]!)) ? 'PROFILE_VERSION' : 'PROFILE_UNREADABLE';
      expect(code(turned), `byte ${at}`).toBe(expected);
    }
  });

  it('are refused when whole but of another shape', () => {
    const record = { image: 'a', sha256: 's', scene: {} };
    const wrong: object[] = [
      { schema: 'logsad/profile/v0' },
      { stamp: null },
      { stamp: { ...profile.stamp, seed: 'x' } },
      { stamp: { ...profile.stamp, backbones: { ground: { id: 1 } } } },
      { normals: undefined },
      { normals: {} },
      { normals: [record] },
      { calibration: [null] },
      { relit: 'none' },
      { worst: [{ image: 'a' }] },
    ];
    for (const part of wrong)
      expect(code(encodeProfile({ ...profile, ...part } as Profile)), JSON.stringify(part)).toBe('PROFILE_UNREADABLE');
  });

  it('of the former format say so', () => {
    const old = encodeProfile(profile);
    old[7] = '1'.charCodeAt(0);
    expect(code(old)).toBe('PROFILE_VERSION');
  });

  it('are read from a view into a larger buffer', () => {
    const bytes = encodeProfile(profile);
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decodeProfile(larger.subarray(3), 'x')).toEqual(profile);
  });
});
