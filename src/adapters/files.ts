/**
 * Reading text, bytes and folders. Every fault of the operating system becomes one of the catalogue, with the path.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LogsadError } from '../core/errors.ts';
import { errno, reason } from './writing.ts';

/** Endings taken for images. Formats that cannot be decoded are listed too: they fail by name, not in silence. */
export const IMAGE_EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif', '.bmp'] as const;
const SCHEMA = join('rules', 'rules.schema.json');
const RULE_FILES = ['rules.yaml', 'rules.yml'] as const;
/** Larger text files are no rule files; reading them whole would only fill the memory. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;

export interface ImageFile {
  /** What results call it: the file name, or the path below the folder that was named. */
  readonly name: string;
  readonly path: string;
}

function readFault(error: unknown, path: string, expected?: string): unknown {
  if (error instanceof LogsadError || errno(error) === 'unknown') return error;
  if (errno(error) === 'ENOENT') return new LogsadError('FILE_NOT_FOUND', { path, expected }, { cause: error });
  if (errno(error) === 'ENOTDIR') return new LogsadError('NOT_A_FOLDER', { path: dirname(path) }, { cause: error });
  const folder = errno(error) === 'EISDIR' ? 'yes' : undefined;
  return new LogsadError('FILE_UNREADABLE', { path, reason: reason(error), folder, expected }, { cause: error });
}

/** @throws LogsadError FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_FOLDER */
export async function readBytes(path: string, expected?: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw readFault(error, path, expected);
  }
}

/** UTF-8 text without its byte order mark. @throws LogsadError FILE_NOT_UTF8 with line and column, or as readBytes */
export async function readText(path: string, expected?: string): Promise<string> {
  const bytes = await readBytes(path, expected);
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new LogsadError('FILE_UNREADABLE', { path, reason: `${bytes.length} bytes, at most ${MAX_TEXT_BYTES}` });
  }
  return decodeUtf8(bytes, path);
}

/** Strict UTF-8 to text, byte order mark dropped. @throws LogsadError FILE_NOT_UTF8 at line:col of the first bad byte */
export function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The replacement character of the lenient decoder stands where the first bad sequence starts.
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const good = firstBad(lenient, bytes);
    const before = lenient.slice(0, good.index);
    const line = before.split('\n').length;
    const col = good.index - (before.lastIndexOf('\n') + 1) + 1;
    const byte = `0x${(bytes[good.offset] ?? 0).toString(16).padStart(2, '0')}`;
    throw new LogsadError('FILE_NOT_UTF8', { path: file, byte, offset: good.offset }, { place: { file, line, col } });
  }
}

/** A U+FFFD that the file itself spells (EF BF BD) is fine; the first one that it does not spell marks the fault. */
function firstBad(lenient: string, bytes: Uint8Array): { index: number; offset: number } {
  let offset = 0;
  for (let index = 0; index < lenient.length; ) {
    const point = lenient.codePointAt(index)!;
    const spelled = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (point === 0xfffd && !spelled) return { index, offset };
    offset += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    index += point < 0x10000 ? 1 : 2;
  }
  return { index: lenient.length, offset: bytes.length };
}

const collator = new Intl.Collator('en', { numeric: true });
const naturally = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : Number(a > b));

/** True for endings of IMAGE_EXTENSIONS, whatever their case. */
export function isImageName(name: string): boolean {
  return !name.startsWith('.') && (IMAGE_EXTENSIONS as readonly string[]).includes(extname(name).toLowerCase());
}

/** The images of one folder in natural order (2 before 10), hidden files left out. @throws LogsadError FILE_NOT_FOUND, NOT_A_FOLDER */
export async function listImages(folder: string): Promise<ImageFile[]> {
  return (await entries(folder))
    .filter((e) => e.file && isImageName(e.name))
    .map((e) => ({ name: e.name, path: join(folder, e.name) }));
}

/** Paths of the files of one folder that end in `ending`, in natural order. @throws as listImages */
export async function listFiles(folder: string, ending: string): Promise<string[]> {
  return (await entries(folder))
    .filter((e) => e.file && !e.name.startsWith('.') && e.name.endsWith(ending))
    .map((e) => join(folder, e.name));
}

