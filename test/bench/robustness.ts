/**
 * How scores of good parts move with focus and exposure, per backbone: `npm run bench -- robustness [PRODUCT...]`. Twenty
 * normals teach, twelve others are looked at as they are and changed; the border is taken with and without the room that
 * altered normals make (option `alter`).
 */
import { join } from 'node:path';
import { openInspector } from '../../src/app/inspect.ts';
import { learn } from '../../src/app/learn.ts';
import { exposed, sharpened, softened } from '../../src/core/detect/alter.ts';
import type { RgbImage } from '../../src/core/grid/grid.ts';
import * as logsad from '../../src/index.ts';
import { images, type Profile } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { patchRules } from './runs.ts';
import { asked, median, photographs, table, withSharedModels } from './support.ts';

const TAUGHT = 20;
const LOOKED_AT = 12;
const PRODUCTS = [
  { name: 'transistor', long: 512 },
  { name: 'juice_bottle', long: 640 },
  { name: 'dobot_cubes', long: 640 },
] as const;
const CHANGES: readonly (readonly [string, (i: RgbImage) => RgbImage])[] = [
  ['as it is', (i) => i],
  ['blur 0.5', (i) => softened(i, 0.5)],
  ['blur 1', (i) => softened(i, 1)],
  ['sharpened', (i) => sharpened(i, 0.5)],
  ['exposure x0.9', (i) => exposed(i, 0.9)],
  ['exposure x1.1', (i) => exposed(i, 1.1)],
];

/** The profile as it would have been learnt with `alter: false`. */
const withoutRoom = (p: Profile): Profile => ({
  ...p,
  normals: p.normals.map((n) => {
    const { altered: _, ...patch } = n.scene.detectors.patch!;
    return { ...n, scene: { ...n.scene, detectors: { ...n.scene.detectors, patch } } };
  }),
});

async function measure(
  engine: logsad.Engine,
  product: (typeof PRODUCTS)[number],
  backbone: string,
): Promise<string[][]> {
  const rules = await patchRules(product.name, `, backbone: ${backbone}`, product.long);
  const { compiled } = rules;
  const all = (await logsad.gatherNormals(join(photographs(product.name)!, 'train/good'), compiled.file)).normals;
  const { profile } = await learn({ compiled, normals: all.slice(0, TAUGHT) }, engine);
  await using wide = await openInspector(compiled, profile, engine);
  await using narrow = await openInspector(compiled, withoutRoom(profile), engine);
  const plain = new Map<string, number>();
  const rows: string[][] = [];
  for (const [name, change] of CHANGES) {
    const ratios: number[] = [];
    const alarms = [0, 0];
    for (const image of all.slice(TAUGHT, TAUGHT + LOOKED_AT)) {
      const { pixels } = await images.read(image.path);
      const bytes = await images.encodePng(change(pixels));
      const { scene, unit } = await wide.inspect({ name: image.name, bytes });
      const { score } = scene.detectors.patch!;
      if (!plain.has(image.name)) plain.set(image.name, score);
      ratios.push(score / plain.get(image.name)!);
      if (narrow.judge(scene).unit > 1) alarms[0]!++;
      if (unit > 1) alarms[1]!++;
    }
    const shares = alarms.map((n) => `${n}/${LOOKED_AT}`);
    rows.push([product.name, backbone, name, median(ratios).toFixed(3), ...shares]);
  }
  return rows;
}

export const bench: Bench = {
  name: 'robustness',
  summary: 'scores of good parts under blur, sharpening and exposure, per backbone',
  long: true,
  async run(args) {
    if (photographs('transistor') === null) return;
    await withSharedModels(async (engine, has) => {
      const known = ['centernet', 'ppocr-det', ...(has.shared ? ['resnet50v2', 'vit-tiny'] : [])];
      const backbones = asked(known, args, (b) => b);
      const products = asked(PRODUCTS, args, (p) => p.name);
      const rows: string[][] = [];
      for (const p of products) for (const b of backbones) rows.push(...(await measure(engine, p, b)));
      const head = [
        'product',
        'backbone',
        'change',
        'median of score / score as it is',
        'alarms, alter: false',
        'alarms',
      ];
      console.log(table(head, rows));
    });
  },
};
