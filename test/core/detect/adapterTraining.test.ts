import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mosaicOf } from '../../../src/app/trainAdapters.ts';
import { mapLoss, spreadBilinear } from '../../../src/core/detect/adapterLoss.ts';
import type { Adapter } from '../../../src/core/detect/adapters.ts';
import {
  adaptersIn,
  freshAdapters,
  lossAndGradient,
  type TrainingSample,
  trainingState,
  trainStep,
} from '../../../src/core/detect/adapterTraining.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { grid, type Mask, zeros } from '../../../src/core/grid/grid.ts';
import { unitRows } from '../../../src/core/grid/linear.ts';
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import { resizeBilinear } from '../../../src/core/grid/resample.ts';
import { runPlain } from '../../support/plainNeeds.ts';

const D = 4;
const WIDTHS = [5, 3];

/** Two texts a moderate angle apart, as texts of a model are. */
function textsOf(random: Random): Rows {
  const data = unitRows(
    Float32Array.from({ length: 2 * D }, (_, i) => (i % D === 0 ? 2 : 0) + 0.5 * random.normal()),
    D,
  );
  return { data, height: 2, width: 1, channels: D };
}

function maskOf(random: Random, n: number): Mask {
  return {
    data: Uint8Array.from({ length: n * n }, () => (random.next() < 0.3 ? 1 : 0)),
    height: n,
    width: n,
    channels: 1,
  };
}

function sampleOf(random: Random): TrainingSample {
  const stages = WIDTHS.map((c) =>
    grid(
      Float32Array.from({ length: 9 * c }, () => random.normal()),
      3,
      3,
      c,
    ),
  );
  return { stages, mask: maskOf(random, 7) };
}

/** Gentle layers: logits of a few units, where the loss is smooth enough for finite differences in single precision. */
function gentle(random: Random, texts: Rows): Adapter[] {
  return freshAdapters(WIDTHS, D, random).map((a) => {
    const bias = a.bias.slice();
    // A long common part keeps the angle to the texts' difference small.
    for (let k = 0; k < D; k++) bias[k]! += 40 * (texts.data[k]! + texts.data[D + k]!);
    return { weight: a.weight, bias };
  });
}

describe('loss', () => {
  it('spreading is the transpose of interpolating', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (seed, n, m) => {
          const random = createRandom(seed);
          const a = grid(
            Float32Array.from({ length: n * n }, () => random.normal()),
            n,
            n,
          );
          const b = grid(
            Float32Array.from({ length: m * m }, () => random.normal()),
            m,
            m,
          );
          const up = resizeBilinear(a, m, m, { alignCorners: true });
          const down = spreadBilinear(b, n, n);
          const left = up.data.reduce((s, v, i) => s + v * b.data[i]!, 0);
          const right = down.data.reduce((s, v, i) => s + v * a.data[i]!, 0);
          expect(left).toBeCloseTo(right, 3);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a perfect map costs next to nothing, a wrong one much', () => {
    const mask = maskOf(createRandom(3), 8);
    const difference = grid(
      Float32Array.from(mask.data, (v) => (v ? 30 : -30)),
      8,
      8,
    );
    expect(mapLoss(difference, mask).loss).toBeLessThan(1e-3);
    expect(mapLoss({ ...difference, data: difference.data.map((v) => -v) }, mask).loss).toBeGreaterThan(5);
  });

  it('a good part without a defective pixel still has a gradient', () => {
    const found = mapLoss(zeros(3, 3), { data: new Uint8Array(49), height: 7, width: 7, channels: 1 });
    expect(found.gradient.data.every((g) => g > 0)).toBe(true);
  });
});

describe('gradient', () => {
  it('equals finite differences of the loss, along random directions and single weights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const random = createRandom(seed);
        const texts = textsOf(random);
        const samples = [sampleOf(random), sampleOf(random)];
        const adapters = gentle(random, texts);
        const { gradients } = runPlain(lossAndGradient(adapters, samples, texts), []);
        const lossAt = (moved: readonly Adapter[]): number => runPlain(lossAndGradient(moved, samples, texts), []).loss;
        const shift = (direction: readonly { weight: Float32Array; bias: Float32Array }[], by: number): Adapter[] =>
          adapters.map(({ weight, bias }, s) => ({
            weight: { ...weight, data: weight.data.map((v, i) => v + by * direction[s]!.weight[i]!) },
            bias: bias.map((v, i) => v + by * direction[s]!.bias[i]!),
          }));
        const step = 0.02;
        const directions = [0, 1, 2].map((kind) =>
          adapters.map(({ weight, bias }) => ({
            weight: weight.data.map((_, i) => (kind === 0 ? random.normal() : kind === 1 && i === 0 ? 1 : 0)),
            bias: bias.map((_, i) => (kind === 0 ? random.normal() : kind === 2 && i === 0 ? 1 : 0)),
          })),
        );
        const length = Math.sqrt(
          gradients.reduce(
            (sum, g) => sum + g.weight.reduce((a, v) => a + v * v, 0) + g.bias.reduce((a, v) => a + v * v, 0),
            0,
          ),
        );
        for (const direction of directions) {
          const numeric = (lossAt(shift(direction, step)) - lossAt(shift(direction, -step))) / (2 * step);
          const analytic = gradients.reduce(
            (sum, g, s) =>
              sum +
              g.weight.reduce((a, v, i) => a + v * direction[s]!.weight[i]!, 0) +
              g.bias.reduce((a, v, i) => a + v * direction[s]!.bias[i]!, 0),
            0,
          );
          expect(Math.abs(numeric - analytic)).toBeLessThan(0.02 * Math.max(1e-3, length));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('steps lower the loss on what they are taken on, and leave the given layers alone', () => {
    const random = createRandom(8);
    const texts = textsOf(random);
    const samples = [sampleOf(random), sampleOf(random)];
    const start = freshAdapters(WIDTHS, D, random);
    const before = start[0]!.weight.data.slice();
    const state = trainingState(start);
    const losses = Array.from({ length: 60 }, () => runPlain(trainStep(state, samples, texts, 0.01), []));
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
    expect(start[0]!.weight.data).toEqual(before);
    expect(adaptersIn(state)).toHaveLength(2);
  });
});

describe('mosaic', () => {
  it('puts four halves with their masks in their places', () => {
    const of = (v: number) => ({
      picture: { data: new Uint8Array(6 * 6 * 3).fill(v), height: 6, width: 6, channels: 3 },
      mask: { data: new Uint8Array(36).fill(v > 15 ? 1 : 0), height: 6, width: 6, channels: 1 },
    });
    const { picture, mask } = mosaicOf([of(10), of(20), of(30), of(40)]);
    const at = (x: number, y: number) => [picture.data[3 * (6 * y + x)], mask.data[6 * y + x]];
    expect([at(0, 0), at(5, 2), at(2, 3), at(5, 5)]).toEqual([
      [10, 0],
      [20, 1],
      [30, 1],
      [40, 1],
    ]);
  });
});
