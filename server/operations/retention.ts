/** Taking out what is older than the settings allow, and files that nothing refers to any more. */
import type { Service } from '../service.ts';
import { getSettings } from '../storage/settings.ts';
import { referenced } from './backup.ts';

const RETENTION = {
  /** How often it looks. */
  everyMs: 3_600_000,
  /** Rows removed in one transaction: others wait no longer than that. */
  chunk: 500,
  /** Keys and events are for repeats and resumed streams; nobody comes back after so long. */
  keyDays: 7,
  eventDays: 30,
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
  let inspections = 0;
  for (let more = retentionDays !== null; more; ) {
    const gone = await sql.query(
      `DELETE FROM inspections WHERE id IN (SELECT id FROM inspections
         WHERE state IN ('done', 'failed') AND finished_at < now() - make_interval(days => $1) LIMIT $2) RETURNING id`,
      [retentionDays, RETENTION.chunk],
    );
    inspections += gone.length;
    more = gone.length === RETENTION.chunk;
  }
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
