/** `Sql` over PGlite, the database that lives in the data folder; the only importer of the package. */
import { join } from 'node:path';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { FLUSH, type Flush, flushAll } from './flush.ts';
import { ownFolder } from './ownerLock.ts';
import { LEASE_LOCK, type Queryable, type Sql, type Value } from './sql.ts';

const queryable = (db: Pick<PGlite | Transaction, 'query'>): Queryable => ({
  query: async <R extends object>(text: string, values: readonly Value[] = []) =>
    (await db.query<R>(text, [...values])).rows,
});

/** The part of the compiled file system that its types leave out. */
interface HostFiles {
  readonly stream_ops: { fsync?: (stream: OpenFile) => number };
  realPath(node: unknown): string;
  /** Turns a fault of Node into one that PostgreSQL understands. */
  tryFSOperation(work: () => void): void;
}
interface OpenFile {
  /** Absent for folders. */
  readonly nfd?: number;
  readonly node: unknown;
}

/** Files of the host that can be flushed: as shipped, asking for that is answered with nothing done. */
class FlushedFS extends NodeFS {
  readonly #flush: Flush;

  constructor(folder: string, flush: Flush) {
    super(folder);
    this.#flush = flush;
  }

  override async init(...[db, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(db, options);
    const prepare = (module: object): void => {
      const { NODEFS } = module as { NODEFS: HostFiles };
      NODEFS.stream_ops.fsync = ({ nfd, node }) => {
        NODEFS.tryFSOperation(() =>
          nfd === undefined ? this.#flush.folder(NODEFS.realPath(node)) : this.#flush.handle(nfd),
        );
        return 0;
      };
    };
    const preRun = [...(emscriptenOpts.preRun ?? []), prepare];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }
}

/** PGlite starts PostgreSQL with `-F`, without flushing; and of the two ways to flush, only `fsync` reaches the files. */
const FLUSHING = [...PGlite.defaultStartParams.filter((p) => p !== '-F'), '-c', 'wal_sync_method=fsync'];

/**
 * Opens or makes the database below `folder`. With `flush` a commit is on the disk when it is acknowledged; null leaves
 * that to the operating system. @throws LogsadError DATA_IN_USE when another process owns it
 */
export async function openPglite(folder: string, flush: Flush | null = FLUSH): Promise<Sql> {
  const release = await ownFolder(folder);
  const path = join(folder, 'pg');
  let db: PGlite;
  try {
    if (flush === null) db = await PGlite.create(path);
    else {
      db = await PGlite.create({ fs: new FlushedFS(path, flush), startParams: FLUSHING });
      // What a first start wrote, and a start without flushing before this one.
      await flushAll(path);
      flush.folder(folder);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    kind: 'pglite',
    ...queryable(db),
    transaction: async (work) => db.transaction((tx) => work(queryable(tx))),
    script: async (text) => void (await db.exec(text)),
    listen: async (channel, onNotice) => void (await db.listen(channel, onNotice)),
    // The database dies with its one process, and every lock with it.
    hold: async (key) => void (await db.query('SELECT pg_advisory_lock($1, $2)', [LEASE_LOCK, key])),
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await release();
    },
  };
}
