/** What a result depends on besides the files: for `doctor` and for fingerprints. Reads package files only, loads nothing. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';

export interface EnvironmentFacts {
  readonly node: string;
  readonly platform: string;
  readonly cpu: { readonly model: string; readonly cores: number; readonly usable: number };
  readonly memoryMb: { readonly total: number; readonly free: number };
  /** Version by package; null where it is not installed. `libvips` is that of sharp's prebuilt binary. */
  readonly packages: Readonly<Record<'onnxruntime-node' | 'sharp' | 'libvips', string | null>>;
}

/** Facts of this process and machine. Never throws: what is missing is null. */
export function environmentFacts(): EnvironmentFacts {
  const all = cpus();
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: { model: all[0]?.model.trim() ?? 'unknown', cores: all.length, usable: availableParallelism() },
    memoryMb: { total: Math.round(totalmem() / 2 ** 20), free: Math.round(freemem() / 2 ** 20) },
    packages: {
      'onnxruntime-node': read('onnxruntime-node/package.json')?.version ?? null,
      sharp: read('sharp/package.json')?.version ?? null,
      libvips: libvips(),
    },
  };
}

/** sharp's prebuilt libvips lies in a package of its own, named by platform; on Windows it is inside sharp's binary package. */
function libvips(): string | null {
  const { platform, arch } = process;
  const candidates = [
    `sharp-libvips-${platform}-${arch}`,
    `sharp-libvips-${platform}musl-${arch}`,
    `sharp-${platform}-${arch}`,
  ];
  for (const name of candidates) {
    const version = read(`@img/${name}/versions.json`)?.vips;
    if (version) return version;
  }
  return null;
}

/** A JSON file of an installed package, past its `exports`. */
function read(file: string): Readonly<Record<string, string>> | null {
  for (const folder of createRequire(import.meta.url).resolve.paths(file) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, string>;
    } catch {
      // Not in this folder: the next one up.
    }
  }
  return null;
}
