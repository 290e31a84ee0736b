import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createImages } from '../../src/adapters/images.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { compileRules } from '../../src/core/rules/index.ts';
import { demoTexts, describeDemo, generateDemo, renderDemo, renderDemoMask } from '../../src/demo/dataset.ts';
import { drawKit, drawMask, heightOf } from '../../src/demo/draw.ts';
import { sampleKit, VARIANTS } from '../../src/demo/kit.ts';
import { LOGICAL_DEFECTS } from '../../src/demo/logical.ts';
import { DEMO_DEFAULTS, exemplarImages, planDemo } from '../../src/demo/plan.ts';
import { demoRules } from '../../src/demo/rules.ts';
import { STRUCTURAL_DEFECTS } from '../../src/demo/structural.ts';

const images = createImages();
const WIDTH = 512;
const HEIGHT = heightOf(WIDTH);

/** Whether any pixel within `reach` is set. */
function near(mask: Uint8Array, i: number, reach: number): boolean {
  const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
  for (let v = Math.max(0, y - reach); v <= Math.min(HEIGHT - 1, y + reach); v++) {
    for (let u = Math.max(0, x - reach); u <= Math.min(WIDTH - 1, x + reach); u++) if (mask[v * WIDTH + u]) return true;
  }
  return false;
}

/** Changed pixels that no part of the drawn mask touches within `reach`, and the share of the mask that changed. */
async function compare(defect: (typeof STRUCTURAL_DEFECTS)[number], seed: number, reach: number) {
  const sound = sampleKit(VARIANTS[seed % 3]!, createRandom(seed));
  const made = defect.apply(sound, createRandom(1000 + seed));
  const before = await images.renderSvg(drawKit(sound, WIDTH), WIDTH, HEIGHT);
  const after = await images.renderSvg(drawKit(made.state, WIDTH), WIDTH, HEIGHT);
  const drawn = await images.renderSvg(drawMask(made.polygons, sound.camera, WIDTH), WIDTH, HEIGHT);
  const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (drawn.data[3 * i]! >= 128 ? 1 : 0));
  const touched = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (drawn.data[3 * i]! > 0 ? 1 : 0));
  let outside = 0;
  let covered = 0;
  let size = 0;
  for (let i = 0; i < mask.length; i++) {
    const changed = [0, 1, 2].some((c) => Math.abs(before.data[3 * i + c]! - after.data[3 * i + c]!) > 3);
    size += mask[i]!;
    if (changed && mask[i]) covered++;
    if (changed && !near(touched, i, reach)) outside++;
  }
  return { outside, covered: covered / size, size };
}

describe('masks of structural defects', () => {
  it.each(
    STRUCTURAL_DEFECTS.filter((d) => d.name !== 'bent'),
  )('$name: what changed is the mask, up to its antialiased edge', async (defect) => {
    for (let seed = 0; seed < 4; seed++) {
      const { outside, covered, size } = await compare(defect, seed, 1);
      expect(outside).toBe(0);
      expect(covered).toBeGreaterThan(0.97);
      expect(size / (WIDTH * HEIGHT)).toBeGreaterThan(0.0007);
    }
  });

  it('bent: what changed is the mask and the shadow beside it', async () => {
    const bent = STRUCTURAL_DEFECTS.find((d) => d.name === 'bent')!;
    for (let seed = 0; seed < 4; seed++) {
      const { outside, covered } = await compare(bent, seed, 10);
      expect(outside).toBe(0);
      expect(covered).toBeGreaterThan(0.9);
    }
  });
});

