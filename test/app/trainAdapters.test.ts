/**
 * Adapter training proved on the demo product: half of its structural defects teach, the other half judge. No image-text
 * model ships with the package, so the features are those of the embedded dense backbone and the two text directions are
 * random unit vectors. That is honest for what is proved: the layers have to find directions in real features of real
 * pixels that tell defects from normal parts; all that texts contribute is two different fixed targets. It says nothing
 * about what CLIP's features and words would give.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createImages } from '../../src/adapters/images.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import type { DenseBackbone } from '../../src/app/ports.ts';
import { createRunner } from '../../src/app/runner.ts';
import { type LabelledPicture, trainAdapters } from '../../src/app/trainAdapters.ts';
import { type Adapter, adapterLogits, adapterMap, withBias } from '../../src/core/detect/adapters.ts';
import { freshAdapters } from '../../src/core/detect/adapterTraining.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid, type RgbImage } from '../../src/core/grid/grid.ts';
import { matmul, unitRows } from '../../src/core/grid/linear.ts';
import { resizeNearest } from '../../src/core/grid/nearest.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { resizeCubic } from '../../src/core/grid/resample.ts';
import { normaliseStage, type StageScale, stageScale } from '../../src/core/ground/features.ts';
import { pixelMetrics } from '../support/exactMetrics/pixel.ts';
import { renderDemo, renderDemoMask } from '../../src/demo/dataset.ts';
import { DEMO_DEFAULTS, planDemo } from '../../src/demo/plan.ts';

const SIDE = 224;
const WIDE = 320;
const D = 16;
const KINDS = 7;
const images = createImages();
let host: InferenceHost;
let backbone: DenseBackbone;
let run: ReturnType<typeof createRunner>;
let scales: StageScale[];
let pictures: { readonly teach: LabelledPicture[]; readonly judge: LabelledPicture[] };

beforeAll(async () => {
  host = await createInference();
  const backbones = createBackbones(host);
  backbone = await backbones.dense('match', 'embedded');
  run = createRunner({ inference: host, backbones }, null, () => Promise.reject(new TypeError('no picture')));
  const plan = planDemo({
    ...DEMO_DEFAULTS,
    seed: 3,
    train: 0,
    validation: 0,
    good: 6,
    logical: 0,
    structural: 4 * KINDS,
  });
  const all: LabelledPicture[] = [];
  for (const p of plan) {
    const picture = resizeCubic(await renderDemo(p, WIDE, images), SIDE, SIDE);
    all.push({ picture, mask: resizeNearest(await renderDemoMask(p, WIDE, images), SIDE, SIDE) });
  }
  // Defects are dealt in turn: every kind is in both halves, no picture is.
  const good = all.filter((_, i) => plan[i]!.defect === null);
  const bad = all.filter((_, i) => plan[i]!.defect !== null);
  pictures = {
    teach: [...good.slice(0, 3), ...bad.slice(0, 2 * KINDS)],
    judge: [...good.slice(3), ...bad.slice(2 * KINDS)],
  };
  const seen: FeatureGrid[][] = [];
  for (const { picture } of good.slice(0, 3)) seen.push(await rawStages(picture));
  scales = backbone.stages.map((_, s) => stageScale(seen.map((stages) => stages[s]!)));
}, 120_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Raw stages of the network. */
async function rawStages(picture: RgbImage): Promise<FeatureGrid[]> {
  const image = { dims: [1, picture.height, picture.width, 3], data: picture.data };
  const names = backbone.stages.map((s) => s.name);
  const found = await host.run(
    [{ graph: backbone.graph, feeds: { image } }],
    names.map((n) => [0, n] as const),
  );
  return found.map((t) => grid(t.data as Float32Array, t.dims[1]!, t.dims[2]!, t.dims[3]!));
}

/**
 * Stages z-scored per channel by the good teaching pictures: a network's raw channels share a large common part, next to
 * which every position looks alike to a cosine (CLIP's tokens come out of normalised blocks).
 */
async function stagesOf(picture: RgbImage): Promise<FeatureGrid[]> {
  return (await rawStages(picture)).map((stage, s) => normaliseStage(stage, scales[s]!));
}

function mapOf(stages: readonly FeatureGrid[], adapters: readonly Adapter[], texts: Rows): FeatureGrid {
  const size = { width: SIDE, height: SIDE };
  const maps = stages.map((stage, s) => {
    const { weight, bias } = adapters[s]!;
    const adapted = withBias(matmul(stage.data, weight.data, weight.channels), bias);
    return adapterMap([adapterLogits(adapted, texts)], stage, size).data;
  });
  return grid(
    maps[0]!.map((_, i) => maps.reduce((sum, m) => sum + m[i]!, 0)),
    SIDE,
    SIDE,
  );
}

async function pixelAuroc(adapters: readonly Adapter[], texts: Rows): Promise<number> {
  const samples = [];
  for (const { picture, mask } of pictures.judge) {
    const truth = mask.data.some((v) => v > 0) ? { ...mask, data: mask.data.map((v) => (v > 0 ? 1 : 0)) } : null;
    samples.push({ map: mapOf(await stagesOf(picture), adapters, texts), truth });
  }
  return pixelMetrics(samples).auroc;
}

describe('adapter training on the demo', () => {
  it('lifts pixel AUROC on the defects it has not seen by 0.05 and more over untrained layers', async () => {
    const random = createRandom(1);
    const data = unitRows(
      Float32Array.from({ length: 2 * D }, () => random.normal()),
      D,
    );
    const texts: Rows = { data, height: 2, width: 1, channels: D };
    const widths = backbone.stages.map((s) => s.channels);
    const untrained: number[] = [];
    for (const seed of [1, 2, 3]) untrained.push(await pixelAuroc(freshAdapters(widths, D, createRandom(seed)), texts));
    const { teach } = pictures;
    const input = {
      count: teach.length,
      picture: async (i: number) => teach[i]!,
      stagesOf,
      texts,
      random,
      epochs: 12,
      batch: 1,
    };
    const { adapters, losses } = await trainAdapters(input, run);
    const trained = await pixelAuroc(adapters, texts);
    const figures = `untrained ${untrained.map((v) => v.toFixed(3)).join(', ')}; trained ${trained.toFixed(3)}; loss ${losses[0]!.toFixed(2)} to ${losses.at(-1)!.toFixed(2)}`;
    process.stdout.write(`adapter training, ${pictures.judge.length} held-out pictures, pixel AUROC: ${figures}\n`);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    for (const u of untrained) expect(trained).toBeGreaterThan(u + 0.05);
    expect(trained).toBeGreaterThan(0.7);
  }, 300_000);
});
