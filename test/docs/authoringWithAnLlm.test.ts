/**
 * Runs docs/authoring-with-an-llm.md as a reader would, listing after listing, against a local server in the place of the
 * model. `logsad demo` is run by test/cli; here its pictures are made by the same generator.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateDemo, images } from '../../src/index.ts';
import { logsad } from '../support/cli.ts';
import { ROOT } from '../support/imports.ts';
import { type LlmServer, llmServer } from '../support/llmServer.ts';
import { careful } from '../support/proposals/kit.ts';
import { KIT_INSTRUCTIONS, KIT_REPLIES } from '../support/proposals/sensorKit.ts';
import { fitted } from '../support/scenario.ts';

const guide = await readFile(join(ROOT, 'docs/authoring-with-an-llm.md'), 'utf8');
const listings = [...guide.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map((m) => ({
  language: m[1]!,
  info: m[2]!.trim(),
  body: m[3]!,
  line: guide.slice(0, m.index).split('\n').length,
}));

const SERVED = 'http://localhost:11434/v1';
const careful1 = careful(KIT_REPLIES);
let folder = '';
let server: LlmServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-llm-guide-'));
  server = await llmServer((r, nth) => (r.stage === 'probe' ? { say: { digit: 7, sure: true } } : careful1(r, nth)));
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
});
afterAll(async () => {
  delete process.env.XDG_CACHE_HOME;
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function console(body: string): Promise<void> {
  const [command, ...expected] = body.trimEnd().split('\n');
  const args = command!.slice('$ logsad '.length).split(' ');
  if (args[0] === 'demo') {
    for await (const file of generateDemo({ seed: 1 }, images))
      await put(join('logsad-demo/data', file.path), file.bytes);
    return;
  }
  const { status, stdout, stderr } = await logsad(args, { cwd: folder });
  expect(status, stdout + stderr).toBe(0);
  const pattern = expected.join('\n');
  expect(fitted(pattern, stdout)).toBe(pattern);
}

describe('docs/authoring-with-an-llm.md', () => {
  it('has listings of a kind that is run, and the paragraph that the answers speak of', () => {
    expect(
      listings
        .map((l) => l.language)
        .sort()
        .join(),
    ).toMatch(/^(console,){8,}text,yaml$/);
    expect(listings.find((l) => l.language === 'text')!.body).toBe(KIT_INSTRUCTIONS);
  });

  // In order: each listing builds on those before it.
  for (const { language, info, body, line } of listings) {
    it(`line ${line}: ${body.split('\n')[0]!.slice(0, 90)}`, { timeout: 600_000 }, async () => {
      if (language === 'text') return put(/file=(\S+)/.exec(info)![1]!, body);
      if (language === 'console') return console(body);
      const [head, ...lines] = body.split('\n');
      // The reader's server is ours here; `localhost` is how the guide calls it.
      const local = server.url.replace('127.0.0.1', 'localhost');
      expect(lines.join('\n')).toContain(SERVED);
      return put(/^# file: (\S+)$/.exec(head!)![1]!, lines.join('\n').replace(SERVED, local));
    });
  }

  it('ends with the replay and the first run alike', async () => {
    const rules = async (name: string): Promise<string> => readFile(join(folder, name, 'rules.yaml'), 'utf8');
    expect((await rules('again')).replace('status: proposed', 'status: accepted')).toBe(await rules('kit'));
  });
});
