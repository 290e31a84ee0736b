/** The stories around rule files that need the world: pictures changed a little, and folders of stored Scenes. */
import { parseCsv } from '../core/csv.ts';
import { LogsadError } from '../core/errors.ts';
import type { CompiledRules } from '../core/rules/index.ts';
import { VET } from '../core/rules/tools/constants.ts';
import {
  type Label,
  PERTURBATIONS,
  parseScene,
  partsNeeded,
  type RuleDiff,
  type SceneDiff,
  type Stability,
} from '../core/rules/tools/index.ts';
import type { InspectionResult } from '../core/scene.ts';
import type { Inspector } from './inspect.ts';
import type { ImageRef, Progress } from './learn.ts';
import type { ImageReader } from './ports.ts';

export interface StoryOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: Progress) => void;
}

/** Margin of every rule, whatever hides it in a report. */
function margins(result: InspectionResult): Map<string, number> {
  const out = new Map<string, number>();
  for (const m of result.measurements) out.set(m.rule, Math.max(out.get(m.rule) ?? 0, m.margin));
  return out;
}

/** Evenly spread members of a list. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}

/**
 * Segments some normals anew under small changes of light, turn and crop (`VET`), and counts per rule how often it fires
 * on a changed picture though it is quiet on the picture itself. @throws LogsadError IMAGE_*, the abort reason of `signal`
 */
export async function stabilityOf(
  inspector: Inspector,
  pictures: readonly ImageRef[],
  images: Pick<ImageReader, 'read' | 'encodePng'>,
  options: StoryOptions = {},
): Promise<Map<string, Stability>> {
  const chosen = spread(pictures, VET.pictures);
  const total = chosen.length * PERTURBATIONS.length;
  const out = new Map<string, Stability>();
  const extra = options.signal ? { signal: options.signal } : {};
  let done = 0;
  for (const picture of chosen) {
    const { pixels } = await images.read(picture.path, extra);
    const plain = margins(await inspector.inspect(picture, extra));
    for (const change of PERTURBATIONS) {
      options.signal?.throwIfAborted();
      const bytes = await images.encodePng(change.apply(pixels));
      const changed = margins(await inspector.inspect({ name: picture.name, bytes }, extra));
      for (const [rule, margin] of changed) {
        const s = out.get(rule) ?? { fired: 0, of: 0, worst: 0, worstAt: null };
        const fired = margin > 1 && (plain.get(rule) ?? 0) <= 1;
        const worse = margin > s.worst;
        out.set(rule, {
          fired: s.fired + Number(fired),
          of: s.of + 1,
          worst: Math.max(s.worst, margin),
          worstAt: worse ? `${change.name} of ${picture.name}` : s.worstAt,
        });
      }
      options.onProgress?.({ stage: 'change', done: ++done, total, item: picture.name });
    }
  }
  return out;
}

/** Reads of files that run ahead of their parsing. */
const AHEAD = 16;

/**
 * Compares two files on stored Scenes, read one after the other: memory does not grow with their number.
 * @throws LogsadError SCENE_INVALID, FILE_*
 */
export async function diffScenes(
  diff: RuleDiff,
  files: readonly [CompiledRules, CompiledRules],
  paths: readonly string[],
  read: (path: string) => Promise<string>,
  options: StoryOptions = {},
): Promise<SceneDiff[]> {
  const parts = partsNeeded(...files);
  const changes: SceneDiff[] = [];
  const pending: Promise<string>[] = [];
  let next = 0;
  const fetch = (): void => {
    if (next >= paths.length) return;
    const text = read(paths[next++]!);
    // A fault is met when its turn comes; until then it must not count as unhandled.
    text.catch(() => undefined);
    pending.push(text);
  };
  for (let i = 0; i < AHEAD; i++) fetch();
  for (const [i, path] of paths.entries()) {
    options.signal?.throwIfAborted();
    const text = await pending.shift()!;
    fetch();
    const change = diff.compare(parseScene(text, path, parts));
    if (change) changes.push(change);
    if (i % 100 === 99 || i + 1 === paths.length)
      options.onProgress?.({ stage: 'compare', done: i + 1, total: paths.length });
  }
  return changes;
}

/** A table `image,label` with labels good and bad. @throws LogsadError CSV_INVALID */
export function readLabels(text: string, file: string): Map<string, Label> {
  const columns = ['image', 'label'] as const;
  return new Map(
    parseCsv(text, file, columns).map(({ line, values: { image, label } }) => {
      if (label !== 'good' && label !== 'bad') {
        throw new LogsadError(
          'CSV_INVALID',
          { reason: `label ${label}, expected good or bad`, columns },
          { place: { file, line, col: 1 } },
        );
      }
      return [image, label];
    }),
  );
}
