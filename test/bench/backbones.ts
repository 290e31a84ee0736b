/**
 * Issue B, build item 6: patch matching alone on every backbone there is, the embedded ones and those of ../shared/models,
 * and on what `auto` chooses. `npm run bench -- backbones [PRODUCT...] [BACKBONE...] [few] [all] [seeds=N] [bank=N]`. What is chosen by is the
 * bench `choice`, which sees training photographs alone; this one tells afterwards what the choice was worth.
 */
import { join } from 'node:path';
import type { ImageReader } from '../../src/app/ports.ts';
import { type Engine, images, openEngine } from '../../src/index.ts';
import { sharedModels } from '../support/sharedModels.ts';
import type { Bench } from './main.ts';
import { figureOf, figureText, patchRules, type Run, remembering, runOnce } from './runs.ts';
import { photographs, table } from './support.ts';

const SHOTS = 4;

/** Long sides of the frames: the same for all backbones, and no larger than the photographs. */
const PRODUCTS = [
  { name: 'transistor', long: 512, calibrate: null },
  { name: 'aws_aliens', long: 512, calibrate: null },
  { name: 'dobot_cubes', long: 512, calibrate: null },
  { name: 'juice_bottle', long: 512, calibrate: 'validation/good' },
] as const;

/** `name=N` among the arguments. */
const number = (args: readonly string[], name: string, fallback: number): number => {
  const given = args.find((a) => a.startsWith(`${name}=`));
  return given === undefined ? fallback : Number(given.slice(name.length + 1));
};

const above = (run: Run, anomaly: boolean): string => {
  const of = run.scored.filter((s) => s.anomaly === anomaly);
  return `${of.filter((s) => (s.units.patch ?? 0) > 1).length}/${of.length}`;
};

interface Amount {
  readonly few: boolean;
  readonly all: boolean;
  readonly seeds: number;
  readonly bank: number;
}

/** Prints the rows of one product and one backbone. */
async function compare(
  engine: Engine,
  remembered: ImageReader,
  { name, long, calibrate }: (typeof PRODUCTS)[number],
  backbone: string,
  { few, all, seeds, bank }: Amount,
): Promise<void> {
  const dataset = photographs(name)!;
  const options = `, backbone: ${backbone}, bank: ${bank}${backbone === 'auto' ? ', stages: auto' : ''}`;
  const of = { rules: await patchRules(name, options, long), dataset };
  const print = (runs: readonly Run[], from: number): void => {
    const normals = `${runs[0]!.normals}${runs.length > 1 ? ` x ${runs.length} draws` : ''}`;
    const counts = [false, true].map((anomaly) => runs.map((r) => above(r, anomaly)).join(' '));
    const ran = [...new Set(runs.map((r) => r.chosen))].join('; ');
    const cells = [name, backbone, normals, figureText(figureOf(runs, 'patch')), ...counts, ran];
    console.log(`| ${[...cells, ((performance.now() - from) / 1000).toFixed(0)].join(' | ')} |`);
  };
  // `auto` does not choose on four normals.
  if (few && backbone !== 'auto') {
    const from = performance.now();
    const runs: Run[] = [];
    for (let seed = 0; seed < seeds; seed++)
      runs.push(await runOnce(engine, remembered, { ...of, shots: SHOTS, seed }));
    print(runs, from);
  }
  if (all) {
    const from = performance.now();
    const more = calibrate === null ? {} : { calibrate: join(dataset, calibrate) };
    print([await runOnce(engine, remembered, { ...of, ...more, seed: 0 })], from);
  }
}

export const bench: Bench = {
  name: 'backbones',
  summary: 'AUROC of patch alone per backbone, embedded and brought, 4 normals (some seeds) and all',
  long: true,
  async run(args) {
    if (photographs('transistor') === null) return;
    const extra = sharedModels();
    if (extra) process.env.LOGSAD_MODELS = extra.path;
    try {
      await using engine = await openEngine();
      const known = [...(await engine.backbones.installed()), 'auto'];
      const backbones = known.filter((b) => args.includes(b) || !known.some((k) => args.includes(k)));
      const products = PRODUCTS.filter((p) => args.includes(p.name) || !PRODUCTS.some((q) => args.includes(q.name)));
      const [seeds, bank] = [number(args, 'seeds', 3), number(args, 'bank', 4096)];
      const few = args.includes('few') || !args.includes('all');
      const all = args.includes('all') || !args.includes('few');
      // Line by line: the whole takes an hour and may be run in pieces.
      console.log(table(['product', 'backbone', 'normals', 'AUROC', 'false alarms', 'found', 'ran on', 's'], []));
      for (const p of products) {
        const remembered = remembering(images);
        for (const backbone of backbones) await compare(engine, remembered, p, backbone, { few, all, seeds, bank });
      }
    } finally {
      extra?.remove();
    }
  },
};
