import { describe, expect, it } from 'vitest';
import type { Inspector } from '../../src/app/inspect.ts';
import { diffScenes, readLabels, stabilityOf } from '../../src/app/rules.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { diffRules } from '../../src/core/rules/tools/index.ts';
import type { InspectionResult } from '../../src/core/scene.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../support/toyProduct.ts';

const pixels = grid(new Uint8Array(3 * 20 * 20).fill(100), 20, 20, 3);
const images = {
  read: async () => ({ pixels, sha256: '', native: { width: 20, height: 20 }, notes: [] }),
  // The "file" tells the fake inspector how bright the picture is.
  encodePng: async (i: typeof pixels) => Uint8Array.of(i.data[0]!),
};

/** Fires its rule on pictures brighter than the plain one. */
const inspector = {
  inspect: async (image: { bytes?: Uint8Array }) =>
    ({
      measurements: [{ rule: 'light', margin: image.bytes ? image.bytes[0]! / 103 : 0.5 }],
    }) as unknown as InspectionResult,
} as unknown as Inspector;

describe('stability', () => {
  it('counts the changed pictures that set a rule off, and names the worst', async () => {
    const refs = Array.from({ length: 30 }, (_, i) => ({ name: `${i}.png`, path: `${i}.png` }));
    const seen: number[] = [];
    const found = await stabilityOf(inspector, refs, images, { onProgress: (p) => seen.push(p.done) });
    expect(found.get('light')).toMatchObject({ fired: 10, of: 50, worstAt: 'gain 1.07 of 1.png' });
    expect(seen.at(-1)).toBe(50);
  });

  it('does not count rules that fire on the picture itself', async () => {
    const always = { inspect: async () => ({ measurements: [{ rule: 'r', margin: 3 }] }) } as unknown as Inspector;
    expect((await stabilityOf(always, [{ name: 'a', path: 'a' }], images)).get('r')).toMatchObject({ fired: 0, of: 5 });
  });

  it('stops when asked to', async () => {
    await expect(
      stabilityOf(inspector, [{ name: 'a', path: 'a' }], images, { signal: AbortSignal.abort() }),
    ).rejects.toThrow();
  });
});

describe('scenes in a folder', () => {
  const scenes = toyNormals(30);
  const a = compiledToy();
  const b = compiledToy(TOY_RULES.replace('equals: 2', 'equals: 3'));
  const texts = new Map(scenes.map((s) => [s.image, JSON.stringify(s)]));
  const read = async (path: string): Promise<string> => texts.get(path) ?? '{';

  it('are compared in their order', async () => {
    const changes = await diffScenes(diffRules({ a, b, normals: scenes }), [a, b], [...texts.keys()], read);
    expect(changes.map((c) => c.image)).toEqual(scenes.map((s) => s.image));
  });

  it('a damaged one is a fault that names it', async () => {
    await expect(diffScenes(diffRules({ a, b }), [a, b], ['000.png', 'broken.json'], read)).rejects.toThrow(
      /broken\.json/,
    );
  });
});

describe('labels', () => {
  it('are read from a table', () => {
    expect(readLabels('image,label\na.png,good\nb.png,bad\n', 'l.csv')).toEqual(
      new Map([
        ['a.png', 'good'],
        ['b.png', 'bad'],
      ]),
    );
  });
  it('of another word are a fault at the line', () => {
    expect(() => readLabels('image,label\na.png,good\nb.png,maybe\n', 'l.csv')).toThrow(/l\.csv:3:1/);
  });
});
