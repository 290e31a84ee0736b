/** Prompt files: front matter, then text with `{{slots}}`. What is put into a slot is fenced and never read as a command. */
import { parse } from 'yaml';
import { sha256 } from '../digest.ts';
import { LogsadError } from '../errors.ts';

export interface Prompt {
  readonly name: string;
  /** SHA-256 of the file's text: it stands in the provenance of what was proposed with it. */
  readonly digest: string;
  readonly body: string;
  readonly slots: readonly string[];
}

const SLOT = /\{\{([a-z]+)\}\}/g;

/** @throws LogsadError PROMPT_INVALID where the front matter lacks a name, or names other slots than the text has */
export function parsePrompt(text: string, file: string): Prompt {
  const fault = (reason: string) => new LogsadError('PROMPT_INVALID', { file, reason }, { place: { file } });
  const match = text.match(/^---\n([\s\S]*?)\n---\n([\s\S]*)$/);
  if (!match) throw fault('it does not begin with front matter between two lines of ---');
  let meta: unknown;
  try {
    meta = parse(match[1]!, { logLevel: 'silent' });
  } catch {
    throw fault('its front matter is no YAML');
  }
  const { name, slots } = (meta ?? {}) as { name?: unknown; slots?: unknown };
  if (typeof name !== 'string') throw fault('its front matter lacks a name');
  const declared = Array.isArray(slots) ? slots.map(String).sort() : [];
  const used = [...new Set([...match[2]!.matchAll(SLOT)].map((m) => m[1]!))].sort();
  if (declared.join() !== used.join())
    throw fault(`its front matter names the slots [${declared.join(', ')}], its text has [${used.join(', ')}]`);
  return { name, digest: sha256(text), body: match[2]!.trim(), slots: used };
}

/** @throws Error where a slot is not given: a fault of the program */
export function renderPrompt(prompt: Prompt, values: Readonly<Record<string, string>>): string {
  return prompt.body.replace(SLOT, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`prompt ${prompt.name}: nothing was given for {{${name}}}`);
    return value;
  });
}

/** Text of strangers between marks that it cannot forge. */
export function fenced(text: string, what: string): string {
  const inside = text.replace(/<\/?(untrusted)\b/gi, '<_$1');
  return `<untrusted source="${what}">\n${inside}\n</untrusted>`;
}
