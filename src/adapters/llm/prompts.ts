/** The prompt files of the package. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Prompt, parsePrompt } from '../../core/propose/prompt.ts';
import { listFiles, readText } from '../files.ts';

/** `prompts/propose` of the package: beside `src` in a checkout, above `dist` in an installation. */
function promptFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 6; up++) {
    const candidate = join(folder, 'prompts', 'propose');
    if (existsSync(candidate)) return candidate;
    folder = dirname(folder);
  }
  return join('prompts', 'propose');
}

/** By name. @throws LogsadError PROMPT_INVALID, FILE_* */
export async function loadPrompts(folder = promptFolder()): Promise<Map<string, Prompt>> {
  const files = await listFiles(folder, '.md');
  const prompts = await Promise.all(files.map(async (f) => parsePrompt(await readText(f), f)));
  return new Map(prompts.map((p) => [p.name, p]));
}
