/** Taking out what is older than the settings allow, and files that nothing refers to any more. */
import type { Service } from '../service.ts';
import { lockProduct } from '../storage/products.ts';
import { getSettings } from '../storage/settings.ts';
import type { Sql } from '../storage/sql.ts';
import { referenced } from './backup.ts';

const RETENTION = {
  /** How often it looks. */
  everyMs: 3_600_000,
  /** Rows removed in one transaction: others wait no longer than that. */
  chunk: 500,
  /** Keys and events are for repeats and resumed streams; nobody comes back after so long. */
  keyDays: 7,
  eventDays: 30,
  /** Deliveries that arrived or were given up; what tasks found was taken over into a draft by then, or is not wanted. */
  deliveryDays: 30,
  taskDays: 90,
  /**
   * Profiles of one grounding that stay whatever happens, those that judged last first: the one in use and the one before,
   * to go back to. Older ones go so many days after they were learnt, where no stored inspection was judged by them.
   */
  profiles: 2,
  profileDays: 30,
  /** A file that was touched later may belong to an upload that has no row yet. */
  idleMs: 24 * 3_600_000,
} as const;

type Needs = Pick<Service, 'sql' | 'blobs'>;

/** What was removed. `idleMs`: only for tests, which cannot wait a day. */
export async function cleanUp(
  { sql, blobs }: Needs,
  idleMs: number = RETENTION.idleMs,
): Promise<{ inspections: number; images: number; blobs: number }> {
  const { retentionDays } = await getSettings(sql);
  const inspections = retentionDays === null ? 0 : await takeOut(sql, 'inspections', DONE, retentionDays);
  await takeOut(sql, 'tasks', DONE, RETENTION.taskDays);
  await takeOut(sql, 'deliveries', `state IN ('delivered', 'failed')`, RETENTION.deliveryDays);
  await retireProfiles(sql);
  await sql.query(
    `DELETE FROM batches b WHERE created_at < now() - interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM inspections i WHERE i.batch = b.id)`,
  );
  await sql.query('DELETE FROM idempotency WHERE created_at < now() - make_interval(days => $1)', [RETENTION.keyDays]);
  await sql.query(
    `DELETE FROM events e WHERE created_at < now() - make_interval(days => $1)
       AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = e.seq AND d.state = 'queued')`,
    [RETENTION.eventDays],
  );
  const images = await sql.query(
    `DELETE FROM images m WHERE created_at < now() - make_interval(secs => $1)
       AND NOT EXISTS (SELECT 1 FROM inspections i WHERE i.image = m.digest)
       AND NOT EXISTS (SELECT 1 FROM normals n WHERE n.image = m.digest) RETURNING digest`,
    [idleMs / 1000],
  );
  const used = await referenced(sql);
  let removed = 0;
  for await (const digest of blobs.idle(idleMs)) {
    if (used.has(digest)) continue;
    if (await blobs.remove(digest, idleMs)) removed++;
  }
  return { inspections, images: images.length, blobs: removed };
}

const DONE = `state IN ('done', 'failed')`;

/** Removes rows that ended so many days ago, a few at a time; how many. */
async function takeOut(sql: Sql, table: string, which: string, days: number): Promise<number> {
  for (let removed = 0; ; ) {
    const gone = await sql.query(
      `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table}
         WHERE ${which} AND finished_at < now() - make_interval(days => $1) LIMIT $2) RETURNING id`,
      [days, RETENTION.chunk],
    );
    removed += gone.length;
    if (gone.length < RETENTION.chunk) return removed;
  }
}

/** Lets go of what superseded profiles hold, by far the largest files; their rows stay and say what was learnt when. */
async function retireProfiles(sql: Sql): Promise<void> {
  for (const { id } of await sql.query<{ id: string }>('SELECT id FROM products'))
    await sql.transaction(async (tx) => {
      // Whoever lets an older profile judge again holds the same lock.
      await lockProduct(tx, id);
      await tx.query(
        `UPDATE profiles SET state = 'retired', blob = NULL WHERE product = $1 AND state = 'ready'
           AND finished_at < now() - make_interval(days => $2)
           AND version IN (SELECT r.version FROM (
             SELECT f.version, row_number() OVER (PARTITION BY l.grounding ORDER BY f.turn DESC, f.version DESC) AS place
             FROM profiles f JOIN rule_files l ON l.product = f.product AND l.version = f.rules_version
             WHERE f.product = $1 AND f.state = 'ready') r WHERE r.place > $3)
           AND NOT EXISTS (SELECT 1 FROM inspections i WHERE i.product = $1 AND i.profile_version = profiles.version)`,
        [id, RETENTION.profileDays, RETENTION.profiles],
      );
    });
}

/** Looks every hour until what it returns is called. */
export function startRetention(service: Service): () => void {
  const look = (): void => {
    cleanUp(service).then(
      (gone) => service.log.info(gone, 'retention'),
      (error: unknown) => service.log.error({ err: error }, 'retention'),
    );
  };
  const timer = setInterval(look, RETENTION.everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
