/** Masks through the real decoder, maps made by hand: what counts where, and what is refused. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/adapters/dataset.ts';
import { createImages } from '../../src/adapters/images.ts';
import type { LabelledRef } from '../../src/app/evaluate.ts';
import type { Inspection } from '../../src/app/inspect.ts';
import { createLocaliser, type LocaliseInput, vandScore } from '../../src/app/localise.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { imageMaps, maskAt, overImage, unitMap } from '../../src/core/metrics/maps.ts';
import type { Box, InspectionResult, Scene, Violation } from '../../src/core/scene.ts';
import { readFloatTiff } from '../support/png.ts';
import { shared, sharedPath } from '../support/shared.ts';

const images = createImages();
const SIZE = { width: 40, height: 32 };
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logsad-localise-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A mask with `value` in a box of pixels. */
async function mask(name: string, [x0, y0, x1, y1]: Box, value = 255, size = SIZE): Promise<string> {
  const data = new Uint8Array(size.width * size.height);
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) data[y * size.width + x] = value;
  const path = join(dir, name);
  await writeFile(path, await images.encodePng(grid(data, size.height, size.width)));
  return path;
}

const border = { n: 9, centre: 0.2, sigma: 0.1, tolerance: 0.2, low: -Infinity, high: 0.4, setAside: [] };
const scene = (box: Box = [0, 0, 1, 1]): Scene => ({
  schema: 'logsad/scene/v1',
  image: 'a',
  frame: { imageWidth: SIZE.width, imageHeight: SIZE.height, box, width: 40, height: 32 },
  grid: { width: 4, height: 4 },
  variant: null,
  product: [0, 0, 1, 1],
  instances: [],
  unknown: [],
  quality: {},
  detectors: {},
});
/** A map of 5 x 4 cells with one high cell at the upper left, as a judged image. */
function inspection(peak: number, violations: readonly Violation[] = []): Inspection {
  const data = new Float32Array(20).fill(0.2);
  data[0] = peak;
  const result = { scene: scene(), violations } as unknown as InspectionResult;
  return { result, maps: { patch: { map: grid(data, 4, 5), border } } };
}
const ghost = (box: Box, margin: number): Violation =>
  ({ severity: 'reject', instances: [], ghost: box, margin }) as unknown as Violation;
const input = (more: Partial<LocaliseInput> = {}): LocaliseInput => ({
  images,
  defects: null,
  at: 'native',
  composition: false,
  ...more,
});
const ref = (folder: string, masks: readonly string[] = []): LabelledRef => ({
  name: `${folder}/0`,
  path: 'p',
  folder,
  masks,
});

