/** Products side by side on one engine, masks, focus and exemplars through learn, on small drawn pictures. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DenseBackbone, Inference } from '../../src/app/ports.ts';
import { createSegmenter, type FramedImage } from '../../src/app/segmenter.ts';
import type { PixelHead } from '../../src/core/ground/head.ts';
import { compileRules, digestFile, type Engine, images, type LearnRequest, openEngine } from '../../src/index.ts';

type Rgb = readonly [number, number, number];
const [GREY, RED, BLUE]: readonly Rgb[] = [
  [128, 128, 128],
  [210, 30, 30],
  [30, 60, 200],
];
const [WIDTH, HEIGHT] = [192, 128];

let folder = '';
let engine: Engine;
/** A red part on the left, moving a little, and a blue one on the right. */
let normals: { name: string; path: string }[] = [];
const plain: { name: string; path: string }[] = [];

async function draw(name: string, parts: readonly { at: readonly [number, number]; colour: Rgb }[], size = 40) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++) data.set(GREY!, i * 3);
  for (const { at, colour } of parts) {
    for (let y = at[1]; y < at[1] + size; y++) {
      for (let x = at[0]; x < at[0] + size; x++) data.set(colour, (y * WIDTH + x) * 3);
    }
  }
  const path = join(folder, name);
  await writeFile(path, await images.encodePng({ data, width: WIDTH, height: HEIGHT, channels: 3 }));
  return { name: name.split('/').at(-1)!, path };
}

