/** docs/papers.md promises files and options: they exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETECTORS } from '../../src/core/detect/index.ts';
import { ROOT } from '../support/imports.ts';

const text = readFileSync(join(ROOT, 'docs/papers.md'), 'utf8');
const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((m) => m[1]!);
const paths = [...new Set(quoted.filter((q) => /^(src|test|prompts|rules|docs|server)\//.test(q)))];

describe('docs/papers.md', () => {
  it('names files enough to be worth checking', () => {
    expect(paths.length).toBeGreaterThan(40);
  });

  it.each(paths)('%s exists', (path) => {
    const there = path.includes('*')
      ? readdirSync(join(ROOT, dirname(path))).some((f) => extname(f) === extname(path))
      : existsSync(join(ROOT, path));
    expect(there, `docs/papers.md names ${path}: correct the page`).toBe(true);
  });

  it('every detector has its file in it', () => {
    for (const d of DETECTORS) {
      const file = d.name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());
      expect(paths, d.name).toContain(`src/core/detect/${file}.ts`);
    }
  });

  it('every name in brackets behind a file stands in that file', () => {
    const claims = [...text.matchAll(/`((?:src|test)\/[^`]+\.ts)` \(((?:`\w+`(?:, )?)+)\)/g)];
    expect(claims.length).toBeGreaterThan(5);
    for (const [, file, names] of claims) {
      const source = readFileSync(join(ROOT, file!), 'utf8');
      for (const [, name] of names!.matchAll(/`(\w+)`/g))
        expect(source, `${file} has no ${name}`).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
