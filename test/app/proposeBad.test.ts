import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient } from '../../src/adapters/llm/client.ts';
import { recorded, replayed } from '../../src/adapters/llm/record.ts';
import {
  type Engine,
  files,
  LogsadError,
  lintRules,
  openEngine,
  type Proposal,
  proposeRules,
} from '../../src/index.ts';
import { llmServer } from '../support/llmServer.ts';
import { BAD, type Bad, scriptOf } from '../support/proposals/bad.ts';
import { drawNormals } from '../support/proposals/kit.ts';
import { OTHERS } from '../support/proposals/others.ts';

// The conversations differ in what the model says; what its sentences come to on the same normals is worked out once.
vi.mock('../../src/app/learn.ts', async (original) => {
  const real = await original<typeof import('../../src/app/learn.ts')>();
  const { remembered } = await import('../support/remembered.ts');
  return { ...real, learn: remembered(real.learn, (input) => input) };
});
vi.mock('../../src/core/rules/tools/index.ts', async (original) => {
  const real = await original<typeof import('../../src/core/rules/tools/index.ts')>();
  const { remembered } = await import('../support/remembered.ts');
  return { ...real, vetRules: remembered(real.vetRules) };
});
vi.mock('../../src/core/propose/evidence.ts', async (original) => {
  const real = await original<typeof import('../../src/core/propose/evidence.ts')>();
  const { remembered } = await import('../support/remembered.ts');
  return { ...real, minedBeyond: remembered(real.minedBeyond) };
});

const KEY = 'sk-very-secret-0123456789';
const product = OTHERS.find((p) => p.instructions.includes('washers'))!;
const LONG = { timeout: 600_000 };

let engine: Engine;
let normals = '';
beforeAll(async () => {
  engine = await openEngine();
  normals = await mkdtemp(join(tmpdir(), 'logsad-normals-'));
  for (const [name, bytes] of await drawNormals(product, 6)) await writeFile(join(normals, name), bytes);
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(normals, { recursive: true, force: true });
});

interface Ended {
  readonly proposal: Proposal | null;
  readonly error: unknown;
  readonly record: string;
}

async function run(bad: Bad): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'logsad-bad-'));
  const server = await llmServer(scriptOf(bad, product.replies));
  try {
    const record = join(folder, 'exchanges.jsonl');
    const config = { url: server.url, model: 'careless', key: KEY, retries: 0, ...bad.client };
    const llm = recorded(createClient(config), { file: record });
    const { images } = await files.listNormals(normals);
    const input = { product: product.name, file: 'rules.yaml', normals: images, images: product.shown };
    const end = (model: Parameters<typeof proposeRules>[2]) =>
      proposeRules(engine, { ...input, instructions: product.instructions }, model).then(
        (proposal) => ({ proposal, error: null }),
        (error: unknown) => ({ proposal: null, error }),
      );
    const ended = await end(llm);
    // What failed is in the record as what was answered is: a replay fails in the same words.
    if (ended.error !== null) expect((await end(await replayed(record))).error).toEqual(ended.error);
    // Nothing but the record, and that one whole.
    expect((await readdir(folder)).filter((n) => n !== 'exchanges.jsonl')).toEqual([]);
    const text = (await files.exists(record)) ? await readFile(record, 'utf8') : '';
    for (const line of text.split('\n').filter(Boolean)) JSON.parse(line);
    return { ...ended, record: text };
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

describe('conversations that go wrong', () => {
  it.each(BAD)('$name ends in $ends', LONG, async (bad) => {
    const { proposal, error, record } = await run(bad);
    expect(record).not.toContain(KEY);
    if (bad.ends === 'file') {
      expect(error).toBeNull();
      expect(lintRules(proposal!.text, 'rules.yaml')).toEqual([]);
      expect(proposal!.text).toMatch(/^status: proposed$/m);
      if (bad.shows) expect(proposal!.text).toMatch(bad.shows);
      expect(`${proposal!.text}${proposal!.html}`).not.toContain(KEY);
      // The sheet tells of attempts that failed as it tells of answers.
      const entries = record.split('\n').filter(Boolean);
      const failed = entries.flatMap((l) => (JSON.parse(l) as { fault?: { code: string } }).fault?.code ?? []);
      expect(failed.filter((code) => !proposal!.html.includes(`<td>${code}</td>`))).toEqual([]);
      if (bad.client?.retries) expect(failed.length).toBeGreaterThan(0);
      expect(proposal!.html).not.toMatch(/<script|<iframe|<img[^>]* src="(?!data:image\/jpeg;base64,)|\son\w+=/i);
    } else {
      expect(error).toBeInstanceOf(LogsadError);
      const fault = error as LogsadError;
      expect([fault.code, fault.message]).toEqual([bad.ends, expect.stringMatching(bad.shows ?? /./)]);
      expect(JSON.stringify(fault.toJSON())).not.toContain(KEY);
    }
  });

  it('are the ones that the guide tells of', async () => {
    const guide = await readFile(new URL('../../docs/authoring-with-an-llm.md', import.meta.url), 'utf8');
    const rows = [...guide.matchAll(/^\| ([^|]+) \| ([^|]*) \| (?:`([A-Z_]+)`|(a correct file)[^|]*)[^|]*\|$/gm)];
    expect(rows.map((r) => [r[1]!.trim(), r[3] ?? 'file'])).toEqual(BAD.map((b) => [b.name, b.ends]));
  });
});
