import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('builds into modules that import built modules: no .ts is left in any import', () => {
  const out = mkdtempSync(join(tmpdir(), 'logsad-build-'));
  try {
    execFileSync('npx', [
      'tsc',
      '-p',
      'tsconfig.build.json',
      '--outDir',
      out,
      '--sourceMap',
      'false',
      '--declaration',
      'false',
    ]);
    const built = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.js'));
    expect(built.length).toBeGreaterThan(100);
    const left = built.filter((f) =>
      /(?:from\s*|import\(\s*)['"][^'"]*\.ts['"]/.test(readFileSync(join(out, f), 'utf8')),
    );
    expect(left).toEqual([]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
