/**
 * Backup and restore: a folder with one line per row and every picture, readable by people and by either database. Open
 * work needs no copy of the queue: the rows say what is still to be done, and the restored service queues it again.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { LogsadError } from '../../src/index.ts';
import { type Blobs, openBlobs } from '../storage/blobs.ts';
import { fillIn, SCHEMA_VERSION } from '../storage/migrations.ts';
import type { Queryable, Sql, Value } from '../storage/sql.ts';

/** In an order that satisfies references. Sessions and leases are of the moment and stay out; tallies are counted anew. */
const TABLES = [
  'products',
  'images',
  'rule_files',
  'normals',
  'profiles',
  'batches',
  'inspections',
  'tasks',
  'results',
  'reviews',
  'idempotency',
  'tokens',
  'events',
  'webhooks',
  'deliveries',
  'audit',
  'settings',
] as const;
/** Tables whose changes the database counts. */
const TALLIED = ['inspections', 'results'] as const;
const PAGE = 500;
const MAPS_PAGE = 5000;

interface Manifest {
  readonly schema: 'logsad/backup/v1';
  readonly migration: number;
  readonly at: string;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
  readonly blobs: readonly string[];
  /** Files that rows refer to and that were not there. */
  readonly missing?: readonly string[];
}

/** A backup holds hashes of tokens and everybody's pictures: nobody but its owner reads it. */
const PRIVATE = { folder: 0o700, file: 0o600 } as const;

export interface BackupDone {
  readonly name: string;
  readonly rows: number;
  readonly blobs: number;
  /** Digests of files that rows refer to and that were not there: what refers to them is restored without them. */
  readonly missing: readonly string[];
}

export interface BackupRequest {
  readonly sql: Sql;
  readonly blobs: Blobs;
  /** Data folder; the backup is written below its `backups/` unless `out` names another place. */
  readonly data: string;
  readonly out?: string;
}

/** Digests of every file the rows refer to. */
export async function referenced(sql: Queryable): Promise<Set<string>> {
  const rows = await sql.query<{ digest: string }>(
    'SELECT digest FROM images UNION SELECT blob FROM profiles WHERE blob IS NOT NULL',
  );
  const out = new Set(rows.map((r) => r.digest));
  for (let after: string | null = null; ; ) {
    const page: { inspection: string; maps: string }[] = await sql.query(
      `SELECT inspection::text AS inspection, maps FROM results
       WHERE maps IS NOT NULL AND ($1::uuid IS NULL OR inspection > $1) ORDER BY inspection LIMIT $2`,
      [after, MAPS_PAGE],
    );
    for (const { maps } of page)
      for (const digest of Object.values(JSON.parse(maps) as Record<string, string>)) out.add(digest);
    if (page.length < MAPS_PAGE) return out;
    after = page.at(-1)!.inspection;
  }
}

/** A consistent copy while the service runs; appears under its name only when it is whole. @throws LogsadError CONFLICT */
export async function backupInto(request: BackupRequest): Promise<BackupDone> {
  const at = new Date().toISOString();
  const out = request.out ?? join(request.data, 'backups', at.replaceAll(/[:.]/g, '-'));
  if ((await readdir(out).catch(() => [])).length > 0) {
    throw new LogsadError('CONFLICT', { reason: `${out} is not empty`, remedy: 'name a folder that does not exist' });
  }
  const draft = `${out}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(draft), { recursive: true });
  for (const folder of [draft, join(draft, 'tables')]) await mkdir(folder, { mode: PRIVATE.folder });
  const tables: Record<string, { rows: number; sha256: string }> = {};
  const digests = await request.sql.transaction(async (tx) => {
    if (request.sql.kind === 'postgres') await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    for (const table of TABLES) tables[table] = await dump(tx, table, join(draft, 'tables', `${table}.ndjson`));
    return [...(await referenced(tx))].sort();
  });
  const kept: string[] = [];
  const missing: string[] = [];
  const shelf = openBlobs(join(draft, 'blobs'));
  for (const digest of digests) {
    if (!(await request.blobs.has(digest))) {
      missing.push(digest);
      continue;
    }
    await mkdir(dirname(shelf.pathOf(digest)), { recursive: true, mode: PRIVATE.folder });
    await copyFile(request.blobs.pathOf(digest), shelf.pathOf(digest));
    await chmod(shelf.pathOf(digest), PRIVATE.file);
    kept.push(digest);
  }
  const manifest: Manifest = {
    schema: 'logsad/backup/v1',
    migration: SCHEMA_VERSION,
    at,
    tables,
    blobs: kept,
    missing,
  };
  await writeFile(join(draft, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, { mode: PRIVATE.file });
  await rename(draft, out);
  const rows = Object.values(tables).reduce((n, t) => n + t.rows, 0);
  return { name: basename(out), rows, blobs: kept.length, missing };
}

/** Rows as JSON, one a line, in pages: memory does not grow with the table. */
async function dump(tx: Queryable, table: string, path: string): Promise<{ rows: number; sha256: string }> {
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', PRIVATE.file);
  let rows = 0;
  try {
    await tx.query(`DECLARE dump_${table} NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM ${table} t`);
    for (;;) {
      const page = await tx.query<{ line: string }>(`FETCH ${PAGE} FROM dump_${table}`);
      const text = page.map((r) => `${r.line}\n`).join('');
      hash.update(text);
      await handle.writeFile(text);
      rows += page.length;
      if (page.length < PAGE) break;
    }
    await tx.query(`CLOSE dump_${table}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { rows, sha256: hash.digest('hex') };
}

