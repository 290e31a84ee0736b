import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { logsad } from '../support/cli.ts';
import { type LlmServer, llmServer, type Script } from '../support/llmServer.ts';
import { careful, drawNormals } from '../support/proposals/kit.ts';
import { OTHERS } from '../support/proposals/others.ts';

const KEY = 'sk-very-secret-0123456789';
const product = OTHERS.find((p) => p.instructions.includes('washers'))!;
const LONG = { timeout: 600_000 };
const good = careful(product.replies);

let cwd = '';
let script: Script = good;
let server: LlmServer;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'logsad-cli-propose-'));
  server = await llmServer((r, nth) => script(r, nth));
  await writeFile(join(cwd, 'placeholder'), '');
  for (const [name, bytes] of await drawNormals(product, 6)) await files('normals', name, bytes);
  await writeFile(join(cwd, 'bag.md'), product.instructions);
  await writeFile(join(cwd, 'llm.yaml'), `url: ${server.url}\nmodel: careful\nkey: ${KEY}\nretries: 0\n`);
}, 120_000);
afterAll(async () => {
  await server.close();
  await rm(cwd, { recursive: true, force: true });
});
beforeEach(() => {
  script = good;
});

async function files(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const { writeAtomic } = await import('../../src/adapters/writing.ts');
  await writeAtomic(join(cwd, folder, name), bytes);
}
const tree = (folder: string): Promise<string[]> =>
  readdir(join(cwd, folder)).then(
    (l) => l.sort(),
    () => [],
  );
const read = (...parts: string[]): Promise<string> => readFile(join(cwd, ...parts), 'utf8');
const args = (dir: string, ...more: string[]): string[] => [
  ...['propose', dir, '--normals', 'normals', '--instructions', 'bag.md', '--llm', 'llm.yaml'],
  ...['--images', product.shown.join(','), ...more],
];

