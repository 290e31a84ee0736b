import { basename, dirname, join } from 'node:path';
import type { FailingRule } from '../../index.ts';
import { loadApi } from '../api.ts';
import { define, EXIT, printJson, quote } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { progressMeter } from '../progress.ts';

interface Options {
  readonly normals: string;
  readonly exemplars?: string;
  readonly calibrate?: string;
  readonly shots?: number;
  readonly seed: number;
  readonly models: string;
  readonly profile: string;
  readonly json?: true;
}

/** At most so many of the worst normals are pictured. */
const WORST = 6;

type Rules = Awaited<ReturnType<typeof import('../../index.ts').loadRules>>;

/** What was learnt, and which rules do not hold on most of it. */
function heading(
  { compiled: { file } }: Rules,
  normals: number,
  calibration: number | null,
  failing: readonly FailingRule[],
  profile: string,
): string {
  const more = calibration === null ? '' : ` and ${calibration} for calibration`;
  const verb = failing.length === 1 ? 'does' : 'do';
  const but =
    failing.length === 0 ? '' : `, but ${failing.length} of ${file.rules.length} rules ${verb} not hold on them`;
  const each = failing.map(
    (f) => `  ${f.rule} fails on ${f.fired} of ${f.of} normals: ${f.message} (${f.image}) [${f.file}:${f.line}]\n`,
  );
  return `learnt ${file.product} from ${normals} normals${more}${but}: ${profile}\n${each.join('')}`;
}

/** What to type after learning: mend rules that fail, sign off what is proposed, inspect. `sheet`: pictures of failing rules. */
function nextSteps(rules: string, { path, compiled: { file } }: Rules, o: Options, sheet: string | null): string {
  const profile = quote(o.profile);
  const again = `logsad learn ${rules} --normals ${quote(o.normals)} --profile ${profile}`;
  if (sheet !== null)
    return `next: look at ${sheet}: where parts are outlined wrongly, add exemplars to their interest in ${path}, then: ${again}
      where the outlines are right, the rule is wrong: edit its line, then: logsad rules explain ${rules} --profile ${profile}\n`;
  if (Object.keys(file.interests).length + file.rules.length === 0)
    return `next: draw interests and write rules in ${path}, then: ${again}
      or go on with patches alone: logsad inspect ${rules} --profile ${profile} IMAGE...\n`;
  if (file.status === 'proposed')
    return `next: ${path} is only proposed, and inspect refuses it until a person has signed it off:
      logsad rules vet ${rules} --profile ${profile} --write
      logsad rules accept ${rules}\n`;
  return `next: logsad inspect ${rules} --profile ${profile} IMAGE...\n`;
}

export const learn = define<Options>({
  name: 'learn',
  summary: 'learn from photographs of good parts and write a profile',
  example: 'logsad learn logsad-demo/data --normals logsad-demo/data/train/good --profile my.profile',
  declare: (c) =>
    c
      .argument('<rules>', 'rule file, or the folder that holds rules.yaml')
      .requiredOption('--normals <dir>', 'photographs of good parts')
      .option('--exemplars <dir>', 'where exemplar images lie that are not among the normals')
      .option('--calibrate <dir>', 'further good photographs that only widen tolerances')
      .option(
        '--shots <n>',
        'learn from n of the normals: those with exemplars first, then a seeded draw',
        wholeNumber(1),
      )
      .option('--seed <s>', 'seed of every random choice', wholeNumber(0), 0)
      .option('--models <set>', 'model set of models/manifest.yaml', 'embedded')
      .requiredOption('--profile <file>', 'the profile to write'),
  async run({ terminal, signal }, o, [rules]) {
    const api = await loadApi();
    const folders = [o.normals, ...(o.exemplars === undefined ? [] : [o.exemplars])];
    const product = await api.loadRules(rules!, { normals: folders });
    const { file } = product.compiled;
    const { normals, exemplars, warnings } = await api.gatherNormals(o.normals, file, o);
    const drawn = o.exemplars === undefined ? [] : (await api.gatherNormals(o.exemplars, file)).exemplars;
    const calibration = o.calibrate === undefined ? [] : (await api.gatherNormals(o.calibrate, file)).normals;
    // Better to know now than after a minute of learning.
    await api.files.checkWritable(o.profile);
    for (const w of warnings) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);

    const meter = progressMeter(terminal);
    await using engine = await api.openEngine();
    const request = { normals, exemplars: [...exemplars, ...drawn], calibration, set: o.models, seed: o.seed };
    const { profile, failures } = await engine.learn(product, request, { signal, onProgress: meter.step });
    meter.clear();
    signal.throwIfAborted();
    await api.saveProfile(o.profile, profile);

    const failing = api.failingRules(product.compiled, profile, await api.regionMasks(product));
    // Without rules and interests every normal is as good as another.
    const worst = profile.worst.filter((w) => w.reasons.length > 0).slice(0, WORST);
    const sheet = join(dirname(o.profile), `${basename(o.profile)}.worst.png`);
    if (worst.length > 0) {
      const pictures = worst.flatMap((w) => {
        const source = normals.find((n) => n.name === w.image);
        const scene = profile.normals.find((n) => n.image === w.image)?.scene;
        return source && scene ? [{ ...source, scene, note: w.reasons[0] ?? '' }] : [];
      });
      await api.files.writeAtomic(sheet, await api.sheetPng(pictures, api.images, api.drawOptionsOf(file)));
    }

    const learnt = profile.normals.length;
    if (o.json) {
      printJson(terminal, {
        profile: o.profile,
        product: file.product,
        normals: learnt,
        calibration: profile.calibration.length,
        worst,
        failing,
        worstPicture: worst.length > 0 ? sheet : null,
        warnings: warnings.map((w) => w.toJSON()),
        failures: failures.map((f) => ({ image: f.image, error: f.error.toJSON() })),
        fingerprint: profile.stamp,
      });
    } else {
      terminal.out(
        heading(
          product,
          profile.normals.length,
          calibration.length > 0 ? profile.calibration.length : null,
          failing,
          o.profile,
        ),
      );
      for (const w of worst)
        terminal.out(
          `  ${w.unit > 1 ? 'look at' : 'nearest to a border:'} ${w.image} (unit ${w.unit.toFixed(2)}): ${w.reasons.join('; ')}\n`,
        );
      if (worst.length > 0) terminal.out(`  pictures of these: ${sheet}\n`);
      for (const f of failures) terminal.err(`error ${f.error.code}: ${f.error.message}\n  fix: ${f.error.fix}\n`);
      terminal.out(nextSteps(quote(rules!), product, o, failing.length > 0 ? sheet : null));
    }
    return failures.length > 0 ? EXIT.usage : EXIT.ok;
  },
});
