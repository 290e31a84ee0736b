/** Storage and operations without a door: backup and restore, retention, the audit chain, owner lock, the image's prune step. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignBinaries } from '../../scripts/prune-binaries.ts';
import { backup, restore, type Serving } from '../../server/main.ts';
import { cleanUp } from '../../server/operations/retention.ts';
import { openSql } from '../../server/service.ts';
import { verifyAudit } from '../../server/storage/audit.ts';
import { openBlobs } from '../../server/storage/blobs.ts';
import { finishInspection } from '../../server/storage/inspections.ts';
import { migrate, SCHEMA_VERSION } from '../../server/storage/migrations.ts';
import { ownFolder } from '../../server/storage/ownerLock.ts';
import { addRules, getRules, productVersions } from '../../server/storage/products.ts';
import { addWebhook } from '../../server/storage/webhooks.ts';
import { ROOT } from '../support/imports.ts';
import { Client } from './support/client.ts';
import { type Cluster, noPostgres, startCluster } from './support/postgres.ts';
import { PRODUCT, restored, type Seed, seed, start } from './support/seed.ts';

const API = '/api/v1';
async function array<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

let made: Seed;
let folder: string;
let cluster: Cluster | null = null;

beforeAll(async () => {
  made = await seed();
  folder = mkdtempSync(join(tmpdir(), 'logsad-operations-'));
  if (noPostgres === null) cluster = await startCluster();
}, 300_000);
afterAll(() => {
  cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('backup and restore', () => {
  it.skipIf(noPostgres !== null)(
    `carry everything from one database to the other and back (${noPostgres ?? 'both'})`,
    async () => {
      const pglite = await restored();
      const there = join(folder, 'there');
      await backup(pglite, join(folder, 'one'));
      const postgres = { data: there, databaseUrl: cluster!.database() };
      await restore(postgres, join(folder, 'one'));
      await backup(postgres, join(folder, 'two'));
      const [one, two] = ['one', 'two'].map(
        (n) => JSON.parse(readFileSync(join(folder, n, 'manifest.json'), 'utf8')) as Record<string, object>,
      );
      expect(Object.keys(one!.tables!).length).toBeGreaterThan(14);
      const rows = (m: typeof one) => Object.entries(m!.tables!).map(([t, v]) => [t, (v as { rows: number }).rows]);
      expect(rows(two)).toEqual(rows(one));
      expect(two!.blobs).toEqual(one!.blobs);
      pglite.dispose();
    },
  );

  it('refuse what is damaged, no backup, or would overwrite', async () => {
    const data = join(folder, 'target');
    await expect(restore({ data }, folder)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    const bad = join(folder, 'bad');
    cpSync(made.backup, bad, { recursive: true });
    const table = join(bad, 'tables', 'tokens.ndjson');
    writeFileSync(table, readFileSync(table, 'utf8').replace('"admin"', '"amdin"'));
    await expect(restore({ data }, bad)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    await using sql = await openSql({ data });
    expect(await sql.query('SELECT id FROM products')).toEqual([]);
  });

  it('take what an older version wrote', async () => {
    const old = join(folder, 'older');
    cpSync(made.backup, old, { recursive: true });
    const at = join(old, 'manifest.json');
    const manifest = JSON.parse(readFileSync(at, 'utf8')) as {
      migration: number;
      tables: Record<string, { sha256: string }>;
    };
    manifest.migration = 1;
    delete manifest.tables.tasks;
    for (const [table, column] of [
      ['rule_files', 'grounding'],
      ['profiles', 'turn'],
    ] as const) {
      const path = join(old, 'tables', `${table}.ndjson`);
      const { [column]: gone, ...row } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      expect(gone).toBeDefined();
      writeFileSync(path, `${JSON.stringify(row)}\n`);
      manifest.tables[table]!.sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    }
    writeFileSync(at, JSON.stringify(manifest));
    const data = join(folder, 'from-older');
    await restore({ data }, old);
    await using sql = await openSql({ data });
    expect(await productVersions(sql, PRODUCT)).toEqual({ liveRules: 1, readyProfile: 1 });
  });

  it('tell which files are missing, and go on', async () => {
    const place = await restored();
    const blobs = openBlobs(join(place.data, 'blobs'));
    const [digest] = await array(blobs.idle(0));
    rmSync(blobs.pathOf(digest!));
    const out = join(folder, 'incomplete');
    expect((await backup(place, out)).missing).toEqual([digest]);
    expect((await restore({ data: join(folder, 'from-incomplete') }, out)).missing).toEqual([digest]);
    place.dispose();
  });

  it('work on a running service too, by an admin', async () => {
    const place = await restored();
    const serving: Serving = await start(place);
    const client = new Client(serving.url, made.adminToken);
    const { body } = await client.call<{ name: string; rows: number }>('POST', `${API}/backups`);
    const at = join(place.data, 'backups', body.name);
    expect(existsSync(join(at, 'manifest.json'))).toBe(true);
    const paths = ['.', ...(readdirSync(at, { recursive: true }) as string[])].map((p) => join(at, p));
    for (const p of paths) expect(statSync(p).mode & 0o077, p).toBe(0);
    await expect(backup(place, join(folder, 'locked'))).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    await serving.stop();
    place.dispose();
  });
});

describe('rows', () => {
  it('a result is written once, whoever comes second', async () => {
    const place = await restored();
    await using sql = await openSql(place);
    const [row] = await sql.query<{ id: string }>('SELECT id::text AS id FROM inspections LIMIT 1');
    await sql.query('DELETE FROM results WHERE inspection = $1', [row!.id]);
    const error = { code: 'X', message: 'second', fix: '' };
    const won = await Promise.all(
      ['first', 'second'].map((message) =>
        sql.transaction((tx) => finishInspection(tx, row!.id, { error: { ...error, message } })),
      ),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    place.dispose();
  });

  it('an audit entry that is edited, removed or slipped in shows', async () => {
    const place = await restored();
    await using sql = await openSql(place);
    const { appendAudit } = await import('../../server/storage/audit.ts');
    for (let i = 0; i < 5; i++)
      await sql.transaction((tx) => appendAudit(tx, { actor: 'a', action: 'b', subject: String(i) }));
    const whole = await verifyAudit(sql);
    expect(whole.intact).toBe(true);
    await sql.query(`UPDATE audit SET actor = 'somebody else' WHERE seq = 3`);
    expect(await verifyAudit(sql)).toMatchObject({ intact: false, brokenAt: 3 });
    await sql.query('DELETE FROM audit WHERE seq = 3');
    expect(await verifyAudit(sql)).toMatchObject({ intact: false, brokenAt: 3 });
    place.dispose();
  });

  it('tables of a newer version are not touched', async () => {
    await using sql = await openSql({ data: join(folder, 'newer') });
    await sql.query('INSERT INTO migrations (version) VALUES ($1)', [SCHEMA_VERSION + 1]);
    await expect(migrate(sql)).rejects.toMatchObject({ code: 'DATABASE_VERSION' });
  });
});

describe('retention', () => {
  it('takes out old inspections and the files that nothing needs any more, and no other', async () => {
    const place = await restored();
    await using sql = await openSql(place);
    const blobs = openBlobs(join(place.data, 'blobs'));
    const stray = await blobs.put(new Uint8Array([1, 2, 3]));
    expect(await cleanUp({ sql, blobs }, 0)).toMatchObject({ inspections: 0, images: 0, blobs: 1 });
    expect(await blobs.has(stray.digest)).toBe(false);
    await sql.query(`INSERT INTO settings (key, value) VALUES ('service', '{"retentionDays":30}')`);
    await sql.query(`UPDATE inspections SET finished_at = now() - interval '31 days' WHERE seq <= 2`);
    await sql.query(`UPDATE images SET created_at = now() - interval '40 days'`);
    const gone = await cleanUp({ sql, blobs }, 0);
    expect(gone).toMatchObject({ inspections: 2, images: 2 });
    expect(gone.blobs).toBeGreaterThanOrEqual(2);
    expect(await sql.query('SELECT inspection FROM results')).toHaveLength(3);
    const [profile] = await sql.query<{ blob: string }>('SELECT blob FROM profiles');
    expect(await blobs.has(profile!.blob)).toBe(true);
    // What was touched lately stays: its row may be on the way.
    const fresh = await blobs.put(new Uint8Array([4]));
    expect((await cleanUp({ sql, blobs })).blobs).toBe(0);
    utimesSync(blobs.pathOf(fresh.digest), new Date(0), new Date(0));
    expect((await cleanUp({ sql, blobs })).blobs).toBe(1);
    place.dispose();
  });
});

describe('retention of what else piles up', () => {
  it('takes out ended tasks and deliveries, and the files of profiles that were superseded long ago', async () => {
    const place = await restored();
    await using sql = await openSql(place);
    const blobs = openBlobs(join(place.data, 'blobs'));
    const text = await getRules(sql, PRODUCT, 1);
    await sql.transaction(async (tx) => {
      await addRules(tx, {
        product: PRODUCT,
        text: text.text.replace(/long: \d+/, 'long: 600'),
        author: 'a',
        why: 'x',
      });
    });
    // Profile 1 judged what is stored; 2 to 5 are newer; 6 is the only one of another frame.
    for (const [version, rules] of [
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 2],
    ] as const) {
      const { digest } = await blobs.put(new Uint8Array([version]));
      await sql.query(
        `INSERT INTO profiles (product, version, state, rules_version, request, blob, turn, author, finished_at)
         VALUES ($1, $2, 'ready', $3, '{}', $4, $2, 'a', now() - make_interval(days => $5))`,
        [PRODUCT, version, rules, digest, version === 3 ? 2 : 90],
      );
    }
    const states = () => sql.query('SELECT state FROM profiles ORDER BY version');
    await sql.query(
      `INSERT INTO tasks (id, product, kind, state, request, author, finished_at) VALUES
         (gen_random_uuid(), $1, 'vet', 'done', '{}', 'a', now() - interval '91 days'),
         (gen_random_uuid(), $1, 'vet', 'running', '{}', 'a', NULL),
         (gen_random_uuid(), $1, 'mine', 'failed', '{}', 'a', now() - interval '89 days')`,
      [PRODUCT],
    );
    const hook = await addWebhook(sql, 'https://example.org/', ['rules.live'], 's');
    for (const [state, days] of [
      ['delivered', 31],
      ['failed', 31],
      ['queued', 31],
      ['delivered', 29],
    ] as const)
      await sql.query(
        `INSERT INTO deliveries (id, webhook, event, state, finished_at)
         VALUES (gen_random_uuid(), $1, 1, $2, CASE WHEN $2 <> 'queued' THEN now() - make_interval(days => $3) END)`,
        [hook.id, state, days],
      );
    expect((await cleanUp({ sql, blobs }, 0)).blobs).toBe(1);
    const expected = ['ready', 'retired', 'ready', 'ready', 'ready', 'ready'];
    expect(await states()).toEqual(expected.map((state) => ({ state })));
    expect(await sql.query('SELECT kind, state FROM tasks ORDER BY kind')).toEqual([
      { kind: 'mine', state: 'failed' },
      { kind: 'vet', state: 'running' },
    ]);
    expect(await sql.query('SELECT state FROM deliveries ORDER BY state')).toEqual([
      { state: 'delivered' },
      { state: 'queued' },
    ]);
    // The one that judged a stored inspection goes with that.
    await sql.query('DELETE FROM inspections');
    await sql.query(`UPDATE profiles SET finished_at = now() - interval '90 days'`);
    await cleanUp({ sql, blobs }, 0);
    const left = ['retired', 'retired', 'retired', 'ready', 'ready', 'ready'];
    expect(await states()).toEqual(left.map((state) => ({ state })));
    expect(await productVersions(sql, PRODUCT)).toEqual({ liveRules: 1, readyProfile: 5 });
    place.dispose();
  });
});

describe('a file that is touched while retention looks', () => {
  it('stays, or is put there anew: whoever keeps it has it', async () => {
    const at = join(folder, 'race');
    let between: () => Promise<unknown> = async () => undefined;
    const blobs = openBlobs(at, {
      open,
      rename: async (from, to) => {
        await between();
        return rename(from, to);
      },
    });
    const bytes = new Uint8Array([7]);
    const { digest } = await blobs.put(bytes);
    const old = (): void => utimesSync(blobs.pathOf(digest), new Date(0), new Date(0));
    old();
    // Somebody sends the same picture between the look and the removal.
    between = async () => {
      between = async () => undefined;
      await blobs.put(bytes);
    };
    expect(await blobs.remove(digest, 1000)).toBe(false);
    expect(await blobs.has(digest)).toBe(true);
    old();
    expect(await blobs.remove(digest, 1000)).toBe(true);
    await blobs.put(bytes);
    expect(await blobs.has(digest)).toBe(true);
    expect(readdirSync(join(at, 'drafts'))).toEqual([]);
  });
});

describe('one owner', () => {
  it('is told by name, and a dead one does not stand in the way', async () => {
    const data = join(folder, 'owned');
    const release = await ownFolder(data);
    await expect(ownFolder(data)).rejects.toMatchObject({ code: 'DATA_IN_USE', params: { owner: process.pid } });
    await release();
    const child = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
    writeFileSync(join(data, 'owner.lock'), JSON.stringify({ pid: Number(child.stdout), started: null }));
    await (await ownFolder(data))();
    // A process id that somebody else has by now.
    writeFileSync(join(data, 'owner.lock'), JSON.stringify({ pid: process.pid, started: '1' }));
    await (await ownFolder(data))();
  });
});

describe('the container image', () => {
  it('leaves out the binaries of other platforms, and keeps its own', async () => {
    const modules = join(folder, 'node_modules');
    const bin = join(modules, 'onnxruntime-node', 'bin', 'napi-v6');
    for (const p of ['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64'])
      mkdirSync(join(bin, p), { recursive: true });
    const foreign = await foreignBinaries(modules, { os: 'linux', cpu: 'x64' });
    expect(foreign.sort()).toEqual([join(bin, 'darwin'), join(bin, 'linux', 'arm64'), join(bin, 'win32')]);
    const installed = await foreignBinaries(join(ROOT, 'node_modules'));
    expect(installed.every((p) => !p.endsWith(join(process.platform, process.arch)))).toBe(true);
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    expect(dockerfile).toContain('scripts/prune-binaries.ts node_modules');
  });
});

describe('one client', () => {
  it('runs the examples of docs/operations.md: curl, and TypeScript with types from the OpenAPI file', async () => {
    const place = await restored();
    const serving = await start(place);
    const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const [, curl] = /```sh\n(curl [\s\S]*?)```/.exec(text) ?? [];
    const picture = made.pictures[0]!;
    const command = curl!.replaceAll('http://127.0.0.1:8080', serving.url).replace('part.jpg', picture);
    const env = { ...process.env, TOKEN: made.adminToken };
    const { stdout } = await promisify(execFile)('bash', ['-c', command], { env });
    expect(JSON.parse(stdout)).toMatchObject({ inspection: { product: PRODUCT, state: 'done' } });

    const [, example] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    const work = mkdtempSync(join(ROOT, 'node_modules', '.example-'));
    try {
      const { default: generate, astToString } = await import('openapi-typescript');
      const response = await fetch(`${serving.url}/api/openapi.json`);
      const types = astToString(await generate((await response.json()) as never));
      writeFileSync(join(work, 'api.d.ts'), types);
      writeFileSync(join(work, 'example.ts'), example!);
      writeFileSync(join(work, 'package.json'), '{"type":"module"}');
      const tsc = [
        'tsc',
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--types',
        'node',
        '--allowImportingTsExtensions',
        join(work, 'example.ts'),
      ];
      await promisify(execFile)('npx', tsc, { cwd: ROOT }).catch((e: { stdout: string }) => expect(e.stdout).toBe(''));
      const ran = await promisify(execFile)(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), join(work, 'example.ts'), picture],
        {
          env: { ...env, LOGSAD_URL: serving.url },
        },
      );
      expect(ran.stdout).toMatch(/^(pass|review|reject)/);
    } finally {
      rmSync(work, { recursive: true, force: true });
      await serving.stop();
      place.dispose();
    }
  });
});
