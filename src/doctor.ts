/** The probes of `logsad doctor`: everything a run needs of the machine, tried for real. */
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackbones } from './adapters/backbones/registry.ts';
import { environmentFacts } from './adapters/environment.ts';
import { createImages } from './adapters/images.ts';
import { createInference } from './adapters/inference/host.ts';
import { checkWritable } from './adapters/writing.ts';
import type { Probe } from './app/doctor.ts';

/** What a run needs at least: learning 150 normals peaks below a gigabyte, a report needs some room on the disk. */
const NEEDS = { node: [20, 19], memoryMb: 1024, diskMb: 256 } as const;
/** The set whose models must be there; further sets are brought by hand and only warned about. */
const DEFAULT_SET = 'embedded';
const REINSTALL = 'npm ci';

/** In the order in which they build on one another. */
export async function doctorProbes(): Promise<Probe[]> {
  const facts = environmentFacts();
  const images = createImages();
  return [
    {
      name: 'node',
      fix: 'install Node.js 20.19, 22 or 24: https://nodejs.org',
      run: async () => nodeVersion(facts.node),
    },
    {
      name: 'images',
      fix: 'npm install --include=optional sharp',
      run: async () => {
        await images.encodePng({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 });
        return `sharp ${facts.packages.sharp}, libvips ${facts.packages.libvips ?? 'of the system'}`;
      },
    },
    {
      name: 'inference',
      fix: `${REINSTALL}   (onnxruntime-node ships its library in the package; a half install lacks it)`,
      run: async () => {
        await using inference = await createInference();
        return `onnxruntime-node ${facts.packages['onnxruntime-node']} in a child process, ${inference.threads} threads`;
      },
    },
    ...(await modelProbes()),
    { name: 'memory', fix: 'free some memory', run: async () => memory(facts.memoryMb) },
    {
      name: 'write access',
      fix: 'run in a folder that you may write to',
      run: async () => {
        await checkWritable(join(process.cwd(), 'probe'));
        await checkWritable(join(tmpdir(), 'probe'));
        return `${process.cwd()} and ${tmpdir()}`;
      },
    },
    { name: 'disk', optional: true, fix: 'free some space', run: disk },
    {
      name: 'fonts',
      optional: true,
      fix: 'apt-get install fonts-dejavu-core',
      run: async () => {
        const drawn = await images.renderSvg(
          '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="24"><text x="2" y="18" font-size="18">Wim</text></svg>',
          64,
          24,
        );
        if (drawn.data.some((v) => v < 128)) return 'text can be drawn into overlays';
        return {
          warn: 'no font: labels in overlays stay empty (reports and results do not need one)',
          fix: 'apt-get install fonts-dejavu-core',
        };
      },
    },
  ];
}

async function modelProbes(): Promise<Probe[]> {
  // No model is loaded: the digests of the files say whether the right ones are there.
  const nothing = { threads: 0 } as Parameters<typeof createBackbones>[0];
  const registry = createBackbones(nothing);
  const check = (id: string) => async (): Promise<string> => {
    const { entry, files } = await registry.files(id);
    if ('remote' in entry.source)
      return `${entry.title}: served by ${entry.source.remote} (ask it: logsad models verify ${id})`;
    const megabytes = files.reduce((sum, f) => sum + f.bytes, 0) / 2 ** 20;
    return `${entry.title}: ${files.length} file${files.length === 1 ? '' : 's'}, ${megabytes.toFixed(1)} MB, sha256 right`;
  };
  const sets = await registry.sets();
  const needed = new Set(Object.values(sets[DEFAULT_SET] ?? {}));
  const rest = [...(await registry.models())].filter(([id]) => !needed.has(id));
  // What was never pulled is no fault of this machine: `logsad models list` shows it.
  const here = await Promise.all(rest.map(async ([id, m]) => !('pull' in m.source) || registry.present(id)));
  const others = rest.filter((_, i) => here[i]).map(([id]) => id);
  return [
    ...[...needed].map((id): Probe => ({ name: `model ${id}`, fix: REINSTALL, run: check(id) })),
    ...others.map(
      (id): Probe => ({ name: `model ${id}`, optional: true, fix: `logsad models pull ${id}`, run: check(id) }),
    ),
  ];
}

function nodeVersion(version: string): string {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [least, since] = NEEDS.node;
  if (major < least || (major === least && minor < since))
    throw new Error(`${version}, needed is ${least}.${since} or later`);
  return version;
}

function memory({ total, free }: { total: number; free: number }): string | { warn: string; fix: string } {
  const found = `${free} MB free of ${total} MB`;
  if (free >= NEEDS.memoryMb) return found;
  return {
    warn: `${found}, comfortable are ${NEEDS.memoryMb} MB`,
    fix: 'close other programs, or give the container more memory',
  };
}

async function disk(): Promise<string | { warn: string; fix: string }> {
  const { bavail, bsize } = await statfs(process.cwd());
  const megabytes = Math.round((bavail * bsize) / 2 ** 20);
  if (megabytes >= NEEDS.diskMb) return `${megabytes} MB free here`;
  return { warn: `${megabytes} MB free here`, fix: 'df -h . shows the disk; free some space or work elsewhere' };
}
