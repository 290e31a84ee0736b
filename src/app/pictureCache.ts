/** Pictures that are looked at again and again under one size: decoded once, within a limit of memory. */
import type { DecodedImage, ImageReader, ReadOptions, Size } from './ports.ts';

export const PICTURE_CACHE = {
  /** Bytes of files and pixels kept; the pictures not asked for longest go first. */
  bytes: 512 * 2 ** 20,
} as const;

interface Decoded {
  readonly options: ReadOptions;
  readonly image: DecodedImage;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly decoded: Decoded[];
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

/** A reader that remembers: files must not change while it is in use. */
export function cachedImages(images: ImageReader, limit: number = PICTURE_CACHE.bytes): ImageReader {
  const byPath = new Map<string, Kept>();
  const byBytes = new WeakMap<Uint8Array, Kept>();
  let held = 0;
  const weight = ({ bytes, decoded }: Kept): number =>
    decoded.reduce((n, d) => n + d.image.pixels.data.length, bytes.length);
  const makeRoom = (): void => {
    for (const [path, kept] of byPath) {
      if (held <= limit) return;
      byPath.delete(path);
      held -= weight(kept);
    }
  };
  return {
    ...images,
    async bytes(path, signal) {
      const found = byPath.get(path);
      if (found) {
        // Last in the order of the map = asked for last.
        byPath.delete(path);
        byPath.set(path, found);
        return found.bytes;
      }
      const bytes = await images.bytes(path, signal);
      const kept: Kept = { bytes, decoded: [] };
      byPath.set(path, kept);
      byBytes.set(bytes, kept);
      held += bytes.length;
      makeRoom();
      return bytes;
    },
    async decode(bytes, name, options = {}) {
      const kept = byBytes.get(bytes);
      const found = kept?.decoded.find((d) => same(d.options, options, d.image.native));
      if (found) return found.image;
      const image = await images.decode(bytes, name, options);
      if (kept && [...byPath.values()].includes(kept)) {
        const { signal: _, ...plain } = options;
        kept.decoded.push({ options: plain, image });
        held += image.pixels.data.length;
        makeRoom();
      }
      return image;
    },
  };
}
