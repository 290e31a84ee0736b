/** Stored Scenes as text: read whole, or without the parts that no rule at hand looks at, which is most of the bytes. */
import { LogsadError } from '../../errors.ts';
import type { Scene } from '../../scene.ts';
import { type CompiledRules, flatten } from '../compiled.ts';

/** Kinds that are known to read neither features nor masks; any other kind gets the whole Scene. */
const PLAIN: ReadonlySet<string> = new Set([
  'presence',
  'count',
  'likeness',
  'area',
  'areaPerUnit',
  'extent',
  'position',
  'distance',
  'order',
  'inside',
  'layout',
  'attribute',
  'agreement',
  'colour',
  'text',
  'all',
  'any',
  'not',
]);

export interface SceneParts {
  readonly features: boolean;
  readonly masks: boolean;
}

/** What of a Scene the rules look at. */
export function partsNeeded(...files: readonly CompiledRules[]): SceneParts {
  const all = files.flatMap((f) => flatten(f.rules));
  const whole = all.some((r) => !PLAIN.has(r.spec.kind));
  return { features: whole, masks: whole };
}

/** Empties every array behind `"key":`: arrays of numbers, so the first bracket ends them. */
export function emptied(text: string, key: string): string {
  const mark = `"${key}":[`;
  let at = text.indexOf(mark);
  if (at < 0) return text;
  const out: string[] = [];
  let from = 0;
  while (at >= 0) {
    const start = at + mark.length;
    const end = text.indexOf(']', start);
    if (end < 0) break;
    out.push(text.slice(from, start));
    from = end;
    at = text.indexOf(mark, end);
  }
  out.push(text.slice(from));
  return out.join('');
}

function isScene(value: unknown): value is Scene {
  const s = value as Partial<Scene> | null;
  return (
    typeof s === 'object' &&
    s !== null &&
    s.schema === 'logsad/scene/v1' &&
    Array.isArray(s.instances) &&
    typeof s.frame === 'object' &&
    Array.isArray(s.product)
  );
}

/** A stored Scene. @throws LogsadError SCENE_INVALID where the text is no logsad/scene/v1 */
export function parseScene(text: string, file: string, parts: SceneParts = { features: true, masks: true }): Scene {
  let lean = parts.features ? text : emptied(text, 'feature');
  if (!parts.masks) lean = emptied(lean, 'mask');
  let value: unknown;
  try {
    value = JSON.parse(lean);
  } catch (error) {
    throw new LogsadError(
      'SCENE_INVALID',
      { file, reason: error instanceof Error ? error.message : String(error) },
      { cause: error },
    );
  }
  if (!isScene(value))
    throw new LogsadError('SCENE_INVALID', { file, reason: 'it lacks "schema": "logsad/scene/v1" and its members' });
  return value;
}