export interface RestoreRequest {
  readonly from: string;
  /** Migrated and empty. */
  readonly sql: Sql;
  readonly blobs: Blobs;
}

/** All of it or, should a line or a file be damaged, no row of it. @throws LogsadError BACKUP_INVALID */
export async function restoreFrom({ from, sql, blobs }: RestoreRequest): Promise<Omit<BackupDone, 'name'>> {
  const refuse = (reason: string): LogsadError => new LogsadError('BACKUP_INVALID', { path: from, reason });
  const text = await readFile(join(from, 'manifest.json'), 'utf8').catch(() => {
    throw refuse('it holds no manifest.json');
  });
  const manifest = parseManifest(text, refuse);
  const [there] = await sql.query<{ n: number }>(
    'SELECT (SELECT count(*) FROM products)::int + (SELECT count(*) FROM tokens)::int AS n',
  );
  if ((there?.n ?? 0) > 0) throw refuse('the database holds products or tokens already');
  const shelf = openBlobs(join(from, 'blobs'));
  for (const digest of manifest.blobs) {
    const path = shelf.pathOf(digest);
    const draft = await blobs.draft(createReadStream(path), Number.POSITIVE_INFINITY).catch(() => {
      throw refuse(`blob ${digest} cannot be read`);
    });
    if (draft.digest !== digest) {
      await draft.drop();
      throw refuse(`blob ${digest} is damaged`);
    }
    await draft.keep();
  }
  let rows = 0;
  await sql.transaction(async (tx) => {
    rows = 0;
    // Counting row by row, all in one transaction, would take longer with every row.
    for (const table of TALLIED) await tx.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const table of TABLES) {
      const expected = manifest.tables[table];
      // An older version did not have every table.
      if (!expected && manifest.migration < SCHEMA_VERSION) continue;
      if (!expected) throw refuse(`table ${table} is missing`);
      const got = await load(tx, table, join(from, 'tables', `${table}.ndjson`));
      if (got.sha256 !== expected.sha256) throw refuse(`table ${table} is damaged`);
      rows += got.rows;
    }
    await fillIn(tx);
    for (const table of TALLIED) await tx.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
    await tx.query('SELECT tally_anew()');
    for (const table of ['inspections', 'tasks', 'reviews', 'events']) {
      await tx.query(
        `SELECT setval(pg_get_serial_sequence('${table}', 'seq'), greatest(1, (SELECT max(seq) FROM ${table})))`,
      );
    }
  });
  return { rows, blobs: manifest.blobs.length, missing: manifest.missing ?? [] };
}

function parseManifest(text: string, refuse: (reason: string) => LogsadError): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch {
    throw refuse('manifest.json is no JSON');
  }
  if (manifest.schema !== 'logsad/backup/v1' || !Array.isArray(manifest.blobs)) throw refuse('it is no logsad backup');
  if (!(manifest.migration <= SCHEMA_VERSION)) {
    throw refuse(`it is of migration ${manifest.migration}, this version knows ${SCHEMA_VERSION} and those before`);
  }
  return manifest;
}

async function load(tx: Queryable, table: string, path: string): Promise<{ rows: number; sha256: string }> {
  const hash = createHash('sha256');
  let rows = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  const insert = `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_record(NULL::${table}, $1::json)`;
  for await (const line of lines) {
    hash.update(`${line}\n`);
    await tx.query(insert, [line as Value]);
    rows++;
  }
  return { rows, sha256: hash.digest('hex') };
}
