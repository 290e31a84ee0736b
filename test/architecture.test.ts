/**
 * The layer table of the house, enforced. A failure prints the file, the rule it breaks and the way out; the map is in
 * CONTRIBUTING.md.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circles } from '../src/core/rules/names.ts';
import { LONG } from './long.ts';
import { code, ROOT, type Source, type SourceImport, sources } from './support/imports.ts';

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Paths below the root that may be imported, besides the file's own folder for `own`. */
  readonly may: readonly RegExp[];
  /** Packages and `node:` modules. */
  readonly packages: RegExp | null;
  /** Paths and packages that may be imported as types only. */
  readonly types?: readonly RegExp[];
  readonly wayOut: string;
}

const CORE_SHARED = /^src\/core\/(errors|scene|statistics|profile|digest|structureKey|csv|frame|decide|calibrate)\.ts$/;

/** The first layer whose `files` match a path is its own. */
const LAYERS: readonly Layer[] = [
  {
    name: 'core/grid',
    files: /^src\/core\/grid\//,
    may: [/^src\/core\/grid\//, /^src\/core\/errors\.ts$/],
    types: [/^src\/core\/scene\.ts$/],
    packages: /^linear-sum-assignment$/,
    wayOut: 'numbers and shapes know nothing of rules or scenes: pass what you need as an argument',
  },
  {
    name: 'core/rules/kinds',
    files: /^src\/core\/rules\/kinds\/(?!index\.ts)/,
    may: [/^src\/core\/rules\/[^/]+\.ts$/, /^src\/core\/grid\//, CORE_SHARED],
    packages: /^typebox$/,
    wayOut: 'a kind never imports another kind: move what both need to core/rules or core/grid',
  },
  {
    name: 'core/rules',
    files: /^src\/core\/rules\//,
    may: [/^src\/core\/(rules|grid|metrics)\//, /^src\/core\/ground\/colourWords\.ts$/, CORE_SHARED],
    packages: /^(yaml|ajv|typebox)(\/|$)/,
    wayOut:
      'rules know Scenes, not how they were made: pass what the grounding knows inside the Scene or as an argument',
  },
  {
    name: 'core/ground',
    files: /^src\/core\/ground\//,
    may: [/^src\/core\/(ground|grid)\//, /^src\/core\/rules\/drawnScene\.ts$/, CORE_SHARED],
    types: [/^src\/core\/rules\/definition\.ts$/],
    packages: null,
    wayOut: 'the grounding makes Scenes and takes the types of the rule file only: what both need belongs in core/grid',
  },
  {
    name: 'core/detect',
    files: /^src\/core\/detect\//,
    may: [/^src\/core\/(grid|match|ground|metrics|detect)\//, CORE_SHARED],
    types: [/^src\/core\/rules\/definition\.ts$/],
    packages: /^linear-sum-assignment$/,
    wayOut: 'detectors read features and scenes; what they share with rules belongs in core/grid or core/match',
  },
  {
    name: 'core/report',
    files: /^src\/core\/report\//,
    may: [/^src\/core\/report\//, /^src\/core\/grid\//, CORE_SHARED],
    packages: null,
    wayOut: 'reports turn scenes and results into text; compute figures elsewhere and hand them in',
  },
  {
    name: 'core',
    files: /^src\/core\//,
    may: [/^src\/core\//],
    packages: /^(yaml|ajv|typebox|linear-sum-assignment)(\/|$)/,
    wayOut: 'core only computes: let the adapter or the story do it and hand the value in',
  },
  {
    name: 'app',
    files: /^src\/app\//,
    may: [/^src\/core\//, /^src\/app\//],
    packages: null,
    wayOut: 'stories get the world through app/ports.ts: add what you need to a port',
  },
  {
    name: 'adapters',
    files: /^src\/adapters\//,
    may: [/^src\/core\//, /^src\/adapters\//, /^src\/app\/ports\.ts$/],
    packages:
      /^(node:|openai(\/|$)|sharp$|onnxruntime-node$|yaml$|ajv(\/|$)|typebox$|protobufjs(\/|$)|@huggingface\/tokenizers$)/,
    wayOut: 'adapters serve stories and never call them: take types from app/ports.ts, compose in compose.ts',
  },
  {
    name: 'demo',
    files: /^src\/demo\//,
    may: [/^src\/core\//, /^src\/demo\//, /^src\/app\/ports\.ts$/],
    packages: null,
    wayOut: 'the demo generator is pure but for the image port it is given',
  },
  {
    name: 'compose',
    files: /^src\/(compose|authoring|doctor|models)\.ts$/,
    may: [/^src\/(core|app|adapters|demo)\//, /^src\/compose\.ts$/],
    packages: /^node:/,
    wayOut: 'compose.ts chooses adapters; the command line and the public face come after it',
  },
  {
    name: 'index',
    files: /^src\/index\.ts$/,
    may: [/^src\/(core|app|demo)\//, /^src\/(compose|authoring|doctor|models)\.ts$/],
    packages: null,
    wayOut: 'the public face re-exports; adapters reach it through compose.ts',
  },
  {
    name: 'server/storage',
    files: /^server\/storage\//,
    may: [/^server\/storage\//, /^src\/index\.ts$/],
    types: [/^server\/schemas\.ts$/],
    packages: /^(node:|@electric-sql\/pglite(\/nodefs)?$|pg$|typebox$)/,
    wayOut: 'storage keeps rows and files and knows no requests: let the route or the job decide',
  },
  {
    name: 'server/engine',
    files: /^server\/engine\//,
    may: [/^server\/engine\//, /^server\/storage\/blobs\.ts$/, /^src\/index\.ts$/],
    types: [/^server\/schemas\.ts$/],
    packages: /^node:/,
    wayOut: 'engine processes get files and text and give values back: rows are the business of jobs',
  },
  {
    name: 'server',
    files: /^server\/(?!web\/)/,
    may: [/^server\/(?!web\/)/, /^src\/index\.ts$/],
    packages:
      /^(node:|express$|express-rate-limit$|helmet$|busboy$|ajv(\/|$)|typebox$|pino$|pino-http$|prom-client$|pg-boss$|ipaddr\.js$)/,
    wayOut: 'the service uses the public face: export what you need from src/index.ts',
  },
  {
    name: 'server/web',
    files: /^server\/web\//,
    // Drawings and plots are those of overlay and report: pure, and bundled with the page.
    may: [
      /^server\/web\//,
      /^server\/schemas\/eventKinds\.ts$/,
      /^src\/core\/(report|grid)\//,
      /^rules\/rules\.schema\.json$/,
    ],
    types: [/^server\/schemas\.ts$/, /^src\/core\/scene\.ts$/, /^typebox$/],
    packages:
      /^(preact(\/hooks)?|@preact\/signals|@tanstack\/virtual-core|codemirror|@codemirror\/(state|view|lang-yaml|lint|autocomplete)|yaml)$/,
    wayOut: 'the page speaks HTTP: add what it needs to an endpoint, and take its types from server/schemas.ts',
  },
  {
    name: 'cli',
    files: /^src\/cli\//,
    may: [/^src\/cli\//, /^src\/index\.ts$/, /^src\/core\/errors\.ts$/, /^server\/main\.ts$/],
    packages: /^(node:(fs|path|url)|commander)$/,
    wayOut: 'the command line uses the public face: export what you need from src/index.ts',
  },
];

/** Folders of adapters may not know one another; the files beside the folders are shared. */
const adapterFolder = (path: string): string | null => path.match(/^src\/adapters\/([^/]+)\//)?.[1] ?? null;

function complaint(file: string, i: SourceImport, layer: Layer): string | null {
  const refused = (why: string): string => `${file} imports ${i.specifier}: ${why}. Way out: ${layer.wayOut}.`;
  if (i.target === null) {
    if (i.typeOnly && layer.types?.some((m) => m.test(i.specifier))) return null;
    return layer.packages?.test(i.specifier) ? null : refused(`${layer.name} may not use this package`);
  }
  const folder = adapterFolder(i.target);
  if (folder && adapterFolder(file) && folder !== adapterFolder(file)) {
    return refused('adapters never import one another across folders');
  }
  if (layer.may.some((m) => m.test(i.target!))) return null;
  if (i.typeOnly && layer.types?.some((m) => m.test(i.target!))) return null;
  return refused(`${layer.name} may not import it`);
}

const SOURCES = [...sources('src'), ...sources('server')];
const offenders = (keep: (s: Source) => boolean): string[] => SOURCES.filter(keep).map((s) => s.path);

describe('layers', () => {
  it('has sources to look at', () => {
    expect(SOURCES.length).toBeGreaterThan(30);
  });

  it.each(LAYERS)('$name imports only what it may', (layer) => {
    const mine = SOURCES.filter((s) => LAYERS.find((l) => l.files.test(s.path)) === layer);
    const faults = mine.flatMap((s) => s.imports.flatMap((i) => complaint(s.path, i, layer) ?? []));
    expect(faults).toEqual([]);
  });

  it('every file belongs to a layer', () => {
    const homeless = SOURCES.filter((s) => !LAYERS.some((l) => l.files.test(s.path)));
    expect(
      homeless.map((s) => `${s.path} stands in no layer: move it, or add the layer to architecture.test.ts`),
    ).toEqual([]);
  });

  it('kinds never import one another', () => {
    const faults = SOURCES.filter((s) => /^src\/core\/rules\/kinds\/(?!index\.ts)/.test(s.path)).flatMap((s) =>
      s.imports
        .filter((i) => i.target?.startsWith('src/core/rules/kinds/'))
        .map((i) => `${s.path} imports ${i.target}`),
    );
    expect(faults).toEqual([]);
  });

  it('no file of core leads back to itself', () => {
    const core = SOURCES.filter((s) => s.path.startsWith('src/core/'));
    const next = new Map(
      core.map((s) => [s.path, s.imports.filter((i) => !i.typeOnly && !i.lazy).flatMap((i) => i.target ?? [])]),
    );
    const rings = circles([...next.keys()], (path) => next.get(path) ?? []);
    expect(rings.map((r) => `${r.join(' > ')}: move what both ends need into a file of its own`)).toEqual([]);
    expect(circles(['a', 'b', 'c'], (n) => ({ a: ['b'], b: ['c'], c: ['a'] })[n] ?? [])).toHaveLength(1);
  });

  it('detectors never import one another', () => {
    const one =
      /^src\/core\/detect\/(patch|interest|composition|winclip|winclipPlus|aprilGan|patchcore|spade|padim)\.ts$/;
    const faults = SOURCES.filter((s) => one.test(s.path)).flatMap((s) =>
      s.imports
        .filter((i) => i.target && one.test(i.target))
        .map((i) => `${s.path} imports ${i.target}: move what both need to another file of core/detect`),
    );
    expect(faults).toEqual([]);
  });

  it('relative imports carry the extension and end in a file that exists', () => {
    const faults = SOURCES.flatMap((s) =>
      s.imports.filter((i) => i.target && !existsSync(join(ROOT, i.target))).map((i) => `${s.path}: ${i.specifier}`),
    );
    expect(faults).toEqual([]);
  });

  it('commands load the engine only when they run', () => {
    const eager = SOURCES.filter((s) => s.path.startsWith('src/cli/')).flatMap((s) =>
      s.imports
        .filter((i) => /^(src\/index|server\/main)\.ts$/.test(i.target ?? '') && !i.lazy && !i.typeOnly)
        .map(() => s.path),
    );
    expect(
      eager.map((p) => `${p} imports src/index.ts at the top: use await import() inside run, or --help gets slow`),
    ).toEqual([]);
  });
});

describe('one owner each', () => {
  const users = (name: string): string[] =>
    offenders((s) =>
      s.imports.some((i) => (i.specifier === name || i.specifier.startsWith(`${name}/`)) && !i.typeOnly),
    );

  it('sharp is imported by the image adapter alone', () => {
    expect(users('sharp')).toEqual(['src/adapters/images.ts']);
  });

  it('onnxruntime-node is imported by the inference child alone', () => {
    expect(users('onnxruntime-node')).toEqual(['src/adapters/inference/child.ts']);
  });

  it.each([
    ['openai', 'src/adapters/llm/client.ts'],
    ['@electric-sql/pglite', 'server/storage/pglite.ts'],
    ['pg', 'server/storage/postgres.ts'],
    ['pg-boss', 'server/jobs/queue.ts'],
  ])('%s is imported by %s alone', (name, owner) => {
    expect(users(name)).toEqual([owner]);
  });

  it('files are touched by adapters, and by the command line for its own version', () => {
    const touching = offenders((s) => s.imports.some((i) => /^(node:)?fs(\/promises)?$/.test(i.specifier)));
    // The service keeps pictures, locks and backups of its own; requests reach them by digest only. The engine reads its
    // memory in /proc.
    const allowed =
      /^(src\/(adapters\/|doctor\.ts$|cli\/version\.ts$)|server\/(storage\/(blobs|flush|ownerLock)|engine\/memory|operations\/backup|http\/uploads)\.ts$)/;
    expect(touching.filter((p) => !allowed.test(p)).map((p) => `${p} touches files: go through src/adapters`)).toEqual(
      [],
    );
  });
});

describe('greps', () => {
  it('only the command line prints and exits', () => {
    // The inference child is a process of its own: it may end itself, and prints nothing.
    const may = /^src\/cli\/main\.ts$/;
    const printing = offenders((s) => !may.test(s.path) && /\bconsole\.\w+\(|process\.(stdout|stderr)\b/.test(code(s)));
    const leaving = offenders(
      (s) =>
        !may.test(s.path) &&
        !/^(src\/adapters\/inference|server\/engine)\/child\.ts$/.test(s.path) &&
        /process\.exit\(/.test(code(s)),
    );
    expect(
      [...printing, ...leaving].map((p) => `${p} prints or exits: return a value and let cli/main.ts speak`),
    ).toEqual([]);
  });

  it('core has no clock, no chance, no promises', () => {
    const impure = SOURCES.filter((s) => s.path.startsWith('src/core/')).flatMap((s) =>
      [
        /Math\.random/,
        /Date\.now|new Date\(\)|performance\.now/,
        /\basync\b|\bawait\b|new Promise/,
        /\bprocess\.|\bBuffer\./,
      ]
        .filter((p) => p.test(code(s)))
        .map((p) => `${s.path} matches ${p}: core gets seeds, times and bytes as arguments`),
    );
    expect(impure).toEqual([]);
  });

  it('no product is named outside the demo', () => {
    // Names of the published products, whose rules live in rules/, and of every product folder there.
    const folders = readdirSync(join(ROOT, 'rules'), { withFileTypes: true })
      .filter((e) => e.isDirectory() && !['demo', 'published'].includes(e.name))
      .map((e) => e.name);
    const published = ['push[ _-]?pin', 'juice', 'splicing', 'screw[ _-]?bag', 'breakfast'];
    const names = new RegExp([...published, ...folders.map((f) => f.replace(/[-_]/g, '[-_ ]?'))].join('|'), 'i');
    const faults = SOURCES.filter((s) => !s.path.startsWith('src/demo/')).flatMap((s) =>
      s.text
        .split('\n')
        .flatMap((line, i) => (names.test(line) ? [`${s.path}:${i + 1} names a product: ${line.trim()}`] : [])),
    );
    expect(faults).toEqual([]);
  });

  it('leaves nothing half done', () => {
    const words = new RegExp(
      `\\b(${['TO', 'FIX'].map((w, i) => w + ['DO', 'ME'][i]).join('|')}|X{3})\\b|@ts-(ignore|nocheck)|as an${'y'}\\b`,
    );
    expect(offenders((s) => words.test(s.text))).toEqual([]);
  });

  it('files stay short enough to read', () => {
    const long = SOURCES.filter((s) => s.text.split('\n').length > 330);
    expect(long.map((s) => `${s.path} has ${s.text.split('\n').length} lines: split it along a seam`)).toEqual([]);
  });

  it('the list of long tests names files that exist', () => {
    expect(LONG.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
