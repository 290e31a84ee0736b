/**
 * How well each installed backbone tells cut-and-paste mutants of normals from normals, per set of stages, on training
 * photographs alone: `npm run bench -- choice [PRODUCT...] [BACKBONE...]`. What the default rests on, and what
 * `backbone: auto` looks at.
 */
import { join } from 'node:path';
import { createRunner } from '../../src/app/runner.ts';
import { createSegmenter } from '../../src/app/segmenter.ts';
import { CHOOSE, compareStages, trialsOf } from '../../src/core/detect/choose.ts';
import { PATCH, PATCH_OPTIONS } from '../../src/core/detect/patchModel.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { gatherNormals } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { patchRules } from './runs.ts';
import { asked, photographs, table, withSharedModels } from './support.ts';

const PRODUCTS = [
  { name: 'transistor', long: 512 },
  { name: 'aws_aliens', long: 640 },
  { name: 'dobot_cubes', long: 640 },
  { name: 'juice_bottle', long: 640 },
] as const;

export const bench: Bench = {
  name: 'choice',
  summary: 'mutants of normals told from normals, per backbone and stages (training photographs alone)',
  long: true,
  async run(args) {
    if (photographs('transistor') === null) return;
    await withSharedModels(async (engine) => {
      const backbones = asked(await engine.backbones.installed(), args, (b) => b);
      const products = asked(PRODUCTS, args, (p) => p.name);
      // Line by line: the whole takes minutes.
      console.log(table(['product', 'backbone', 'stages', 'AUROC'], []));
      for (const p of products) {
        const { compiled } = await patchRules(p.name, '', p.long);
        const { normals } = await gatherNormals(join(photographs(p.name)!, 'train/good'), compiled.file);
        const ground = await engine.backbones.dense('ground', 'embedded');
        const segmenter = createSegmenter(compiled.file, engine.images, engine.inference, ground);
        const step = normals.length / CHOOSE.normals;
        const pictures = [];
        for (let i = 0; i < CHOOSE.normals; i++)
          pictures.push((await segmenter.frame(normals[Math.floor(i * step)]!)).pixels);
        const trials = trialsOf(pictures, createRandom(0));
        for (const id of backbones) {
          const backbone = await engine.backbones.model(id);
          const run = createRunner(engine, backbone, async (i) => trials[i]!.picture);
          const settings = {
            stride: PATCH.stride,
            neighbourhood: 1 as const,
            standardise: PATCH_OPTIONS.standardise.default,
            pool: { pool: 'topQ' as const, q: PATCH_OPTIONS.q.default },
            hidden: PATCH.hidden,
          };
          for (const c of await run(compareStages(trials, backbone, settings, createRandom(0))))
            console.log(`| ${p.name} | ${id} | ${c.stages.join('+')} | ${c.auroc.toFixed(3)} |`);
        }
      }
    });
  },
};