/** The folders below `folder` in natural order. @throws as listImages */
export async function listFolders(folder: string): Promise<string[]> {
  return (await entries(folder)).filter((e) => !e.file && !e.name.startsWith('.')).map((e) => e.name);
}

/** Most folders that a hint names. */
const HINTS = 6;

/** Folders right below `folder` that hold images, for a hint; undefined where none does. */
async function foldersWithImages(folder: string): Promise<string[] | undefined> {
  const found: string[] = [];
  for (const name of await listFolders(folder)) {
    const below = join(folder, name);
    if ((await listImages(below).catch(() => [])).length > 0) found.push(below);
    if (found.length === HINTS) break;
  }
  return found.length > 0 ? found : undefined;
}

async function entries(folder: string): Promise<{ name: string; file: boolean }[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    const resolved = found.map(async (e) => {
      const target = e.isSymbolicLink() ? await stat(join(folder, e.name)).catch(() => undefined) : e;
      return { name: e.name, file: target?.isDirectory() !== true };
    });
    return (await Promise.all(resolved)).sort((a, b) => naturally(a.name, b.name));
  } catch (error) {
    // readdir answers ENOTDIR when the named path itself is a file.
    if (errno(error) === 'ENOTDIR') {
      const parent = (await stat(folder).catch(() => undefined))?.isFile() ? dirname(folder) : undefined;
      throw new LogsadError('NOT_A_FOLDER', { path: folder, parent }, { cause: error });
    }
    throw readFault(error, folder);
  }
}

/** Normals of a folder; one alone is a warning, for one-shot inspection is a published setting that stated bounds serve well. */
export async function listNormals(folder: string): Promise<{ images: ImageFile[]; warnings: LogsadError[] }> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) throw new LogsadError('NORMALS_MISSING', { path: folder });
  const images = await listImages(folder);
  if (images.length === 0)
    throw new LogsadError('NORMALS_EMPTY', {
      path: folder,
      extensions: IMAGE_EXTENSIONS,
      folders: await foldersWithImages(folder),
    });
  return { images, warnings: images.length === 1 ? [new LogsadError('NORMALS_SINGLE', { path: folder })] : [] };
}

/**
 * Files and folders as given on a command line to a flat list with names that tell them apart. A path that does not
 * exist stays in the list: reading it fails for that image alone. @throws LogsadError IMAGES_NONE for an empty folder
 */
export async function expandInputs(paths: readonly string[]): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (const path of paths) {
    const there = await stat(path).catch(() => undefined);
    if (!there?.isDirectory()) files.push({ name: basename(path), path });
    else {
      const inside = await listImages(path);
      if (inside.length === 0)
        throw new LogsadError('IMAGES_NONE', {
          path,
          extensions: IMAGE_EXTENSIONS,
          folders: await foldersWithImages(path),
        });
      files.push(...inside);
    }
  }
  return distinctNames(files);
}

/** Two files of one name (a/1.jpg, b/1.jpg) get as much of their path as tells them apart, so outputs never overwrite. */
function distinctNames(files: readonly ImageFile[]): ImageFile[] {
  const seen = new Map<string, number>();
  for (const f of files) seen.set(f.name, (seen.get(f.name) ?? 0) + 1);
  return files.map((f) => (seen.get(f.name) === 1 ? f : { ...f, name: relative(resolve('.'), resolve(f.path)) }));
}

/** The rule file behind a folder or a path to it. @throws LogsadError FILE_NOT_FOUND */
export async function findRules(path: string): Promise<string> {
  const expected = `a folder with ${RULE_FILES[0]}, or the path to it`;
  const there = await stat(path).catch((error) => {
    throw readFault(error, path, expected);
  });
  if (!there.isDirectory()) return path;
  for (const name of RULE_FILES) {
    if ((await stat(join(path, name)).catch(() => undefined))?.isFile()) return join(path, name);
  }
  throw new LogsadError('FILE_NOT_FOUND', { path: join(path, RULE_FILES[0]), expected });
}

/** Where the schema of rule files lies in this package, as a file in `folder` names it; from the sources and the build alike. */
export function schemaFor(folder: string): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, SCHEMA)) && dirname(at) !== at) at = dirname(at);
  const path = relative(resolve(folder), join(at, SCHEMA)).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** True when anything stands at `path`. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
