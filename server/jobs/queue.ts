/**
 * The queue: pg-boss on either database, the only importer of the package. A job is sent in the transaction that creates
 * its subject, taken together with a lease that names its holder, and finished in the transaction that writes its
 * outcome; so no crash leaves one without the other. A lease whose holder no longer lives is given back.
 */
import PgBoss from 'pg-boss';
import { LEASE_LOCK, type Queryable, type Sql, type Value } from '../storage/sql.ts';

/** The channel that wakes workers. */
export const WORK_CHANNEL = 'logsad_work';

export const QUEUE_NAMES = ['inspect', 'learn', 'deliver'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

const QUEUE = {
  /**
   * How often a job may lose its process before pg-boss gives up on it. A picture that kills the engine is stopped long
   * before, by its own count (see worker.ts); this many deaths of the whole service during one job are no accident.
   */
  processDeaths: 50,
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
  /** Puts a job back for anyone. */
  release(job: Job): Promise<void>;
  /** Puts back the jobs of holders that died; how many. */
  sweep(): Promise<number>;
  /** Sends again what the tables say is open but no job stands for (after a restore); how many. */
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
  const limits = { retryLimit: QUEUE.processDeaths, retryDelay: 0, expireInHours: QUEUE.expireHours };
  for (const name of QUEUE_NAMES) await boss.createQueue(name, { name, ...limits });
  const [row] = await sql.query<{ holder: number }>(`SELECT nextval('holders')::int AS holder`);
  const holder = row!.holder;
  await sql.hold(holder);

  const giveBack = async (job: Pick<Job, 'id' | 'queue'>): Promise<void> => {
    await sql.transaction(async (tx) => {
      // Whoever deletes the lease puts the job back; nobody does it twice.
      const gone = await tx.query('DELETE FROM leases WHERE job = $1 RETURNING job', [job.id]);
      if (gone.length === 0) return;
      await boss.fail(job.queue, job.id, { given: 'back' }, { db: bossDb(tx) });
      await tx.query('SELECT pg_notify($1, $2)', [WORK_CHANNEL, job.queue]);
    });
  };

  return {
    send: async (tx, queue, subject, afterSeconds) => {
      const later = afterSeconds === undefined ? {} : { startAfter: afterSeconds };
      await boss.send(queue, { subject }, { ...limits, ...later, db: bossDb(tx) });
      await tx.query('SELECT pg_notify($1, $2)', [WORK_CHANNEL, queue]);
    },
    take: (queue, count) =>
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
      }),
    finish: async (tx, job) => {
      await tx.query('DELETE FROM leases WHERE job = $1', [job.id]);
      await boss.complete(job.queue, job.id, {}, { db: bossDb(tx) });
    },
    release: giveBack,
    sweep: async () => {
      const dead = await sql.query<{ id: string; queue: QueueName }>(
        `SELECT job::text AS id, queue FROM leases WHERE holder NOT IN
           (SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = $1 AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
        [LEASE_LOCK],
      );
      for (const job of dead) await giveBack(job);
      return dead.length;
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

async function refill(tx: Queryable, boss: PgBoss, limits: PgBoss.SendOptions): Promise<number> {
  const open = await tx.query<{ queue: QueueName; subject: string }>(
    `SELECT 'inspect' AS queue, id::text AS subject FROM inspections WHERE state IN ('queued', 'running')
     UNION ALL SELECT 'learn', product || '/' || version FROM profiles WHERE state IN ('queued', 'running')
     UNION ALL SELECT 'deliver', id::text FROM deliveries WHERE state = 'queued'
     EXCEPT ALL SELECT name, data ->> 'subject' FROM ${QUEUE.schema}.job WHERE state < 'completed'`,
  );
  for (const { queue, subject } of open) await boss.send(queue, { subject }, { ...limits, db: bossDb(tx) });
  return open.length;
}
