import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { photograph, sheetOf } from '../../src/app/propose/pictures.ts';
import { images } from '../../src/index.ts';

const SECRET = 'Hall 7, camera of the third line';
const deps = { images, hash: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function photo(name: string, width: number, height: number): Promise<{ name: string; path: string }> {
  const path = join(folder, name);
  await sharp({ create: { width, height, channels: 3, background: '#a03020' } })
    .withExif({ IFD0: { ImageDescription: SECRET } })
    .jpeg()
    .toFile(path);
  return { name, path };
}

describe('pictures that leave the machine', () => {
  it('are at most 1024 pixels long and hold no EXIF', async () => {
    const ref = await photo('a.jpg', 3000, 600);
    expect((await sharp(ref.path).metadata()).exif?.includes(SECRET)).toBe(true);
    const sent = await photograph(ref, deps);
    expect([sent.width, sent.height]).toEqual([1024, 205]);
    const { exif, icc, xmp, iptc, width, height } = await sharp(sent.jpeg).metadata();
    expect([exif, icc, xmp, iptc, width, height]).toEqual([undefined, undefined, undefined, undefined, 1024, 205]);
    expect(Buffer.from(sent.jpeg).includes(SECRET)).toBe(false);
    expect(sent.sha256).toBe(deps.hash(sent.jpeg));
  });

  it('are not enlarged, and make one sheet of the same bounds', async () => {
    const sent = await photograph(await photo('b.jpg', 300, 200), deps);
    expect([sent.width, sent.height]).toEqual([300, 200]);
    const sheet = await sheetOf([sent, { ...sent, name: 'c.jpg' }, { ...sent, name: 'd.jpg' }], deps);
    const { width, height, exif } = await sharp(sheet.jpeg).metadata();
    expect([sheet.width, sheet.height, exif]).toEqual([width, height, undefined]);
    expect(Math.max(width!, height!)).toBeLessThanOrEqual(1024);
  });
});
