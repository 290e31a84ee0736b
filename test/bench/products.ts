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
    for (const set of PANELS) if (want(set.name)) rows.push(await panels(engine, root, set));
    console.log(table(['product', ...FIGURES], rows));
  },
};

/** A set of panels: the good ones are the normals, but for those `drawn` that serve for exemplars alone. What gave exemplars is never scored. */
interface Panels {
  readonly name: string;
  readonly folder: string;
  readonly drawn: readonly string[];
  readonly good: readonly string[];
  /** Parts of an interest that a panel of a folder holds, where every panel of the folder holds the same number. */
  readonly count?: { readonly of: string; readonly in: (folder: string) => number };
}

const GOOD = ['000.jpg', '001.jpg', '002.jpg', '003.jpg', '004.jpg'];

const PANELS: readonly Panels[] = [
  {
    name: 'panels-pushpins',
    folder: 'panels_pushpins',
    drawn: ['000.jpg'],
    good: GOOD,
    count: { of: 'pin', in: (folder) => (folder === 'logical_anomalies' ? 16 : 15) },
  },
  {
    name: 'panels-splicing-connectors',
    folder: 'panels_splicing_connectors',
    drawn: [],
    good: GOOD,
  },
];

/** Both renderings at 224 px, leave-one-out over the good panels. */
async function panels(engine: Awaited<ReturnType<typeof openEngine>>, root: string, set: Panels): Promise<string[]> {
  const temporary = mkdtempSync(join(tmpdir(), 'logsad-panels-'));
  try {
    await resamplePanels(join(root, set.folder), temporary);
    const good = join(temporary, 'test/good');
    const normals = folderOf(
      good,
      set.good.filter((f) => !set.drawn.includes(f)),
    );
    const exemplars = set.drawn.length > 0 ? folderOf(good, set.drawn) : null;
    const product = await learnProduct(engine, {
      rules: `rules/${set.name}`,
      normals: normals.path,
      ...(exemplars ? { exemplars: exemplars.path } : {}),
    });
    let right = 0;
    let of = 0;
    const e = await evaluateProduct(product, {
      dataset: temporary,
      onResult: (image, result) => {
        const { count } = set;
        const found = result.measurements.find(
          (m) => m.kind === 'count' && m.interests.length === 1 && m.interests[0] === count?.of,
        );
        of++;
        if (count && found?.measured === count.in(image.folder)) right++;
      },
    });
    normals.dispose();
    exemplars?.dispose();
    if (set.count) console.log(`${set.name}: right ${set.count.of} count on ${right} of ${of} panels (no LOCO result)`);
    return [`${set.name}, ${product.profile.normals.length} normals, leave-one-out`, ...figures(e)];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
