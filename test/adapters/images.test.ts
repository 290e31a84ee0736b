import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages, IMAGE_LIMITS } from '../../src/adapters/images.ts';
import type { RgbImage } from '../../src/core/grid/grid.ts';
import { npyGrid } from '../support/npy.ts';
import { shared, sharedPath } from '../support/shared.ts';

const images = createImages();
const W = 96;
const H = 64;

/** Smooth and asymmetric, so that lossy formats stay close and a wrong turn shows. */
function pattern(width = W, height = H): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set(
        [(255 * x) / width, (255 * y) / height, x < width / 3 && y < height / 4 ? 250 : 40].map(Math.round),
        3 * (y * width + x),
      );
    }
  }
  return data;
}

const source = (data = pattern(), width = W, height = H): Sharp => sharp(data, { raw: { width, height, channels: 3 } });

function meanDifference(a: RgbImage, b: { readonly data: ArrayLike<number> }): number {
  expect(a.data.length).toBe(b.data.length);
  return a.data.reduce((sum, v, i) => sum + Math.abs(v - b.data[i]!), 0) / a.data.length;
}

let folder: string;
const path = (name: string): string => join(folder, name);
async function file(name: string, content: Uint8Array | string | Sharp): Promise<string> {
  await writeFile(
    path(name),
    content instanceof Uint8Array || typeof content === 'string' ? content : await content.toBuffer(),
  );
  return path(name);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('what is read', () => {
  it.each([
    ['png', source().png(), 0, []],
    ['jpeg', source().jpeg({ quality: 95 }), 3, []],
    ['webp', source().webp({ lossless: true }), 0, []],
    ['tiff', source().tiff({ compression: 'lzw' }), 0, []],
    ['avif', source().avif({ quality: 90 }), 6, []],
    ['16-bit png', source().toColourspace('rgb16').png(), 1, ['16-bit']],
    ['16-bit tiff', source().toColourspace('rgb16').tiff({ compression: 'lzw' }), 1, ['16-bit']],
    ['cmyk jpeg', source().toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 }), 25, ['cmyk']],
    ['indexed png', source().png({ palette: true }), 8, []],
  ] as const)('%s', async (name, made, tolerance, notes) => {
    const { pixels, sha256, notes: found } = await images.read(await file(`${name}.dat`, made));
    expect([pixels.width, pixels.height, pixels.channels]).toEqual([W, H, 3]);
    expect(meanDifference(pixels, { data: pattern() })).toBeLessThanOrEqual(tolerance);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(found).toEqual(notes);
  });

  it.each(['b-w', 'grey16'] as const)('%s is repeated over three channels, 16 bit divided by 257', async (space) => {
    const grey = Buffer.from(Uint8Array.from({ length: W * H }, (_, i) => i % 256));
    const made = sharp(grey, { raw: { width: W, height: H, channels: 1 } })
      .toColourspace(space)
      .png();
    const { pixels, notes } = await images.read(await file(`${space}.png`, made));
    expect(notes).toContain('grey');
    const wrong = pixels.data.filter((v, i) => Math.abs(v - grey[Math.floor(i / 3)]!) > 1);
    expect(wrong).toHaveLength(0);
  });

  it('lays transparency on white', async () => {
    const rgba = Buffer.alloc(W * H * 4);
    for (let i = 0; i < W * H; i++) rgba.set([200, 0, 0, i % 2 ? 0 : 128], 4 * i);
    const made = sharp(rgba, { raw: { width: W, height: H, channels: 4 } }).png();
    const { pixels, notes } = await images.read(await file('alpha.png', made));
    expect(notes).toEqual(['alpha']);
    expect([...pixels.data.subarray(3, 6)]).toEqual([255, 255, 255]);
    const mixed = [227, 127, 127];
    for (const [c, v] of mixed.entries()) expect(Math.abs(pixels.data[c]! - v)).toBeLessThanOrEqual(1);
  });

  it('converts an embedded profile to sRGB', async () => {
    const plain = await images.read(await file('plain.png', source().png()));
    const p3 = await images.read(await file('p3.png', source().withIccProfile('p3').png()));
    // The same colours written in Display P3: without conversion they would be some five levels off.
    expect(meanDifference(p3.pixels, plain.pixels)).toBeLessThan(2);
  });

  it.each([2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i equals the upright picture', async (orientation) => {
    const upright = await images.read(await file('upright.png', source().png()));
    // Turned and then mirrored, in two runs: sharp would mirror first.
    const [angle, mirror] = {
      2: [0, 'flop'],
      3: [180],
      4: [0, 'flip'],
      5: [90, 'flop'],
      6: [270],
      7: [270, 'flop'],
      8: [90],
    }[orientation] as [number, 'flip' | 'flop' | undefined];
    const rotated = sharp(await source().rotate(angle).png().toBuffer());
    const lying = (mirror ? rotated[mirror]() : rotated).withMetadata({ orientation });
    const turned = await file(`turned${orientation}.tiff`, lying.tiff({ compression: 'lzw' }));
    const box = [0.25, 0, 1, 0.5] as const;
    const size = { width: 36, height: 16 };
    const { pixels, notes } = await images.read(turned);
    expect(notes).toEqual(['turned']);
    expect(await images.size(turned)).toEqual({ width: W, height: H });
    expect(meanDifference(pixels, upright.pixels)).toBeLessThan(0.01);
    const part = await images.read(turned, { box, size });
    expect(meanDifference(part.pixels, (await images.read(path('upright.png'), { box, size })).pixels)).toBeLessThan(
      0.01,
    );
  });
});

