/**
 * What each detector costs beyond the features it shares: `npm run bench -- systems`. Features are seeded noise in the
 * shapes of ViT-B/16 at 240 px (15 x 15 patches) and are handed over for nothing; what is timed is everything a detector
 * does with them, searches and products in the child included. Cost does not depend on the values.
 */
import { createBackbones } from '../../src/adapters/backbones/registry.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import { createRunner } from '../../src/app/runner.ts';
import { freshAdapters } from '../../src/core/detect/adapterTraining.ts';
import { gridOf } from '../../src/core/detect/cells.ts';
import type { Answer, DetectContext, Need, Needs, View } from '../../src/core/detect/detector.ts';
import { DETECTORS } from '../../src/core/detect/index.ts';
import { bareScene } from '../../src/core/detect/regions.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid } from '../../src/core/grid/grid.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { compileRules } from '../../src/core/rules/index.ts';
import type { Bench } from './main.ts';
import { table, timed } from './support.ts';

const SIDE = 240;
const PATCHES = 15;
const STAGE = 768;
const TEXT = 512;
const NORMALS = 16;
const random = createRandom(1);

function noise(n: number, d: number): Rows {
  return grid(
    Float32Array.from({ length: n * d }, () => random.next() - 0.4),
    n,
    1,
    d,
  );
}
const square = (d: number): FeatureGrid => ({ ...noise(PATCHES ** 2, d), height: PATCHES, width: PATCHES });

const view = (): View => ({
  embedding: noise(1, TEXT).data,
  windows: [noise(196, TEXT), noise(169, TEXT)],
  patches: square(STAGE),
  stages: Array.from({ length: 4 }, () => square(STAGE)),
  x: 0,
  y: 0,
  of: { width: SIDE, height: SIDE },
  side: SIDE,
  crops: Array.from({ length: 4 }, () => noise(1, TEXT).data),
});

/** Features that were made before the clock starts: rows by their count, one view for all. */
function canned() {
  const seen = view();
  const rows = new Map<string, Rows>();
  const rowsOf = (n: number, d: number): Rows => {
    const key = `${n}x${d}`;
    if (!rows.has(key)) {
      const made = noise(n, d);
      for (let i = 0; i < n; i++) {
        const length = Math.hypot(...made.data.subarray(i * d, (i + 1) * d));
        for (let k = i * d; k < (i + 1) * d; k++) made.data[k]! /= length;
      }
      rows.set(key, made);
    }
    return rows.get(key)!;
  };
  return (need: Need): Answer | undefined => {
    if (need.do === 'see') {
      const { stages, windows } = seen;
      const sizes = need.windows.map((k) => windows[k - 2]!);
      return {
        views: [
          {
            ...seen,
            side: SIDE,
            windows: sizes,
            stages: need.stages ? stages : [],
            crops: need.crops ? seen.crops : [],
          },
        ],
      };
    }
    if (need.do === 'say') return { texts: noise(need.prompts.length, TEXT) };
    if (need.do !== 'rows') return undefined;
    const made = need.of.map(({ spec }) => {
      const { width, height } = gridOf({ width: SIDE, height: SIDE }, spec);
      return spec.stages.map(() => rowsOf(width * height, STAGE));
    });
    return { rows: made };
  };
}

const CASES: readonly (readonly [name: string, options: Readonly<Record<string, unknown>>, note: string])[] = [
  ['winclip', {}, 'words, two windows, four crops'],
  ['winclip-plus', { references: 4 }, 'three memories of 4 normals'],
  ['april-gan', { adapters: 'a', references: 4, side: SIDE }, 'four layers, memory of 4 normals'],
  ['patchcore', { bank: 1024 }, '1024 of 3600 rows'],
  ['spade', { side: PATCHES }, '16 normals whole'],
  ['padim', { side: PATCHES, channels: 50 }, '225 places, 50 channels'],
];

export const bench: Bench = {
  name: 'systems',
  summary: 'cost of each detector beyond the shared features (seeded noise in the shapes of ViT-B/16 at 240 px)',
  async run() {
    await using inference = await createInference();
    const backbones = createBackbones(inference);
    const real = createRunner({ inference, backbones }, null, () => Promise.reject(new TypeError('no picture')));
    const scene = bareScene(
      'x',
      { imageWidth: SIDE, imageHeight: SIDE, box: [0, 0, 1, 1], width: SIDE, height: SIDE },
      16,
    );
    const file = compileRules('schema: logsad/rules/v1\nproduct: part\ndetectors: [patch]\n', 'r.yaml').file;
    const stages = ['a', 'b'].map((name) => ({ name, stride: 16, channels: STAGE }));
    const contextOf = async (n: number): Promise<DetectContext> => ({
      file,
      images: Array.from({ length: n }, () => ({ frame: scene.frame, scene })),
      backbone: { id: 'noise', stages },
      groundChannels: [],
      masks: new Map(),
      prompts: await backbones.prompts(),
      adapters: new Map([['a', freshAdapters(Array(4).fill(STAGE) as number[], TEXT, random)]]),
    });
    const answer = canned();
    /** Meets what the child is for with the child, and features with the canned ones. */
    const run = async <T>(needs: Needs<T>): Promise<T> => {
      let step = needs.next();
      while (!step.done) {
        const need: Need = step.value;
        const given = answer(need);
        step = needs.next(given === undefined ? await real(one(need)) : given);
      }
      return step.value;
    };
    const rows: (string | number)[][] = [];
    for (const [name, options, note] of CASES) {
      const detector = DETECTORS.find((d) => d.name === name)!;
      const given = detector.options(options, file);
      const start = performance.now();
      const { model } = await run(detector.learn(await contextOf(NORMALS), given, createRandom(1)));
      const learning = performance.now() - start;
      await run(detector.open(model, name));
      const context = await contextOf(1);
      const ms = await timed(9, () => run(detector.detect(context, model, name)));
      const { arrays } = detector.pack(model);
      const bytes = Object.values(arrays).reduce((sum, a) => sum + a.byteLength, 0);
      rows.push([name, note, ms.toFixed(1), (learning / NORMALS).toFixed(1), (bytes / 2 ** 20).toFixed(1)]);
    }
    console.log(table(['detector', 'with', 'ms a picture', 'learning, ms a normal', 'profile MiB'], rows));
  },
};

/** A generator that needs one thing and returns the answer. */
function* one(need: Need): Needs<Answer> {
  return yield need;
}
