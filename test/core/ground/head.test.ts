import { describe, expect, it } from 'vitest';
import { type FeatureGrid, labelGrid, zeros } from '../../../src/core/grid/grid.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { resizeBilinear } from '../../../src/core/grid/resample.ts';
import { type FrameFeatures, normaliseStage } from '../../../src/core/ground/features.ts';
import { addLocalLogits, blurLogits, fitHead, headDimension, stageWeights } from '../../../src/core/ground/head.ts';
import { UNLABELLED } from '../../../src/core/ground/labels.ts';
import { argmax } from '../../../src/core/ground/model.ts';

/** Two stages (strides 1 and 2 of a 16 x 16 grid) whose channels follow a left/right split, with noise. */
function features(seed: number): FrameFeatures {
  const random = createRandom(seed);
  const stage = (n: number, c: number): FeatureGrid => {
    const g = zeros(n, n, c);
    for (let i = 0; i < g.data.length; i++) {
      const x = Math.floor(i / c) % n;
      g.data[i] = (x < n / 2 ? 1 : -1) * ((i % c) + 1) + 0.3 * random.normal();
    }
    return g;
  };
  const lab = zeros(16, 16, 3);
  for (let i = 0; i < lab.data.length; i++) lab.data[i] = 50 + random.normal();
  return { stages: [stage(16, 4), stage(8, 6)], lab };
}

const labels = () => {
  const g = labelGrid(16, 16, UNLABELLED);
  for (let y = 0; y < 16; y += 2) {
    g.data[y * 16 + 2] = 0;
    g.data[y * 16 + 13] = 1;
  }
  return g;
};

/** The stage part as the generated graph computes it, in plain code. */
function stageLogits(head: ReturnType<typeof fitHead>, f: FrameFeatures): FeatureGrid {
  const k = head.classes.length;
  const sum = zeros(16, 16, k);
  f.stages.forEach((s, i) => {
    const u = normaliseStage(s, head.stages[i]!);
    const w = stageWeights(head, i);
    const logits = zeros(s.height, s.width, k);
    for (let p = 0; p < s.height * s.width; p++) {
      for (let c = 0; c < k; c++) {
        for (let d = 0; d < s.channels; d++) logits.data[p * k + c]! += u.data[p * s.channels + d]! * w[d * k + c]!;
      }
    }
    resizeBilinear(logits, 16, 16).data.forEach((v, j) => {
      sum.data[j]! += v;
    });
  });
  return sum;
}

describe('fitHead', () => {
  const f = features(1);
  const head = fitHead(['left', 'right'], [], [{ features: f, labels: labels() }], [f], createRandom(0));

  it('has one row per feature and a bias', () => {
    expect(headDimension(head)).toBe(4 + 6 + 9 + 4 + 0 + 1);
    expect(head.weights).toHaveLength(headDimension(head) * 2);
  });

  it('separates classes it was shown, on an unseen frame', () => {
    const unseen = features(2);
    const out = argmax(blurLogits(addLocalLogits(head, stageLogits(head, unseen), unseen.lab)));
    let right = 0;
    for (let i = 0; i < 256; i++) if (out.data[i] === (i % 16 < 8 ? 0 : 1)) right++;
    expect(right / 256).toBeGreaterThan(0.95);
  });

  it('gives one-hot targets: the logits of a labelled cell sum to one', () => {
    const sum = addLocalLogits(head, stageLogits(head, f), f.lab);
    for (let i = 0; i < 256; i += 17) expect(sum.data[i * 2]! + sum.data[i * 2 + 1]!).toBeCloseTo(1, 2);
  });

  it('is the same for the same seed', () => {
    const again = fitHead(['left', 'right'], [], [{ features: f, labels: labels() }], [f], createRandom(0));
    expect(again.weights).toEqual(head.weights);
  });
});

describe('blurLogits', () => {
  it('keeps a constant and the sum of an inner peak', () => {
    const flat = zeros(5, 5, 1);
    flat.data.fill(3);
    expect([...blurLogits(flat).data].every((v) => v === 3)).toBe(true);
    const peak = zeros(5, 5, 1);
    peak.data[12] = 16;
    const out = blurLogits(peak);
    expect(out.data[12]).toBe(4);
    expect(out.data.reduce((a, b) => a + b, 0)).toBeCloseTo(16);
  });
});
