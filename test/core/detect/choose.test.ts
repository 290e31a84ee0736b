import { describe, expect, it } from 'vitest';
import { bestOf, CHOOSE, compareStages, stageSets, trialsOf } from '../../../src/core/detect/choose.ts';
import { MUTANTS, MUTATIONS, mutate } from '../../../src/core/detect/mutants.ts';
import { PATCH } from '../../../src/core/detect/patchModel.ts';
import type { RgbImage } from '../../../src/core/grid/grid.ts';
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import { downscaleArea } from '../../../src/core/grid/resample.ts';
import { type PlainImage, runPlain } from '../../support/plainNeeds.ts';

const SIDE = 64;

/** Stripes and a disc, with noise. */
function picture(random: Random): RgbImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const disc = Math.hypot(x - 32, y - 30) < 15;
    for (let c = 0; c < 3; c++)
      data[3 * i + c] = (disc ? 190 - 30 * c : 80 + 25 * Math.sin(x / 3)) + 3 * random.normal();
  }
  return { data, height: SIDE, width: SIDE, channels: 3 };
}

describe('mutants', () => {
  const random = createRandom(1);
  const [image, other] = [picture(random), picture(random)];

  it.each(MUTATIONS)('%s changes what it says, visibly, and nothing else', (kind) => {
    for (let round = 0; round < 20; round++) {
      const mutant = mutate(kind, image, [other], random);
      // A patch of stripes may offer nothing to blur; but not twenty times.
      if (!mutant) continue;
      const { x, y, width, height } = mutant.patch;
      let inside = 0;
      let outside = 0;
      for (let i = 0; i < image.data.length; i++) {
        const [px, py] = [Math.floor(i / 3) % SIDE, Math.floor(i / 3 / SIDE)];
        const within = px >= x && px < x + width && py >= y && py < y + height;
        if (mutant.image.data[i] !== image.data[i]) within ? inside++ : outside++;
      }
      expect(outside).toBe(0);
      expect(inside).toBeGreaterThan(0);
      expect(Math.max(width, height)).toBeLessThanOrEqual(MUTANTS.largest * SIDE + 1);
    }
    expect(Array.from({ length: 20 }, () => mutate(kind, image, [other], random)).some((m) => m !== null)).toBe(true);
  });

  it('the same seed gives the same defect; a blank picture has nothing to blur', () => {
    expect(mutate('paste', image, [other], createRandom(3))).toEqual(mutate('paste', image, [other], createRandom(3)));
    expect(
      mutate('blur', { ...image, data: new Uint8Array(image.data.length).fill(90) }, [], createRandom(3)),
    ).toBeNull();
  });
});

describe('the choice of stages', () => {
  it('mutates where cells count', () => {
    const random = createRandom(4);
    const left = {
      data: Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 1 : 0)),
      height: 8,
      width: 8,
      channels: 1,
    };
    const normals = Array.from({ length: 4 }, () => picture(random));
    const trials = trialsOf(
      normals,
      random,
      normals.map(() => left),
    );
    const mutants = trials.filter((t) => t.mutant);
    expect(mutants.length).toBeGreaterThan(10);
    for (const { picture: p, source, scored } of mutants) {
      const changed = [...p.data.keys()].filter((i) => p.data[i] !== normals[source]!.data[i]);
      const columns = changed.map((i) => Math.floor(i / 3) % SIDE);
      expect((Math.min(...columns) + Math.max(...columns)) / 2).toBeLessThan(SIDE / 2 + 2);
      expect(scored).toBe(left);
    }
  });

  it('prefers stages that see defects to stages that see noise', () => {
    const random = createRandom(8);
    const trials = trialsOf(
      Array.from({ length: 6 }, () => picture(random)),
      random,
    );
    expect(trials.filter((t) => t.mutant).length).toBeGreaterThan(25);
    const noise = createRandom(2);
    const images = trials.map(({ picture: p }): PlainImage => {
      const f32 = { ...p, data: Float32Array.from(p.data) };
      const blind = {
        data: Float32Array.from({ length: 64 * 3 }, () => noise.normal()),
        height: 8,
        width: 8,
        channels: 3,
      };
      const colours = downscaleArea(f32, 8, 8);
      return { frame: p, stages: { a: blind, b: blind, c: colours, d: colours } };
    });
    const stages = ['a', 'b', 'c', 'd'].map((name) => ({ name, stride: 8, channels: 3 }));
    const settings = {
      stride: 8,
      neighbourhood: 1 as const,
      standardise: true,
      pool: { pool: 'topQ' as const, q: 0.02 },
      hidden: PATCH.hidden,
    };
    const table = runPlain(compareStages(trials, { id: 'x', stages }, settings, random), images);
    expect(bestOf(table, { backbone: 'x', stages: ['a', 'b'] }, trials, random).stages).toEqual(['c', 'd']);
    expect(table.find((c) => c.stages.join() === 'c,d')!.auroc).toBeGreaterThan(
      table.find((c) => c.stages.join() === 'a,b')!.auroc + 0.15,
    );
  });

  it('leaves the default only for what is clearly and surely better', () => {
    const picture = { data: new Uint8Array(3), height: 1, width: 1, channels: 3 };
    const trials = Array.from({ length: 10 }, (_, source) => [
      { picture, source, mutant: false },
      { picture, source, mutant: true },
    ]).flat();
    const of = (backbone: string, scores: readonly number[]) => {
      const pairs = scores.flatMap((s, i) =>
        i % 2 === 1 ? scores.filter((_, j) => j % 2 === 0).map((g) => (s > g ? 1 : 0)) : [],
      );
      return { backbone, stages: ['s'], scores, auroc: pairs.reduce((a: number, b) => a + b, 0) / pairs.length };
    };
    const noise = createRandom(5);
    const blind = of(
      'a',
      trials.map(() => noise.next()),
    );
    const sharp = of(
      'b',
      trials.map((t) => noise.next() + (t.mutant ? 1 : 0)),
    );
    const lucky = of(
      'c',
      blind.scores.map((s, i) => (i === 1 ? 2 : s)),
    );
    const own = { backbone: 'a', stages: ['s'] };
    expect(bestOf([blind, sharp, lucky], own, trials, noise).backbone).toBe('b');
    // Better by a single picture: not sure.
    expect(lucky.auroc).toBeGreaterThanOrEqual(blind.auroc);
    expect(bestOf([blind, lucky], own, trials, noise).backbone).toBe('a');
    expect(bestOf([sharp], { backbone: 'absent', stages: ['s'] }, trials, noise).backbone).toBe('b');
    expect(lucky.auroc - blind.auroc).toBeLessThan(10 * CHOOSE.clear);
  });

  it('tries neighbouring stages together', () => {
    expect(stageSets(['a', 'b', 'c'])).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(stageSets(['a'])).toEqual([['a']]);
  });
});
