/**
 * The review page: its files in memory, compressed once, served with names that carry their digest. A built package
 * brings them in dist/server/web; from the sources they are bundled when somebody first opens the page.
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Express, Request, Response } from 'express';
import { files, LogsadError } from '../../src/index.ts';

interface PageFile {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly br: Uint8Array;
  readonly gzip: Uint8Array;
}
type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
};
const BUILT = fileURLToPath(new URL('../web/', import.meta.url));
const SOURCES = import.meta.url.endsWith('.ts');
/** Enough for text; higher levels cost seconds for a percent. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 7 } };

async function packed(name: string, bytes: Uint8Array): Promise<PageFile> {
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(bytes, BROTLI), promisify(gzip)(bytes)]);
  return { type: TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream', plain: bytes, br, gzip: zipped };
}

/** @throws LogsadError NOT_FOUND where the package was built without the page */
async function readBuilt(): Promise<ReadonlyMap<string, Uint8Array>> {
  if (!(await files.exists(join(BUILT, 'index.html')))) {
    throw new LogsadError('NOT_FOUND', { what: 'the review page in this build (npm run build makes it)' });
  }
  const found = new Map([['index.html', await files.readBytes(join(BUILT, 'index.html'))]]);
  for (const ending of ['.js', '.css', '.json']) {
    for (const path of await files.listFiles(join(BUILT, 'assets'), ending)) {
      found.set(`assets/${basename(path)}`, await files.readBytes(path));
    }
  }
  return found;
}

/** The bundler is a development dependency: only a checkout reaches for it. */
async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const tool = new URL('../../scripts/buildPage.ts', import.meta.url).href;
  const { buildPage } = (await import(tool)) as {
    buildPage(): Promise<{ readonly files: ReadonlyMap<string, Uint8Array> }>;
  };
  return (await buildPage()).files;
}

async function load(): Promise<PageFiles> {
  const found = await (SOURCES ? bundle() : readBuilt());
  return new Map(await Promise.all([...found].map(async ([n, b]) => [n, await packed(n, b)] as const)));
}

let loading: Promise<PageFiles> | null = null;
function page(): Promise<PageFiles> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** Mounts `/`, `/app/...` and `/assets/...`. The page itself asks for a token; its files hold no secrets. */
export function mountPage(app: Express): void {
  app.get('/', (_req, res) => res.redirect('/app/queue'));
  app.get(['/app', '/app/*path'], async (req, res) => send(req, res, 'index.html', 'no-cache'));
  app.get('/assets/:name', async (req, res) =>
    send(req, res, `assets/${req.params.name}`, 'public, max-age=31536000, immutable'),
  );
}

/** @throws LogsadError NOT_FOUND */
async function send(req: Request, res: Response, name: string, cache: string): Promise<void> {
  const file = (await page()).get(name);
  if (!file) throw new LogsadError('NOT_FOUND', { what: `${req.method} ${req.path}` });
  const encoding = req.acceptsEncodings('br', 'gzip', 'identity');
  res.setHeader('content-type', file.type);
  res.setHeader('cache-control', cache);
  res.setHeader('vary', 'accept-encoding');
  if (encoding === 'br' || encoding === 'gzip') res.setHeader('content-encoding', encoding);
  res.end(encoding === 'br' ? file.br : encoding === 'gzip' ? file.gzip : file.plain);
}
