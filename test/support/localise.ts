/** How well the maps of the demo product's structural defects lie on its exact masks. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resizeMap } from '../../src/core/detect/cells.ts';
import type { FeatureGrid, Mask } from '../../src/core/grid/grid.ts';
import { forEachSpan } from '../../src/core/grid/runs.ts';
import { type PixelMetrics, type PixelSample, pixelMetrics } from '../../src/core/metrics/pixel.ts';
import type { DemoOptions } from '../../src/demo/plan.ts';
import { compileRules, type Engine, generateDemo, type ImageRef, images } from '../../src/index.ts';

export interface Localised {
  readonly patch: PixelMetrics;
  /** Patch map in tolerance units, and over the pixels of a violated rule's instances at least its margin. */
  readonly fused: PixelMetrics;
  readonly defects: number;
  /** Largest defect, share of the image. */
  readonly largest: number;
}

type Size = { readonly width: number; readonly height: number };

/** Maximum of a map and of what violations point at, at the size of the mask. */
function fusedMap(
  units: FeatureGrid,
  { violations, scene }: Awaited<ReturnType<Awaited<ReturnType<Engine['inspector']>>['inspect']>>,
  size: Size,
): FeatureGrid {
  const cells: FeatureGrid = {
    ...scene.grid,
    channels: 1,
    data: new Float32Array(scene.grid.width * scene.grid.height),
  };
  for (const v of violations) {
    for (const i of scene.instances.filter((x) => v.instances.includes(x.id))) {
      forEachSpan(i.mask, cells.width, (row, x0, x1) => {
        for (let k = row * cells.width + x0; k < row * cells.width + x1; k++)
          cells.data[k] = Math.max(cells.data[k]!, v.margin);
      });
    }
  }
  const rules = resizeMap(cells, size);
  return { ...units, data: units.data.map((v, i) => Math.max(v, rules.data[i]!)) };
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
      const { map, border } = maps.patch!;
      const native = resizeMap(map, size);
      const units = { ...native, data: native.data.map((v) => (v - border.centre) / border.tolerance) };
      samples.patch.push({ map: units, truth });
      samples.fused.push({ map: fusedMap(units, result, size), truth });
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
