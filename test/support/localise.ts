/** How well the maps of the demo product's structural defects lie on its exact masks. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPOSITION } from '../../src/core/detect/index.ts';
import type { Mask } from '../../src/core/grid/grid.ts';
import { FUSED, imageMaps } from '../../src/core/metrics/maps.ts';
import type { DemoOptions } from '../../src/demo/plan.ts';
import { compileRules, type Engine, generateDemo, type ImageRef, images } from '../../src/index.ts';
import { type PixelMetrics, type PixelSample, pixelMetrics } from './exactMetrics/pixel.ts';

export interface Localised {
  readonly patch: PixelMetrics;
  /** The largest of all detectors' maps, and of the margins of violated rules where they point. */
  readonly fused: PixelMetrics;
  readonly defects: number;
  /** Largest defect, share of the image. */
  readonly largest: number;
}

/**
 * Draws the product, learns it from its normals and maps its good and structurally damaged parts.
 * @param changed what becomes of the product's own rule file
 */
export async function localiseDemo(
  engine: Engine,
  options: Partial<DemoOptions>,
  changed: (rules: string) => string = (rules) => rules,
): Promise<Localised> {
  const folder = await mkdtemp(join(tmpdir(), 'logsad-localise-'));
  try {
    let rules = '';
    const normals: ImageRef[] = [];
    const tests: { readonly ref: ImageRef; readonly mask: string | null }[] = [];
    const masks = new Map<string, Uint8Array>();
    for await (const { path, bytes } of generateDemo({ logical: 0, validation: 0, ...options }, images)) {
      if (path === 'rules.yaml') rules = new TextDecoder().decode(bytes);
      if (path.startsWith('ground_truth')) masks.set(path, bytes);
      if (!path.endsWith('.jpg')) continue;
      const ref = { name: path.split('/').at(-1)!, path: join(folder, path.replaceAll('/', '-')) };
      await writeFile(ref.path, bytes);
      if (path.startsWith('train')) normals.push(ref);
      const [, group, file] = path.split('/');
      if (path.startsWith('test'))
        tests.push({ ref, mask: group === 'good' ? null : `ground_truth/${group}/${file!.slice(0, -4)}/000.png` });
    }
    const product = { path: 'rules.yaml', compiled: compileRules(changed(rules), 'rules.yaml') };
    const { profile } = await engine.learn(product, { normals });
    await using inspector = await engine.inspector(product, profile);
    const samples: Record<'patch' | 'fused', PixelSample[]> = { patch: [], fused: [] };
    let largest = 0;
    for (const { ref, mask } of tests) {
      const { result, maps } = await inspector.inspectWithMaps(ref);
      let truth: Mask | null = null;
      if (mask !== null) {
        const { pixels } = await images.decode(masks.get(mask)!, mask);
        const data = Uint8Array.from({ length: pixels.width * pixels.height }, (_, i) =>
          pixels.data[3 * i]! >= 128 ? 1 : 0,
        );
        truth = { ...pixels, channels: 1, data };
        largest = Math.max(largest, data.reduce((n, v) => n + v, 0) / data.length);
      }
      const size = { width: result.scene.frame.imageWidth, height: result.scene.frame.imageHeight };
      const all = imageMaps(result.scene, result.violations, maps, size, COMPOSITION);
      samples.patch.push({ map: all.patch!, truth });
      samples.fused.push({ map: all[FUSED]!, truth });
    }
    return {
      patch: pixelMetrics(samples.patch),
      fused: pixelMetrics(samples.fused),
      defects: tests.filter((t) => t.mask !== null).length,
      largest,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
