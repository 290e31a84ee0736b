import { describe, expect, it } from 'vitest';
import { chosenDetectors, combine, subsets } from '../../src/app/combinations.ts';
import type { ScoredImage } from '../../src/app/evaluation.ts';
import type { Inspector } from '../../src/app/inspect.ts';
import { cachedImages } from '../../src/app/pictureCache.ts';
import type { DecodedImage, ImageReader, ReadOptions } from '../../src/app/ports.ts';
import { type SweepInput, spreadOf, sweepShots } from '../../src/app/sweep.ts';
import { combinationsToText, shotsToText } from '../../src/app/tables.ts';
import type { Profile } from '../../src/core/profile.ts';
import type { InspectionResult } from '../../src/core/scene.ts';

const image = (folder: string, patch: number, composition: number): ScoredImage => ({
  image: `${folder}/x`,
  folder,
  unit: Math.max(patch, composition),
  score: 0,
  verdict: 'pass',
  p: null,
  detectors: { patch, composition },
  first: null,
});

describe('combinations', () => {
  // Each detector alone sees one kind of anomaly, both together see both.
  const scored = [image('good', 0.3, 0.2), image('good', 0.5, 0.4), image('logical', 0.4, 3), image('bent', 2, 0.3)];

  it('are all subsets, scored by the largest unit', () => {
    expect(subsets(['a', 'b', 'c']).map((s) => s.join(''))).toEqual(['a', 'b', 'c', 'ab', 'ac', 'bc', 'abc']);
    const found = combine(scored, ['patch', 'composition'], false, 0);
    expect(found.map((c) => [c.detectors.join('+'), c.auroc.all, c.auroc.logical, c.auroc.bent])).toEqual([
      ['patch', 0.75, 0.5, 1],
      ['composition', 0.75, 1, 0.5],
      ['patch+composition', 1, 1, 1],
    ]);
    expect(found[2]).toMatchObject({ aurocMean: 1, ap: 1, f1max: 1, falseAlarms: { n: 0, of: 2 }, intervals: null });
    expect(combinationsToText(found)).toMatch(/^patch \+ composition +1\.000 +1\.000 +1\.000/m);
  });

  it('tie what a rule flags in paper scoring', () => {
    const tied = [image('good', 0, 1.1), image('bad', 0, 5)];
    expect(combine(tied, ['composition'], true, 0)[0]!.auroc.all).toBe(0.5);
    expect(combine(tied, ['composition'], false, 0)[0]!.auroc.all).toBe(1);
  });

  it('take known names only', () => {
    expect(chosenDetectors(' patch,composition,patch', ['patch', 'composition'])).toEqual(['patch', 'composition']);
    expect(() => chosenDetectors('patch,spade', ['patch'])).toThrow('unknown spade; the rule file has patch');
    expect(() => chosenDetectors(',', ['patch'])).toThrow('names no detector');
  });
});

/** Scores depend on how many normals a profile has, so that shots and seeds can be told apart. */
function sweepInput(more: Partial<SweepInput> = {}): { input: SweepInput; learnt: string[] } {
  const learnt: string[] = [];
  const inspector = (profile: Profile): Inspector =>
    ({
      inspect: async ({ name }: { name: string }) => {
        const unit = name.startsWith('good') ? 0.5 : profile.normals.length > 2 ? 2 : 0.4;
        const detectors = { patch: { score: unit, unit }, composition: { score: 0, unit: 0 } };
        return {
          image: name,
          unit,
          score: 0,
          verdict: 'pass',
          p: null,
          detectors,
          violations: [],
        } as unknown as InspectionResult;
      },
      [Symbol.asyncDispose]: async () => undefined,
    }) as unknown as Inspector;
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const input: SweepInput = {
    shots: [1, 4],
    seeds: 3,
    normals: names.map((n) => ({ name: n, path: n })),
    exemplars: ['d'],
    images: ['good/0', 'bad/0'].map((n) => ({ name: n, path: n, folder: n.split('/')[0]! })),
    detectors: ['patch', 'composition'],
    paper: false,
    digest: async (p) => p,
    localiser: null,
    learn: async (normals, seed) => {
      learnt.push(`${normals.map((n) => n.name).join('')} ${seed}`);
      const profile = { normals: normals.map((n) => ({ image: n.name, sha256: n.name })), calibration: [] };
      return { profile: profile as unknown as Profile, exemplars: new Set<string>(), failures: [] };
    },
    open: async (profile) => inspector(profile),
    ...more,
  };
  return { input, learnt };
}

