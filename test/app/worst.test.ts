import { describe, expect, it } from 'vitest';
import { failingRules } from '../../src/app/worst.ts';
import type { Profile } from '../../src/core/profile.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../support/toyProduct.ts';

const normals = toyNormals(12).map((scene) => ({ image: scene.image, sha256: scene.image, scene }));
const profile = { normals, calibration: [], relit: [] } as unknown as Profile;

describe('rules that fail on most normals', () => {
  it('are named with how often, what they say and their line', () => {
    const two = '  - { id: two-clips, kind: count, of: clip, equals: 2 }\n';
    const text = `${TOY_RULES.replace(two, '')}  - { id: three-clips, kind: count, of: clip, equals: 3 }\n`;
    const found = failingRules(compiledToy(text), profile);
    expect(found.map((f) => [f.rule, f.fired, f.of])).toEqual([['three-clips', 12, 12]]);
    expect(found[0]!.message).toMatch(/3 clips expected, 2 found/);
    expect(text.split('\n')[found[0]!.line - 1]).toContain('three-clips');
    expect(found[0]!.image).toBe(normals[0]!.image);
  });

  it('are none where the rules hold', () => {
    expect(failingRules(compiledToy(), profile)).toEqual([]);
  });
});
