/** What rules that nobody wrote are worth on photographs: mined from train/good alone, judged on test, nothing added. */
import { join } from 'node:path';
import { auroc, rank } from '../../src/core/metrics/image.ts';
import { learnFrom } from '../../src/core/rules/index.ts';
import { bindCandidates } from '../../src/core/rules/tools/mine.ts';
import { evaluateRules, files, learningFor, mineRules, openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { learnProduct, photographs } from './support.ts';

export const bench: Bench = {
  name: 'mine',
  summary: 'juice-bottle: composition AUROC of rules mined from its interests and attributes and train/good alone',
  long: true,
  async run() {
    const data = photographs('juice_bottle');
    if (data === null) return;
    await using engine = await openEngine();
    const { rules, profile, inspector } = await learnProduct(engine, {
      rules: 'rules/juice-bottle',
      normals: join(data, 'train/good'),
    });
    const { compiled } = rules;
    // As the command does: all normals, whatever the file's own rules think of them.
    const { calibration: _, aside: _aside, ...normals } = (await learningFor(rules, profile)).set;
    const mining = mineRules({ compiled, ...normals });
    const mined = bindCandidates(
      compiled,
      mining.rules.map((r) => r.raw),
    );
    const learnt = learnFrom(mined, normals);
    const score = async (folder: string): Promise<number[]> => {
      const out: number[] = [];
      for (const image of await files.listImages(join(data, 'test', folder)))
        out.push(evaluateRules(mined, learnt, (await inspector.inspect(image)).scene).unit);
      return out;
    };
    const [good, bad] = [await score('good'), await score('logical_anomalies')];
    const labels = [...good.map(() => 0), ...bad.map(() => 1)];
    const alarms = good.filter((u) => u > 1).length;
    console.log(
      `${mining.rules.length} rules mined from ${mining.normals} normals: composition AUROC ${auroc(rank(labels, [...good, ...bad])).toFixed(4)} (target 0.98), ${alarms}/${good.length} false alarms, ${bad.filter((u) => u > 1).length}/${bad.length} found`,
    );
  },
};
