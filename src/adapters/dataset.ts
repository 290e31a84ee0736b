/**
 * Labelled folders: `DIR/test/good`, `DIR/test/<anomaly>`, masks in `DIR/ground_truth` where there are any. The layouts
 * of MVTec AD and MVTec LOCO AD differ only in how a mask is named, so one reader serves them and the mask-free ones.
 */
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { LogsadError } from '../core/errors.ts';
import { type ImageFile, listFolders, listImages } from './files.ts';

/** The folder of good parts; every other folder below `test` is an anomaly of its own name. */
export const GOOD = 'good';

export interface LabelledImage extends ImageFile {
  /** Name of the folder below `test`. */
  readonly folder: string;
  /** Paths of the masks, one per region in LOCO, one in all in MVTec AD, none where there are none. */
  readonly masks: readonly string[];
}

export interface Dataset {
  readonly root: string;
  readonly layout: 'loco' | 'mvtec' | 'mask-free';
  /** `good` first, then the anomaly folders in natural order. */
  readonly folders: readonly string[];
  readonly test: readonly LabelledImage[];
}

/**
 * Reads the layout of a labelled dataset without opening an image.
 * @throws LogsadError FILE_NOT_FOUND, NOT_A_FOLDER, DATASET_LAYOUT
 */
export async function openDataset(root: string): Promise<Dataset> {
  const names = await listFolders(root);
  if (!names.includes('test')) {
    throw new LogsadError('DATASET_LAYOUT', { path: root, reason: 'it has no folder test' });
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
  if (test.length === 0) {
    throw new LogsadError('DATASET_LAYOUT', { path: root, reason: 'no folder below test holds an image' });
  }
  const layout = masks.find((m) => m.layout !== 'mask-free')?.layout ?? 'mask-free';
  const filled = new Set(test.map((t) => t.folder));
  return { root, layout, folders: folders.filter((f) => filled.has(f)), test };
}

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