describe('maps', () => {
  it('are in tolerance units: 0 at the centre of the normals, 1 at the border', () => {
    const unit = unitMap({ map: grid(Float32Array.of(0.2, 0.4, 0.8), 1, 3), border });
    expect([...unit.data].map((v) => Number(v.toFixed(5)))).toEqual([0, 1, 3]);
    const none = { ...border, tolerance: Infinity, high: Infinity };
    expect(unitMap({ map: grid(Float32Array.of(0.2), 1, 1), border: none }).data[0]).toBeCloseTo(0.2, 6);
  });

  it('lie where the frame looked, the unit of no distance elsewhere', () => {
    const map = grid(Float32Array.of(5, 5, 5, 5), 2, 2);
    const whole = overImage(map, scene([0.5, 0, 1, 0.5]).frame, SIZE, -1);
    expect([whole.data[0], whole.data[39], whole.data[31 * 40 + 39], whole.data[20]]).toEqual([-1, 5, -1, 5]);
  });

  it('paint violated rules over instances and ghosts, and fuse by the largest', () => {
    const instance = { id: 3, mask: [0, 1, 15] } as unknown as Scene['instances'][number];
    const s = { ...scene(), instances: [instance] };
    const pointing = { severity: 'reject', instances: [3], margin: 2.5 } as unknown as Violation;
    const warned = { ...ghost([0, 0.75, 1, 1], 9), severity: 'warn' } as Violation;
    const maps = imageMaps(
      s,
      [pointing, ghost([0.5, 0.5, 1, 1], 4), warned],
      inspection(0.2).maps,
      SIZE,
      'composition',
    );
    expect(Object.keys(maps)).toEqual(['patch', 'composition', 'fused']);
    const at = (name: string, x: number, y: number): number => maps[name]!.data[y * SIZE.width + x]!;
    // The first cell of 4 x 4 covers ten by eight pixels.
    expect([
      at('composition', 9, 7),
      at('composition', 10, 7),
      at('composition', 20, 16),
      at('composition', 0, 31),
    ]).toEqual([2.5, 0, 4, 0]);
    expect([at('fused', 9, 7), at('fused', 30, 20)]).toEqual([2.5, 4]);
    expect(at('fused', 15, 3)).toBeCloseTo(0, 6);
  });

  it('fuse to the detector alone where no rule is violated, below the border too', () => {
    const data = Float32Array.from({ length: 20 }, (_, i) => 0.01 * i);
    const maps = imageMaps(scene(), [], { patch: { map: grid(data, 4, 5), border } }, SIZE, 'composition');
    expect(Math.max(...maps.patch!.data)).toBeLessThan(0);
    expect(maps.fused).toEqual(maps.patch);
    expect(new Set(maps.composition!.data)).toEqual(new Set([0]));
    const painted = imageMaps(scene(), [ghost([0, 0, 0.5, 1], 2)], inspection(0.2).maps, SIZE, 'composition');
    expect([painted.fused!.data[0], painted.fused!.data[39]]).toEqual([2, painted.patch!.data[39]]);
  });

  it('have a finite floor where rules are alone, and raw distances stay out of the fusion', () => {
    const rules = imageMaps(scene(), [], {}, SIZE, 'composition');
    expect(new Set(rules.fused!.data)).toEqual(new Set([0]));
    const none = { ...border, tolerance: Infinity, high: Infinity };
    const raw = { map: grid(new Float32Array(20).fill(700), 4, 5), border: none };
    const { patch } = inspection(0.9).maps;
    const both = imageMaps(scene(), [], { patch: patch!, raw }, SIZE, 'composition');
    expect(both.raw!.data[0]).toBe(700);
    expect(both.fused).toEqual(both.patch);
    expect(imageMaps(scene(), [], { raw }, SIZE, null).fused!.data[0]).toBe(700);
  });

  it('keep a mask that shrinks to nothing', () => {
    const data = new Uint8Array(100);
    data[55] = 1;
    expect([...maskAt(grid(data, 10, 10), { width: 2, height: 2 }).data]).toEqual([0, 0, 0, 1]);
    expect(maskAt(grid(data, 10, 10), { width: 20, height: 20 }).data.reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
  });
});

describe('the localiser', () => {
  it('finds a defect where the map is highest, at native size and at 256', async () => {
    const path = await mask('corner.png', [0, 0, 6, 6]);
    for (const at of ['native', 256] as const) {
      const l = createLocaliser(input({ at }));
      await l.add(ref('good'), inspection(0.2));
      await l.add(ref('bent', [path]), inspection(1));
      const found = l.finish(20)!;
      expect(found.of.patch!.auroc).toBeGreaterThan(0.98);
      expect(found.of.fused).toEqual(found.of.patch);
      expect([found.maps, found.images, found.defects]).toEqual([at, { good: 1, defective: 1, withoutMask: 0 }, 1]);
      expect(found.sproNote).toContain('no defects_config.json');
      expect(Object.keys(found.of.patch!.folders)).toEqual(['bent']);
    }
  });

  const defects = [
    { name: 'gone', pixelValue: 255, saturation: { threshold: 10, relative: false } },
    { name: 'bent', pixelValue: 254, saturation: { threshold: 0.5, relative: true } },
  ];

  it('reads the saturation off the value of a mask, several masks an image', async () => {
    const one = await mask('one.png', [0, 0, 6, 6], 255);
    const two = await mask('two.png', [20, 20, 30, 30], 254);
    const l = createLocaliser(input({ defects, composition: true }));
    await l.add(ref('good'), inspection(0.2));
    await l.add(ref('logical', [one, two]), inspection(1, [ghost([0.5, 0.6, 0.75, 0.95], 3)]));
    await l.add(ref('logical', [one]), inspection(1));
    const found = l.finish(0)!;
    expect(found.sproNote).toBeNull();
    expect(found.of.fused!.spro!.folders.logical![1]).toBeGreaterThan(0.9);
    expect(found.of.composition!.spro!.mean[1]).toBeLessThan(found.of.fused!.spro!.mean[1]!);
    expect(found.of.fused!.intervals).toBeNull();
  });

  it('says no sPRO of union masks, nor at 256', async () => {
    const path = await mask('union.png', [0, 0, 6, 6], 255);
    const l = createLocaliser(input({ defects }));
    await l.add(ref('a', [path]), inspection(1));
    await l.add(ref('a', [path]), inspection(1));
    expect(l.finish(0)).toMatchObject({
      sproNote: expect.stringContaining('every mask holds the one value 255'),
      of: { fused: { spro: null } },
    });
    const small = createLocaliser(input({ defects, at: 256 }));
    await small.add(ref('a', [path]), inspection(1));
    expect(small.finish(0)!.sproNote).toContain('pixels of the native size');
  });

  it('refuses masks that do not fit, and leaves the image out of pixel metrics', async () => {
    const l = createLocaliser(input({ defects }));
    const add = (path: string) => l.add(ref('a', [path]), inspection(1));
    const fault = (reason: string) => ({ code: 'DATASET_MASK', message: expect.stringContaining(reason) });
    await expect(add(await mask('big.png', [0, 0, 4, 4], 255, { width: 80, height: 64 }))).rejects.toMatchObject(
      fault('has 80 x 64 pixels, its image 40 x 32'),
    );
    await expect(add(await mask('empty.png', [0, 0, 0, 0]))).rejects.toMatchObject(fault('marks no pixel'));
    await expect(add(await mask('strange.png', [0, 0, 4, 4], 7))).rejects.toMatchObject(
      fault('the value 7, which defects_config.json does not list'),
    );
    await expect(add(await mask('tiny.png', [0, 0, 1, 1], 254))).rejects.toMatchObject(fault('saturates at 0'));
    await expect(add(join(dir, 'absent.png'))).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    expect(l.finish()).toBeNull();
    await l.add(ref('a'), inspection(1));
    await add(await mask('fine.png', [0, 0, 4, 4]));
    expect(l.finish(0)!.images).toEqual({ good: 0, defective: 1, withoutMask: 1 });
  });
});

describe.skipIf(shared('golden/metrics') === null)('LOCO ground truth of golden/metrics (needs ../shared)', () => {
  it('read as a data set, decoded, and measured, gives the exact AU-sPRO of both kinds', async () => {
    const golden = sharedPath('golden/metrics');
    const root = join(dir, 'loco');
    await cp(join(golden, 'loco/dataset/screw_bag'), root, { recursive: true });
    const maps = join(golden, 'loco/maps/screw_bag/test');
    for (const folder of await readdir(maps)) {
      await mkdir(join(root, 'test', folder), { recursive: true });
      for (const f of await readdir(join(maps, folder)))
        await writeFile(join(root, 'test', folder, f.replace('.tiff', '.png')), '');
    }
    const dataset = await openDataset(root);
    expect([dataset.layout, dataset.defects!.length]).toEqual(['loco', 4]);
    const l = createLocaliser(input({ defects: dataset.defects }));
    // The golden maps stand in for a detector's: at the size of the image, in units already.
    const plain = { ...border, centre: 0, tolerance: 1 };
    for (const image of dataset.test) {
      const map = readFloatTiff(join(maps, image.name.replace('.png', '.tiff')));
      const frame = { imageWidth: map.width, imageHeight: map.height, box: [0, 0, 1, 1], width: 32, height: 32 };
      const result = { scene: { ...scene(), frame }, violations: [] } as unknown as InspectionResult;
      await l.add(image, { result, maps: { patch: { map, border: plain } } });
    }
    const { of, sproNote } = l.finish(0)!;
    expect(sproNote).toBeNull();
    const exact = JSON.parse(await readFile(join(golden, 'expected.json'), 'utf8')).loco.exact_sweep;
    for (const [folder, found] of Object.entries(of.fused!.spro!.folders))
      for (const [k, limit] of of.fused!.spro!.limits.entries())
        expect(
          Math.abs(found[k]! - exact[folder][limit === 1 ? '1.0' : String(limit)]),
          `${folder} ${limit}`,
        ).toBeLessThan(1e-3);
    expect(Object.keys(of.fused!.spro!.folders)).toEqual(['logical_anomalies', 'structural_anomalies']);
  });
});

describe('vandScore', () => {
  it('is the harmonic mean, 0 at 0, unknown where a part is', () => {
    expect(vandScore(0.5, 1)).toBeCloseTo(2 / 3, 12);
    expect([vandScore(0, 0), vandScore(0.3, null), vandScore(null, 0.3), vandScore(0.3, undefined)]).toEqual([
      0,
      null,
      null,
      null,
    ]);
  });
});
