/**
 * The queue: pg-boss on either database, the only importer of the package. A job is sent in the transaction that creates
 * its subject, taken together with a lease that names its holder, and finished in the transaction that writes its
 * outcome; so no crash leaves one without the other. A lease whose holder no longer lives is given back.
 */
import PgBoss from 'pg-boss';
import { inOrder, LEASE_LOCK, type Queryable, type Sql, type Value } from '../storage/sql.ts';

/** The channel that wakes workers. */
export const WORK_CHANNEL = 'logsad_work';

export const QUEUE_NAMES = ['inspect', 'learn', 'task', 'deliver'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

const REFILL_CHAIN = 4;

const QUEUE = {
  /**
   * pg-boss counts how often a job was put back; nothing here gives up on that count. Tries that are a picture's own are
   * counted in its row (see worker.ts).
   */
  putBacks: 2_000_000_000,
  /** pg-boss' own deadline; leases are what finds dead workers, this only catches what they miss. */
  expireHours: 4,
  schema: 'pgboss',
} as const;

export interface Job {
  readonly id: string;
  readonly queue: QueueName;
  /** Id of the inspection or delivery, `product/version` of a profile. */
  readonly subject: string;
}

export interface Queue {
  /** In the transaction of its subject; wakes workers when that commits. `afterSeconds`: not before so long. */
  send(tx: Queryable, queue: QueueName, subject: string, afterSeconds?: number): Promise<void>;
  /** Up to `count` jobs, leased to this process. */
  take(queue: QueueName, count: number): Promise<Job[]>;
  /** In the transaction of the outcome. */
  finish(tx: Queryable, job: Job): Promise<void>;
  /** Puts a job of this process back for anyone. */
  release(job: Job): Promise<void>;
  /** This process works on the job no more, however that ended: should its lease still stand, `sweep` puts it back. */
  settled(job: Job): void;
  /** Puts back the jobs of holders that died, and those of this process that it does not know of; how many. */
  sweep(): Promise<number>;
  /** Sends again what the tables say is open but no job stands for (after a restore, or a lost entry); how many. */
  refill(): Promise<number>;
  /** Jobs that wait or run, by queue. */
  depth(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

type BossDb = PgBoss.Db;
const bossDb = (sql: Queryable, script?: (text: string) => Promise<void>): BossDb => ({
  executeSql: async (text, values = []) => {
    // pg-boss sends whole scripts without values; a prepared statement cannot hold them.
    if (script && values.length === 0 && /;\s*\S/.test(text.trim().replace(/;\s*$/, ''))) {
      await script(text);
      return { rows: [] };
    }
    const plain = (values as unknown[]).map((v) =>
      v !== null && typeof v === 'object' && !Array.isArray(v) && !(v instanceof Date)
        ? JSON.stringify(v)
        : (v ?? null),
    );
    return { rows: await sql.query(text, plain as Value[]) };
  },
});

export interface QueueOptions {
  readonly onError: (error: unknown) => void;
}

/** Starts pg-boss, making its tables where they lack, and takes the lock that shows this holder lives. */
export async function openQueue(sql: Sql, options: QueueOptions): Promise<Queue> {
  const boss = new PgBoss({
    db: bossDb(sql, (text) => sql.script(text)),
    schema: QUEUE.schema,
    schedule: false,
    supervise: true,
    maintenanceIntervalSeconds: 60,
    archiveCompletedAfterSeconds: 600,
    deleteAfterHours: 24,
  });
  boss.on('error', options.onError);
  await boss.start();
  const limits = { retryLimit: QUEUE.putBacks, retryDelay: 0, expireInHours: QUEUE.expireHours };
  for (const name of QUEUE_NAMES) await boss.createQueue(name, { name, ...limits });
  const [row] = await sql.query<{ holder: number }>(`SELECT nextval('holders')::int AS holder`);
  const holder = row!.holder;
  await sql.hold(holder);

  const leases = createLeases(sql, boss, holder);
  return {
    ...leases,
    send: async (tx, queue, subject, afterSeconds) => {
      const later = afterSeconds === undefined ? {} : { startAfter: afterSeconds };
      await boss.send(queue, { subject }, { ...limits, ...later, db: bossDb(tx) });
      await tx.query('SELECT pg_notify($1, $2)', [WORK_CHANNEL, queue]);
    },
    finish: async (tx, job) => {
      await tx.query('DELETE FROM leases WHERE job = $1', [job.id]);
      await boss.complete(job.queue, job.id, {}, { db: bossDb(tx) });
    },
    refill: () => sql.transaction((tx) => refill(tx, boss, limits)),
    depth: async () => {
      const rows = await sql.query<{ name: string; n: number }>(
        `SELECT name, count(*)::int AS n FROM ${QUEUE.schema}.job WHERE state < 'completed' GROUP BY name`,
      );
      return Object.fromEntries(QUEUE_NAMES.map((name) => [name, rows.find((r) => r.name === name)?.n ?? 0]));
    },
    close: () => boss.stop({ graceful: false }),
  };
}

/** Leases of one holder: who works on what, and what becomes of it when nobody does any more. */
function createLeases(sql: Sql, boss: PgBoss, holder: number): Pick<Queue, 'take' | 'release' | 'settled' | 'sweep'> {
  /** Jobs that this process works on, by id. */
  const mine = new Map<string, Job>();
  /** One at a time: between a lease in the table and its entry in `mine` nobody may look. */
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  const giveBack = async (id: string, queue: QueueName, from: number): Promise<void> => {
    await sql.transaction(async (tx) => {
      // Whoever deletes the lease puts the job back; nobody does it twice, or to one that others took meanwhile.
      const gone = await tx.query('DELETE FROM leases WHERE job = $1 AND holder = $2 RETURNING job', [id, from]);
      if (gone.length === 0) return;
      await boss.fail(queue, id, { given: 'back' }, { db: bossDb(tx) });
      await tx.query('SELECT pg_notify($1, $2)', [WORK_CHANNEL, queue]);
    });
  };
  const takeSome = (queue: QueueName, count: number): Promise<Job[]> =>
    sql.transaction(async (tx) => {
      // Only deliveries are meant for later. A clock that was set back must not hold what was queued before it.
      const options = { batchSize: count, ignoreStartAfter: queue !== 'deliver', db: bossDb(tx) };
      const jobs = await boss.fetch<{ subject: string }>(queue, options);
      for (const { id } of jobs) {
        const lease = `INSERT INTO leases (job, queue, holder) VALUES ($1, $2, $3)
          ON CONFLICT (job) DO UPDATE SET holder = $3`;
        await tx.query(lease, [id, queue, holder]);
      }
      return jobs.map(({ id, data }) => ({ id, queue, subject: data.subject }));
    });
  return {
    take: (queue, count) =>
      alone(async () => {
        const jobs = await takeSome(queue, count);
        for (const job of jobs) mine.set(job.id, job);
        return jobs;
      }),
    release: (job) => alone(() => giveBack(job.id, job.queue, holder)),
    settled: (job) => {
      // Put back and taken again, it has another entry by now.
      if (mine.get(job.id) === job) mine.delete(job.id);
    },
    sweep: async () => {
      const rows = await sql.query<{ id: string; queue: QueueName; holder: number }>(
        `SELECT job::text AS id, queue, holder FROM leases WHERE holder NOT IN
           (SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = $1 AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
        [LEASE_LOCK],
      );
      const dead = rows.filter((r) => r.holder !== holder);
      for (const job of dead) await giveBack(job.id, job.queue, job.holder);
      // The answer to a taking or a putting back may be lost with its connection.
      const lost = await alone(async () => {
        const own = await sql.query<{ id: string; queue: QueueName }>(
          'SELECT job::text AS id, queue FROM leases WHERE holder = $1',
          [holder],
        );
        const unknown = own.filter(({ id }) => !mine.has(id));
        for (const { id, queue } of unknown) await giveBack(id, queue, holder);
        return unknown;
      });
      return dead.length + lost.length;
    },
  };
}

async function refill(tx: Queryable, boss: PgBoss, limits: PgBoss.SendOptions): Promise<number> {
  // Two at a time would both send what is missing.
  await inOrder(tx, REFILL_CHAIN);
  const open = await tx.query<{ queue: QueueName; subject: string }>(
    `SELECT 'inspect' AS queue, id::text AS subject FROM inspections WHERE state IN ('queued', 'running')
     UNION ALL SELECT 'learn', product || '/' || version FROM profiles WHERE state IN ('queued', 'running')
     UNION ALL SELECT 'task', id::text FROM tasks WHERE state IN ('queued', 'running')
     UNION ALL SELECT 'deliver', id::text FROM deliveries WHERE state = 'queued'
     EXCEPT ALL SELECT name, data ->> 'subject' FROM ${QUEUE.schema}.job WHERE state < 'completed'`,
  );
  for (const { queue, subject } of open) await boss.send(queue, { subject }, { ...limits, db: bossDb(tx) });
  if (open.length > 0) await tx.query('SELECT pg_notify($1, $2)', [WORK_CHANNEL, '']);
  return open.length;
}