describe('size and box', () => {
  it('cuts the box at whole pixels', async () => {
    const { pixels } = await images.read(await file('whole.png', source().png()), { box: [0.25, 0.5, 0.75, 1] });
    expect([pixels.width, pixels.height]).toEqual([W / 2, H / 2]);
    const all = pattern();
    for (let y = 0; y < H / 2; y++) {
      const start = 3 * ((y + H / 2) * W + W / 4);
      expect([...pixels.data.subarray(y * W * 1.5, (y + 1) * W * 1.5)]).toEqual([
        ...all.subarray(start, start + W * 1.5),
      ]);
    }
  });

  it('enlarges centre-aligned: mirroring before or after makes no difference', async () => {
    const size = { width: 2 * W, height: H };
    const mirrored = await images.read(await file('mirrored.png', source().flop().png()), { size });
    const plain = await images.read(await file('whole.png', source().png()), { size });
    const back = await sharp(mirrored.pixels.data, { raw: { ...size, channels: 3 } })
      .flop()
      .raw()
      .toBuffer();
    expect(meanDifference(plain.pixels, { data: back })).toBeLessThan(0.05);
  });

  it.each([
    [0.5, 0, 0.5, 1],
    [-0.1, 0, 1, 1],
    [0, 0, 1, 1.2],
    [0, 0, 0.001, 1],
    [Number.NaN, 0, 1, 1],
  ] as const)('refuses the box %s, %s, %s, %s', async (...box) => {
    const read = images.read(await file('whole.png', source().png()), { box });
    await expect(read).rejects.toMatchObject({ code: 'IMAGE_BOX' });
  });

  const golden = shared('golden/resize');
  it.skipIf(golden === null).each([
    ['a', 'bilinear', 240, 'linear'],
    ['a', 'bicubic', 240, 'cubic'],
    ['a', 'bilinear', 448, 'linear'],
    ['a', 'bicubic', 448, 'cubic'],
    ['b', 'bilinear', 240, 'linear'],
    ['b', 'bicubic', 240, 'cubic'],
  ] as const)(
    'agrees with Pillow on %s, %s at %i px (skipped without ../shared/golden/resize)',
    async (image, method, side, kernel) => {
      const { pixels } = await images.read(sharedPath('golden/resize', `${image}.png`), {
        size: { width: side, height: side },
        kernel,
      });
      const reference = npyGrid<Uint8Array>(sharedPath('golden/resize', `${image}.pil_${method}_${side}.npy`));
      expect(meanDifference(pixels, reference)).toBeLessThan(0.8);
    },
  );
});

