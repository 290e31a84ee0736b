/**
 * Takes native libraries of other platforms out of an installed node_modules: onnxruntime-node brings those of every
 * system, of which a container needs one. Prints what it removes.
 *
 *   npx tsx scripts/prune-binaries.ts NODE_MODULES [--list]     (--list removes nothing)
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Platform {
  readonly os: string;
  readonly cpu: string;
}

const here: Platform = { os: process.platform, cpu: process.arch };

const folders = async (path: string): Promise<string[]> =>
  (await readdir(path, { withFileTypes: true }).catch(() => [])).filter((e) => e.isDirectory()).map((e) => e.name);

/** Folders below `modules` that hold binaries of other platforms than `keep`. */
export async function foreignBinaries(modules: string, keep: Platform = here): Promise<string[]> {
  const out: string[] = [];
  const bin = join(modules, 'onnxruntime-node', 'bin');
  for (const api of await folders(bin)) {
    for (const os of await folders(join(bin, api))) {
      if (os !== keep.os) out.push(join(bin, api, os));
      else for (const cpu of await folders(join(bin, api, os))) if (cpu !== keep.cpu) out.push(join(bin, api, os, cpu));
    }
  }
  return out;
}

async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(path, { recursive: true })) {
    const there = await stat(join(path, name));
    if (there.isFile()) bytes += there.size;
  }
  return bytes;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [modules = 'node_modules', ...rest] = process.argv.slice(2);
  for (const path of await foreignBinaries(modules)) {
    console.log(`${((await sizeOf(path)) / 2 ** 20).toFixed(1)} MB  ${path}`);
    if (!rest.includes('--list')) await rm(path, { recursive: true });
  }
}
