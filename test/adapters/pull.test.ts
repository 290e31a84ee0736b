/** `models pull` against a server of ours that stalls, resumes, corrupts, redirects and rate-limits. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchFile, retryAfter } from '../../src/adapters/backbones/pull/fetchFile.ts';
import { proxyFor } from '../../src/adapters/backbones/pull/http.ts';
import { modelsToPull, type PullProgress, pullModels } from '../../src/adapters/backbones/pull/pull.ts';
import { createBackbones, type ModelRegistry } from '../../src/adapters/backbones/registry.ts';
import { lockPath, readLock } from '../../src/adapters/backbones/store.ts';
import type { Inference } from '../../src/app/ports.ts';
import { sources } from '../support/imports.ts';

type Handle = (request: IncomingMessage, response: ServerResponse, visit: number) => void;

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const QUICK = { pauseMs: 5, stallMs: 300, environment: {} } as const;

let server: Server;
let base: string;
let folder: string;
let handle: Handle;
let visits: IncomingMessage[];

beforeAll(async () => {
  server = createServer((request, response) => {
    visits.push(request);
    handle(request, response, visits.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-pull-'));
  visits = [];
  handle = whole;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A well-behaved server: ranges, tags, lengths. */
const whole: Handle = (request, response) => serve(request, response, CONTENT);

function serve(request: IncomingMessage, response: ServerResponse, content: Buffer, tag = '"one"'): void {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const fits = request.headers['if-range'] === undefined || request.headers['if-range'] === tag;
  const part = fits ? content.subarray(from) : content;
  const headers: Record<string, string | number> = { etag: tag, 'content-length': part.length };
  if (from > 0 && fits) headers['content-range'] = `bytes ${from}-${content.length - 1}/${content.length}`;
  response.writeHead(from > 0 && fits ? 206 : 200, headers);
  response.end(part);
}

