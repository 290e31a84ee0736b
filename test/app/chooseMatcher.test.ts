/** The choice of features through the real default model, on small drawn pictures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseMatcher } from '../../src/app/chooseMatcher.ts';
import { type DetectorsInput, learnDetectors, openDetectors } from '../../src/app/detect.ts';
import type { Inference } from '../../src/app/ports.ts';
import { CHOOSE } from '../../src/core/detect/choose.ts';
import { bareScene } from '../../src/core/detect/regions.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { compileRules } from '../../src/core/rules/index.ts';
import { type Engine, openEngine } from '../../src/index.ts';

const SIDE = 64;
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const noise = createRandom(4);
const pictures = Array.from({ length: CHOOSE.least }, () =>
  grid(
    Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => 110 + 60 * Math.sin(i / 90) + 4 * noise.normal()),
    SIDE,
    SIDE,
    3,
  ),
);
const frame = { imageWidth: SIDE, imageHeight: SIDE, box: [0, 0, 1, 1], width: SIDE, height: SIDE } as const;
const input: DetectorsInput = {
  file: compileRules('schema: logsad/rules/v1\nproduct: p\ndetectors: [patch]\n', 'r.yaml').file,
  masks: new Map(),
  groundChannels: [],
  scenes: pictures.map((_, i) => bareScene(`${i}`, frame, 8)),
  calibration: [],
  pixels: async (i) => pictures[i]!,
  set: 'embedded',
  seed: 0,
};
const choose = (options: Readonly<Record<string, unknown>>, detector = 'spade') =>
  chooseMatcher(detector, options, input, engine, createRandom(1));

describe('the features of a detector', () => {
  it('are chosen for detectors without a pool of their own', async () => {
    const { table, options } = await choose({ backbone: 'default', stages: 'auto' });
    expect(table.length).toBeGreaterThan(0);
    for (const c of table) expect(Number.isFinite(c.auroc)).toBe(true);
    expect(table.map((c) => c.stages)).toContainEqual(options.stages);
  }, 120_000);

  it('auto compares backbones on one listed stage, and on stages in any order', async () => {
    const own = await engine.backbones.dense('match', 'embedded');
    const names = own.stages.map((s) => s.name);
    for (const stages of [names.slice(-1), names.slice(-2).reverse()]) {
      const { table } = await choose({ backbone: 'auto', stages });
      expect(table.filter((c) => c.backbone === own.id).map((c) => c.stages)).toEqual([
        names.filter((n) => stages.includes(n)),
      ]);
    }
  }, 120_000);

  it('a stage that no backbone has is a fault of the detector that asks', async () => {
    const fault = await choose({ backbone: 'auto', stages: ['nowhere'] }, 'padim').catch((e: unknown) => e);
    expect(String(fault)).toContain('padim');
    expect(String(fault)).toContain('nowhere');
  });
});

it('what opened detectors keep is dropped when they are disposed of', async () => {
  const kept = new Set<string>();
  let most = 0;
  const real = engine.inference;
  const inference: Inference = {
    threads: real.threads,
    load: (id, source) => real.load(id, source),
    put: (name, tensor) => {
      kept.add(name);
      most = Math.max(most, kept.size);
      return real.put(name, tensor);
    },
    drop: (name) => {
      kept.delete(name);
      return real.drop(name);
    },
    run: (...given) => real.run(...given),
    [Symbol.asyncDispose]: async () => {},
  };
  const deps = { images: engine.images, backbones: engine.backbones, inference };
  const { sections } = await learnDetectors({ ...input, scenes: input.scenes.slice(0, 3) }, deps);
  expect(kept.size).toBe(0);
  most = 0;
  for (let i = 0; i < 3; i++) {
    await using open = await openDetectors(input, sections, deps);
    await open.detect(pictures[0]!, input.scenes[0]!);
    expect(kept.size).toBeGreaterThan(0);
  }
  expect(most).toBeGreaterThan(0);
  expect(kept.size).toBe(0);
}, 120_000);
