/** Print is read off the picture that a record was made of, with a reader that says where it looked. */
import { expect, it } from 'vitest';
import { type PrintReader, printOf } from '../../src/app/print.ts';
import { bareScene } from '../../src/core/detect/regions.ts';

it('normals and calibration images of the same base name are each read off their own file', async () => {
  const frame = { imageWidth: 8, imageHeight: 8, box: [0, 0, 1, 1], width: 8, height: 8 } as const;
  const record = { image: '000.png', sha256: 'a', scene: bareScene('000.png', frame, 4) };
  const print: PrintReader = async (scene, image) => ({ ...scene, variant: 'path' in image ? image.path : null });
  for (const path of ['train/000.png', 'validation/000.png']) {
    const read = await printOf(print, [record], [{ name: '000.png', path }]);
    expect(read.map((r) => r.scene.variant)).toEqual([path]);
  }
});
