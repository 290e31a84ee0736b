/**
 * From jittered answers to an accepted rule file on photographs, with no hand edit: five clicks per class, every corner and
 * click off by up to 3 % of the shorter side. The answers are written by hand, as a careful model would give them; no live
 * model is asked. `npm run bench -- propose [SEED...]`;
 * with the word `few`, what is accepted is learnt from the forty normals of the proposal instead of all; with `all`, the
 * proposal sees all normals too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../../src/adapters/llm/client.ts';
import { recorded } from '../../src/adapters/llm/record.ts';
import { acceptText, compileRules, files, objections, openEngine, proposeRules } from '../../src/index.ts';
import { llmServer } from '../support/llmServer.ts';
import { juiceBottle, PHOTO_REPLIES, PHOTO_SIZE, PHOTOS } from '../support/proposals/juiceBottle.ts';
import { careful, shaken } from '../support/proposals/kit.ts';
import type { Bench } from './main.ts';
import { evaluateProduct, FIGURES, figures, folderOf, learnProduct, median, photographs, table } from './support.ts';

const SEEDS = [1, 2, 3];

/** Normals that the proposal is vetted on; learning and calibrating afterwards take all of them. */
const NORMALS = 40;

/** The pictures that the answers speak of, and others spread over the folder. */
function few<R extends { readonly name: string }>(all: readonly R[]): R[] {
  const named = all.filter((i) => (PHOTOS as readonly string[]).includes(i.name));
  const rest = all.filter((i) => !named.includes(i));
  const step = rest.length / (NORMALS - named.length);
  const spread = Array.from({ length: NORMALS - named.length }, (_, i) => rest[Math.floor(i * step)]!);
  return all.filter((i) => named.includes(i) || spread.includes(i));
}

export const bench: Bench = {
  name: 'propose',
  summary: 'proposed and accepted unread: detection on the photographs of ../shared/data/juice_bottle',
  long: true,
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    const normals = join(data, 'train/good');
    const temporary = mkdtempSync(join(tmpdir(), 'logsad-causes-'));
    const causes = join(temporary, 'causes.csv');
    // The model calls an interest by a word of its own; the table of right causes calls it by another.
    const ofCauses = await files.readText(join(data, 'defect_rules.csv'));
    await files.writeAtomic(causes, ofCauses.replaceAll(/\bliquid\b/g, 'juice'));
    const csv = { groups: join(data, 'defect_groups.csv'), causes };
    const rows: string[][] = [];
    const found: number[] = [];
    await using engine = await openEngine();
    const seeds = args.filter((a) => a !== 'few' && a !== 'all').map(Number);
    const whole = (await files.listNormals(normals)).images;
    const images = args.includes('all') ? whole : few(whole);
    for (const seed of seeds.length > 0 ? seeds : SEEDS) {
      const folder = mkdtempSync(join(tmpdir(), 'logsad-propose-'));
      const server = await llmServer(careful(shaken(PHOTO_REPLIES, PHOTO_SIZE, seed)));
      try {
        const rules = join(folder, 'rules.yaml');
        const llm = recorded(createClient({ url: server.url, model: 'careful', key: null }), { file: null });
        const input = { product: juiceBottle.name, file: rules, normals: images, images: [...PHOTOS], seed };
        const start = performance.now();
        console.log(`seed ${seed}: proposing`);
        const p = await proposeRules(engine, { ...input, instructions: juiceBottle.instructions }, llm);
        const seconds = (performance.now() - start) / 1000;
        const against = objections(compileRules(p.text, rules));
        if (against.length > 0) throw new Error(`not acceptable as it stands: ${against.join('; ')}`);
        // Rules, bounds and Scenes do not depend on the patch detector, which takes minutes to learn: it is left out here.
        console.log(
          `seed ${seed}: ${p.rules.model} rules, ${p.rules.mined} mined, ${p.rules.left} left out, ${seconds.toFixed(0)} s`,
        );
        await files.writeAtomic(rules, acceptText(p.text).replace(/^detectors: .*$/m, 'detectors: [composition]'));
        const names = images.map((i) => i.name);
        const taught = args.includes('few') ? folderOf(normals, names) : { path: normals, dispose: () => undefined };
        const calibrate = join(data, 'validation/good');
        const product = await learnProduct(engine, { rules, normals: taught.path, calibrate });
        taught.dispose();
        const e = await evaluateProduct(product, { dataset: data, ...csv });
        const { model, mined, left } = p.rules;
        found.push(e.detectors.composition?.auroc.all ?? Number.NaN);
        console.log(`seed ${seed}: ${figures(e).join(' | ')}`);
        rows.push([`seed ${seed}`, `${model} + ${mined}, ${left}`, seconds.toFixed(0), ...figures(e)]);
      } finally {
        await server.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
    rmSync(temporary, { recursive: true, force: true });
    console.log(
      `\n${images.length} normals for the proposal, ${args.includes('few') ? NORMALS : whole.length} learnt from afterwards and 27 to calibrate\n`,
    );
    console.log(table(['jitter 3 %, 5 clicks', 'rules + mined, left out', 'propose, s', ...FIGURES], rows));
    console.log(`\nmedian composition AUROC ${median(found).toFixed(4)} of ${found.length} (target 0.965)`);
  },
};
