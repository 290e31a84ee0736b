/** Learning looks at the same pictures several times over: what fits into a budget of memory is decoded once. */
import type { FramedImage, ImageInput, Segmenter } from './segmenter.ts';

export const FRAME_CACHE = {
  /** Bytes of decoded pictures that are kept: about 300 bottles of 320 x 640. */
  budget: 192 * 2 ** 20,
} as const;

/**
 * The segmenter with a memory of the frames it has read, by path. The first ones that fit the budget stay; the passes of
 * learning go through the same list each time, where dropping the oldest would drop every frame just before its turn.
 */
export function rememberFrames(segmenter: Segmenter, budget: number = FRAME_CACHE.budget): Segmenter {
  const known = new Map<string, FramedImage>();
  let left = budget;
  const forget = (): void => {
    known.clear();
    left = budget;
  };
  return {
    ...segmenter,
    async frame(input: ImageInput, signal?: AbortSignal) {
      const key = 'path' in input ? input.path : null;
      const found = key === null ? undefined : known.get(key);
      if (found) {
        signal?.throwIfAborted();
        return { ...found, name: input.name };
      }
      const framed = await segmenter.frame(input, signal);
      const bytes = framed.pixels.data.byteLength;
      if (key !== null && bytes <= left && !known.has(key)) {
        known.set(key, framed);
        left -= bytes;
      }
      return framed;
    },
    setFocus(size) {
      forget();
      segmenter.setFocus(size);
    },
    async dispose() {
      forget();
      await segmenter.dispose();
    },
  };
}
