/**
 * What one bad part among the calibration images does (issue B): each of ten seeded replacements of a validation image of
 * juice_bottle by a logical test image, which is then left out of scoring, may change few of the other verdicts, and the
 * bad part must be named among the images set aside.
 */
import { join } from 'node:path';
import { calibrate } from '../../src/core/calibrate.ts';
import { decide } from '../../src/core/decide.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import type { NormalRecord, Profile } from '../../src/core/profile.ts';
import type { Scene } from '../../src/core/scene.ts';
import * as logsad from '../../src/index.ts';
import type { Bench } from './main.ts';
import { figureOf, figureText, type Scored } from './runs.ts';
import { learnProduct, photographs, table } from './support.ts';

const REPLACEMENTS = 10;

interface Part {
  readonly name: string;
  readonly anomaly: boolean;
  readonly record: NormalRecord;
}

/** Verdict, unit and detector units of every part under the bounds of a profile. */
function judgeAll(product: logsad.ProductRules, profile: Profile, parts: readonly Part[]) {
  const calibration = calibrate(product.compiled, profile);
  const judged = parts.map(({ record: { scene } }) => {
    const found = calibration.judged(scene);
    const decision = decide({
      scene,
      calibration,
      judged: found,
      ranked: { p: null, detectors: {} },
      doubts: [],
    });
    return { verdict: decision.verdict, unit: decision.unit, detectors: decision.detectors };
  });
  return { calibration, judged };
}

export const bench: Bench = {
  name: 'replacements',
  summary: 'verdicts of juice_bottle when a validation image is replaced by a logical anomaly',
  long: true,
  async run() {
    const dataset = photographs('juice_bottle');
    if (dataset === null) return;
    await using engine = await logsad.openEngine();
    const { rules, profile, inspector } = await learnProduct(engine, {
      rules: 'rules/juice-bottle',
      normals: join(dataset, 'train/good'),
      calibrate: join(dataset, 'validation/good'),
    });
    const { test } = await logsad.files.openDataset(dataset);
    const parts: Part[] = [];
    for (const image of test) {
      const { scene } = await inspector.inspect(image);
      const sha256 = await logsad.digestFile(image.path);
      parts.push({
        name: image.name,
        anomaly: image.folder !== 'good',
        record: { image: image.name, sha256, scene: scene as Scene },
      });
    }
    const base = judgeAll(rules, profile, parts);
    printFigures(parts, base.judged);
    const logical = parts.flatMap((p, i) => (p.anomaly ? [i] : []));
    const rows: (string | number)[][] = [];
    for (let seed = 0; seed < REPLACEMENTS; seed++) {
      const random = createRandom(seed);
      const gone = random.int(profile.calibration.length);
      const bad = random.pick(logical);
      const image = `replaced:${parts[bad]!.name}`;
      const { record: shown } = parts[bad]!;
      const record = { ...shown, image, scene: { ...shown.scene, image } };
      const changed = { ...profile, calibration: profile.calibration.map((r, i) => (i === gone ? record : r)) };
      const { calibration, judged } = judgeAll(rules, changed, parts);
      const others = parts.flatMap((p, i) =>
        i !== bad && judged[i]!.verdict !== base.judged[i]!.verdict ? [p.name] : [],
      );
      const named = calibration.setAside.find((s) => s.image === record.image);
      rows.push([
        seed,
        profile.calibration[gone]!.image,
        parts[bad]!.name,
        base.judged[bad]!.unit.toFixed(2),
        `${others.length}/${parts.length - 1}`,
        others.join(' '),
        named ? `yes: ${named.reason}` : 'no',
      ]);
    }
    const head = ['seed', 'replaced', 'by', 'its unit', 'verdicts changed', 'which', 'named as set aside'];
    console.log(`\n${table(head, rows)}`);
  },
};

function printFigures(
  parts: readonly Part[],
  judged: readonly { readonly unit: number; readonly detectors: Readonly<Record<string, { readonly unit: number }>> }[],
): void {
  const scored = parts.map((p, i): Scored => {
    const { unit, detectors } = judged[i]!;
    const units = Object.fromEntries(Object.entries(detectors).map(([n, d]) => [n, d.unit]));
    return { image: p.name, anomaly: p.anomaly, units: { ...units, fused: unit } };
  });
  const names = Object.keys(scored[0]!.units);
  const over = (by: string, anomaly: boolean): string => {
    const of = scored.filter((s) => s.anomaly === anomaly);
    return `${of.filter((s) => s.units[by]! > 1).length}/${of.length}`;
  };
  const run = { scored, normals: 0, chosen: '' };
  const rows = names.map((n) => [n, figureText(figureOf([run], n)), over(n, false), over(n, true)]);
  console.log(table(['unchanged', 'AUROC [bootstrap 95 %]', 'false alarms', 'found'], rows));
}