describe('logsad propose', () => {
  it('shows what would leave the machine, and sends nothing', LONG, async () => {
    const before = server.received.length;
    const text = await logsad(args('dry', '--dry-run'), { cwd });
    expect([text.status, text.stderr.includes(KEY)]).toEqual([0, false]);
    expect(text.stdout).toContain(`To ${new URL(server.url).host}, model careful, would go first`);
    expect(text.stdout).toContain('Every bag holds exactly two washers');
    expect(text.stdout).toMatch(/JPEG 000\.png: 320 x 240, \d+ bytes, sha256 [0-9a-f]{64}/);
    expect(text.stdout).not.toContain(KEY);
    const json = await logsad(args('dry', '--dry-run', '--json', '--sheet'), { cwd });
    const printed = JSON.parse(json.stdout) as { sent: boolean; body: { messages: { content: unknown }[] } };
    expect(printed.sent).toBe(false);
    expect(JSON.stringify(printed.body).match(/data:image\/jpeg;base64,/g)).toHaveLength(1);
    expect(json.stdout).not.toContain(KEY);
    expect(server.received.length).toBe(before);
    expect(await tree('dry')).toEqual([]);
  });

  it('leaks no secret in a dry run, whatever the environment and the file hold', LONG, async () => {
    const SECRETS = [
      'of-the-file-1',
      'of-the-header-2',
      'of-openai-3',
      'of-logsad-4',
      'of-the-admin-5',
      'of-the-org-6',
    ];
    const environment = {
      OPENAI_CUSTOM_HEADERS: `X-Gateway: ${SECRETS[1]}\nAuthorization: Bearer ${SECRETS[1]}`,
      OPENAI_API_KEY: SECRETS[2]!,
      LOGSAD_LLM_KEY: SECRETS[3]!,
      OPENAI_ADMIN_KEY: SECRETS[4]!,
      OPENAI_ORG_ID: SECRETS[5]!,
      OPENAI_LOG: 'debug',
      MY_KEY: SECRETS[0]!,
    };
    const place = join(cwd, 'secret');
    await mkdir(join(place, 'tmp'), { recursive: true });
    const env = { ...environment, TMPDIR: join(place, 'tmp'), XDG_CACHE_HOME: join(place, 'cache') };
    const named = `url: ${server.url}\nmodel: careful\nprices: { input: 2, output: 8 }\n`;
    await writeFile(join(cwd, 'named.yaml'), `${named}keyEnv: MY_KEY\n`);
    await writeFile(join(cwd, 'azure.yaml'), `${named}key: ${SECRETS[0]}\nazure: { apiVersion: 2024-10-21 }\n`);
    const asked = server.received.length;
    const before = await readdir(cwd, { recursive: true });
    for (const [file, ...more] of [['named.yaml'], ['azure.yaml', '--json', '--sheet']]) {
      const run = await logsad(args('secret/out', '--llm', file!, '--dry-run', ...more), { cwd, env });
      expect([run.status, run.stderr]).toEqual([0, expect.any(String)]);
      expect(/(authorization|api-key)"?: ?"?\(the key, not shown\)/.test(run.stdout)).toBe(true);
      expect(/\$0\.\d{4} at most|"dollars":0\.\d+/.test(run.stdout)).toBe(true);
      expect(SECRETS.filter((secret) => `${run.stdout}${run.stderr}`.includes(secret))).toEqual([]);
    }
    // Nothing was asked, and nothing was written but what tsx keeps of the sources: not beside the file, not in the cache.
    expect(server.received.length).toBe(asked);
    const written = (await readdir(cwd, { recursive: true, withFileTypes: true }))
      .filter((f) => f.isFile())
      .map((f) => relative(cwd, join(f.parentPath, f.name)))
      .filter((f) => !before.includes(f));
    expect(written.filter((f) => !/^secret\/tmp\/tsx-/.test(f))).toEqual([]);
    for (const f of written) {
      const text = await read(f);
      expect(SECRETS.some((secret) => text.includes(secret))).toBe(false);
    }
  });

  it('writes a file, a sheet and a record; a replay gives the same bytes; accepting makes it live', LONG, async () => {
    const run = await logsad(args('bag'), { cwd });
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('ask: rules')]);
    expect(await tree('bag')).toEqual(['exchanges.jsonl', 'review.html', 'rules.yaml']);
    expect(server.received.at(-1)!.authorization).toBe(`Bearer ${KEY}`);
    for (const name of await tree('bag')) expect(await read('bag', name)).not.toContain(KEY);
    expect(`${run.stdout}${run.stderr}`).not.toContain(KEY);

    const asked = server.received.length;
    const again = await logsad(args('bag'), { cwd });
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('exists and is not overwritten')]);
    const first = [
      await read('bag', 'rules.yaml'),
      await read('bag', 'review.html'),
      await read('bag', 'exchanges.jsonl'),
    ];
    const replay = await logsad(args('bag', '--replay', 'bag/exchanges.jsonl', '--force'), { cwd });
    expect(replay.status).toBe(0);
    expect([
      await read('bag', 'rules.yaml'),
      await read('bag', 'review.html'),
      await read('bag', 'exchanges.jsonl'),
    ]).toEqual(first);
    expect(server.received.length).toBe(asked);

    const accept = await logsad(['rules', 'accept', 'bag'], { cwd });
    expect([accept.status, accept.stdout]).toEqual([0, expect.stringContaining('accepted')]);
    expect(await read('bag', 'rules.yaml')).toMatch(/^status: accepted$/m);
  });

  it('leaves no half of anything behind when the server fails or the user leaves', LONG, async () => {
    script = () => ({ status: 401, message: `bad key ${KEY}` });
    const failed = await logsad(args('failed'), { cwd });
    expect([failed.status, failed.stdout]).toEqual([3, '']);
    expect(failed.stderr).toContain('LLM_AUTH');
    expect(failed.stderr).not.toContain(KEY);
    // The record tells that something was sent, and how it ended; there is no half of a rule file.
    expect(await tree('failed')).toEqual(['exchanges.jsonl']);
    expect(await read('failed', 'exchanges.jsonl')).toMatch(/"fault":\{"code":"LLM_AUTH"/);
    expect(await read('failed', 'exchanges.jsonl')).not.toContain(KEY);
    script = () => ({ hang: true });
    const left = await logsad(args('left'), {
      cwd,
      onError: (text, child) => {
        if (text.includes('ask: describe')) child.kill('SIGINT');
      },
    });
    expect(left.status).toBe(130);
    expect(await tree('left')).toEqual(['exchanges.jsonl']);
    expect(await read('left', 'exchanges.jsonl')).toContain('"fault":{"code":null');
  });

  it('stops before a request that would pass the cap', LONG, async () => {
    const before = server.received.length;
    const run = await logsad(args('capped', '--max-tokens', '3000'), { cwd });
    expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('LLM_BUDGET')]);
    expect(server.received.length).toBe(before);
  });

  it('works without any model from exemplars drawn by hand, and says what it could not know', LONG, async () => {
    const drawn = (await read('bag', 'rules.yaml')).replace(/\nrules:[\s\S]*$/, '\nrules: []\n');
    await files('hand', 'drawn.yaml', new TextEncoder().encode(drawn));
    const run = await logsad(
      [
        'propose',
        'hand',
        '--normals',
        'normals',
        '--no-llm',
        '--exemplars',
        'hand/drawn.yaml',
        '--instructions',
        'bag.md',
      ],
      { cwd },
    );
    expect([run.status, run.stderr]).toEqual([0, expect.any(String)]);
    expect(run.stdout).toContain('open: No language model was asked');
    expect(run.stdout).toContain('open: Nobody has turned this sentence into a rule: Nothing else is in the bag.');
    expect(await tree('hand')).toEqual(['drawn.yaml', 'review.html', 'rules.yaml']);
    const text = await read('hand', 'rules.yaml');
    expect(text).toMatch(/^status: proposed$/m);
    const lint = await logsad(['rules', 'lint', 'hand'], { cwd });
    expect(lint.status).toBe(0);
    const accept = await logsad(['rules', 'accept', 'hand'], { cwd });
    expect(accept.status).toBe(0);
    const nothing = await logsad(['propose', 'none', '--normals', 'normals', '--no-llm'], { cwd });
    expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining('hand-drawn interests is not there')]);
  });

  it('probes a server and remembers what it can do', LONG, async () => {
    script = ({ mode }) =>
      mode === 'strict'
        ? { status: 400, message: 'strict schemas are not supported' }
        : { say: { digit: 7, sure: true } };
    process.env.XDG_CACHE_HOME = join(cwd, 'cache');
    const run = await logsad(['llm', 'probe', '--llm', 'llm.yaml'], { cwd });
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('answers of a given shape by mode schema; it reads pictures');
    expect(await read('cache', 'logsad', 'llm.json')).not.toContain(KEY);
    const dry = await logsad(args('dry', '--dry-run'), { cwd });
    expect(dry.stdout).toContain('[shape of the answer, mode schema]');
    delete process.env.XDG_CACHE_HOME;
  });
});
