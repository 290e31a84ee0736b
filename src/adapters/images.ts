/**
 * Pictures in and out, the only user of sharp. There is one path from bytes to pixels for learning and inspecting: EXIF
 * turn, embedded profile to sRGB, transparency on white, 8 bit, three channels. Formats are told by their first bytes,
 * and sizes are checked before anything is decoded.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { DecodedImage, ImageReader, ReadOptions } from '../app/ports.ts';
import { LogsadError } from '../core/errors.ts';
import type { Grid, RgbImage } from '../core/grid/grid.ts';
import { resizeBilinear, resizeCubic } from '../core/grid/resample.ts';
import { isAnimatedPng, READ_FORMATS, sniff } from './imageFormats.ts';

/** What is refused, and how pixels are made. */
export const IMAGE_LIMITS = {
  /** A 600 kB PNG can hold 200 megapixels: the header is asked first. */
  pixels: 50_000_000,
  bytes: 64 * 2 ** 20,
  /** Below this there is not one cell of the coarsest stage. */
  minSide: 16,
  /** Behind transparency: white, as a sheet of paper, whatever the file proposes (bKGD is ignored). */
  background: { r: 255, g: 255, b: 255 },
  jpegQuality: 90,
  /** Threads of one sharp operation: inference wants the cores too. */
  concurrency: 1,
} as const;

const LOADERS = ['Jpeg', 'Png', 'Webp', 'Tiff', 'Heif', 'Svg'] as const;

// Process-wide: no cache (every picture is read once), few threads, and no loader but ours (SVG for our own drawings).
sharp.cache(false);
sharp.concurrency(IMAGE_LIMITS.concurrency);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS.map((l) => `VipsForeignLoad${l}`) });

type Rectangle = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

export function createImages(): ImageReader {
  return {
    async read(path, options = {}) {
      return decode(await readBytes(path, options.signal), path, options);
    },
    decode,
    bytes: readBytes,
    async size(path) {
      const { metadata } = await inspect(await readBytes(path), path);
      return turnedSize(metadata);
    },
    async encodePng(image) {
      return raw(image)
        .toColourspace(image.channels < 3 ? 'b-w' : 'srgb')
        .png({ compressionLevel: 6 })
        .toBuffer();
    },
    async encodeJpeg(image, quality = IMAGE_LIMITS.jpegQuality) {
      return raw(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
    },
    async encodeWebp(image, quality) {
      return raw(image).webp({ quality, effort: 3, smartSubsample: true }).toBuffer();
    },
    async renderSvg(svg, width, height) {
      const drawing = sharp(new TextEncoder().encode(svg)).resize(width, height, { fit: 'fill' });
      return pixels(drawing.flatten({ background: IMAGE_LIMITS.background }));
    },
  };
}

/** The file's bytes. @throws LogsadError IMAGE_NOT_FOUND, IMAGE_TOO_LARGE */
async function readBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  try {
    const info = await stat(path);
    if (!info.isFile())
      throw new LogsadError('IMAGE_NOT_FOUND', {
        image: path,
        found: info.isDirectory() ? 'a directory' : 'no regular file',
      });
    checkBytes(path, info.size);
    return await readFile(path, signal ? { signal } : {});
  } catch (cause) {
    if (cause instanceof LogsadError || signal?.aborted) throw signal?.aborted ? signal.reason : cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new LogsadError(
      'IMAGE_NOT_FOUND',
      { image: path, found: code === 'ENOENT' ? 'nothing there' : message },
      { cause },
    );
  }
}

function checkBytes(image: string, bytes: number): void {
  const megabytes = (n: number): string => `${(n / 2 ** 20).toFixed(1)} MB`;
  if (bytes <= IMAGE_LIMITS.bytes) return;
  throw new LogsadError('IMAGE_TOO_LARGE', { image, limit: megabytes(IMAGE_LIMITS.bytes), found: megabytes(bytes) });
}

/** Format and header, everything that can be refused without decoding. @throws LogsadError IMAGE_* */
async function inspect(bytes: Uint8Array, image: string): Promise<{ format: string; metadata: Metadata }> {
  if (bytes.length === 0) throw new LogsadError('IMAGE_EMPTY', { image });
  checkBytes(image, bytes.length);
  const { format, known } = sniff(bytes);
  if (!known) throw new LogsadError('IMAGE_NOT_AN_IMAGE', { image, expected: READ_FORMATS, found: format });
  if (format === 'avif sequence') throw new LogsadError('IMAGE_ANIMATED', { image, found: 'an AVIF sequence' });
  if (!READ_FORMATS.includes(format))
    throw new LogsadError('IMAGE_FORMAT', { image, expected: READ_FORMATS, found: format });
  const metadata = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => Promise.reject(damaged(image, format, cause)));
  const { width, height, pages = 1 } = metadata;
  if (pages > 1) throw new LogsadError('IMAGE_ANIMATED', { image, found: `${pages} frames or pages` });
  if (format === 'png' && isAnimatedPng(bytes))
    throw new LogsadError('IMAGE_ANIMATED', { image, found: 'an animated PNG' });
  if (width * height > IMAGE_LIMITS.pixels) {
    const found = `${((width * height) / 1e6).toFixed(1)} (${width} x ${height})`;
    throw new LogsadError('IMAGE_TOO_LARGE', { image, limit: `${IMAGE_LIMITS.pixels / 1e6} megapixels`, found });
  }
  if (Math.min(width, height) < IMAGE_LIMITS.minSide) {
    throw new LogsadError('IMAGE_TOO_SMALL', { image, limit: IMAGE_LIMITS.minSide, found: `${width} x ${height}` });
  }
  return { format, metadata };
}

