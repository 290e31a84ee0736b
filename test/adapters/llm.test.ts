import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asSent, bodyOf, createClient } from '../../src/adapters/llm/client.ts';
import { type LlmConfig, llmConfig } from '../../src/adapters/llm/config.ts';
import { recall, remember } from '../../src/adapters/llm/memory.ts';
import { loadPrompts } from '../../src/adapters/llm/prompts.ts';
import { exchangeKey, knownExchanges, readRecord, recorded, replayed } from '../../src/adapters/llm/record.ts';
import type { ChatMode, ChatRequest } from '../../src/app/ports.ts';
import { budgeted, estimateTokens } from '../../src/app/propose/budget.ts';
import { LogsadError } from '../../src/core/errors.ts';
import { type LlmServer, llmServer, type Script, type Turn } from '../support/llmServer.ts';

const KEY = 'sk-very-secret-0123456789';
const SHAPE = {
  name: 'correct',
  schema: { type: 'object', properties: {}, required: [], additionalProperties: false },
};
const picture = {
  name: 'a.jpg',
  jpeg: Uint8Array.from([255, 216, 1, 2, 3]),
  width: 10,
  height: 20,
  sha256: 'ab'.repeat(32),
};
const request = (mode: ChatMode = 'strict'): ChatRequest => ({
  stage: 'correct',
  mode,
  messages: [
    { role: 'system', parts: [{ text: 'be brief' }] },
    { role: 'user', parts: [{ text: 'look: "redraw"' }, { image: picture }] },
  ],
  schema: SHAPE,
  maxOutputTokens: 100,
});
const AT = '2026-11-22T10:00:00.000Z';

let server: LlmServer | undefined;
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-llm-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function client(script: Script | readonly Turn[], extra: Partial<LlmConfig> = {}) {
  const turns = script;
  server = await llmServer(
    typeof turns === 'function' ? turns : (_, nth) => turns[nth] ?? { status: 400, message: 'over' },
  );
  return createClient({ url: server.url, model: 'careful-1', key: KEY, retries: 0, ...extra }, null, () => AT);
}

async function fault(work: Promise<unknown>): Promise<LogsadError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(LogsadError);
  return error as LogsadError;
}

