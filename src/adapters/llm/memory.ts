/** What servers could do when they were probed: one small file, by address and model. No key is in it. */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ChatMode } from '../../app/ports.ts';
import { exists, readText } from '../files.ts';
import { writeAtomic } from '../writing.ts';

export interface Capability {
  readonly url: string;
  readonly model: string;
  /** The strongest mode that gave a valid answer. */
  readonly mode: ChatMode;
  /** It read a digit off a picture. */
  readonly images: boolean;
  /** ISO time of the probe. */
  readonly at: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** LOGSAD_CACHE, or the user's cache folder. */
export function memoryFile(environment: Environment = process.env): string {
  const folder = environment.LOGSAD_CACHE ?? join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'logsad');
  return join(folder, 'llm.json');
}

const keyOf = (url: string, model: string): string =>
  createHash('sha256').update(`${url}\n${model}`).digest('hex').slice(0, 16);

async function all(file: string): Promise<Record<string, Capability>> {
  if (!(await exists(file))) return {};
  try {
    const value: unknown = JSON.parse(await readText(file));
    return typeof value === 'object' && value !== null ? (value as Record<string, Capability>) : {};
  } catch {
    // A memory that cannot be read is no memory; the next probe writes it anew.
    return {};
  }
}

export async function recall(url: string, model: string, file = memoryFile()): Promise<Capability | null> {
  const found = (await all(file))[keyOf(url, model)];
  return found && ['strict', 'schema', 'tool', 'plain'].includes(found.mode) ? found : null;
}

/** @throws LogsadError as writeAtomic */
export async function remember(capability: Capability, file = memoryFile()): Promise<void> {
  const known = { ...(await all(file)), [keyOf(capability.url, capability.model)]: capability };
  await writeAtomic(file, `${JSON.stringify(known, null, 2)}\n`);
}
