/** Exposure drift: sRGB values of the good test images scaled and clipped, rules and profile unchanged (FINDINGS 5). */
import { join } from 'node:path';
import { withGain } from '../../src/app/segmenter.ts';
import { files, images, openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { EXEMPLARS } from './products.ts';
import { folderOf, learnProduct, photographs, table } from './support.ts';

export const bench: Bench = {
  name: 'exposure',
  summary: 'false alarms of juice-bottle on test/good at exposure x0.9 and x1.1',
  long: true,
  async run() {
    const data = photographs('juice_bottle');
    if (data === null) return;
    await using engine = await openEngine();
    const train = join(data, 'train/good');
    const four = folderOf(train, EXEMPLARS);
    const setups = [
      {
        name: '150 + 27 normals',
        from: { rules: 'rules/juice-bottle', normals: train, calibrate: join(data, 'validation/good') },
      },
      { name: '4 exemplars', from: { rules: 'rules/juice-bottle', normals: four.path } },
    ];
    const good = await files.listImages(join(data, 'test/good'));
    const rows: (string | number)[][] = [];
    for (const { name, from } of setups) {
      const { inspector } = await learnProduct(engine, from);
      for (const gain of [0.9, 1, 1.1]) {
        let composition = 0;
        let fused = 0;
        for (const image of good) {
          const { pixels } = await images.read(image.path);
          const bytes = await images.encodePng(withGain(pixels, gain));
          const result = await inspector.inspect({ name: image.name, bytes });
          if (result.detectors.composition!.unit > 1) composition++;
          if (result.unit > 1) fused++;
        }
        rows.push([name, `x${gain}`, `${composition}/${good.length}`, `${fused}/${good.length}`]);
      }
    }
    four.dispose();
    console.log(table(['normals', 'exposure', 'composition false alarms', 'fused false alarms'], rows));
  },
};
