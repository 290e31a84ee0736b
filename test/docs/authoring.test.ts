/**
 * Runs docs/authoring.md as a reader would, listing after listing, in an empty folder. `logsad demo` itself is run by
 * test/cli; here its pictures are made by the same generator, and its learning and inspecting are left out.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateDemo, images } from '../../src/index.ts';
import { logsad } from '../support/cli.ts';
import { ROOT } from '../support/imports.ts';
import { fitted } from '../support/scenario.ts';

interface Listing {
  readonly language: string;
  readonly info: string;
  readonly body: string;
  readonly line: number;
}

function listings(markdown: string): Listing[] {
  return [...markdown.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map((m) => ({
    language: m[1]!,
    info: m[2]!.trim(),
    body: m[3]!,
    line: markdown.slice(0, m.index).split('\n').length,
  }));
}

const all = listings(await readFile(join(ROOT, 'docs/authoring.md'), 'utf8'));
let folder = '';

async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

/** A YAML listing: a whole file, lines to append, or words before and after an edit (of a copy, where `to:` names one). */
async function write({ body }: Listing): Promise<void> {
  const [head, ...lines] = body.split('\n');
  const [, how, path, copy] = /^# (file|append to|edit): (\S+)(?: to: (\S+))?$/.exec(head!)!;
  const text = lines.join('\n');
  if (how === 'file') return put(path!, text);
  const before = await readFile(join(folder, path!), 'utf8');
  if (how === 'append to') return put(path!, before + text);
  expect(before.split(lines[0]!)).toHaveLength(2);
  return put(copy ?? path!, before.replace(lines[0]!, lines[1]!));
}

async function demo(): Promise<void> {
  for await (const file of generateDemo({ seed: 1 }, images))
    await put(join('logsad-demo/data', file.path), file.bytes);
}

async function run({ body, info }: Listing): Promise<void> {
  const [command, ...expected] = body.trimEnd().split('\n');
  expect(command).toMatch(/^\$ logsad /);
  const args = command!.slice('$ logsad '.length).split(' ');
  if (args[0] === 'demo') return demo();
  const { status, stdout, stderr } = await logsad(args, { cwd: folder });
  expect(status, stdout + stderr).toBe(Number(info.replace('status=', '')));
  const pattern = expected.join('\n');
  expect(fitted(pattern, stdout)).toBe(pattern);
}

describe('docs/authoring.md', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'logsad-guide-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has listings of a kind that is run', () => {
    expect(all.length).toBeGreaterThan(12);
    expect(all.filter((l) => l.language !== 'yaml' && l.language !== 'console')).toEqual([]);
  });

  // In order: each listing builds on those before it.
  for (const listing of all) {
    it(`line ${listing.line}: ${listing.body.split('\n')[0]}`, { timeout: 600_000 }, () =>
      listing.language === 'yaml' ? write(listing) : run(listing),
    );
  }
});
