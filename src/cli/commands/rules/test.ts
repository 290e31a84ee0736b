import { join } from 'node:path';
import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly json?: true;
}

type Api = typeof import('../../../index.ts');

/** A file itself; of a folder its rules.yaml, or all its YAML files and the rules.yaml of the folders in it. */
async function caseFiles(api: Api, path: string): Promise<string[]> {
  const yaml = await api.files.listFiles(path, '.yaml').catch(() => null);
  if (yaml === null) return [path];
  const own = yaml.find((p) => p === join(path, 'rules.yaml'));
  if (own !== undefined) return [own];
  const below = (await api.files.listFolders(path)).map((f) => join(path, f, 'rules.yaml'));
  const there = await Promise.all(below.map((p) => api.files.exists(p)));
  return [...yaml, ...below.filter((_, i) => there[i])];
}

export const test = define<Options>({
  name: 'test',
  summary: 'run the cases of rule files: scenes that are drawn or listed, and what they must violate',
  example: 'logsad rules test logsad-demo/data',
  exits: '0 all cases passed, 1 a case failed, 2 a file is at fault',
  declare: (c) => c.argument('<files...>', 'rule files, files of cases, or folders of them'),
  async run({ terminal }, o, paths) {
    const api = await loadApi();
    const files = (await Promise.all(paths.map((p) => caseFiles(api, p)))).flat();
    let passed = 0;
    let failed = 0;
    for (const file of files) {
      const text = await api.files.readText(file);
      // Regions may be mask files beside the rules; reading them needs no model either.
      const masks = /\bmask:/.test(text) ? await api.regionMasks(await api.loadRules(file, { models: false })) : {};
      const outcomes = api.runCaseText(text, file, null, masks);
      const wrong = outcomes.filter((c) => !c.passed);
      passed += outcomes.length - wrong.length;
      failed += wrong.length;
      if (o.json) {
        printJson(terminal, { file, passed: outcomes.length - wrong.length, failed: wrong.length, cases: outcomes });
        continue;
      }
      for (const c of wrong) terminal.out(`failed: ${file}: ${c.note}\n    ${c.problem}\n`);
      terminal.out(
        `${file}: ${outcomes.length === 0 ? 'no cases' : `${outcomes.length - wrong.length} of ${outcomes.length} passed`}\n`,
      );
    }
    if (!o.json && files.length > 1) terminal.out(`${passed} passed, ${failed} failed\n`);
    return failed > 0 ? EXIT.found : EXIT.ok;
  },
});
