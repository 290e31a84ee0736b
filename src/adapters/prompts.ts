/** Reads `prompts/`: the state and template lists of the papers, one YAML file each, open to a user's corrections. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { PromptBook, PromptList } from '../core/detect/prompts.ts';
import { LogsadError } from '../core/errors.ts';
import { readText } from './files.ts';

const SCHEMA = 'logsad/prompts/v1';
const LISTS = ['normal', 'anomalous', 'templates'] as const;
const KEYS: readonly string[] = ['schema', 'title', 'source', ...LISTS];

/** `prompts/` of this package, from the sources and from the build alike. */
export function promptsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'prompts');
    if (existsSync(join(path, 'winclip.yaml')) || dirname(folder) === folder) return path;
  }
}

/** One file as a list. @throws LogsadError PROMPTS_INVALID with every fault */
export function promptList(text: string, path: string): PromptList {
  const refuse = (reason: string): LogsadError => new LogsadError('PROMPTS_INVALID', { path, reason });
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw refuse('it is no table');
  const table = raw as Readonly<Record<string, unknown>>;
  const faults: string[] = [];
  if (table.schema !== SCHEMA) faults.push(`schema: expected ${SCHEMA}, found ${String(table.schema)}`);
  for (const key of Object.keys(table)) if (!KEYS.includes(key)) faults.push(`unknown key '${key}'`);
  const out: Record<string, string[]> = {};
  for (const key of LISTS) {
    const list = table[key] ?? [];
    if (!Array.isArray(list)) {
      faults.push(`${key}: expected a list of texts`);
      continue;
    }
    list.forEach((entry, i) => {
      if (typeof entry !== 'string' || !entry.includes('{}'))
        faults.push(`${key}[${i}]: expected a text with {} in it`);
    });
    out[key] = list as string[];
  }
  if ((out.templates ?? []).length === 0) faults.push('templates: expected at least one');
  if (faults.length > 0) throw refuse(faults.join('; '));
  return { normal: out.normal!, anomalous: out.anomalous!, templates: out.templates! };
}

/** All lists of a folder by name. @throws LogsadError FILE_*, PROMPTS_INVALID */
export async function readPrompts(folder: string = promptsFolder()): Promise<PromptBook> {
  const names = (await readdir(folder)).filter((n) => n.endsWith('.yaml')).sort();
  const entries = names.map(async (name): Promise<[string, PromptList]> => {
    const path = join(folder, name);
    return [basename(name, '.yaml'), promptList(await readText(path), path)];
  });
  return Object.fromEntries(await Promise.all(entries));
}
