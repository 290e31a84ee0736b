import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { logsad } from '../support/cli.ts';
import { fitted, parseScenario } from '../support/scenario.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const names = (await readdir(FOLDER)).filter((n) => n.endsWith('.scenario')).sort();

describe('scenarios', () => {
  it('are there', () => expect(names.length).toBeGreaterThan(10));

  it.concurrent.each(names)('%s', async (name) => {
    const scenario = parseScenario(await readFile(join(FOLDER, name), 'utf8'));
    const cwd = await mkdtemp(join(tmpdir(), 'logsad-scenario-'));
    try {
      for (const { path, bytes } of scenario.files) {
        await mkdir(dirname(join(cwd, path)), { recursive: true });
        await writeFile(join(cwd, path), bytes);
      }
      const run = await logsad(scenario.args, { cwd });
      expect({
        status: run.status,
        stdout: fitted(scenario.stdout, run.stdout),
        stderr: fitted(scenario.stderr, run.stderr),
      }).toEqual({ status: scenario.status, stdout: scenario.stdout, stderr: scenario.stderr });
      if (scenario.tree) expect(await tree(cwd)).toEqual(scenario.tree);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});

async function tree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile())
    .map((e) => relative(folder, join(e.parentPath, e.name)))
    .sort();
}