/** Sends some bytes, then does what `after` says. */
function partly(response: ServerResponse, bytes: number, after: 'cut' | 'stall', from = 0): void {
  const status = from > 0 ? 206 : 200;
  response.writeHead(status, {
    etag: '"one"',
    'content-length': CONTENT.length - from,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` } : {}),
  });
  response.write(CONTENT.subarray(from, from + bytes), () => {
    if (after === 'cut') response.destroy();
  });
}

const target = (): string => join(folder, 'deep', 'file.onnx');
const fetchIt = (extra: object = {}) =>
  fetchFile(`${base}/file`, target(), { sha256: sha(CONTENT), ...QUICK, ...extra });
const arrived = async (): Promise<void> => {
  expect(sha(await readFile(target()))).toBe(sha(CONTENT));
  expect(readdirSync(join(folder, 'deep'))).toEqual(['file.onnx']);
};

describe('one file', () => {
  it('comes whole, with its progress', async () => {
    const seen: [number, number | null][] = [];
    const fetched = await fetchIt({ onProgress: (b: number, t: number | null) => seen.push([b, t]) });
    expect(fetched).toEqual({ sha256: sha(CONTENT), bytes: CONTENT.length });
    expect(seen[0]).toEqual([0, CONTENT.length]);
    expect(seen.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
    await arrived();
  });

  it.each(['cut', 'stall'] as const)('continues where a transfer was %s, and asks for the rest only', async (after) => {
    handle = (request, response, visit) =>
      visit === 1 ? partly(response, 100_000, after) : whole(request, response, visit);
    await fetchIt();
    await arrived();
    expect(visits[1]!.headers.range).toMatch(/^bytes=\d{5,}-$/);
    expect(visits[1]!.headers['if-range']).toBe('"one"');
  });

  it('starts over where the file changed meanwhile', async () => {
    const other = Buffer.from('another file');
    handle = (request, response, visit) =>
      visit === 1 ? partly(response, 50_000, 'cut') : serve(request, response, other, '"two"');
    await fetchIt({ sha256: sha(other) });
    expect(await readFile(target(), 'utf8')).toBe('another file');
  });

  it('a server that cannot continue sends all of it again', async () => {
    handle = (_, response, visit) => {
      if (visit === 1) return partly(response, 50_000, 'cut');
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.end(CONTENT);
    };
    await fetchIt();
    await arrived();
  });

  it('what was cut in an earlier run is continued by the next', async () => {
    handle = (_, response) => partly(response, 120_000, 'cut');
    await expect(fetchIt({ attempts: 1 })).rejects.toMatchObject({ code: 'PULL_FAILED' });
    expect(existsSync(target())).toBe(false);
    expect((await stat(`${target()}.part`)).size).toBeGreaterThan(0);
    handle = whole;
    visits = [];
    await fetchIt();
    expect(visits[0]!.headers.range).toMatch(/^bytes=[1-9]/);
    await arrived();
  });

  it('a corrupt file is named, removed, and never takes its place', async () => {
    const bad = Buffer.from(CONTENT);
    bad[1234]! ^= 1;
    handle = (request, response) => serve(request, response, bad);
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'PULL_DIGEST',
      message: expect.stringContaining(`expected sha256 ${sha(CONTENT)}, found ${sha(bad)}`),
    });
    expect(readdirSync(join(folder, 'deep'))).toEqual([]);
  });

  it('the digest that a hub states is checked on the first pull', async () => {
    handle = (request, response) => {
      response.setHeader('x-linked-etag', `"${'0'.repeat(64)}"`);
      whole(request, response, 1);
    };
    await expect(fetchIt({ sha256: null })).rejects.toMatchObject({ code: 'PULL_DIGEST' });
  });

  it('follows redirects, but not for ever', async () => {
    handle = (request, response, visit) => {
      if (request.url === '/real') return whole(request, response, visit);
      response.writeHead(302, { location: '/real' });
      response.end();
    };
    await fetchIt();
    await arrived();
    handle = (_, response) => {
      response.writeHead(307, { location: '/file' });
      response.end();
    };
    await expect(fetchFile(`${base}/file`, join(folder, 'b'), { sha256: null, ...QUICK, attempts: 1 })).rejects.toThrow(
      /redirects/,
    );
  });

  it('waits as long as a rate limit asks, and no longer than is sensible', async () => {
    handle = (request, response, visit) => {
      if (visit > 2) return whole(request, response, visit);
      response.writeHead(visit === 1 ? 429 : 503, { 'retry-after': '0' });
      response.end();
    };
    await fetchIt();
    await arrived();
    handle = (_, response) => {
      response.writeHead(429, { 'retry-after': '86400' });
      response.end();
    };
    await expect(fetchFile(`${base}/x`, join(folder, 'c'), { sha256: null, ...QUICK })).rejects.toMatchObject({
      code: 'PULL_FAILED',
      message: expect.stringMatching(/429 and asks to wait 86400 s/),
    });
    expect(retryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 4000)).toBe(5000);
    expect(retryAfter('soon', 0)).toBeNull();
  });

  it('gives up at once where no retry can help, and after some tries where it could', async () => {
    handle = (_, response) => {
      response.writeHead(404);
      response.end();
    };
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'PULL_FAILED',
      message: expect.stringMatching(/in 1 tries.*404/),
    });
    visits = [];
    handle = (_, response) => {
      response.writeHead(500);
      response.end();
    };
    await expect(fetchIt({ attempts: 3 })).rejects.toMatchObject({ message: expect.stringMatching(/in 3 tries.*500/) });
    expect(visits).toHaveLength(3);
    await expect(
      fetchFile('http://127.0.0.1:9/x', join(folder, 'd'), { sha256: null, ...QUICK, attempts: 1 }),
    ).rejects.toMatchObject({
      code: 'PULL_FAILED',
      fix: expect.stringMatching(/--from/),
    });
  });

  it('looks for room first, and can be interrupted', async () => {
    await expect(fetchIt({ room: async () => 1000 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    handle = (_, response) => partly(response, 1000, 'stall');
    const stop = new AbortController();
    const running = fetchIt({ stallMs: 60_000, signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(running).rejects.toThrow(/abort/i);
    expect(existsSync(target())).toBe(false);
  });
});

describe('proxies', () => {
  it('are those that the environment names', () => {
    const environment = {
      HTTPS_PROXY: 'http://user:pw@proxy:3128',
      http_proxy: 'plain:80',
      NO_PROXY: 'inside.example, .local',
    };
    expect(proxyFor(new URL('https://hub.example/x'), environment)?.host).toBe('proxy:3128');
    expect(proxyFor(new URL('http://hub.example/x'), environment)?.host).toBe('plain');
    expect(proxyFor(new URL('https://a.inside.example/x'), environment)).toBeNull();
    expect(proxyFor(new URL('https://box.local/x'), environment)).toBeNull();
    expect(proxyFor(new URL('https://hub.example/x'), {})).toBeNull();
  });

  it('carry plain requests, with credentials', async () => {
    const seen: IncomingMessage[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request);
      serve(request, response, CONTENT);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    await fetchFile('http://far.example/file', target(), {
      sha256: sha(CONTENT),
      ...QUICK,
      environment: { HTTP_PROXY: `http://me:secret@127.0.0.1:${port}` },
    });
    proxy.close();
    expect(seen[0]!.url).toBe('http://far.example/file');
    expect(seen[0]!.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    await arrived();
  });

  it('are asked for a tunnel to what is encrypted; a refusal is told', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
    await expect(
      fetchFile('https://far.example/file', target(), { sha256: null, ...QUICK, environment, attempts: 1 }),
    ).rejects.toThrow(/the proxy .* answered 403/);
    proxy.close();
    expect(asked).toEqual(['far.example:443']);
  });
});

