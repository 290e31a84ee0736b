/** The figures of every product with photographs: composition and fused, false alarms, detections, first causes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resamplePanels } from '../../scripts/resample-panels.ts';
import { openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { evaluateProduct, FIGURES, figures, folderOf, learnProduct, photographs, table } from './support.ts';

export const EXEMPLARS = ['000.jpg', '002.jpg', '004.jpg', '009.jpg'];

export const bench: Bench = {
  name: 'products',
  summary: 'detection on the photographs of ../shared/data, one rule file each',
  long: true,
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    const root = join(data, '..');
    const rows: string[][] = [];
    const want = (name: string): boolean => args.length === 0 || args.includes(name);
    await using engine = await openEngine();
    if (want('juice-bottle')) {
      const csv = { groups: join(data, 'defect_groups.csv'), causes: join(data, 'defect_rules.csv') };
      const train = join(data, 'train/good');
      const full = await learnProduct(engine, {
        rules: 'rules/juice-bottle',
        normals: train,
        calibrate: join(data, 'validation/good'),
      });
      rows.push(['juice-bottle, 150 + 27 normals', ...figures(await evaluateProduct(full, { dataset: data, ...csv }))]);
      const four = folderOf(train, EXEMPLARS);
      const few = await learnProduct(engine, { rules: 'rules/juice-bottle', normals: four.path });
      rows.push(['juice-bottle, 4 exemplars', ...figures(await evaluateProduct(few, { dataset: data, ...csv }))]);
      four.dispose();
    }
    for (const [rules, folder] of [
      ['wood-screws', 'wood_screws'],
      ['toy-figures', 'aws_aliens'],
    ] as const) {
      if (!want(rules)) continue;
      const dataset = join(root, folder);
      const product = await learnProduct(engine, { rules: `rules/${rules}`, normals: join(dataset, 'train/good') });
      const counts = { right: 0, of: 0 };
      const e = await evaluateProduct(product, {
        dataset,
        onResult: (image, result) => {
          const code = image.name.match(/_([01]{4})\./)?.[1];
          const count = result.measurements.find((m) => m.kind === 'count');
          if (!code || !count) return;
          counts.of++;
          if (count.measured === [...code].filter((c) => c === '1').length) counts.right++;
        },
      });
      rows.push([`${rules}, ${product.profile.normals.length} normals`, ...figures(e)]);
      if (counts.of > 0) console.log(`${rules}: exact count on ${counts.right} of ${counts.of} images`);
    }
    if (want('panels-pushpins')) rows.push(await pushpins(engine, root));
    console.log(table(['product', ...FIGURES], rows));
  },
};

/** Both renderings at 224 px; image 000 gives the exemplars and is never scored, the other good ones are the normals. */
async function pushpins(engine: Awaited<ReturnType<typeof openEngine>>, root: string): Promise<string[]> {
  const temporary = mkdtempSync(join(tmpdir(), 'logsad-panels-'));
  try {
    await resamplePanels(join(root, 'panels_pushpins'), temporary);
    const good = join(temporary, 'test/good');
    const normals = folderOf(good, ['001.jpg', '002.jpg', '003.jpg', '004.jpg']);
    const exemplars = folderOf(good, ['000.jpg']);
    const product = await learnProduct(engine, {
      rules: 'rules/panels-pushpins',
      normals: normals.path,
      exemplars: exemplars.path,
    });
    let right = 0;
    let of = 0;
    const e = await evaluateProduct(product, {
      dataset: temporary,
      onResult: (image, result) => {
        const pins = result.measurements.find(
          (m) => m.kind === 'count' && m.interests.length === 1 && m.interests[0] === 'pin',
        );
        of++;
        if (pins?.measured === (image.folder === 'logical_anomalies' ? 16 : 15)) right++;
      },
    });
    normals.dispose();
    exemplars.dispose();
    console.log(`panels-pushpins: right pin count on ${right} of ${of} panels (no LOCO result)`);
    return ['panels-pushpins, 4 normals, leave-one-out', ...figures(e)];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