function damaged(image: string, format: string, cause: unknown): LogsadError {
  const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.trim();
  return new LogsadError('IMAGE_UNREADABLE', { image, format, reason }, { cause });
}

/** EXIF orientations 5 to 8 lie on their side. */
function turnedSize({ width, height, orientation = 1 }: Metadata): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

async function decode(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<DecodedImage> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { format, metadata } = await inspect(bytes, name);
  signal?.throwIfAborted();
  const native = turnedSize(metadata);
  const size = typeof options.size === 'function' ? options.size(native) : options.size;
  const part = partOf(name, native, options.box);
  // White first: libvips would otherwise resize transparent pixels with whatever colour hides beneath them.
  let chain = sharp(bytes, { failOn: 'error', limitInputPixels: IMAGE_LIMITS.pixels, autoOrient: true })
    .flatten({ background: IMAGE_LIMITS.background })
    .toColourspace('srgb');
  if (part.width !== native.width || part.height !== native.height) chain = chain.extract(part);
  const kernel = options.kernel ?? 'linear';
  const target = size ?? part;
  // sharp shrinks as the reference does but enlarges corner-aligned (a quarter pixel off at 2x): it shrinks each axis that
  // shrinks while decoding, and our centre-aligned resampler enlarges what grows.
  const shrunk = { width: Math.min(part.width, target.width), height: Math.min(part.height, target.height) };
  if (shrunk.width < part.width || shrunk.height < part.height) {
    chain = chain.resize(shrunk.width, shrunk.height, { fit: 'fill', kernel, fastShrinkOnLoad: false });
  }
  const decoded = await pixels(chain).catch((cause: unknown) => Promise.reject(damaged(name, format, cause)));
  signal?.throwIfAborted();
  const grows = shrunk.width < target.width || shrunk.height < target.height;
  const enlarge = kernel === 'cubic' ? resizeCubic : resizeBilinear;
  const image = grows ? enlarge(decoded, target.height, target.width) : decoded;
  return { pixels: image, sha256: createHash('sha256').update(bytes).digest('hex'), native, notes: notesOf(metadata) };
}

/** The box in whole pixels, each edge rounded to the nearest. @throws LogsadError IMAGE_BOX when nothing is left */
function partOf(
  image: string,
  { width, height }: { width: number; height: number },
  box: ReadOptions['box'],
): Rectangle {
  if (!box) return { left: 0, top: 0, width, height };
  const [x0, y0, x1, y1] = box;
  const left = Math.round(x0 * width);
  const top = Math.round(y0 * height);
  const part = { left, top, width: Math.round(x1 * width) - left, height: Math.round(y1 * height) - top };
  const inside = x0 >= 0 && y0 >= 0 && x1 <= 1 && y1 <= 1;
  if (!inside || !(part.width > 0) || !(part.height > 0))
    throw new LogsadError('IMAGE_BOX', { image, found: [...box] });
  return part;
}

/** Runs a chain to 8-bit RGB; grey is repeated. */
async function pixels(chain: Sharp): Promise<RgbImage> {
  const { data, info } = await chain.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (channels === 3) return { data: bytes, width, height, channels: 3 };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = bytes[i * channels + (channels < 3 ? 0 : c)]!;
  return { data: rgb, width, height, channels: 3 };
}

/** What was converted on the way to 8-bit sRGB. */
function notesOf({ depth, space, channels, hasAlpha, orientation = 1 }: Metadata): string[] {
  const notes: string[] = [];
  if (depth !== undefined && depth !== 'uchar') notes.push(depth === 'ushort' ? '16-bit' : depth);
  if (space === 'cmyk') notes.push('cmyk');
  if ((channels ?? 3) < 3) notes.push('grey');
  if (hasAlpha) notes.push('alpha');
  if (orientation > 1) notes.push('turned');
  return notes;
}

function raw({ data, width, height, channels }: Grid<Uint8Array>): Sharp {
  return sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } });
}