describe('the client', () => {
  it.each<[ChatMode, object]>([
    [
      'strict',
      {
        response_format: { type: 'json_schema', json_schema: { name: 'correct', schema: SHAPE.schema, strict: true } },
      },
    ],
    ['schema', { response_format: { type: 'json_schema', json_schema: { name: 'correct', schema: SHAPE.schema } } }],
    ['tool', { tool_choice: { type: 'function', function: { name: 'correct' } } }],
    ['plain', {}],
  ])('asks by mode %s and reads the answer, whole and as a stream', async (mode, asked) => {
    for (const stream of [false, true]) {
      const llm = await client([{ say: { fine: true } }], { stream });
      const reply = await llm.complete(request(mode));
      expect(reply).toMatchObject({
        text: '{"fine":true}',
        refusal: null,
        model: 'careful-1-served',
        at: AT,
        unsupported: null,
      });
      expect(reply.usage).toEqual({ input: 1001, output: 4 });
      expect(server!.received[0]).toMatchObject({ stage: 'correct', mode, authorization: `Bearer ${KEY}` });
      expect(server!.received[0]!.body).toMatchObject(asked);
      expect('response_format' in server!.received[0]!.body).toBe(mode === 'strict' || mode === 'schema');
      await server!.close();
    }
  });

  it('sends pictures as data URLs and never an address', async () => {
    const body = JSON.stringify(bodyOf(request(), 'm'));
    expect(body).toContain(`"url":"data:image/jpeg;base64,${Buffer.from(picture.jpeg).toString('base64')}"`);
    expect(body).not.toMatch(/https?:/);
    expect(body).not.toContain(KEY);
  });

  it('hands on refusals, cut answers and modes that a server cannot do', async () => {
    const llm = await client([
      { say: '', refusal: 'I cannot look at this.' },
      { say: '{"fine": tr', finish: 'length' },
      { status: 400, message: `json_schema is not supported for ${KEY}` },
    ]);
    expect((await llm.complete(request())).refusal).toBe('I cannot look at this.');
    expect((await llm.complete(request())).finish).toBe('length');
    const third = await llm.complete(request());
    expect(third.unsupported).toContain('json_schema is not supported');
    expect(third.unsupported).not.toContain(KEY);
  });

  it('takes a stream that ends without saying why for a cut one', async () => {
    const llm = await client([{ say: '{}', finish: '' }], { stream: true });
    expect((await llm.complete(request())).finish).toBe('length');
  });

  it.each<[string, Turn, string]>([
    ['401', { status: 401, message: `Incorrect API key provided: ${KEY}` }, 'LLM_AUTH'],
    ['429', { status: 429, message: 'slow down' }, 'LLM_BUSY'],
    ['500', { status: 500, message: `it broke, ${KEY}` }, 'LLM_SERVER'],
    ['a plain 400', { status: 400, message: 'unknown model' }, 'LLM_SERVER'],
    ['no JSON', { raw: '<html>hello</html>' }, 'LLM_SERVER'],
    ['no choices', { raw: '{"id":"x","choices":[]}' }, 'LLM_SERVER'],
  ])('turns %s into a fault of the catalogue, without the key', async (_, turn, code) => {
    const llm = await client([turn]);
    const error = await fault(llm.complete(request()));
    expect(error.code).toBe(code);
    expect(JSON.stringify([error.message, error.fix, error.params, String(error.cause ?? '')])).not.toContain(KEY);
  });

  it.each([
    ['a fault', 500, ''],
    ['a mode that is refused', 400, 'json_schema '],
  ])('quotes no half of a key where the words of %s are cut', async (_, status, start) => {
    for (const before of [280, 290, 296, 299]) {
      const message = `${start}${'x'.repeat(before - start.length - 4)}${KEY} and more`;
      const llm = await client([{ status, message }]);
      const said = await llm.complete(request()).then(
        (r) => r.unsupported,
        (e: unknown) => (e as LogsadError).message,
      );
      expect(said).toContain('xxxx');
      expect(said).not.toContain(KEY.slice(0, 3));
      await server!.close();
    }
  });

  it.each([
    ['a whole answer', { raw: `{"id":"${'x'.repeat(9 * 2 ** 20)}"}` }, false],
    ['a stream', { say: 'x'.repeat(5 * 2 ** 20) }, true],
  ])('stops reading %s that does not end', async (_, turn, stream) => {
    const llm = await client([turn], { stream });
    const error = await fault(llm.complete(request()));
    expect(error.code).toBe('LLM_SERVER');
    expect(error.message).toContain('longer than');
  });

  it('obeys Retry-After and repeats after a 500', async () => {
    const llm = await client(
      [
        { status: 429, message: 'wait', headers: { 'retry-after': '1' } },
        { status: 500, message: 'oops', headers: { 'retry-after-ms': '5' } },
        { say: { fine: true } },
      ],
      { retries: 2 },
    );
    const began = performance.now();
    expect((await llm.complete(request())).text).toBe('{"fine":true}');
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(server!.received).toHaveLength(3);
  });

  it('does not begin a pause that would outlast the limit, nor repeat what the server calls hopeless', async () => {
    for (const headers of [{ 'retry-after': '3600' }, { 'x-should-retry': 'false' }]) {
      const llm = await client(() => ({ status: 429, message: 'slow down', headers }), { retries: 5 });
      const error = await fault(llm.complete(request()));
      expect([error.code, server!.received.length]).toEqual(['LLM_BUSY', 1]);
      if ('retry-after' in headers) expect(error.message).toContain('asks to wait 3600 s');
      await server!.close();
    }
  });

  it('understands a Retry-After that names a time', async () => {
    const headers = { 'retry-after': new Date(Date.now() + 7_200_000).toUTCString() };
    const llm = await client(() => ({ status: 503, message: 'later', headers }), { retries: 5 });
    expect((await fault(llm.complete(request()))).code).toBe('LLM_SERVER');
    expect(server!.received).toHaveLength(1);
  });

  it.each<[string, Turn, boolean]>([
    ['never answers', { hang: true }, false],
    ['trickles', { say: { a: 'x'.repeat(50) }, slow: 400 }, false],
    ['streams for too long', { say: { a: 'x'.repeat(50) }, slow: 400 }, true],
  ])('gives up on a server that %s', async (_, turn, stream) => {
    const llm = await client([turn, turn, turn], { timeoutSeconds: 0.5, stream });
    expect((await fault(llm.complete(request()))).code).toBe('LLM_TIMEOUT');
  });

  it('ends at once when the caller gives up, with the reason of the caller', async () => {
    const llm = await client([{ hang: true }]);
    const abort = new AbortController();
    const work = llm.complete(request(), { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(work).rejects.toThrow('enough');
  });

  it('says where nothing answers', async () => {
    const llm = createClient({ url: 'http://127.0.0.1:9/v1', model: 'm', key: null, retries: 0 });
    const error = await fault(llm.complete(request()));
    expect(error.code).toBe('LLM_UNREACHABLE');
    expect(error.message).toContain('127.0.0.1:9');
  });
});

describe('what the environment holds for other servers', () => {
  it.each([
    ['a plain server', {}],
    ['Azure', { azure: { apiVersion: '2024-10-21' } }],
  ])('is not sent to %s', async (_, extra) => {
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Secret: of-another\nAuthorization: Bearer of-another');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1');
    vi.stubEnv('OPENAI_ADMIN_KEY', 'of-another');
    vi.stubEnv('OPENAI_ORG_ID', 'of-another');
    const llm = await client([{ say: { fine: true } }], extra);
    expect((await llm.complete(request())).text).toBe('{"fine":true}');
    const { headers } = server!.received[0]!;
    expect(JSON.stringify(headers)).not.toContain('of-another');
    expect([headers['api-key'], headers.authorization]).toContain('azure' in extra ? KEY : `Bearer ${KEY}`);
    expect(process.env.OPENAI_CUSTOM_HEADERS).toContain('X-Secret');
  });

  it.each<[string, Partial<LlmConfig>, string]>([
    ['a plain server', {}, '/chat/completions'],
    [
      'Azure',
      { azure: { apiVersion: '2024-10-21' } },
      '/deployments/careful-1/chat/completions?api-version=2024-10-21',
    ],
    ['a server that streams', { stream: true }, '/chat/completions'],
  ])('nor anything else: what is sent to %s is what asSent shows', async (_, extra, end) => {
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Secret: of-another');
    const llm = await client([{ say: { fine: true } }], extra);
    await llm.complete(request());
    const { headers, body } = server!.received[0]!;
    const shown = await asSent({ url: server!.url, model: 'careful-1', key: KEY, ...extra }, request());
    expect(server!.received).toHaveLength(1);
    expect(shown.body).toEqual(body);
    expect(shown.bytes).toBe(Number(headers['content-length']));
    expect(shown.url.endsWith(end) && shown.url.startsWith(new URL(server!.url).origin)).toBe(true);
    expect(JSON.stringify(shown)).not.toContain(KEY);
    // Beyond these, HTTP's own: no platform, no version of the package, no time limits.
    const transport =
      /^(host|connection|content-length|accept-encoding|accept-language|sec-fetch-mode|transfer-encoding)$/;
    expect(Object.keys(shown.headers)).toEqual(
      Object.keys(headers)
        .filter((h) => !transport.test(h))
        .sort(),
    );
    expect(headers['user-agent']).toBe('logsad');
    const without = await asSent({ url: server!.url, model: 'careful-1', key: null, ...extra }, request());
    expect(Object.keys(without.headers)).toEqual(['accept', 'content-type', 'user-agent']);
  });

  it('is not what a server points to either: redirects are faults', async () => {
    const other = await llmServer(() => ({ say: { fine: true } }));
    try {
      const location = `${other.url}/chat/completions`;
      const llm = await client([{ status: 307, message: 'there', headers: { location } }]);
      const error = await fault(llm.complete(request()));
      expect(error.code).toBe('LLM_UNREACHABLE');
      expect(error.message).toContain('redirect');
      expect(other.received).toHaveLength(0);
    } finally {
      await other.close();
    }
  });
});

describe('the cap', () => {
  it('stops a request before it is sent', async () => {
    const llm = budgeted(await client(() => ({ say: { fine: true } })), { tokens: 1350 });
    await llm.complete(request());
    const error = await fault(llm.complete(request()));
    expect(error.code).toBe('LLM_BUDGET');
    expect(server!.received).toHaveLength(1);
  });

  it('counts attempts that failed', async () => {
    const llm = budgeted(await client([{ status: 500, message: 'oops' }]), { tokens: 150 + estimateTokens(request()) });
    expect((await fault(llm.complete(request()))).code).toBe('LLM_SERVER');
    expect((await fault(llm.complete(request()))).code).toBe('LLM_BUDGET');
    expect(server!.received).toHaveLength(1);
  });

  it('counts the repeats of one question', async () => {
    const turn: Turn = { status: 503, message: 'oops', headers: { 'retry-after-ms': '1' } };
    const estimate = estimateTokens(request());
    const llm = budgeted(await client(() => turn, { retries: 9 }), { tokens: 3 * estimate + 100 });
    expect((await fault(llm.complete(request()))).code).toBe('LLM_BUDGET');
    expect(server!.received).toHaveLength(3);
  });

  it('takes an attempt without any status for one that was answered in full', async () => {
    const inner = await client(() => ({ hang: true }), { timeoutSeconds: 0.3 });
    const llm = budgeted(inner, { tokens: 2 * estimateTokens(request()) + 199 });
    expect((await fault(llm.complete(request()))).code).toBe('LLM_TIMEOUT');
    expect((await fault(llm.complete(request()))).code).toBe('LLM_BUDGET');
    expect(server!.received).toHaveLength(1);
  });

  it('takes a character of Chinese for a token at least', () => {
    const said = (text: string) => estimateTokens({ ...request(), messages: [{ role: 'user', parts: [{ text }] }] });
    expect(said('检'.repeat(300)) - said('')).toBeGreaterThanOrEqual(300);
    expect(said('a'.repeat(300)) - said('')).toBeLessThan(100);
  });

  it('counts dollars where prices are known', async () => {
    const inner = await client(() => ({ say: { fine: true } }), { prices: { input: 10, output: 30 } });
    expect((await fault(budgeted(inner, { tokens: 1e9, dollars: 0.001 }).complete(request()))).code).toBe('LLM_BUDGET');
    expect(server!.received).toHaveLength(0);
  });
});

describe('the record', () => {
  it('holds what was said, digests of what was asked, and no key', async () => {
    const file = join(folder, 'exchanges.jsonl');
    const llm = recorded(await client([{ say: `{"fine":true,"echo":"${KEY}"}` }]), { file });
    await llm.complete(request());
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(Buffer.from(picture.jpeg).toString('base64'));
    const [first] = await readRecord(file);
    expect(first).toMatchObject({
      stage: 'correct',
      model: 'careful-1',
      images: [{ name: 'a.jpg', sha256: picture.sha256 }],
    });
    expect(first).toMatchObject({ reply: { at: AT } });
  });

  it('answers a second run without asking, and a replay without any server', async () => {
    const file = join(folder, 'exchanges.jsonl');
    const first = recorded(await client([{ say: { fine: true } }]), { file });
    const said = await first.complete(request());
    await first.finish();
    const bytes = await readFile(file);
    const second = recorded(await client([]), { file, known: await readRecord(file) });
    expect(await second.complete(request())).toEqual(said);
    await second.finish();
    expect(second.asked).toBe(0);
    expect(await readFile(file)).toEqual(bytes);
    const third = await replayed(file);
    expect(await third.complete(request())).toEqual(said);
    const missing = await fault(third.complete(request('plain')));
    expect(missing.code).toBe('LLM_RECORD_MISSING');
    expect(await readdir(folder)).toEqual(['exchanges.jsonl']);
  });

  it('keeps earlier answers until a run is through', async () => {
    const file = join(folder, 'exchanges.jsonl');
    const first = recorded(await client((r) => ({ say: r.mode })), { file });
    await first.complete(request('strict'));
    await first.complete(request('schema'));
    const second = recorded(await client((r) => ({ say: r.mode })), { file, known: await readRecord(file) });
    await second.complete(request('tool'));
    expect((await readRecord(file)).map((e) => e.mode)).toEqual(['tool', 'strict', 'schema']);
    await second.finish();
    expect((await readRecord(file)).map((e) => e.mode)).toEqual(['tool']);
  });

  const down: Turn = { status: 500, message: `it broke, ${KEY}`, headers: { 'retry-after-ms': '1' } };

  it('holds what failed, before the answer and without one; a replay ends alike', async () => {
    const file = join(folder, 'exchanges.jsonl');
    const llm = recorded(await client([down, { say: { fine: true } }, down, down], { retries: 1 }), { file });
    const said = await llm.complete(request());
    const error = await fault(llm.complete(request('plain')));
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(KEY);
    const entries = await readRecord(file);
    expect(entries.map((e) => ('fault' in e ? [e.mode, e.fault.code, e.fault.attempt, e.fault.at] : 'reply'))).toEqual([
      ['strict', 'LLM_SERVER', 1, AT],
      'reply',
      ['plain', 'LLM_SERVER', 1, AT],
      ['plain', 'LLM_SERVER', 2, AT],
    ]);
    expect(entries[2]).toMatchObject({ model: 'careful-1', images: [{ name: 'a.jpg', sha256: picture.sha256 }] });
    expect(entries.every((e) => e.prompt.length === 64 && e.key.length === 64)).toBe(true);

    const replay = await replayed(file);
    expect(await replay.complete(request())).toEqual(said);
    const again = await fault(replay.complete(request('plain')));
    expect([again.code, again.message]).toEqual([error.code, error.message]);
    expect([replay.exchanges.length, replay.entries.length]).toEqual([1, 4]);
    expect(await readFile(file, 'utf8')).toBe(text);

    // An ordinary run asks again what failed, and keeps that it had failed.
    const second = recorded(await client([{ say: { fine: 2 } }]), { file, known: await knownExchanges(file) });
    await second.complete(request());
    expect((await second.complete(request('plain'))).text).toBe('{"fine":2}');
    await second.finish();
    expect([second.asked, server!.received.length]).toEqual([1, 1]);
    expect((await readRecord(file)).map((e) => 'fault' in e)).toEqual([true, false, true, true, false]);
  });

  it.each<[string, Turn, string | null]>([
    ['a time limit', { hang: true }, 'LLM_TIMEOUT'],
    ['an abort', { hang: true }, null],
    ['an answer that is none', { raw: '{"choices":[]}' }, 'LLM_SERVER'],
  ])('holds %s', async (_, turn, code) => {
    const file = join(folder, 'exchanges.jsonl');
    const llm = recorded(await client([turn], { timeoutSeconds: code === null ? 60 : 0.5 }), { file });
    const abort = new AbortController();
    if (code === null) setTimeout(() => abort.abort(new Error('enough')), 100);
    await expect(llm.complete(request(), { signal: abort.signal })).rejects.toThrow();
    expect(await readRecord(file)).toMatchObject([{ fault: { code, attempt: 1, at: AT } }]);
    const replay = await fault((await replayed(file)).complete(request()));
    expect(replay.code).toBe(code ?? 'LLM_RECORD_MISSING');
  });

  it('of an earlier run stays whole until a fresh run is through', async () => {
    const file = join(folder, 'exchanges.jsonl');
    const old = recorded(await client(() => ({ say: 'old' })), { file });
    await old.complete(request());
    await old.finish();
    const bytes = await readFile(file);
    const failing = recorded(await client([{ say: 'new' }, down]), { file, fresh: true });
    await failing.complete(request());
    await fault(failing.complete(request('plain')));
    expect(await readFile(file)).toEqual(bytes);
    expect((await readRecord(`${file}.partial`)).map((e) => 'fault' in e)).toEqual([false, true]);
    // What the run that failed had paid for serves the next one; then nothing is left beside the record.
    const next = recorded(await client(() => ({ say: 'newer' })), { file, known: await knownExchanges(file) });
    expect((await next.complete(request())).text).toBe('new');
    expect((await next.complete(request('plain'))).text).toBe('newer');
    await next.finish();
    expect(await readdir(folder)).toEqual(['exchanges.jsonl']);
    expect((await readRecord(file)).map((e) => ('reply' in e ? e.reply.text : 'fault'))).toEqual([
      'new',
      'fault',
      'newer',
    ]);
  });

  it('knows a request by its model, words, pictures, shape, mode and limit', () => {
    const keys = [
      exchangeKey(request(), 'm'),
      exchangeKey(request(), 'n'),
      exchangeKey(request('plain'), 'm'),
      exchangeKey({ ...request(), maxOutputTokens: 101 }, 'm'),
      exchangeKey({ ...request(), messages: request().messages.slice(1) }, 'm'),
      exchangeKey(
        { ...request(), messages: [{ role: 'user', parts: [{ image: { ...picture, sha256: '00' } }] }] },
        'm',
      ),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    const otherBytes = { ...picture, jpeg: Uint8Array.from([1]) };
    const same = request().messages.map((m) => ({
      ...m,
      parts: m.parts.map((p) => ('image' in p ? { image: otherBytes } : p)),
    }));
    expect(exchangeKey({ ...request(), messages: same }, 'm')).toBe(keys[0]);
  });

  const damaged = {
    schema: 'logsad/exchange/v1',
    ...{ key: 'k', stage: 's', model: 'm', endpoint: 'e' },
    fault: { code: 'NO_SUCH_CODE', params: {}, status: null, attempt: 1, at: AT },
  };
  it.each([
    '{',
    '{"schema":"other"}',
    '[]',
    'null',
    JSON.stringify(damaged),
  ])('refuses a line %j at its place', async (line) => {
    const file = join(folder, 'r.jsonl');
    await writeFile(file, `\n${line}\n`);
    const error = await fault(readRecord(file));
    expect(error.code).toBe('LLM_RECORD_INVALID');
    expect(error.place?.line).toBe(2);
  });
});

describe('configuration', () => {
  const write = async (text: string): Promise<string> => {
    const file = join(folder, 'llm.yaml');
    await writeFile(file, text);
    return file;
  };

  it('comes from the environment', async () => {
    expect(
      await llmConfig(undefined, { LOGSAD_LLM_MODEL: 'm', LOGSAD_LLM_URL: 'http://h/v1', LOGSAD_LLM_KEY: 'k' }),
    ).toEqual({
      model: 'm',
      url: 'http://h/v1',
      key: 'k',
    });
    expect((await fault(llmConfig(undefined, {}))).code).toBe('LLM_NOT_CONFIGURED');
  });

  it('never sends the key of one service to another', async () => {
    const env = { LOGSAD_LLM_MODEL: 'm', LOGSAD_LLM_URL: 'http://h/v1', OPENAI_API_KEY: KEY };
    expect((await llmConfig(undefined, env)).key).toBeNull();
    expect((await llmConfig(undefined, { LOGSAD_LLM_MODEL: 'm', OPENAI_API_KEY: KEY })).key).toBe(KEY);
  });

  it('comes from a file, the key from a variable that it names', async () => {
    const file = await write('url: http://localhost:11434/v1\nmodel: llava\nkeyEnv: MY_KEY\nstream: true\n');
    expect(await llmConfig(file, { MY_KEY: 'k' })).toEqual({
      url: 'http://localhost:11434/v1',
      model: 'llava',
      stream: true,
      key: 'k',
    });
    expect((await fault(llmConfig(file, {}))).message).toContain('MY_KEY');
  });

  it.each([
    'model: [',
    'url: http://x',
    `model: m\nkey: [${KEY}]`,
    'model: m\nfoo: 1',
    `model: m\nurl: http://u:${KEY}@h/v1`,
  ])('refuses %j without showing what may be a key', async (text) => {
    const error = await fault(llmConfig(await write(text), {}));
    expect(error.code).toBe('LLM_CONFIG');
    expect(error.message).not.toContain(KEY);
  });
});

describe('what is remembered of a server', () => {
  it('comes back by address and model, and a damaged memory is none', async () => {
    const file = join(folder, 'deep/llm.json');
    const capability = { url: 'http://h/v1', model: 'm', mode: 'tool' as const, images: true, at: AT };
    expect(await recall('http://h/v1', 'm', file)).toBeNull();
    await remember(capability, file);
    expect(await recall('http://h/v1', 'm', file)).toEqual(capability);
    expect(await recall('http://h/v1', 'n', file)).toBeNull();
    await writeFile(file, '{"half');
    expect(await recall('http://h/v1', 'm', file)).toBeNull();
  });
});

describe('prompt files', () => {
  it('are in the package, each with a digest of its own', async () => {
    const prompts = await loadPrompts();
    expect([...prompts.keys()].sort()).toEqual(['correct', 'describe', 'evidence', 'repair', 'rules', 'system']);
    expect(new Set([...prompts.values()].map((p) => p.digest)).size).toBe(6);
  });
});
