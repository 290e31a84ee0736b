/** What the commands of the service share. */
import type { Command } from 'commander';
import { wholeNumber } from './options.ts';

/** The service, loaded when a command runs. */
export const loadService = (): Promise<typeof import('../../server/main.ts')> => import('../../server/main.ts');

export interface PlaceOptions {
  readonly data: string;
}

export interface WorkOptions extends PlaceOptions {
  readonly engines: number;
  readonly allowPrivateWebhooks?: true;
  readonly logLevel: string;
}

export const dataOption = (c: Command): Command =>
  c.option('--data <dir>', 'data folder; with several machines, one they share', 'logsad-data');

export const workOptions = (c: Command): Command =>
  dataOption(c)
    .option('--engines <n>', 'engine processes that inspect', wholeNumber(0), 1)
    .option('--allow-private-webhooks', 'webhooks may lead into private networks')
    .option('--log-level <level>', 'fatal, error, warn, info, debug', 'warn');

/** Where the data are: DATABASE_URL chooses PostgreSQL. */
export function placeOf(o: PlaceOptions): { data: string; databaseUrl?: string } {
  const url = process.env.DATABASE_URL;
  return { data: o.data, ...(url ? { databaseUrl: url } : {}) };
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
