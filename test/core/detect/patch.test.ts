import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolMap } from '../../../src/core/detect/cells.ts';
import { drawProjection, greedyCover, projectRows } from '../../../src/core/detect/cover.ts';
import type { DetectContext } from '../../../src/core/detect/detector.ts';
import { leftOutBias, patch } from '../../../src/core/detect/patch.ts';
import { biasOf, PATCH, type PatchModel, type PatchOptions } from '../../../src/core/detect/patchModel.ts';
import { asLeftOut, bareScene, mapBorder, regionsAbove, strongestRegion } from '../../../src/core/detect/regions.ts';
import { LogsadError } from '../../../src/core/errors.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid, zeros } from '../../../src/core/grid/grid.ts';
import { matmul, squaredDistance } from '../../../src/core/grid/linear.ts';
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import { compileRules } from '../../../src/core/rules/index.ts';
import { kCenterGreedy } from '../../support/kCenterGreedy.ts';
import { type PlainImage, runPlain } from '../../support/plainNeeds.ts';

const SIDE = 64;
const CELLS = SIDE / 8;
const STAGES = [
  { name: 's4', stride: 4, channels: 5 },
  { name: 's8', stride: 8, channels: 6 },
];
const file = (extra = '') =>
  compileRules(`schema: logsad/rules/v1\nproduct: p\n${extra}detectors: [patch]\n`, 'r.yaml').file;

/** Smooth features that depend on the place, alike in all images, with noise; `odd` overwrites one 8 px cell. */
function picture(random: Random, odd?: { x: number; y: number; by: number }): PlainImage {
  const stages = Object.fromEntries(
    STAGES.map(({ name, stride, channels }): [string, FeatureGrid] => {
      const n = SIDE / stride;
      const out = zeros(n, n, channels);
      for (let i = 0; i < out.data.length; i++) {
        const [k, x, y] = [i % channels, Math.floor(i / channels) % n, Math.floor(i / channels / n)];
        const here = odd && Math.floor((x * stride) / 8) === odd.x && Math.floor((y * stride) / 8) === odd.y;
        out.data[i] =
          Math.sin((k + 1) * (x / n + 0.3)) +
          Math.cos((k + 2) * (y / n)) +
          0.02 * random.normal() +
          (here && k === 0 ? odd.by : 0);
      }
      return [name, out];
    }),
  );
  return { frame: { width: SIDE, height: SIDE }, stages };
}

const scene = (name: string) =>
  bareScene(name, { imageWidth: SIDE, imageHeight: SIDE, box: [0, 0, 1, 1], width: SIDE, height: SIDE }, 4);
const contextOf = (images: readonly PlainImage[], yaml = ''): DetectContext => ({
  file: file(yaml),
  images: images.map((_, i) => ({ frame: scene(`${i}`).frame, scene: scene(`${i}`) })),
  backbone: { id: 'made-up', stages: STAGES },
  groundChannels: [],
  masks: new Map(),
});

function learn(images: readonly PlainImage[], options: Readonly<Record<string, unknown>> = {}, yaml = '') {
  const context = contextOf(images, yaml);
  return runPlain(
    patch.learn(context, patch.options({ bank: 60, stages: ['s4', 's8'], ...options }, context.file), createRandom(1)),
    images,
  );
}

function judge(model: PatchModel, image: PlainImage, yaml = '', without?: number) {
  const context = { ...contextOf([image], yaml), ...(without === undefined ? {} : { without }) };
  return runPlain(
    (function* () {
      yield* patch.open(model, 'm');
      return yield* patch.detect(context, model, 'm');
    })(),
    [image],
  );
}

const random = createRandom(2);
const normals = Array.from({ length: 5 }, () => picture(random));