describe('faults', () => {
  const refused = async (read: Promise<unknown>, code: string, message: RegExp): Promise<void> => {
    const fault = await read.then(
      () => ({ code: 'none' }),
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code, message: expect.stringMatching(message), fix: expect.stringMatching(/./) });
  };

  it('nothing there, a directory', async () => {
    await refused(images.read(path('none.png')), 'IMAGE_NOT_FOUND', /none\.png.*nothing there/);
    await refused(images.read(folder), 'IMAGE_NOT_FOUND', /directory/);
    await refused(images.size(path('none.png')), 'IMAGE_NOT_FOUND', /none\.png/);
  });

  it('an empty file', async () => refused(images.read(await file('empty.png', '')), 'IMAGE_EMPTY', /empty\.png/));

  it('text named .jpg', async () => {
    await refused(
      images.read(await file('text.jpg', 'It is a note.\nGrüße\n')),
      'IMAGE_NOT_AN_IMAGE',
      /text\.jpg.*found text/,
    );
    await refused(images.read(await file('zeros.jpg', Buffer.alloc(400))), 'IMAGE_NOT_AN_IMAGE', /unknown data/);
  });

  it.each([
    ['gif', source().gif()],
    ['svg', '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'],
    ['bmp', Buffer.concat([Buffer.from('BM'), Buffer.alloc(200)])],
    ['pdf', '%PDF-1.7'],
  ] as const)('a format that is not read: %s', async (format, content) => {
    await refused(
      images.read(await file(`other.${format}.png`, content)),
      'IMAGE_FORMAT',
      new RegExp(`found ${format}`),
    );
  });

  it.each([
    'png',
    'jpeg',
    'webp',
    'tiff',
    'avif',
  ] as const)('a %s cut short anywhere behind its signature', async (format) => {
    // Noise, so that every format needs most of its bytes.
    let seed = 7;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    };
    const noise = Buffer.from(pattern().map(next));
    const whole = await source(noise).toFormat(format, { quality: 95 }).toBuffer();
    for (const share of [0.15, 0.5, 0.9]) {
      const cut = await file(`cut.${format}`, whole.subarray(0, Math.floor(whole.length * share)));
      await refused(images.read(cut), 'IMAGE_UNREADABLE', /cut\..*damage/);
      await refused(images.read(cut, { size: { width: 32, height: 32 } }), 'IMAGE_UNREADABLE', /cut\./);
    }
  });

  it('200 megapixels, before they are decoded', async () => {
    const header = await source(pattern(16, 16), 16, 16).png().toBuffer();
    const big = Buffer.from(header);
    big.writeUInt32BE(20_000, 16);
    big.writeUInt32BE(10_000, 20);
    big.writeUInt32BE(crc32(big.subarray(12, 29)), 29);
    await refused(
      images.read(await file('bomb.png', big)),
      'IMAGE_TOO_LARGE',
      /bomb\.png.*50 megapixels.*200\.0 \(20000 x 10000\)/,
    );
    await refused(images.size(path('bomb.png')), 'IMAGE_TOO_LARGE', /200/);
  });

  it('too many bytes, on disk and in memory', async () => {
    const big = Buffer.alloc(IMAGE_LIMITS.bytes + 1);
    await refused(images.read(await file('big.png', big)), 'IMAGE_TOO_LARGE', /64\.0 MB/);
    await refused(images.decode(big, 'upload 1'), 'IMAGE_TOO_LARGE', /upload 1/);
  });

  it('a thumbnail', async () => {
    const small = source(pattern(15, 40), 15, 40).png();
    await refused(images.read(await file('small.png', small)), 'IMAGE_TOO_SMALL', /15 x 40/);
  });

  it.each(['webp', 'tiff'] as const)('several frames in a %s', async (format) => {
    const frames = sharp(Buffer.concat([pattern(), pattern().reverse()]), {
      raw: { width: W, height: 2 * H, channels: 3, pageHeight: H },
    });
    await refused(images.read(await file(`frames.${format}`, frames.toFormat(format))), 'IMAGE_ANIMATED', /2 frames/);
  });

  it('an animated PNG', async () => {
    const still = await source().png().toBuffer();
    const control = Buffer.alloc(20);
    control.writeUInt32BE(8, 0);
    control.write('acTL', 4, 'latin1');
    control.writeUInt32BE(2, 8);
    control.writeUInt32BE(crc32(control.subarray(4, 16)), 16);
    const animated = Buffer.concat([still.subarray(0, 33), control, still.subarray(33)]);
    await refused(images.read(await file('animated.png', animated)), 'IMAGE_ANIMATED', /animated PNG/);
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(images.read(await file('whole.png', source().png()), { signal })).rejects.toThrow('enough');
    await expect(images.decode(await source().png().toBuffer(), 'x', { signal })).rejects.toThrow('enough');
  });
});

describe('what is written', () => {
  const image: RgbImage = { data: new Uint8Array(pattern()), width: W, height: H, channels: 3 };

  it('PNG without loss, JPEG close', async () => {
    expect((await images.decode(await images.encodePng(image), 'png')).pixels).toEqual(image);
    expect(meanDifference((await images.decode(await images.encodeJpeg(image), 'jpeg')).pixels, image)).toBeLessThan(3);
    const mask = { data: new Uint8Array(W * H).fill(9), width: W, height: H, channels: 1 };
    expect((await images.decode(await images.encodePng(mask), 'mask')).notes).toEqual(['grey']);
  });

  it('SVG on white, at the size asked for', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="1" height="1" fill="#f00"/></svg>';
    const drawn = await images.renderSvg(svg, 40, 20);
    expect([drawn.width, drawn.height, drawn.channels]).toEqual([40, 20, 3]);
    expect([...drawn.data.subarray(0, 3), ...drawn.data.subarray(3 * 39, 3 * 40)]).toEqual([255, 0, 0, 255, 255, 255]);
  });
});

/** CRC-32 as PNG chunks carry it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