describe('sweepShots', () => {
  it('learns anew per number of shots and seed, exemplars first, and never goes back', async () => {
    const { input, learnt } = sweepInput();
    const steps: number[] = [];
    const found = await sweepShots(input, { onProgress: (p) => steps.push(p.done / p.total) });
    expect(learnt.slice(0, 3)).toEqual(['d 0', 'd 1', 'd 2']);
    expect(learnt.slice(3).every((l) => l.length === 6 && l.includes('d'))).toBe(true);
    expect(new Set(learnt.slice(3).map((l) => l.slice(0, 4))).size).toBeGreaterThan(1);
    expect(found.map((f) => [f.shots, f.draws.length, f.figures['fused.auroc.all']])).toEqual([
      [1, 3, { mean: 0, sd: null, n: 3 }],
      [4, 3, { mean: 1, sd: 0, n: 3 }],
    ]);
    expect(found[1]!.figures['patch+composition.auroc.bad']).toEqual({ mean: 1, sd: 0, n: 3 });
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    expect(found.map((f) => f.alike)).toEqual([true, false]);
    expect(shotsToText(found)).toMatch(/^1 shots, 3 seeds, one draw .*\n.*fused +0\.000 +0\.000 /m);
    expect(shotsToText(found)).toMatch(/^4 shots, 3 seeds .*\n.*fused +1\.000 ± 0\.000/m);
  });

  it('refuses more shots than there are normals', async () => {
    await expect(sweepShots(sweepInput({ shots: [7] }).input)).rejects.toThrow('--shots 7: there are 6 normals');
  });

  it('refuses fewer shots than images with exemplars, for all of these are learnt from', async () => {
    const few = sweepInput({ shots: [4, 1], exemplars: ['a', 'd', 'elsewhere'] });
    await expect(sweepShots(few.input)).rejects.toThrow(
      '--shots 1: the rule file takes exemplars from 2 of the normals',
    );
    expect(few.learnt).toEqual([]);
    const enough = sweepInput({ shots: [2], exemplars: ['a', 'd', 'elsewhere'] });
    expect((await sweepShots(enough.input))[0]!.draws.map((d) => d.normals.join(''))).toEqual(['ad', 'ad', 'ad']);
  });

  it('sums up by mean and sample deviation over the draws that have a figure', () => {
    const found = spreadOf([
      { figures: { a: 1, b: 5 }, normals: ['x'] },
      { figures: { a: 2 }, normals: ['y'] },
      { figures: { a: 3 }, normals: ['z'] },
    ]);
    expect(found).toEqual({ a: { mean: 2, sd: 1, n: 3 }, b: { mean: 5, sd: null, n: 1 } });
  });
});

describe('cachedImages', () => {
  const decoded = (n: number): DecodedImage => ({
    pixels: { data: new Uint8Array(3 * n), width: n, height: 1, channels: 3 },
    sha256: 's',
    native: { width: 2 * n, height: 2 },
    notes: [],
  });
  const counting = () => {
    const calls: string[] = [];
    const reader = {
      bytes: async (path: string) => {
        calls.push(`bytes ${path}`);
        return new Uint8Array(10);
      },
      decode: async (_: Uint8Array, name: string, o: ReadOptions = {}) => {
        calls.push(`decode ${name} ${JSON.stringify(o.box ?? null)}`);
        return decoded(10);
      },
    };
    return { calls, reader: reader as unknown as ImageReader };
  };
  const look = async (images: ImageReader, path: string, options: ReadOptions = {}) =>
    images.decode(await images.bytes(path), path, options);

  it('decodes a picture once per size and box', async () => {
    const { calls, reader } = counting();
    const images = cachedImages(reader);
    const size = ({ width }: { width: number }) => ({ width: width / 2, height: 1 });
    await look(images, 'a', { size });
    await look(images, 'a', { size: ({ width }) => ({ width: width / 2, height: 1 }) });
    await look(images, 'a', { size: { width: 10, height: 1 } });
    await look(images, 'a', { size, box: [0, 0, 0.5, 1] });
    expect(calls).toEqual(['bytes a', 'decode a null', 'decode a [0,0,0.5,1]']);
  });

  it('keeps the first pictures that fit, however often others are asked for', async () => {
    const { calls, reader } = counting();
    const images = cachedImages(reader, 85);
    for (const path of ['a', 'b', 'c', 'a', 'b', 'c']) await look(images, path);
    expect(calls.filter((c) => c.startsWith('bytes'))).toEqual(['bytes a', 'bytes b', 'bytes c', 'bytes c']);
    expect(calls.filter((c) => c.startsWith('decode'))).toHaveLength(4);
  });
});
