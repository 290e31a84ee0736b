/** Where models and what is computed from them are kept between runs: outside the package, which may be read-only. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `LOGSAD_HOME`, else `logsad` in the user's cache folder. Nothing is created here. */
export function homeFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  if (environment.LOGSAD_HOME) return resolve(environment.LOGSAD_HOME);
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'logsad');
}

/** Files brought by `logsad models pull`, one folder per model, and their lock file. */
export const modelsFolder = (home: string): string => join(home, 'models');

/** Graphs prepared once and text embeddings, named by digest; safe to delete at any time. */
export const preparedFolder = (home: string): string => join(home, 'prepared');
