/** Backbones that no package brings: registered by a manifest outside the repository. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import { shared } from '../support/shared.ts';
import { sharedModels } from '../support/sharedModels.ts';

describe.skipIf(shared('models') === null)('a further manifest (needs ../shared/models)', () => {
  it.each([
    ['resnet50v2', [4, 8, 16]],
    ['vit-tiny', [16, 16, 16]],
  ])('%s runs as any other backbone', async (id, strides) => {
    const manifest = sharedModels()!;
    try {
      await using inference = await createInference();
      const backbones = createBackbones(inference, { manifests: [manifest.path] });
      expect(await backbones.installed()).toContain(id);
      const { graph, stages } = await backbones.model(id);
      expect(stages.map((s) => s.stride)).toEqual(strides);
      const data = Uint8Array.from({ length: 64 * 96 * 3 }, (_, i) => (i * 37) % 251);
      const found = await inference.run(
        [{ graph, feeds: { image: { dims: [1, 64, 96, 3], data } } }],
        stages.map((s) => [0, s.name] as const),
      );
      for (const [i, s] of stages.entries()) {
        expect(found[i]!.dims).toEqual([1, 64 / s.stride, 96 / s.stride, s.channels]);
        expect(found[i]!.data.every((v) => Number.isFinite(Number(v)))).toBe(true);
      }
    } finally {
      manifest.remove();
    }
  });

  it('refuses a stage that is called as a tensor of the graph', async () => {
    const manifest = sharedModels()!;
    try {
      writeFileSync(manifest.path, readFileSync(manifest.path, 'utf8').replace('name: s4,', 'name: layer1,'));
      await using inference = await createInference();
      const backbones = createBackbones(inference, { manifests: [manifest.path] });
      await expect(backbones.model('resnet50v2')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    } finally {
      manifest.remove();
    }
  });
});
