/** The demo product as it ships: how well maps lie on the exact masks of its structural defects. */
import { openEngine } from '../../src/index.ts';
import { localiseDemo } from '../support/localise.ts';
import type { Bench } from './main.ts';
import { table } from './support.ts';

export const bench: Bench = {
  name: 'localise',
  summary: "pixel AUROC and AUPRO@0.3 of the demo product's structural defects (21, each at most 2 % of the picture)",
  long: true,
  async run() {
    await using engine = await openEngine();
    const { patch, fused, defects, largest } = await localiseDemo(engine, { train: 30, good: 6, structural: 21 });
    const row = (name: string, m: typeof patch): string[] => [
      name,
      m.auroc.toFixed(4),
      m.aupro[0]!.toFixed(4),
      m.averagePrecision.toFixed(3),
    ];
    console.log(`${defects} defects, the largest ${(100 * largest).toFixed(2)} % of the picture, and 6 good parts`);
    console.log(table(['map', 'pixel AUROC', 'AUPRO@0.3', 'pixel AP'], [row('patch', patch), row('fused', fused)]));
  },
};
