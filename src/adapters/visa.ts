/**
 * The layout of VisA (Zou et al. 2022): `split_csv/1cls.csv` at the root lists every image of every object, with the columns
 * object, split (train, test), label (normal, anomaly), image and mask (paths below the root; mask empty where there is none).
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { type CsvRecord, parseCsv } from '../core/csv.ts';
import { LogsadError } from '../core/errors.ts';
import type { Dataset, LabelledImage } from './dataset.ts';
import { isImageName, readText } from './files.ts';

const TABLE = join('split_csv', '1cls.csv');
const COLUMNS = ['object', 'split', 'label', 'image', 'mask'] as const;
/** VisA's words for the folders of the other layouts. */
const FOLDERS: Readonly<Record<string, string>> = { normal: 'good', anomaly: 'anomaly' };
const SPLITS: readonly string[] = ['train', 'test'];

export interface VisaPlace {
  readonly root: string;
  readonly object: string | null;
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true;

/** Where VisA's table lies: in the folder named, or beside it where the folder is one of its objects; null for other layouts. */
export async function findVisa(folder: string, object?: string): Promise<VisaPlace | null> {
  if (await isFile(join(folder, TABLE))) return { root: folder, object: object ?? null };
  const above = dirname(resolve(folder));
  const bare = object === undefined && !(await stat(join(folder, 'test')).catch(() => undefined));
  return bare && (await isFile(join(above, TABLE))) ? { root: above, object: basename(resolve(folder)) } : null;
}

/** The test images of one object. @throws LogsadError CSV_INVALID at the line, DATASET_LAYOUT */
export async function readVisa({ root, object }: VisaPlace): Promise<Dataset> {
  const file = join(root, TABLE);
  const rows = parseCsv(await readText(file), file, COLUMNS);
  for (const row of rows) checkRow(row, file);
  const objects = [...new Set(rows.map((r) => r.values.object))].sort();
  const fault = (reason: string): LogsadError => new LogsadError('DATASET_LAYOUT', { path: root, reason });
  const [only] = objects;
  if (only === undefined) throw fault(`${TABLE} lists no image`);
  if (object === null && objects.length > 1)
    throw fault(`${TABLE} lists ${objects.length} objects; choose one with --object: ${objects.join(', ')}`);
  const wanted = object ?? only;
  if (!objects.includes(wanted)) throw fault(`${TABLE} lists no object ${wanted}; it lists ${objects.join(', ')}`);
  const test = rows
    .filter((r) => r.values.object === wanted && r.values.split === 'test')
    .map(({ values }): LabelledImage => {
      const folder = FOLDERS[values.label]!;
      const masks = values.mask === '' ? [] : [join(root, values.mask)];
      return { name: `${folder}/${basename(values.image)}`, path: join(root, values.image), folder, masks };
    })
    .sort((a, b) => Number(b.folder === FOLDERS.normal) - Number(a.folder === FOLDERS.normal));
  if (test.length === 0) throw fault(`${TABLE} lists no test image of ${wanted}`);
  const folders = Object.values(FOLDERS).filter((f) => test.some((t) => t.folder === f));
  return { root, layout: test.some((t) => t.masks.length > 0) ? 'visa' : 'mask-free', folders, test, defects: null };
}

function checkRow({ line, values }: CsvRecord<(typeof COLUMNS)[number]>, file: string): void {
  const refuse = (reason: string): never => {
    throw new LogsadError('CSV_INVALID', { reason, columns: COLUMNS }, { place: { file, line, col: 1 } });
  };
  if (!SPLITS.includes(values.split)) refuse(`split "${values.split}", expected ${SPLITS.join(' or ')}`);
  if (!Object.hasOwn(FOLDERS, values.label))
    refuse(`label "${values.label}", expected ${Object.keys(FOLDERS).join(' or ')}`);
  if (!isImageName(basename(values.image))) refuse(`"${values.image}" is no image`);
  for (const path of [values.image, values.mask]) {
    const flat = normalize(path || '.');
    if (flat.startsWith('..') || flat.startsWith('/') || /^[a-z]:/i.test(flat))
      refuse(`"${path}" leaves the data set; paths are relative to its root`);
  }
}