describe('the data set', () => {
  it('deals out every defect and numbers the structural ones after the logical', () => {
    const plan = planDemo({ text: true, logical: LOGICAL_DEFECTS.length, structural: STRUCTURAL_DEFECTS.length });
    const groups = plan.flatMap((i) => (i.defect ? [i.defect.group] : []));
    expect(groups).toEqual([...LOGICAL_DEFECTS, ...STRUCTURAL_DEFECTS].map((d) => d.name));
    const bad = plan.filter((i) => i.defect !== null).map((i) => i.name);
    expect(new Set(bad).size).toBe(bad.length);
    expect(planDemo().some((i) => i.defect?.group === 'wrong_label_text')).toBe(false);
  });

  it('keeps every picture as it was when the numbers change', () => {
    const few = planDemo({ train: 4, logical: 3 });
    const many = new Map(planDemo({ train: 40, logical: 14 }).map((i) => [i.path, i]));
    for (const image of few.filter((i) => i.defect?.type !== 'structural')) expect(many.get(image.path)).toEqual(image);
    expect(planDemo({ seed: 2 })[0]).not.toEqual(planDemo({ seed: 1 })[0]);
  });

  it('writes photographs, masks, tables and manifest, the same bytes each time', async () => {
    const options = { width: 128, train: 2, validation: 1, good: 1, logical: 2, structural: 1 };
    const collect = async () => {
      const out = new Map<string, Uint8Array>();
      for await (const f of generateDemo(options, images)) {
        expect(f.of).toBe(14);
        out.set(f.path, f.bytes);
      }
      return out;
    };
    const files = await collect();
    expect([...files.keys()]).toEqual([
      'rules.yaml',
      'defect_groups.csv',
      'defect_rules.csv',
      'manifest.json',
      'train/good/000.jpg',
      'train/good/001.jpg',
      'validation/good/000.jpg',
      'test/good/000.jpg',
      'test/logical_anomalies/000.jpg',
      'ground_truth/logical_anomalies/000/000.png',
      'test/logical_anomalies/001.jpg',
      'ground_truth/logical_anomalies/001/000.png',
      'test/structural_anomalies/002.jpg',
      'ground_truth/structural_anomalies/002/000.png',
    ]);
    const again = await collect();
    for (const [path, bytes] of files) expect(Buffer.compare(again.get(path)!, bytes), path).toBe(0);
    const photo = await images.decode(files.get('train/good/000.jpg')!, '000.jpg');
    expect([photo.pixels.width, photo.pixels.height]).toEqual([128, 96]);
    const mask = await images.decode(files.get('ground_truth/structural_anomalies/002/000.png')!, '000.png');
    expect(new Set(mask.pixels.data)).toEqual(new Set([0, 255]));
  });

  it('stops at an aborted signal', async () => {
    const abort = new AbortController();
    const run = async () => {
      for await (const f of generateDemo({ width: 64, train: 8 }, images, abort.signal))
        if (f.path.startsWith('train')) abort.abort();
    };
    await expect(run()).rejects.toThrow(/abort/i);
  });

  it('varies in light, and only defective pictures have a mask', async () => {
    const plan = planDemo({ train: 6, good: 0, validation: 0, logical: 0, structural: 1 });
    const means: number[] = [];
    for (const image of plan.slice(0, 6)) {
      const { data } = await renderDemo(image, 96, images);
      means.push(data.reduce((s, v) => s + v, 0) / data.length);
      expect((await renderDemoMask(image, 96, images)).data.some((v) => v > 0)).toBe(false);
    }
    expect(Math.max(...means) / Math.min(...means)).toBeGreaterThan(1.02);
    expect(Math.max(...means) / Math.min(...means)).toBeLessThan(1.25);
    expect((await renderDemoMask(plan.at(-1)!, 96, images)).data.some((v) => v > 0)).toBe(true);
  });

  it('describes boxes, polygons, colours, level and print of every picture in fractions', () => {
    const described = describeDemo(planDemo()[1]!) as {
      variant: string;
      instances: { interest: string; box: number[]; colour?: string; text?: string; print?: number[][] }[];
    };
    expect(described.variant).toBe('blue');
    const count = (id: string) => described.instances.filter((i) => i.interest === id).length;
    expect(['screw', 'washer', 'nut', 'plug', 'cable', 'cap', 'glass', 'gel', 'label'].map(count)).toEqual([
      4, 4, 3, 1, 1, 1, 1, 1, 1,
    ]);
    for (const { box } of described.instances)
      expect(Math.min(...box) >= 0 && Math.max(...box) <= 1 && box[0]! < box[2]! && box[1]! < box[3]!).toBe(true);
    const label = described.instances.find((i) => i.interest === 'label')!;
    expect(label.text).toBe('KIT-BLUE-57');
    expect(label.print).toHaveLength(4);
  });

  it('names a group for every logical picture and a cause for every group', () => {
    const texts = demoTexts();
    const rows = (name: string) =>
      texts
        .get(name)!
        .trim()
        .split('\n')
        .slice(1)
        .map((l) => l.split(','));
    expect(rows('defect_groups.csv')).toHaveLength(DEMO_DEFAULTS.logical);
    const caused = new Set(rows('defect_rules.csv').map(([group]) => group));
    for (const [, group] of rows('defect_groups.csv')) expect(caused.has(group!)).toBe(true);
  });
});

