import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/adapters/dataset.ts';
import {
  decodeUtf8,
  expandInputs,
  findRules,
  isImageName,
  listImages,
  listNormals,
  readText,
} from '../../src/adapters/files.ts';
import { checkWritable, type WriteCalls, writeAtomic, writeFault } from '../../src/adapters/writing.ts';
import { LogsadError } from '../../src/core/errors.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logsad-files-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const fault = (code: string): Error => Object.assign(new Error(code), { code });

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof LogsadError)) throw new Error(`expected a LogsadError, got ${String(error)}`);
  expect(error.fix.length).toBeGreaterThan(10);
  return error.code;
}

/** Calls that fail at one step, with the temporary file really there. */
async function failingAt(step: 'open' | 'rename' | 'write', code: string): Promise<WriteCalls> {
  const fs = await import('node:fs/promises');
  return {
    open: (async (path: string, flags: string, mode?: number) => {
      if (step === 'open') throw fault(code);
      const handle = await fs.open(path, flags, mode);
      if (step === 'write') handle.writeFile = () => Promise.reject(fault(code));
      return handle;
    }) as WriteCalls['open'],
    rename: step === 'rename' ? () => Promise.reject(fault(code)) : fs.rename,
    unlink: fs.unlink,
  };
}

describe('writeAtomic', () => {
  it('writes whole files, makes the folder, and replaces what stood there', async () => {
    const path = join(dir, 'a', 'b', 'x.txt');
    await writeAtomic(path, 'one');
    await writeAtomic(path, new TextEncoder().encode('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(dir, 'a', 'b'))).toEqual(['x.txt']);
  });

  it.each([
    ['write', 'ENOSPC', 'DISK_FULL'],
    ['write', 'EDQUOT', 'DISK_FULL'],
    ['open', 'EACCES', 'NO_WRITE_PERMISSION'],
    ['open', 'EPERM', 'NO_WRITE_PERMISSION'],
    ['open', 'EROFS', 'NO_WRITE_PERMISSION'],
    ['rename', 'EISDIR', 'WRITE_FAILED'],
    ['write', 'EIO', 'WRITE_FAILED'],
    ['open', 'ENOTDIR', 'NOT_A_FOLDER'],
  ] as const)('a fault at %s (%s) is %s and leaves the old file alone', async (step, code, expected) => {
    const folder = join(dir, `fault-${step}-${code}`);
    const path = join(folder, 'x.txt');
    await writeAtomic(path, 'old');
    expect(await codeOf(writeAtomic(path, 'new', await failingAt(step, code)))).toBe(expected);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['x.txt']);
  });

  it('says which path is a file where a folder was needed', async () => {
    await writeFile(join(dir, 'plain'), 'x');
    expect(await codeOf(writeAtomic(join(dir, 'plain', 'x.txt'), 'x'))).toBe('NOT_A_FOLDER');
    expect(await codeOf(writeAtomic(join(dir, 'plain', 'deeper', 'x.txt'), 'x'))).toBe('NOT_A_FOLDER');
    expect(await codeOf(checkWritable(join(dir, 'plain', 'x.txt')))).toBe('NOT_A_FOLDER');
  });

  it('hands back what is no fault of the system', () => {
    const own = new LogsadError('USAGE', { reason: 'x' });
    expect(writeFault(own, 'p')).toBe(own);
    const other = new TypeError('ours');
    expect(writeFault(other, 'p')).toBe(other);
  });
});

describe('checkWritable', () => {
  it('leaves nothing behind and refuses a folder in the place of the file', async () => {
    await checkWritable(join(dir, 'w', 'x.profile'));
    expect(await readdir(join(dir, 'w'))).toEqual([]);
    expect(await codeOf(checkWritable(join(dir, 'w')))).toBe('WRITE_FAILED');
  });
});

describe('readText', () => {
  it('drops the byte order mark', async () => {
    await writeFile(join(dir, 'bom.yaml'), Buffer.from([0xef, 0xbb, 0xbf, 0x61]));
    expect(await readText(join(dir, 'bom.yaml'))).toBe('a');
  });

  it('points at the first byte that is not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('schema: x\ntitle: Gr'), Buffer.from([0xfc]), Buffer.from('n\n')]);
    const read = (): string => decodeUtf8(bytes, 'rules.yaml');
    expect(read).toThrow('rules.yaml:2:10: expected UTF-8 text, found byte 0xfc at offset 19');
  });

  it('accepts whatever is UTF-8, a spelled replacement character too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const bytes = new TextEncoder().encode(`\ufffd${text}`);
        expect(decodeUtf8(bytes, 'f')).toBe(new TextDecoder().decode(bytes));
      }),
    );
  });

  it('finds a bad byte wherever it stands, after whatever text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(0xff, 0xfe, 0xc0), (text, bad) => {
        const before = new TextEncoder().encode(text.replaceAll('\ufeff', ''));
        const bytes = Uint8Array.from([...before, bad, 0x61]);
        expect(() => decodeUtf8(bytes, 'f')).toThrow(`at offset ${before.length}`);
      }),
    );
  });

  it('names what cannot be read', async () => {
    expect(await codeOf(readText(join(dir, 'none')))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(readText(dir))).toBe('FILE_UNREADABLE');
    expect(await codeOf(readText(join(dir, 'plain', 'x')))).toBe('NOT_A_FOLDER');
  });
});

