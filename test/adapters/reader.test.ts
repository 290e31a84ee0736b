/** The recogniser of the embedded package on the printed labels of the demo product. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createImages } from '../../src/adapters/images.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import { grid, type RgbImage } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { decodeLine } from '../../src/core/ground/reading.ts';
import { drawKit, heightOf } from '../../src/demo/draw.ts';
import { type KitState, SIZE, sampleKit, VARIANTS } from '../../src/demo/kit.ts';
import { LOGICAL_DEFECTS } from '../../src/demo/logical.ts';

const WIDTH = 1024;
const images = createImages();
let host: InferenceHost;
beforeAll(async () => {
  host = await createInference();
});
afterAll(() => host[Symbol.asyncDispose]());

const labelOf = (kit: KitState) => {
  const found = kit.parts.find((p) => p.kind === 'label');
  if (found?.kind !== 'label') throw new Error('a kit without a label');
  return found;
};

/** The label as a box around it would cut it out of a photograph. */
async function cut(kit: KitState): Promise<RgbImage> {
  const picture = await images.renderSvg(drawKit(kit, WIDTH), WIDTH, heightOf(WIDTH));
  const { x, y } = labelOf(kit).pose;
  const [width, height] = [SIZE.label.width + 6, SIZE.label.height + 8];
  const [x0, y0] = [Math.round(x + kit.camera.dx - width / 2), Math.round(y + kit.camera.dy - height / 2)];
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y0 + row) * WIDTH + x0) * 3;
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { data, width, height, channels: 3 };
}

describe('printed labels', { timeout: 300_000 }, () => {
  const SEEDS = Array.from({ length: 30 }, (_, i) => 500 + i);

  it('are read exactly on at least 95 % of seeded kits', async () => {
    const reader = (await createBackbones(host, { manifests: [] }).reader!('embedded'))!;
    let right = 0;
    for (const seed of SEEDS) {
      const kit = sampleKit(VARIANTS[seed % VARIANTS.length]!, createRandom(seed));
      const { value, confidence } = await reader.read(await cut(kit));
      if (value === labelOf(kit).text) right++;
      expect(confidence).toBeGreaterThan(0);
    }
    expect(right / SEEDS.length).toBeGreaterThanOrEqual(0.95);
  });

  it('that were altered read otherwise', async () => {
    const reader = (await createBackbones(host, { manifests: [] }).reader!('embedded'))!;
    const defect = LOGICAL_DEFECTS.find((d) => d.needsText)!;
    let told = 0;
    for (const seed of SEEDS.slice(0, 20)) {
      const kit = sampleKit(VARIANTS[seed % VARIANTS.length]!, createRandom(seed));
      const made = defect.apply(kit, createRandom(9000 + seed));
      if ((await reader.read(await cut(made.state))).value !== labelOf(kit).text) told++;
    }
    expect(told / 20).toBeGreaterThanOrEqual(0.95);
  });
});

describe('decoding', () => {
  const steps = (...classes: readonly number[]) => {
    const data = new Float32Array(classes.length * 4);
    for (const [i, c] of classes.entries()) data[i * 4 + c] = 0.5;
    return grid(data, classes.length, 1, 4);
  };

  it('joins repeats, splits at blanks, takes the last class for a space', () => {
    expect(decodeLine(steps(1, 1, 0, 1, 3, 2, 0), ['a', 'b'])).toEqual({ value: 'aa b', confidence: 0.5 });
    expect(decodeLine(steps(0, 0), ['a', 'b'])).toEqual({ value: '', confidence: 0 });
  });
});