/** A mask file whose cells in the columns [from, to) are white. */
async function drawMask(name: string, from: number, to: number): Promise<void> {
  const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % 16;
    return x >= from && x < to ? 255 : 0;
  });
  await writeFile(join(folder, name), await images.encodePng({ data, width: 16, height: 16, channels: 3 }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-segmenter-'));
  engine = await openEngine();
  normals = await Promise.all(
    [0, 1, 2, 3].map((i) =>
      draw(`${i}.png`, [
        { at: [30 + 2 * i, 40], colour: RED! },
        { at: [120, 44 - i], colour: BLUE! },
      ]),
    ),
  );
  plain.push(await draw('plain.png', []));
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const GROUND = 'ground: { form: stuff, role: background, colour: grey }';
const product = (interests: string, extra = '', frame = '{ fit: keep, long: 192 }') => ({
  path: join(folder, 'rules.yaml'),
  compiled: compileRules(
    `schema: logsad/rules/v1\nproduct: toy\nframe: ${frame}\ndetectors: [composition]\ninterests:\n  ${GROUND}\n  ${interests}\n${extra}`,
    'rules.yaml',
  ),
});
const RED_PART = 'part: { form: thing, colour: red }';
const BLUE_PART = 'part: { form: thing, colour: blue }';
const learn = async (p: ReturnType<typeof product>, request: Partial<LearnRequest> = {}) =>
  engine.learn(p, { normals, ...request });
const broken = async () => {
  const path = join(folder, 'broken.png');
  await writeFile(path, 'no picture');
  return { name: 'broken.png', path };
};

describe('one engine', () => {
  it('inspects two products in turn as it inspects each alone', async () => {
    const [red, blue] = [product(RED_PART), product(BLUE_PART)];
    const [a, b] = [(await learn(red)).profile, (await learn(blue)).profile];
    const see = async (p: typeof red, profile: typeof a) => {
      const inspector = await engine.inspector(p, profile);
      return async () => (await inspector.inspect(normals[1]!)).scene;
    };
    const first = await see(red, a);
    const alone = await first();
    const second = await see(blue, b);
    const other = await second();
    expect(alone.instances[0]!.box[0]).toBeLessThan(0.3);
    expect(other.instances[0]!.box[0]).toBeGreaterThan(0.5);
    for (let turn = 0; turn < 2; turn++) {
      expect(await first()).toEqual(alone);
      expect(await second()).toEqual(other);
    }
  });

  it('tries a put that failed again, and drops what it keeps', async () => {
    const kept = new Set<string>();
    let failures = 1;
    const inference = {
      put: async (name: string) => {
        if (failures-- > 0) throw new RangeError('overran its deadline');
        kept.add(name);
      },
      drop: async (name: string) => void kept.delete(name),
      run: async () => {
        throw new RangeError('nothing runs here');
      },
    } as unknown as Inference;
    const backbone: DenseBackbone = {
      id: 'toy',
      digest: '',
      multiple: 32,
      stages: [{ name: 's', stride: 4, channels: 2 }],
      graph: 'g',
      headGraph: 'h',
    };
    const stage = { mean: new Float32Array(2), scale: new Float32Array(2), channels: 2 };
    const head: PixelHead = { classes: ['a'], stages: [stage], colours: [], weights: new Float32Array(20) };
    const segmenter = createSegmenter(product(RED_PART).compiled.file, images, inference, backbone);
    const view = () =>
      segmenter.view({ pixels: { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } } as FramedImage, head);
    await expect(view()).rejects.toThrow('deadline');
    await expect(view()).rejects.toThrow('nothing runs here');
    expect(kept.size).toBeGreaterThanOrEqual(3);
    await segmenter.dispose();
    expect(kept.size).toBe(0);
  });
});

describe('mask files', () => {
  it('hide what `ignore` covers, in learning and in inspecting', async () => {
    await drawMask('left.png', 0, 9);
    const hidden = product('part: { form: thing, colour: [red, blue] }', 'ignore: [{ mask: left.png }]\n');
    const { profile } = await learn(hidden);
    const inspector = await engine.inspector(hidden, profile);
    const { scene } = await inspector.inspect(normals[2]!);
    for (const s of [...profile.normals.map((n) => n.scene), scene]) {
      const parts = s.instances.filter((i) => i.interest === 'part');
      expect(parts.map((i) => i.box[0] > 0.5)).toEqual([true]);
    }
  });

  it('make a profile stale once they are edited', async () => {
    await drawMask('bay.png', 0, 8);
    const p = product(RED_PART, 'regions: { bay: { mask: bay.png } }\n');
    const { profile } = await learn(p);
    await expect(engine.inspector(p, profile)).resolves.toBeDefined();
    await drawMask('bay.png', 0, 7);
    await expect(engine.inspector(p, profile)).rejects.toMatchObject({ code: 'PROFILE_STALE' });
  });

  it('say where to look, also by the name of a region', async () => {
    await drawMask('focus.png', 2, 10);
    const p = product(
      RED_PART,
      'regions: { here: { region: there }, there: { mask: focus.png } }\n',
      '{ fit: keep, long: 192, focus: here }',
    );
    const { profile } = await learn(p);
    expect(profile.normals[0]!.scene.frame.box).toEqual([2 / 16, 0, 10 / 16, 1]);
    await drawMask('focus.png', 0, 0);
    await expect(learn(p)).rejects.toMatchObject({ code: 'FOCUS_NOT_FOUND' });
  });
});

describe('what is drawn', () => {
  it('labels something, or learn says whose exemplars do not', async () => {
    await expect(learn(product(RED_PART), { normals: plain })).rejects.toMatchObject({
      code: 'EXEMPLAR_EMPTY',
      message: expect.stringMatching(/part.*plain\.png/s),
    });
    const outside = product(
      'part: { form: thing, exemplars: [{ image: 0.png, boxes: [[0.7, 0.3, 0.9, 0.6]] }] }',
      '',
      '{ fit: keep, long: 192, focus: { box: [0, 0, 0.5, 1] } }',
    );
    await expect(learn(outside)).rejects.toMatchObject({
      code: 'EXEMPLAR_EMPTY',
      message: expect.stringMatching(/part.*0\.png/s),
    });
  });

  it('is looked for among the exemplars given, before a normal of the same name', async () => {
    const sub = await mkdtemp(join(folder, 'drawn-'));
    const given = await draw(`${sub.slice(folder.length + 1)}/0.png`, [{ at: [60, 40], colour: RED! }]);
    const p = product('part: { form: thing, exemplars: [{ image: 0.png, boxes: [[0.3125, 0.3125, 0.52, 0.625]] }] }');
    const { profile } = await learn(p, { exemplars: [normals[0]!, given] });
    expect(profile.sections.ground!.facts).toMatchObject({ exemplars: { '0.png': await digestFile(given.path) } });
  });
});

describe('an unreadable normal', () => {
  it('stops neither a silhouette focus nor a head of colours alone', async () => {
    const some = [await broken(), ...normals];
    for (const frame of ['{ fit: keep, long: 192, focus: silhouette }', '{ fit: keep, long: 192 }']) {
      const { profile, failures } = await learn(product(RED_PART, '', frame), { normals: some });
      expect(profile.normals).toHaveLength(4);
      expect(failures).toMatchObject([{ image: 'broken.png', error: { code: 'IMAGE_NOT_AN_IMAGE' } }]);
    }
  });

  it('is the fault where there is no other; where nothing stands out, the focus is', async () => {
    const p = product(RED_PART, '', '{ fit: keep, long: 192, focus: silhouette }');
    await expect(learn(p, { normals: [await broken()] })).rejects.toMatchObject({ code: 'IMAGE_NOT_AN_IMAGE' });
    await expect(learn(p, { normals: plain })).rejects.toMatchObject({ code: 'FOCUS_NOT_FOUND' });
  });
});
