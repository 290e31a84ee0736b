/** The service without its door: storage, queue, engines and worker, opened and closed in order. */
import { join } from 'node:path';
import { LogsadError } from '../src/index.ts';
import { Access } from './access.ts';
import { LIMITS, type ServiceOptions } from './config.ts';
import { type Engines, openEngines } from './engine/engines.ts';
import { openQueue, type Queue } from './jobs/queue.ts';
import { startWorker, type Worker } from './jobs/worker.ts';
import { createLog, type Log } from './operations/log.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import { ACCESS_CHANNEL } from './storage/access.ts';
import { type Blobs, openBlobs } from './storage/blobs.ts';
import { type Bus, openBus } from './storage/bus.ts';
import { migrate } from './storage/migrations.ts';
import { openPglite } from './storage/pglite.ts';
import { openPostgres } from './storage/postgres.ts';
import type { Sql } from './storage/sql.ts';

export interface Service extends AsyncDisposable {
  readonly options: ServiceOptions;
  readonly sql: Sql;
  readonly queue: Queue;
  readonly blobs: Blobs;
  readonly blobFolder: string;
  readonly engines: Engines;
  readonly bus: Bus;
  readonly access: Access;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `/readyz` says; null: ready. */
  notReady: string | null;
  /** Aborted when the service begins to stop. */
  readonly stopping: AbortSignal;
  /** Lets go of whoever waits; closing follows. */
  beginStop(): void;
}

/** @throws LogsadError DATA_IN_USE, DATABASE_UNAVAILABLE, DATABASE_VERSION */
export async function openSql(options: Pick<ServiceOptions, 'data' | 'databaseUrl' | 'flush'>): Promise<Sql> {
  const { data, databaseUrl, flush } = options;
  const embedded = (): Promise<Sql> => (flush === false ? openPglite(data, null) : openPglite(data));
  const sql = await (databaseUrl ? openPostgres(databaseUrl) : embedded());
  try {
    await migrate(sql);
    return sql;
  } catch (error) {
    await sql[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens everything and starts to work on what is queued. @throws as openSql */
export async function openService(options: ServiceOptions, log: Log = createLog(options.logLevel)): Promise<Service> {
  const sql = await openSql(options);
  const opened: (() => unknown)[] = [() => sql[Symbol.asyncDispose]()];
  try {
    return await openParts(sql, options, log, opened);
  } catch (error) {
    // The database stays last: what was opened on it ends before.
    for (const close of opened.reverse()) await (async () => close())().catch(() => undefined);
    throw error;
  }
}

/** What was opened so far is closed by `opened`, backwards. */
async function openParts(sql: Sql, options: ServiceOptions, log: Log, opened: (() => unknown)[]): Promise<Service> {
  const onError = (error: unknown, about: Record<string, unknown> = {}): void => log.error({ err: error, ...about });
  const blobFolder = join(options.data, 'blobs');
  const blobs = openBlobs(blobFolder);
  await blobs.tidy();
  const metrics = createMetrics();
  const queue = await openQueue(sql, { onError });
  opened.push(() => queue.close());
  const bus = await openBus(sql, onError);
  opened.push(() => bus.close());
  const engines = openEngines({
    processes: Math.max(1, options.engines),
    ...(options.engineModule ? { module: options.engineModule } : {}),
    ...(options.inspectMs ? { inspectMs: options.inspectMs } : {}),
  });
  opened.push(() => engines.close());
  // What died with the last process goes on now, not at the next look.
  await queue.sweep();
  const stop = new AbortController();
  let worker: Worker | null = null;
  if (options.engines > 0) {
    const { allowPrivateWebhooks } = options;
    const onInspected = (outcome: string, ms: number): void => metrics.inspected(outcome, ms / 1000);
    worker = await startWorker({
      ...{ sql, queue, engines, blobs, blobFolder, allowPrivateWebhooks, onError, onInspected },
    });
  }
  const started = worker;
  opened.push(() => started?.stop(LIMITS.finishMs));
  const access = new Access(sql);
  await sql.listen(ACCESS_CHANNEL, () => access.ended());
  const service: Service = {
    ...{ options, sql, queue, blobs, blobFolder, engines, bus, access, log, metrics },
    notReady: null,
    stopping: stop.signal,
    beginStop: () => {
      service.notReady = 'the service is stopping';
      stop.abort();
    },
    [Symbol.asyncDispose]: async () => {
      await worker?.stop(LIMITS.finishMs);
      engines.close();
      bus.close();
      await queue.close();
      await sql[Symbol.asyncDispose]();
    },
  };
  return service;
}

/** Work without a door: `logsad worker`. @throws LogsadError USAGE without PostgreSQL */
export async function openWorker(options: ServiceOptions): Promise<Service> {
  if (!options.databaseUrl) {
    throw new LogsadError('USAGE', {
      command: 'worker',
      reason: 'a worker joins over PostgreSQL: set DATABASE_URL. On the embedded database the server works itself',
    });
  }
  return openService({ ...options, engines: Math.max(1, options.engines) });
}