describe('patch', () => {
  it.each([
    {},
    { pool: 'max' },
    { position: 'term' },
    { position: 'window', window: 0.2 },
    { neighbourhood: 3 },
    { standardise: false },
  ] as const)('finds the odd cell, options %o', (options) => {
    const { model, readings } = learn(normals, options);
    const odd = judge(model, picture(random, { x: 5, y: 2, by: 3 }));
    const good = judge(model, picture(random));
    expect(odd.reading.score).toBeGreaterThan(2 * good.reading.score);
    expect(odd.map!.data.indexOf(Math.max(...odd.map!.data))).toBe(2 * CELLS + 5);
    // Normals left out one by one score as fresh ones do, not as their own copies.
    const left = readings.map((r) => r!.score);
    expect(Math.min(...left)).toBeGreaterThan(0.2 * good.reading.score);
    expect(Math.max(...left)).toBeLessThan(odd.reading.score);
  });

  it('left out one by one is judged as by a bank without its rows', () => {
    const { model, readings } = learn(normals, { bank: 5 * CELLS * CELLS });
    expect(judge(model, normals[2]!, '', 2).reading.score).toBeCloseTo(readings[2]!.score, 6);
    expect(judge(model, normals[2]!).reading.score).toBeLessThan(1e-6);
  });

  it('substitutes of the image itself or of another variant stay hidden, whatever the bank came from', () => {
    const h = PATCH.hidden;
    const variants = Array.from({ length: 2 * (PATCH.variantMinN + 1) }, (_, i) => (i % 2 === 0 ? 'a' : 'b'));
    const sources = Int32Array.of(0, 0, 0, 1, 2);
    const substitutes = Int32Array.of(2, 1, 0, 0, 0);
    const bias = (image: number, of: readonly (string | null)[] | null) => [
      ...leftOutBias({ sources, variants: of }, of?.[image] ?? null, image, substitutes),
    ];
    expect(bias(0, variants)).toEqual([h, h, h, h, 0, 0, h, h, h, h]);
    expect(bias(0, null)).toEqual([h, h, h, 0, 0, 0, 0, h, h, h]);
    // All rows of one image: its substitutes are all there is.
    const single = { sources: Int32Array.of(0, 0), variants: null };
    expect([...leftOutBias(single, null, 0, Int32Array.of(1, 2))]).toEqual([h, h, 0, 0]);
    expect([...leftOutBias(single, null, 1, Int32Array.of(1, 2))]).toEqual([0, 0, h, h]);
  });

  it('ignored cells neither score nor enter the bank, a region alone is scored', () => {
    const ignore = 'ignore: [{ box: [0.5, 0, 1, 0.5] }]\n';
    const region = 'regions: { left: { box: [0, 0, 0.5, 1] } }\n';
    const odd = picture(random, { x: 5, y: 2, by: 3 });
    const plain = judge(learn(normals).model, odd).reading.score;
    const ignored = learn(normals, { bank: 4096 }, ignore);
    expect(ignored.model.sources).toHaveLength(5 * (CELLS * CELLS - (CELLS / 2) ** 2));
    expect(judge(ignored.model, odd, ignore).reading.score).toBeLessThan(0.5 * plain);
    expect(judge(learn(normals, { region: 'left' }, region).model, odd, region).reading.score).toBeLessThan(
      0.5 * plain,
    );
  });

  it('a positional term and a window see what lies in the wrong place, a free bank does not', () => {
    const moved = picture(random);
    const stages = Object.fromEntries(
      Object.entries(moved.stages).map(([name, g]) => {
        const out = { ...g, data: g.data.slice() };
        const k = g.width / CELLS;
        // Cell (1, 1) shows what belongs to cell (6, 6).
        for (let y = 0; y < k; y++) {
          for (let x = 0; x < k; x++) {
            const from = ((6 * k + y) * g.width + 6 * k + x) * g.channels;
            out.data.set(g.data.subarray(from, from + g.channels), ((k + y) * g.width + k + x) * g.channels);
          }
        }
        return [name, out];
      }),
    );
    const ratio = (options: Readonly<Record<string, unknown>>): number => {
      const { model } = learn(normals, { ...options, bank: 4096 });
      return judge(model, { ...moved, stages }).reading.score / judge(model, moved).reading.score;
    };
    expect(ratio({})).toBeLessThan(1.5);
    expect(ratio({ position: 'term', weight: 2 })).toBeGreaterThan(3);
    expect(ratio({ position: 'window', window: 0.15 })).toBeGreaterThan(3);
  });

  it('a single normal gives a bank but no reading of itself', () => {
    const { readings, model } = learn(normals.slice(0, 1));
    expect(readings).toEqual([null]);
    expect(model.sources.length).toBeGreaterThan(0);
  });

  it.each(['term', 'window'])('survives a profile, position %s', (position) => {
    const { model } = learn(normals, { position });
    const section = patch.pack(model);
    const back = patch.unpack({ facts: JSON.parse(JSON.stringify(section.facts)), arrays: section.arrays });
    expect(judge(back, normals[0]!)).toEqual(judge(model, normals[0]!));
  });

  it('the paper preset: 64 x 64 cells, all of up to four images', () => {
    const few = learn(normals.slice(0, 2), { preset: 'paper', stages: ['s4'] });
    expect([few.model.spec.side, few.model.spec.alignCorners, few.model.pool]).toEqual([64, true, { pool: 'max' }]);
    expect(few.model.sources).toHaveLength(2 * 4096);
  });

  it('names what is wrong with an option', () => {
    const read = (o: Readonly<Record<string, unknown>>) => () => patch.options(o, file());
    expect(read({ pol: 'max' })).toThrow(LogsadError);
    expect(read({ pool: 'mean' })).toThrow(/max, topQ/);
    expect(read({ bank: 0 })).toThrow(/whole number from 1/);
    expect((read({ q: 0.02 })() as PatchOptions).q).toBe(0.02);
  });
});

describe('the bias', () => {
  const sources = Int32Array.from([...Array.from({ length: 20 }, (_, i) => i)]);
  const variants = Array.from({ length: 20 }, (_, i) => (i < 12 ? 'red' : 'blue'));

  it('hides the rows of other variants where this one has enough normals, and those of the normal judged', () => {
    const hidden = (variant: string | null, without?: number): number[] =>
      [...biasOf({ sources, variants }, variant, without)].flatMap((b, i) => (b === PATCH.hidden ? [i] : []));
    expect(hidden('red')).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    expect(hidden('blue', 12)).toEqual([12]);
    expect(hidden(null, 3)).toEqual([3]);
    expect(hidden('green')).toEqual([]);
  });
});