describe('models', () => {
  const manifest = (pin = ''): string => `schema: logsad/models/v1
sets: { mine: { words: far, ground: near } }
models:
  near:
    title: near
    role: text-recognition
    format: onnx
    source: { folder: . }
    files: [{ path: a, sha256: ${'a'.repeat(64)} }]
    licence: { weights: none }
  far:
    title: far
    role: text-recognition
    format: onnx
    source: { pull: owner/name, unverified: true }
    files:
      - { path: onnx/one.onnx${pin} }
      - { path: two words.json }
      - { path: three.bin }
    licence: { weights: none }
`;
  const open = async (text = manifest()): Promise<ModelRegistry> => {
    const path = join(folder, 'manifest.yaml');
    await writeFile(path, text);
    return createBackbones({} as Inference, { manifests: [path], home: folder });
  };
  const contents: Record<string, Buffer> = {
    '/owner/name/resolve/main/onnx/one.onnx': CONTENT,
    '/owner/name/resolve/main/two%20words.json': Buffer.from('{}'),
    '/owner/name/resolve/main/three.bin': Buffer.from('three'),
  };
  beforeEach(() => {
    handle = (request, response) => {
      const content = contents[request.url ?? ''];
      if (content) return serve(request, response, content);
      response.writeHead(404);
      response.end();
    };
  });
  const pull = (registry: ModelRegistry, extra: object = {}) =>
    pullModels(registry, ['far'], { home: folder, from: `${base}/`, ...QUICK, ...extra });

  it('are pulled side by side, pinned on arrival, and kept the next time', async () => {
    const registry = await open();
    expect(await modelsToPull(registry, [], 'mine')).toEqual(['far']);
    await expect(registry.files('far')).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      fix: expect.stringMatching(/models pull far/),
    });
    const steps: PullProgress[] = [];
    const pulled = await pull(registry, { onProgress: (p: PullProgress) => steps.push(p) });
    expect(pulled.map((f) => f.how)).toEqual(['pulled', 'pulled', 'pulled']);
    expect(new Set(steps.map((s) => s.file)).size).toBe(3);
    const lock = await readLock(folder);
    expect(lock.files['far/onnx/one.onnx']).toMatchObject({ sha256: sha(CONTENT), bytes: CONTENT.length });
    expect((await registry.files('far')).files.map((f) => f.bytes)).toEqual([CONTENT.length, 2, 5]);
    visits = [];
    expect((await pull(registry)).map((f) => f.how)).toEqual(['kept', 'kept', 'kept']);
    expect(visits).toHaveLength(0);
  });

  it('that change at their source are refused, unless forced', async () => {
    const registry = await open();
    await pull(registry);
    const path = join(folder, 'models', 'far', 'three.bin');
    await writeFile(path, 'changed here');
    await expect(registry.files('far')).rejects.toMatchObject({ code: 'MODEL_DIGEST' });
    expect((await pull(registry)).filter((f) => f.how === 'pulled').map((f) => f.path)).toEqual([path]);
    await rm(path);
    const before = contents['/owner/name/resolve/main/three.bin']!;
    contents['/owner/name/resolve/main/three.bin'] = Buffer.from('four');
    try {
      await expect(pull(registry)).rejects.toMatchObject({
        code: 'PULL_DIGEST',
        fix: expect.stringMatching(/--force/),
      });
      await pull(registry, { force: true });
      expect((await registry.files('far')).files[2]!.bytes).toBe(4);
    } finally {
      contents['/owner/name/resolve/main/three.bin'] = before;
    }
  });

  it('that the manifest pins must be those, forced or not', async () => {
    const registry = await open(manifest(`, sha256: ${'b'.repeat(64)}`));
    await expect(pull(registry, { force: true })).rejects.toMatchObject({ code: 'PULL_DIGEST' });
  });

  it('come from a folder too', async () => {
    const registry = await open();
    const from = join(folder, 'stick');
    await mkdir(join(from, 'owner/name/onnx'), { recursive: true });
    await writeFile(join(from, 'owner/name/onnx/one.onnx'), CONTENT);
    await writeFile(join(from, 'two words.json'), '{}');
    await expect(pull(registry, { from })).rejects.toMatchObject({
      code: 'PULL_SOURCE',
      message: expect.stringMatching(/three\.bin/),
    });
    await writeFile(join(from, 'three.bin'), 'three');
    await pull(registry, { from });
    expect((await registry.files('far')).files).toHaveLength(3);
    expect(visits).toHaveLength(0);
  });

  it('an interrupted set keeps what arrived whole', async () => {
    const registry = await open();
    const good = handle;
    handle = (request, response, visit) => {
      if (request.url?.endsWith('three.bin')) {
        response.writeHead(403);
        response.end();
      } else good(request, response, visit);
    };
    await expect(pull(registry, { parallel: 1 })).rejects.toMatchObject({ message: expect.stringMatching(/403/) });
    expect(Object.keys((await readLock(folder)).files)).toEqual(['far/onnx/one.onnx', 'far/two words.json']);
    expect(existsSync(join(folder, 'models/far/three.bin'))).toBe(false);
  });

  it('unknown names, a damaged lock, files without a pin', async () => {
    const registry = await open();
    await expect(modelsToPull(registry, ['nobody'])).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await expect(modelsToPull(registry, [], 'nothing')).rejects.toThrow(/no set 'nothing'; known: embedded/);
    for (const [path, bytes] of [
      ['onnx/one.onnx', CONTENT],
      ['two words.json', '{}'],
      ['three.bin', 'three'],
    ] as const) {
      await mkdir(join(folder, 'models/far/onnx'), { recursive: true });
      await writeFile(join(folder, 'models/far', path), bytes);
    }
    await expect(registry.files('far')).rejects.toMatchObject({ code: 'MODEL_UNPINNED' });
    await writeFile(lockPath(folder), 'no lock');
    await expect(registry.files('far')).rejects.toThrow(/expected a lock file/);
  });
});

describe('the network', () => {
  it('is reached by no code that learns or inspects', () => {
    const quiet =
      /^src\/(core|app|demo)\/|^src\/adapters\/(inference|images|files|writing|home|dataset)|^src\/adapters\/backbones\/(?!pull\/|remote)/;
    const reaching = sources('src').filter(
      (s) =>
        quiet.test(s.path) &&
        (s.imports.some((i) => /^(node:)?(https?|net|tls|dgram|http2)$/.test(i.specifier) && !i.typeOnly) ||
          /\bawait fetch\(/.test(s.text)),
    );
    expect(reaching.map((s) => s.path)).toEqual([]);
  });
});
