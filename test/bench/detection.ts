/**
 * Issue B's figures on photographs: patch matching alone, rules alone and both, from 4 drawn normals (5 seeds) and from all
 * of them. `npm run bench -- detection [PRODUCT...] [few] [all]`.
 */
import { join } from 'node:path';
import { COMPOSITION } from '../../src/core/detect/index.ts';
import { images, loadRules, openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { figureOf, figureText, patchRules, type Run, remembering, runOnce } from './runs.ts';
import { asked, photographs, table } from './support.ts';

const SEEDS = [0, 1, 2, 3, 4];
const SHOTS = 4;

interface Product {
  readonly name: string;
  readonly folder: string;
  /** The product's own rule file, or the options of patch matching where it has none. */
  readonly rules: string | { readonly options: string; readonly long: number };
  readonly calibrate?: string;
  /** All few-shot draws are the same: so many normals carry exemplars. */
  readonly oneDraw?: boolean;
}

const PRODUCTS: readonly Product[] = [
  // The photographs are 512 pixels wide: a larger frame would only enlarge them.
  { name: 'transistor', folder: 'transistor', rules: { options: ', backbone: auto, stages: auto', long: 512 } },
  { name: 'cubes', folder: 'dobot_cubes', rules: { options: '', long: 640 } },
  { name: 'aliens', folder: 'aws_aliens', rules: 'rules/toy-figures' },
  { name: 'screws', folder: 'wood_screws', rules: 'rules/wood-screws' },
  {
    name: 'juice',
    folder: 'juice_bottle',
    rules: 'rules/juice-bottle',
    calibrate: 'validation/good',
    oneDraw: true,
  },
];

const alarms = (runs: readonly Run[], by: string, anomaly: boolean): string => {
  const of = runs[0]!.scored.filter((s) => s.anomaly === anomaly).length;
  return `${runs.map((r) => r.scored.filter((s) => s.anomaly === anomaly && (s.units[by] ?? 0) > 1).length).join(' ')} /${of}`;
};

function rowsOf(name: string, runs: readonly Run[], rules: boolean): string[][] {
  const detectors = rules ? ['patch', COMPOSITION, 'fused'] : ['patch'];
  const chosen = [...new Set(runs.map((r) => r.chosen))].join('; ');
  return detectors.map((by) => [
    `${name}, ${runs[0]!.normals} normals${runs.length > 1 ? ` x ${runs.length} seeds` : ''}`,
    by,
    figureText(figureOf(runs, by)),
    alarms(runs, by, false),
    alarms(runs, by, true),
    by === COMPOSITION ? '' : chosen,
  ]);
}

export const bench: Bench = {
  name: 'detection',
  summary: 'AUROC of patch, rules and both on photographs, 4 normals (5 seeds) and all',
  long: true,
  async run(args) {
    if (photographs('transistor') === null) return;
    const wanted = asked(PRODUCTS, args, (p) => p.name);
    const few = args.includes('few') || !args.includes('all');
    const all = args.includes('all') || !args.includes('few');
    await using engine = await openEngine();
    const rows: string[][] = [];
    for (const p of wanted) {
      const dataset = photographs(p.folder)!;
      const remembered = remembering(images);
      const rules =
        typeof p.rules === 'string'
          ? await loadRules(p.rules)
          : await patchRules(p.name, p.rules.options, p.rules.long);
      const of = { rules, dataset };
      if (few) {
        const runs: Run[] = [];
        for (const seed of p.oneDraw ? [0] : SEEDS)
          runs.push(await runOnce(engine, remembered, { ...of, shots: SHOTS, seed }));
        rows.push(...rowsOf(p.name, runs, typeof p.rules === 'string'));
      }
      if (all) {
        const calibrate = p.calibrate ? { calibrate: join(dataset, p.calibrate) } : {};
        const run = await runOnce(engine, remembered, { ...of, ...calibrate, seed: 0 });
        rows.push(...rowsOf(p.name, [run], typeof p.rules === 'string'));
      }
    }
    const head = ['product', 'detector', 'AUROC ± sd over seeds [bootstrap 95 %]', 'false alarms', 'found', 'chosen'];
    console.log(table(head, rows));
  },
};
