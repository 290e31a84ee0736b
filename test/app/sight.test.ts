/** WinCLIP, WinCLIP+ and APRIL-GAN on a CLIP of random weights, in both layouts of the hubs, end to end through the child. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackbones, type ModelRegistry } from '../../src/adapters/backbones/registry.ts';
import { createInference, type InferenceHost } from '../../src/adapters/inference/host.ts';
import { readTensors } from '../../src/adapters/tensors.ts';
import { type DetectorsInput, learnDetectors, openDetectors } from '../../src/app/detect.ts';
import type { Deps } from '../../src/app/learn.ts';
import { type Sight, sightOf } from '../../src/app/sight.ts';
import { type Adapter, adaptersOf } from '../../src/core/detect/adapters.ts';
import { bareScene } from '../../src/core/detect/regions.ts';
import type { RgbImage } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { compileRules } from '../../src/core/rules/index.ts';
import { absolute } from '../support/errors.ts';
import { shared, sharedPath } from '../support/shared.ts';
import { writeTinyManifest } from '../support/tinyModels.ts';

const [WIDTH, HEIGHT] = [120, 72];
const SETS = ['tiny', 'tiny-immich'] as const;

function picture(seed: number): RgbImage {
  const random = createRandom(seed);
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => 60 + 100 * ((i >> 7) & 1) + random.int(60));
  return { data, height: HEIGHT, width: WIDTH, channels: 3 };
}
const square = (): RgbImage => ({ data: picture(9).data.slice(0, 64 * 64 * 3), height: 64, width: 64, channels: 3 });
const scene = (name: string) =>
  bareScene(name, { imageWidth: WIDTH, imageHeight: HEIGHT, box: [0, 0, 1, 1], width: WIDTH, height: HEIGHT }, 8);

describe.skipIf(shared('golden/clip-tiny') === null)(
  'image-text detectors on clip-tiny (needs ../shared/golden)',
  () => {
    let host: InferenceHost;
    let backbones: ModelRegistry;
    let home: string;
    let adapters: readonly Adapter[];
    const sights: Sight[] = [];
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'logsad-sight-'));
      host = await createInference({ threads: 1 });
      backbones = createBackbones(host, { manifests: [await writeTinyManifest(home)], home });
      for (const set of SETS) sights.push(sightOf((await backbones.imageText!(set))!, host));
      const path = sharedPath('golden', 'aprilgan', 'adapters.pth');
      adapters = adaptersOf(readTensors(await readFile(path), path)) as Adapter[];
    }, 120_000);
    afterAll(async () => {
      await host[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    });

    it('both layouts see the same, windows and stages have their shapes', async () => {
      const want = { windows: [2, 3], stages: true };
      const [a, b] = [await sights[0]!.see(square(), want), await sights[1]!.see(square(), want)];
      expect(a.windows.map((w) => [w.height, w.channels])).toEqual([
        [49, 32],
        [36, 32],
      ]);
      expect(a.stages.map((s) => [s.height, s.width, s.channels])).toEqual(Array(4).fill([8, 8, 64]));
      // One layout gives unit embeddings, the other as they come: everything after compares by cosine.
      const all = [a.embedding, a.patches.data, ...a.windows.map((w) => w.data), ...a.stages.map((s) => s.data)];
      const same = [b.embedding, b.patches.data, ...b.windows.map((w) => w.data), ...b.stages.map((s) => s.data)];
      for (const [i, v] of all.entries()) expect(absolute(v, same[i]!)).toBeLessThan(2e-4);
      const said = [await sights[0]!.say(['a photo of a nut.']), await sights[1]!.say(['a photo of a nut.'])];
      expect(absolute(said[0]!.data, said[1]!.data)).toBeLessThan(1e-4);
    });

    it.each([
      ['winclip', '{ name: winclip, crops: true }'],
      ['winclip-plus', '{ name: winclip-plus, references: 2 }'],
      ['april-gan', '{ name: april-gan, adapters: a.pth, side: 128, references: 2 }'],
    ])(
      '%s learns, is stored, judges; both layouts agree',
      async (name, spec) => {
        const file = compileRules(`schema: logsad/rules/v1\nproduct: metal-nut\ndetectors: [${spec}]\n`, 'r.yaml').file;
        const scores: number[] = [];
        for (const set of SETS) {
          const input: DetectorsInput = {
            file,
            masks: new Map(),
            groundChannels: [],
            scenes: [0, 1, 2].map((i) => scene(`${i}`)),
            calibration: [scene('3')],
            pixels: async (i) => picture(i),
            set,
            seed: 1,
            adapters: new Map([['a.pth', adapters]]),
          };
          const deps = { images: {}, inference: host, backbones } as unknown as Deps;
          const learnt = await learnDetectors(input, deps);
          expect(learnt.readings.every((r) => Number.isFinite(r[name]!.score))).toBe(true);
          const open = await openDetectors(input, learnt.sections, deps);
          const { reading, map } = (await open.detect(picture(7), scene('7')))[name]!;
          expect([...map!.data].every(Number.isFinite)).toBe(true);
          scores.push(reading.score, reading.peak!);
        }
        expect(Math.abs(scores[0]! - scores[2]!)).toBeLessThan(1e-3 * Math.max(1, scores[0]!));
        expect(Math.abs(scores[1]! - scores[3]!)).toBeLessThan(1e-3 * Math.max(1, scores[1]!));
      },
      120_000,
    );
  },
);
