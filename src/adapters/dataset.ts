/**
 * Labelled folders: `DIR/test/good`, `DIR/test/<anomaly>`, masks in `DIR/ground_truth` where there are any. The layouts of
 * MVTec AD and MVTec LOCO AD differ only in how a mask is named, so one reader serves them and the mask-free ones; VisA
 * lists its images in a table (visa.ts). Nothing is decoded here.
 */
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { LogsadError } from '../core/errors.ts';
import { type ImageFile, listFolders, listImages, readText } from './files.ts';
import { findVisa, readVisa } from './visa.ts';

/** The folder of good parts; every other folder below `test` is an anomaly of its own name. */
export const GOOD = 'good';

export interface LabelledImage extends ImageFile {
  /** Name of the folder below `test`. */
  readonly folder: string;
  /** Paths of the masks, one per defect in LOCO, one in all elsewhere, none where there are none. */
  readonly masks: readonly string[];
}

/** What `defects_config.json` of LOCO says about a pixel value of the masks. */
export interface DefectKind {
  readonly name: string;
  readonly pixelValue: number;
  readonly saturation: { readonly threshold: number; readonly relative: boolean };
}

export interface Dataset {
  readonly root: string;
  readonly layout: 'loco' | 'mvtec' | 'visa' | 'mask-free';
  /** `good` first, then the anomaly folders in natural order. */
  readonly folders: readonly string[];
  readonly test: readonly LabelledImage[];
  /** Kinds of defects with their saturation, of LOCO; null where none are stated. */
  readonly defects: readonly DefectKind[] | null;
}

/**
 * Reads the layout of a labelled dataset without opening an image. `object` names the object of a root that holds several:
 * a folder below it, or the object in VisA's table.
 * @throws LogsadError FILE_NOT_FOUND, NOT_A_FOLDER, DATASET_LAYOUT, CSV_INVALID
 */
export async function openDataset(root: string, object?: string): Promise<Dataset> {
  const visa = await findVisa(root, object);
  if (visa) return readVisa(visa);
  const names = await listFolders(root);
  if (object !== undefined) {
    if (!names.includes(object)) throw layoutFault(root, `it has no folder ${object}${offer(names)}`);
    return openDataset(join(root, object));
  }
  if (!names.includes('test')) {
    const objects: string[] = [];
    for (const n of names) if ((await listFolders(join(root, n))).includes('test')) objects.push(n);
    const several = objects.length > 0 ? `; choose one of its objects with --object: ${objects.join(', ')}` : '';
    throw layoutFault(root, `it has no folder test${several}`);
  }
  const below = await listFolders(join(root, 'test'));
  const folders = [...below.filter((f) => f === GOOD), ...below.filter((f) => f !== GOOD)];
  const masks = await Promise.all(folders.map((f) => masksOf(join(root, 'ground_truth', f))));
  const test: LabelledImage[] = [];
  for (const [i, folder] of folders.entries()) {
    for (const image of await listImages(join(root, 'test', folder))) {
      const stem = basename(image.name, extname(image.name));
      test.push({ name: `${folder}/${image.name}`, path: image.path, folder, masks: masks[i]!.of.get(stem) ?? [] });
    }
  }
  if (test.length === 0) throw layoutFault(root, 'no folder below test holds an image');
  const layout = masks.find((m) => m.layout !== 'mask-free')?.layout ?? 'mask-free';
  const filled = new Set(test.map((t) => t.folder));
  const defects = layout === 'loco' ? await defectsOf(root) : null;
  return { root, layout, folders: folders.filter((f) => filled.has(f)), test, defects };
}

const layoutFault = (path: string, reason: string): LogsadError => new LogsadError('DATASET_LAYOUT', { path, reason });

const offer = (names: readonly string[]): string => (names.length > 0 ? `; it has ${names.join(', ')}` : '');

/** LOCO: `<stem>/000.png, 001.png ...`; MVTec AD: `<stem>_mask.png`. */
async function masksOf(folder: string): Promise<{ layout: Dataset['layout']; of: Map<string, string[]> }> {
  const of = new Map<string, string[]>();
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) return { layout: 'mask-free', of };
  const stems = await listFolders(folder);
  for (const stem of stems)
    of.set(
      stem,
      (await listImages(join(folder, stem))).map((m) => m.path),
    );
  for (const mask of await listImages(folder)) {
    const stem = basename(mask.name, extname(mask.name)).replace(/_mask$/, '');
    of.set(stem, [...(of.get(stem) ?? []), mask.path]);
  }
  return { layout: stems.length > 0 ? 'loco' : of.size > 0 ? 'mvtec' : 'mask-free', of };
}

/** The kinds that `defects_config.json` states, null without one. @throws LogsadError DATASET_LAYOUT */
async function defectsOf(root: string): Promise<DefectKind[] | null> {
  const path = join(root, 'defects_config.json');
  if (!(await stat(path).catch(() => undefined))?.isFile()) return null;
  const fault = (reason: string): LogsadError => layoutFault(root, `defects_config.json ${reason}`);
  let entries: unknown;
  try {
    entries = JSON.parse(await readText(path));
  } catch (error) {
    if (error instanceof LogsadError) throw error;
    throw fault('is no JSON');
  }
  if (!Array.isArray(entries)) throw fault('holds no list');
  const kinds = entries.map((e: unknown, i) => kindOf(e) ?? i);
  const bad = kinds.find((k) => typeof k === 'number');
  if (bad !== undefined)
    throw fault(
      `entry ${bad + 1} is not {defect_name, pixel_value 1..255, saturation_threshold above 0 (at most 1 where relative), relative_saturation}`,
    );
  const found = kinds as DefectKind[];
  const twice = found.find((k, i) => found.findIndex((o) => o.pixelValue === k.pixelValue) !== i);
  if (twice) throw fault(`states pixel value ${twice.pixelValue} twice`);
  return found;
}

function kindOf(entry: unknown): DefectKind | null {
  const e = (entry ?? {}) as Record<string, unknown>;
  const [name, value, threshold, relative] = [
    e.defect_name,
    e.pixel_value,
    e.saturation_threshold,
    e.relative_saturation,
  ];
  if (typeof name !== 'string' || typeof relative !== 'boolean') return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 255) return null;
  if (typeof threshold !== 'number' || !(threshold > 0) || (relative && threshold > 1)) return null;
  return { name, pixelValue: value, saturation: { threshold, relative } };
}