describe('the rule file', () => {
  const text = demoRules(DEMO_DEFAULTS.seed);
  type File = {
    interests: Record<string, { exemplars: { image: string; boxes?: number[][]; points?: number[][] }[] }>;
    attributes: Record<string, { of: string; values: Record<string, { exemplars: string[] }> }>;
    rules: { id: string; kind: string; because: string }[];
  };
  const file = parse(text) as File;

  it('is the one committed under rules/demo', () => {
    expect(readFileSync(new URL('../../rules/demo/rules.yaml', import.meta.url), 'utf8')).toBe(text);
  });

  it('compiles', () => {
    const { file: compiled } = compileRules(text, 'rules.yaml');
    expect(compiled.product).toBe('sensor-kit');
    expect(Object.keys(compiled.interests)).toHaveLength(11);
    expect(compiled.rules.map((r) => r.id)).toEqual(file.rules.map((r) => r.id));
  });

  it('takes exemplars of all variants from the first training pictures', () => {
    const shown = exemplarImages(DEMO_DEFAULTS.seed);
    expect(new Set(shown.map((i) => i.state.variant))).toEqual(new Set(VARIANTS));
    expect(planDemo().slice(0, shown.length)).toEqual(shown);
    for (const a of Object.values(file.attributes)) expect(Object.keys(a.values)).toEqual([...VARIANTS]);
    for (const i of Object.values(file.interests)) {
      for (const e of i.exemplars) {
        expect(shown.map((s) => s.name)).toContain(e.image);
        for (const v of [...(e.boxes ?? []), ...(e.points ?? [])].flat()) expect(v >= 0 && v <= 1).toBe(true);
      }
    }
  });

  it('clicks on nothing but the stuff it names', () => {
    // A click is a disc of 1.5 % of the short side; half of it must be clear of every part.
    const reach = 0.0075;
    const distance = ([x, y]: readonly [number, number], polygon: readonly (readonly number[])[]) =>
      Math.min(
        ...polygon.map((a, i) => {
          const b = polygon[(i + 1) % polygon.length]!;
          const [ux, uy] = [(b[0]! - a[0]!) / 0.75, b[1]! - a[1]!];
          const [px, py] = [(x - a[0]!) / 0.75, y - a[1]!];
          const t = Math.max(0, Math.min(1, (px * ux + py * uy) / (ux * ux + uy * uy || 1)));
          return Math.hypot(px - t * ux, py - t * uy);
        }),
      );
    for (const image of exemplarImages(DEMO_DEFAULTS.seed)) {
      const seen = describeDemo(image) as { instances: { interest: string; polygons: number[][][] }[] };
      for (const [id, interest] of Object.entries(file.interests)) {
        for (const [x, y] of (interest.exemplars.find((e) => e.image === image.name)?.points ?? []) as [
          number,
          number,
        ][]) {
          for (const other of seen.instances.filter((i) => i.interest !== id)) {
            const least = Math.min(...other.polygons.map((p) => distance([x, y], p)));
            expect(least, `${id} at ${x}, ${y} of ${image.name} against ${other.interest}`).toBeGreaterThan(reach);
          }
        }
      }
    }
  });

  it('states a reason for each rule, and reads the print only when asked to', () => {
    expect(file.rules.length).toBeGreaterThanOrEqual(8);
    expect(file.rules.every((r) => r.because.endsWith('.'))).toBe(true);
    expect(file.rules.some((r) => r.kind === 'text')).toBe(false);
    expect((parse(demoRules(1, true)) as File).rules.some((r) => r.kind === 'text')).toBe(true);
  });
});
