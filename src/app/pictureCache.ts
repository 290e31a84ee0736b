/** Pictures that are looked at again and again: read and decoded once per size and box, within a limit of memory. */
import type { DecodedImage, ImageReader, ReadOptions, Size } from './ports.ts';

export const PICTURE_CACHE = {
  /** Bytes of files and pixels that are kept: about 400 pictures of 320 x 640. */
  bytes: 256 * 2 ** 20,
} as const;

interface Decoded {
  readonly options: ReadOptions;
  readonly image: DecodedImage;
}

const sizeOf = (options: ReadOptions, native: Size): Size | undefined =>
  typeof options.size === 'function' ? options.size(native) : options.size;

function same(a: ReadOptions, b: ReadOptions, native: Size): boolean {
  const [p, q] = [sizeOf(a, native), sizeOf(b, native)];
  return (
    a.kernel === b.kernel &&
    p?.width === q?.width &&
    p?.height === q?.height &&
    JSON.stringify(a.box ?? null) === JSON.stringify(b.box ?? null)
  );
}

/**
 * A reader that remembers: files must not change while it is in use. The first pictures that fit the limit (bytes) stay:
 * learning and sweeps go through the same list again and again, where dropping the oldest would drop every picture just
 * before its turn.
 */
export function cachedImages(images: ImageReader, limit: number = PICTURE_CACHE.bytes): ImageReader {
  const byPath = new Map<string, Uint8Array>();
  const decodedOf = new WeakMap<Uint8Array, Decoded[]>();
  let left = limit;
  const fits = (bytes: number): boolean => {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  return {
    ...images,
    async bytes(path, signal) {
      const found = byPath.get(path);
      if (found) return found;
      const bytes = await images.bytes(path, signal);
      if (!byPath.has(path) && fits(bytes.length)) {
        byPath.set(path, bytes);
        decodedOf.set(bytes, []);
      }
      return bytes;
    },
    async decode(bytes, name, options = {}) {
      const kept = decodedOf.get(bytes);
      const found = kept?.find((d) => same(d.options, options, d.image.native));
      if (found) return found.image;
      const image = await images.decode(bytes, name, options);
      const { signal: _, ...plain } = options;
      if (kept && fits(image.pixels.data.length)) kept.push({ options: plain, image });
      return image;
    },
  };
}
