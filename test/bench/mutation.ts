/** What the rule tools are worth on photographs: mutation score of hand-written rules, AUROC of mined ones. */
import { join } from 'node:path';
import { auroc, rank } from '../../src/core/metrics/image.ts';
import { bindCandidates } from '../../src/core/rules/tools/mine.ts';
import { evaluateRules, files, learnRules, mineRules, mutationTest, openEngine, scenesOf } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { learnProduct, photographs, table } from './support.ts';

export const bench: Bench = {
  name: 'mutation',
  summary: 'juice-bottle: mutation score of its rules, composition AUROC of rules mined from train/good alone',
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
    const normals = scenesOf(profile.normals);
    const { report } = mutationTest(compiled, learnRules(compiled, normals), { normals }, { seed: 0 });
    const operators = Object.entries(report.operators);
    console.log(
      table(
        ['operator', 'killed', 'of'],
        operators.map(([name, t]) => [name, t.killed, t.of]),
      ),
    );
    console.log(`\nmutation score ${report.score?.toFixed(3)} (target 0.9)\n`);
    const sizes = report.smallest.map((s) => [
      `${s.interest}: ${s.operator}`,
      s.seen ?? 'none',
      s.sizes.map((x) => `${x.size}: ${x.killed}/${x.of}`).join(', '),
    ]);
    console.log(table(['smallest deviation seen', 'from', 'killed per size'], sizes));

    const mining = mineRules({ compiled, normals });
    const mined = bindCandidates(
      compiled,
      mining.rules.map((r) => r.raw),
    );
    const learnt = learnRules(mined, normals);
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
      `\n${mining.rules.length} rules mined: composition AUROC ${auroc(rank(labels, [...good, ...bad])).toFixed(4)} (target 0.98), ${alarms}/${good.length} false alarms, ${bad.filter((u) => u > 1).length}/${bad.length} found`,
    );
  },
};
