/**
 * Bundles the review page (server/web) with esbuild: `npm run build` writes it to dist/server/web; a service that runs
 * from its sources calls `buildPage` and keeps the files in memory.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WEB = join(ROOT, 'server/web');

export interface BuiltPage {
  /** `index.html`, and below `assets/` what it loads; names of assets carry a digest of their content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes after gzip: of what every visit loads first, and of each file. */
  readonly firstLoad: number;
  readonly sizes: Readonly<Record<string, number>>;
}

/** Entry and everything it imports without `import()`: what a first visit waits for. */
function eager(outputs: Metafile['outputs'], entry: string): string[] {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const i of outputs[path]?.imports ?? []) if (i.kind === 'import-statement') visit(i.path);
  };
  visit(entry);
  return [...seen];
}

/** @throws on faults of the sources, with their place */
export async function buildPage(): Promise<BuiltPage> {
  const made = await build({
    absWorkingDir: ROOT,
    entryPoints: ['server/web/main.tsx', 'server/web/style.css'],
    outdir: 'page',
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    // The rule schema is data that is fetched when somebody edits rules.
    loader: { '.json': 'file' },
    publicPath: '/',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const files = new Map<string, Uint8Array>();
  for (const file of made.outputFiles) {
    const name = relative(join(ROOT, 'page'), file.path).replaceAll('\\', '/');
    files.set(name, name.endsWith('.json') ? compact(file.contents) : file.contents);
  }
  const { outputs } = made.metafile;
  const outputOf = (source: string): string => Object.keys(outputs).find((o) => outputs[o]!.entryPoint === source)!;
  const script = outputOf('server/web/main.tsx');
  const style = outputOf('server/web/style.css');
  const named = (output: string): string => `assets/${basename(output)}`;
  const scripts = eager(outputs, script);
  const html = readFileSync(join(WEB, 'index.html'), 'utf8')
    .replace('STYLE', named(style))
    .replace('SCRIPT', named(script))
    .replace(
      '<!-- PRELOAD -->',
      scripts
        .slice(1)
        .map((s) => `<link rel="modulepreload" href="/${named(s)}">`)
        .join(''),
    );
  files.set('index.html', new TextEncoder().encode(html));
  const sizes = Object.fromEntries([...files].map(([name, bytes]) => [name, gzipSync(bytes).length]));
  const first = ['index.html', named(style), ...scripts.map(named)];
  return { files, sizes, firstLoad: first.reduce((n, name) => n + sizes[name]!, 0) };
}

const compact = (json: Uint8Array): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(json))));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const out = join(ROOT, 'dist/server/web');
  const { files, sizes, firstLoad } = await buildPage();
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'assets'), { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(out, name), bytes);
  for (const [name, size] of Object.entries(sizes)) console.log(`${String(size).padStart(8)}  ${name}`);
  console.log(`${String(firstLoad).padStart(8)}  bytes of the first load, after gzip`);
}