describe('greedy cover', () => {
  const bag = (random: Random, n: number, d: number): Rows => ({
    data: Float32Array.from({ length: n * d }, () => random.normal()),
    height: n,
    width: 1,
    channels: d,
  });

  it('chooses as plain greedy k-center does, whatever the front', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 64 }),
        (seed, n, count, front) => {
          const random = createRandom(seed);
          const rows = bag(random, n, 3);
          const start = random.int(n);
          const steps = greedyCover(rows, count, start, front);
          let next = steps.next();
          while (!next.done) {
            const { centres, bias } = next.value;
            const products = matmul(rows.data, centres.data, 3);
            next = steps.next(
              Float32Array.from({ length: n }, (_, i) =>
                Math.max(...bias.map((b, j) => products[i * bias.length + j]! + b)),
              ),
            );
          }
          const plain = kCenterGreedy(rows, count, start);
          expect([...next.value.indices]).toEqual([...plain.indices]);
          // Distances come out of float32 products: their square roots near 0 are worth about 1e-3.
          expect(Math.abs(next.value.radius - plain.radius)).toBeLessThan(2e-3);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('projections keep squared distances on average', () => {
    const random = createRandom(9);
    const rows = [bag(random, 40, 120), bag(random, 40, 80)];
    const low = projectRows(rows, drawProjection([120, 80], 64, random));
    let [before, after] = [0, 0];
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < i; j++) {
        before += rows.reduce(
          (s, r) => s + squaredDistance(r.data, i * r.channels, r.data, j * r.channels, r.channels),
          0,
        );
        after += squaredDistance(low.data, i * 64, low.data, j * 64, 64);
      }
    }
    expect(after / before).toBeGreaterThan(0.8);
    expect(after / before).toBeLessThan(1.2);
    expect(projectRows(rows, drawProjection([120, 80], 300, random)).channels).toBe(200);
  });
});

describe('regions of a map', () => {
  it('are those above what normals show, with their distance', () => {
    const border = mapBorder([0.1, 0.11, 0.12, 0.1, 0.09].map((score) => ({ score })));
    const map = grid(new Float32Array(64).fill(0.08), 8, 8);
    map.data[19] = 2 * border.high;
    const found = regionsAbove(map, border, scene('x').frame, { width: 16, height: 16 });
    expect(found).toHaveLength(1);
    expect(found[0]!.centroid[0]).toBeCloseTo(3.5 / 8, 1);
    expect(found[0]!.distance).toBeGreaterThan(1);
    expect(regionsAbove(zeros(8, 8), border, scene('x').frame, { width: 16, height: 16 })).toEqual([]);
  });

  it('leave room for what other focus and light add', () => {
    const readings = [0.1, 0.11, 0.12, 0.1, 0.09].map((score) => ({ score, peak: 2 * score }));
    const raised = readings.map((r) => ({ ...r, altered: { score: r.score, peak: r.peak + 0.05 } }));
    expect(mapBorder(raised).high).toBeCloseTo(mapBorder(readings).high + 0.05, 9);
  });

  it('a normal looked at again keeps what it was read without itself, its map below that peak', () => {
    const map = grid(Float32Array.of(0.1, 0.5, 0.9, 0), 2, 2);
    const found = { patch: { reading: { score: 0.7, peak: 0.9 }, map }, new: { reading: { score: 2 }, map: null } };
    const stored = { patch: { score: 0.4, peak: 0.6, altered: { score: 0.5, peak: 0.7 } } };
    const again = asLeftOut(found, stored);
    expect(again.patch!.reading).toEqual({ score: 0.4, peak: 0.6 });
    expect([...again.patch!.map!.data]).toEqual([...Float32Array.of(0.1, 0.5, 0.6, 0)]);
    expect(again.new).toEqual(found.new);
  });

  it('name the one that carries the score, also below the border', () => {
    const border = mapBorder([0.1, 0.11, 0.12, 0.1, 0.09].map((score) => ({ score })));
    const map = grid(new Float32Array(64).fill(0.08), 8, 8);
    for (const i of [18, 19, 26, 27]) map.data[i] = 0.99 * border.high;
    map.data[60] = border.centre;
    const size = { width: 16, height: 16 };
    expect(regionsAbove(map, border, scene('x').frame, size)).toEqual([]);
    const found = strongestRegion(map, border, scene('x').frame, size)!;
    expect(found.centroid[0]).toBeCloseTo(3 / 8, 1);
    expect(found.centroid[1]).toBeCloseTo(3 / 8, 1);
    expect(found.distance).toBeGreaterThan(0.5);
    expect(found.distance).toBeLessThan(1);
    expect(found.box[2] - found.box[0]).toBeLessThan(0.5);
    expect(strongestRegion(zeros(8, 8), border, scene('x').frame, size)).toBeNull();
  });

  it('pools nothing to 0', () => {
    expect(poolMap(zeros(2, 2), { pool: 'max' }, { data: new Uint8Array(4), height: 2, width: 2, channels: 1 })).toBe(
      0,
    );
  });
});
