import { describe, expect, it } from 'vitest';
import { rememberFrames } from '../../src/app/frameCache.ts';
import type { FramedImage, Segmenter } from '../../src/app/segmenter.ts';

/** A segmenter that counts what it reads; every frame has 300 bytes. */
function counting() {
  const read: string[] = [];
  const frame = async ({ name }: { name: string }): Promise<FramedImage> => {
    read.push(name);
    const pixels = { data: new Uint8Array(300), width: 10, height: 10, channels: 3 as const };
    const box = [0, 0, 1, 1] as const;
    return { name, pixels, sha256: name, frame: { imageWidth: 10, imageHeight: 10, box, width: 10, height: 10 } };
  };
  const segmenter = { frame, setFocus() {}, dispose: async () => {} } as unknown as Segmenter;
  return { read, segmenter };
}
const ref = (name: string) => ({ name, path: `/${name}` });

describe('frames in memory', () => {
  it('are read once as far as the budget goes, and anew beyond it', async () => {
    const { read, segmenter } = counting();
    const remembered = rememberFrames(segmenter, 650);
    for (let pass = 0; pass < 2; pass++) for (const n of ['a', 'b', 'c']) await remembered.frame(ref(n));
    expect(read).toEqual(['a', 'b', 'c', 'c']);
    expect((await remembered.frame({ name: 'other', path: '/a' })).name).toBe('other');
  });

  it('are forgotten when the frame moves, and bytes are never kept', async () => {
    const { read, segmenter } = counting();
    const remembered = rememberFrames(segmenter);
    await remembered.frame(ref('a'));
    remembered.setFocus(null);
    await remembered.frame(ref('a'));
    await remembered.frame({ name: 'x', bytes: new Uint8Array(1) });
    await remembered.frame({ name: 'x', bytes: new Uint8Array(1) });
    expect(read).toEqual(['a', 'a', 'x', 'x']);
  });
});
