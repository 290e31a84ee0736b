/**
 * A service with a learnt demo product, made once per state of the sources and kept in the temporary folder as a backup;
 * tests restore it into whatever store they try. Made by the real service with the real models.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backup,
  type DataPlace,
  restore,
  SERVICE_DEFAULTS,
  type ServeOptions,
  type Serving,
  serve,
} from '../../../server/main.ts';
import { ROOT } from '../../support/imports.ts';

/** As small as a demo product can be and still say pass and reject. */
export const TINY = { width: 320, train: 6, validation: 2, good: 2, logical: 2, structural: 1 };
export const PRODUCT = 'sensor-kit';

/** What the seed rests on: the engine, the demo, and what the service stores of them. */
const SOURCES =
  /^(src\/(?!cli\/).*|server\/(storage\/migrations|operations\/(backup|demo)|engine\/desk|schemas\/.*))\.ts$/;

function sourcesDigest(): string {
  const hash = createHash('sha256').update(JSON.stringify(TINY));
  for (const folder of ['src', 'server']) {
    for (const name of (readdirSync(join(ROOT, folder), { recursive: true }) as string[]).sort()) {
      const path = join(folder, name);
      if (SOURCES.test(path.replaceAll('\\', '/'))) hash.update(path).update(readFileSync(join(ROOT, path)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

export interface Seed {
  /** Folder of the backup. */
  readonly backup: string;
  readonly adminToken: string;
  /** Paths of pictures that were inspected: sound and defective parts. */
  readonly pictures: readonly string[];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Builds it where it lacks; two test files at a time share one. */
export async function seed(): Promise<Seed> {
  const home = join(tmpdir(), `logsad-seed-${sourcesDigest()}`);
  const lock = `${home}.lock`;
  while (!existsSync(join(home, 'ok'))) {
    try {
      mkdirSync(lock);
    } catch {
      // Somebody else builds it; a lock that old belongs to a run that was killed.
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 300_000)
        rmSync(lock, { recursive: true, force: true });
      await pause(300);
      continue;
    }
    try {
      if (!existsSync(join(home, 'ok'))) await build(home);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  const blobs = join(home, 'backup', 'blobs');
  const rows = readFileSync(join(home, 'backup', 'tables', 'inspections.ndjson'), 'utf8')
    .trim()
    .split('\n');
  const images = rows.map((line) => (JSON.parse(line) as { image: string }).image);
  return {
    backup: join(home, 'backup'),
    adminToken: readFileSync(join(home, 'token'), 'utf8'),
    pictures: images.map((d) => join(blobs, d.slice(0, 2), d)),
  };
}

async function build(home: string): Promise<void> {
  const draft = mkdtempSync(join(tmpdir(), 'logsad-seeding-'));
  const data = join(draft, 'data');
  const serving = await start({ data, demo: TINY });
  await serving.ready;
  await serving.stop();
  await backup({ data }, join(draft, 'backup'));
  writeFileSync(join(draft, 'token'), serving.firstToken!);
  rmSync(data, { recursive: true, force: true });
  writeFileSync(join(draft, 'ok'), '');
  rmSync(home, { recursive: true, force: true });
  renameSync(draft, home);
}

/** A service on a free port of this machine. */
export function start(options: Partial<ServeOptions> & { readonly data: string }): Promise<Serving> {
  return serve({
    ...SERVICE_DEFAULTS,
    ratePerMinute: 1_000_000,
    wrongTokensPerMinute: 1_000_000,
    logLevel: process.env.LOGSAD_TEST_LOG ?? 'silent',
    port: 0,
    host: '127.0.0.1',
    version: 'test',
    ...options,
  });
}

/** A new data folder, filled from the seed; removed by `dispose`. */
export async function restored(databaseUrl?: string): Promise<DataPlace & { dispose(): void }> {
  const data = mkdtempSync(join(tmpdir(), 'logsad-service-'));
  const place = { data, ...(databaseUrl ? { databaseUrl } : {}) };
  await restore(place, (await seed()).backup);
  return { ...place, dispose: () => rmSync(data, { recursive: true, force: true }) };
}