describe('folders', () => {
  it('lists images in natural order, hidden files and other endings left out', async () => {
    const folder = join(dir, 'natural');
    await mkdir(folder);
    for (const name of ['10.jpg', '2.JPG', '1.png', '._1.png', 'notes.txt', 'a.bmp'])
      await writeFile(join(folder, name), '');
    await mkdir(join(folder, 'folder.jpg'));
    await symlink(join(folder, '2.JPG'), join(folder, '3.jpg'));
    expect((await listImages(folder)).map((i) => i.name)).toEqual(['1.png', '2.JPG', '3.jpg', '10.jpg', 'a.bmp']);
    expect(isImageName('x.yaml')).toBe(false);
  });

  it('tells missing, empty and single normals apart', async () => {
    expect(await codeOf(listNormals(join(dir, 'nowhere')))).toBe('NORMALS_MISSING');
    await mkdir(join(dir, 'empty'));
    expect(await codeOf(listNormals(join(dir, 'empty')))).toBe('NORMALS_EMPTY');
    await mkdir(join(dir, 'single'));
    await writeFile(join(dir, 'single', '0.jpg'), '');
    const { images, warnings } = await listNormals(join(dir, 'single'));
    expect(images).toHaveLength(1);
    expect(warnings.map((w) => w.code)).toEqual(['NORMALS_SINGLE']);
  });

  it('gives files of one name names that tell them apart, and keeps missing ones in the batch', async () => {
    for (const f of ['p', 'q']) {
      await mkdir(join(dir, f));
      await writeFile(join(dir, f, '1.jpg'), '');
    }
    const inputs = await expandInputs([join(dir, 'p'), join(dir, 'q', '1.jpg'), join(dir, 'missing.jpg')]);
    expect(new Set(inputs.map((i) => i.name)).size).toBe(3);
    expect(inputs.at(-1)).toEqual({ name: 'missing.jpg', path: join(dir, 'missing.jpg') });
    expect(await codeOf(expandInputs([join(dir, 'empty')]))).toBe('IMAGES_NONE');
  });

  it('accepts a rule folder and a path to its file alike', async () => {
    const folder = join(dir, 'rules');
    await writeAtomic(join(folder, 'rules.yaml'), 'x');
    expect(await findRules(folder)).toBe(join(folder, 'rules.yaml'));
    expect(await findRules(join(folder, 'rules.yaml'))).toBe(join(folder, 'rules.yaml'));
    expect(await codeOf(findRules(join(dir, 'empty')))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(findRules(join(dir, 'nowhere')))).toBe('FILE_NOT_FOUND');
  });
});

describe('openDataset', () => {
  const layout = async (name: string, files: readonly string[]): Promise<string> => {
    for (const f of files) await writeAtomic(join(dir, name, f), '');
    return join(dir, name);
  };

  it('reads MVTec LOCO, MVTec AD and mask-free layouts', async () => {
    const loco = await openDataset(
      await layout('loco', [
        'test/logical/0.jpg',
        'test/good/0.jpg',
        'ground_truth/logical/0/000.png',
        'ground_truth/logical/0/001.png',
      ]),
    );
    expect(loco.layout).toBe('loco');
    expect(loco.folders).toEqual(['good', 'logical']);
    expect(loco.test.map((t) => [t.name, t.masks.length])).toEqual([
      ['good/0.jpg', 0],
      ['logical/0.jpg', 2],
    ]);
    const mvtec = await openDataset(
      await layout('mvtec', ['test/good/0.jpg', 'test/bent/7.png', 'ground_truth/bent/7_mask.png']),
    );
    expect([mvtec.layout, mvtec.test[1]!.masks.length]).toEqual(['mvtec', 1]);
    const free = await openDataset(
      await layout('free', ['test/good/0.jpg', 'test/anomaly/7.png', 'test/empty/note.txt']),
    );
    expect([free.layout, free.folders]).toEqual(['mask-free', ['good', 'anomaly']]);
  });

  it('says what is wrong with anything else', async () => {
    expect(await codeOf(openDataset(await layout('flat', ['0.jpg'])))).toBe('DATASET_LAYOUT');
    expect(await codeOf(openDataset(await layout('hollow', ['test/good/readme.txt'])))).toBe('DATASET_LAYOUT');
    expect(await codeOf(openDataset(join(dir, 'nowhere')))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(openDataset(join(dir, 'plain')))).toBe('NOT_A_FOLDER');
  });
});
