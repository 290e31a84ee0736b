/** What the command line starts: the service, a worker, a backup, a restore. Nothing here prints or exits. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { makeToken } from './access.ts';
import { LIMITS, SERVICE_DEFAULTS, type ServiceOptions } from './config.ts';
import { createApp } from './http/app.ts';
import { openQueue } from './jobs/queue.ts';
import { type BackupDone, backupInto, restoreFrom } from './operations/backup.ts';
import { DEMO_PICTURES, type DemoOptions, seedDemo } from './operations/demo.ts';
import { startRetention } from './operations/retention.ts';
import type { Role } from './schemas.ts';
import { openService, openSql, openWorker, type Service } from './service.ts';
import { countAdmins, lockAdmins } from './storage/access.ts';
import { appendAudit } from './storage/audit.ts';
import { openBlobs } from './storage/blobs.ts';
import type { Sql } from './storage/sql.ts';

export { SERVICE_DEFAULTS, type ServiceOptions };

export interface ServeOptions extends ServiceOptions {
  readonly port: number;
  readonly host: string;
  /** Version of the package. */
  readonly version: string;
  /** Fill an empty service with the demo product. */
  readonly demo?: boolean | DemoOptions;
}

export interface Serving {
  readonly url: string;
  /** The admin token, where this start made one; it is stored nowhere in this form. */
  readonly firstToken: string | null;
  readonly service: Service;
  /** Resolves when `/readyz` says ready; rejects when the demo could not be made. */
  readonly ready: Promise<void>;
  /** Finishes what runs, puts the rest back, closes. */
  stop(): Promise<void>;
}

/** An admin token where there is none: once, even when several servers start together. */
async function firstToken(sql: Sql): Promise<string | null> {
  return sql.transaction(async (tx) => {
    await lockAdmins(tx);
    if ((await countAdmins(tx)) > 0) return null;
    const { secret } = await makeToken(tx, 'admin', 'admin');
    await appendAudit(tx, { actor: 'service', action: 'token.create', subject: 'admin', detail: { role: 'admin' } });
    return secret;
  });
}

/** Opens, listens, and goes on with what was queued. @throws LogsadError DATA_IN_USE, DATABASE_*, and of listening */
export async function serve(options: ServeOptions): Promise<Serving> {
  const service = await openService({ ...options, data: resolve(options.data) });
  let server: Server;
  let token: string | null;
  try {
    if (options.demo) service.notReady = 'the demo product is being made';
    server = createServer({ requestTimeout: LIMITS.requestMs }, createApp(service, options.version));
    await listen(server, options.port, options.host);
    // Only a start that goes on makes the token: of one that fails here nobody would ever see it.
    token = await firstToken(service.sql).catch((error: unknown) => {
      server.close();
      throw error;
    });
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
  const stopRetention = startRetention(service);
  const { port } = server.address() as AddressInfo;
  // What is missing now is found by the worker's timer later: no reason to turn requests away.
  const refilled = service.queue.refill().catch((error: unknown) => service.log.error({ err: error }, 'refill'));
  const ready: Promise<void> = (async () => {
    await refilled;
    if (!options.demo) return;
    await seedDemo(service, options.demo === true ? DEMO_PICTURES : options.demo);
    if (!service.stopping.aborted) service.notReady = null;
  })();
  ready.catch((error: unknown) => {
    service.notReady = error instanceof Error ? error.message : String(error);
    service.log.error({ err: error }, 'demo');
  });
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    firstToken: token,
    service,
    ready,
    stop: async (): Promise<void> => {
      service.beginStop();
      stopRetention();
      await ready.catch(() => undefined);
      await drain(server);
      await service[Symbol.asyncDispose]();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Requests that run may end; idle connections end now. */
async function drain(server: Server): Promise<void> {
  await new Promise<void>((done) => {
    const late = setTimeout(() => server.closeAllConnections(), LIMITS.drainMs);
    server.close(() => {
      clearTimeout(late);
      done();
    });
    server.closeIdleConnections();
  });
}

/** A worker beside servers elsewhere. @throws LogsadError USAGE, DATABASE_* */
export async function work(options: ServiceOptions): Promise<{ stop(): Promise<void> }> {
  const service = await openWorker({ ...options, data: resolve(options.data) });
  return {
    stop: async () => {
      service.beginStop();
      await service[Symbol.asyncDispose]();
    },
  };
}

export type DataPlace = Pick<ServiceOptions, 'data' | 'databaseUrl'>;

/**
 * A token without a running service, for whoever lost the last one; its secret is returned this once. On the embedded
 * database it takes the owner lock. @throws LogsadError DATA_IN_USE, DATABASE_*
 */
export async function createToken(place: DataPlace, name: string, role: Role): Promise<{ id: string; secret: string }> {
  await using sql = await openSql(place);
  return await sql.transaction(async (tx) => {
    const made = await makeToken(tx, name, role);
    await appendAudit(tx, { actor: 'command line', action: 'token.create', subject: name, detail: { role } });
    return made;
  });
}

/** Of a service that does not run (PGlite), or of one that does (PostgreSQL). @throws LogsadError DATA_IN_USE, CONFLICT */
export async function backup(place: DataPlace, out: string): Promise<BackupDone> {
  await using sql = await openSql(place);
  const blobs = openBlobs(join(resolve(place.data), 'blobs'));
  return await backupInto({ sql, blobs, data: place.data, out: resolve(out) });
}

/** Into an empty database; open work is queued again. @throws LogsadError BACKUP_INVALID, DATA_IN_USE */
export async function restore(place: DataPlace, from: string): Promise<Omit<BackupDone, 'name'> & { queued: number }> {
  await using sql = await openSql(place);
  const blobs = openBlobs(join(resolve(place.data), 'blobs'));
  const restored = await restoreFrom({ from: resolve(from), sql, blobs });
  const queue = await openQueue(sql, { onError: () => undefined });
  const queued = await queue.refill();
  await queue.close();
  return { ...restored, queued };
}
