/** What all kinds of work share. */
import { LogsadError } from '../../src/index.ts';
import type { Engines } from '../engine/engines.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Queryable, Sql } from '../storage/sql.ts';
import type { Queue } from './queue.ts';

/** A subject whose engine process died so often is at fault itself. */
export const TRIES = 3;
/** Milliseconds after which an outcome that could not be written, because the database was away, is tried again. */
const AGAIN_MS = 500;

export interface WorkerDeps {
  readonly sql: Sql;
  readonly queue: Queue;
  readonly engines: Engines;
  readonly blobs: Blobs;
  readonly blobFolder: string;
  readonly allowPrivateWebhooks: boolean;
  readonly onError: (error: unknown, about?: Record<string, unknown>) => void;
  /** A finished inspection and how long its engine took, for metrics. */
  readonly onInspected?: (outcome: string, ms: number) => void;
}

/** Retries while the database is away: what was computed is not thrown away for a restart of PostgreSQL. */
export async function untilBack(
  sql: Sql,
  stopped: () => boolean,
  work: (tx: Queryable) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await sql.transaction(work);
    } catch (error) {
      const away = error instanceof LogsadError && error.code === 'DATABASE_UNAVAILABLE';
      if (!away || stopped()) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
