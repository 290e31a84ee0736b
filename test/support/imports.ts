/** The import statements of a source file, read off its text: enough for our own code, which a formatter keeps regular. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceImport {
  readonly specifier: string;
  /** Path below the repository root for relative imports, null for packages. */
  readonly target: string | null;
  /** `import type` or `export type`: erased before anything runs. */
  readonly typeOnly: boolean;
  /** `import()` inside a function. */
  readonly lazy: boolean;
}

export interface Source {
  /** Path below the repository root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly SourceImport[];
}

const STATIC = /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** All `.ts` and `.tsx` files below a folder of the repository. */
export function sources(folder: string): Source[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((n) => /\.tsx?$/.test(n));
  return names.sort().map((name) => read(posix.join(folder, name.replaceAll('\\', '/'))));
}

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const resolve = (specifier: string): string | null =>
    specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : null;
  const found: SourceImport[] = [];
  for (const [, type, specifier] of text.matchAll(STATIC)) {
    found.push({ specifier: specifier!, target: resolve(specifier!), typeOnly: type !== undefined, lazy: false });
  }
  for (const [, type, specifier] of text.matchAll(DYNAMIC)) {
    found.push({ specifier: specifier!, target: resolve(specifier!), typeOnly: type !== undefined, lazy: true });
  }
  return { path, text, imports: found };
}

/** Text without comments and strings of prose: what greps for calls look at. */
export function code(source: Source): string {
  return source.text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** For messages: a path that an editor can open from the root. */
export const shown = (path: string): string => relative(ROOT, join(ROOT, path));
