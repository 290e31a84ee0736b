/** What hand-written rules are worth on mutants of the normals: score per operator, smallest deviation seen, survivors. */
import { join } from 'node:path';
import { learningFor, mutationTest, openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { learnProduct, photographs, table } from './support.ts';

export const bench: Bench = {
  name: 'mutation',
  summary: 'juice-bottle: mutation score of its rules on mutants of train/good, survivors named',
  long: true,
  async run() {
    const data = photographs('juice_bottle');
    if (data === null) return;
    await using engine = await openEngine();
    const { rules, profile } = await learnProduct(engine, {
      rules: 'rules/juice-bottle',
      normals: join(data, 'train/good'),
    });
    const { compiled } = rules;
    const { learnt, set } = await learningFor(rules, profile);
    const { report } = mutationTest(compiled, learnt, set, { seed: 0 });
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
    console.log(`\nSurvivors, ${report.survivors.length} of the counted mutants:\n`);
    for (const m of report.survivors)
      console.log(`- ${m.operator} of ${m.interests.join(', ')} ${m.size ?? ''} (${m.image})`);
  },
};
