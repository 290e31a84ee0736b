/** Layouts of labelled data sets, well and badly formed; images are empty files, for nothing is decoded here. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/adapters/dataset.ts';
import { shared, sharedPath } from '../support/shared.ts';

const made: string[] = [];
let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logsad-dataset-'));
  made.push(root);
});
afterAll(() => Promise.all(made.map((d) => rm(d, { recursive: true, force: true }))));

async function put(files: readonly string[] | Readonly<Record<string, string>>): Promise<void> {
  const all = Array.isArray(files) ? files.map((f: string) => [f, ''] as const) : Object.entries(files);
  for (const [path, text] of all) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}
const masksOf = (d: Awaited<ReturnType<typeof openDataset>>): [string, string[]][] =>
  d.test.map((t) => [t.name, t.masks.map((m) => m.slice(d.root.length + 1))]);
const KIND = { defect_name: 'gone', pixel_value: 255, saturation_threshold: 40, relative_saturation: false };

describe('LOCO, MVTec AD, mask-free', () => {
  const IMAGES = ['test/bent/2.png', 'test/bent/10.png', 'test/good/0.png', 'test/.hidden/1.png'];

  it('without masks: good first, the rest in natural order', async () => {
    await put(IMAGES);
    const d = await openDataset(root);
    expect([d.layout, d.folders, d.defects]).toEqual(['mask-free', ['good', 'bent'], null]);
    expect(d.test.map((t) => t.name)).toEqual(['good/0.png', 'bent/2.png', 'bent/10.png']);
  });

  it('MVTec AD: one mask by the name of the image', async () => {
    await put([...IMAGES, 'ground_truth/bent/2_mask.png']);
    const d = await openDataset(root);
    expect(d.layout).toBe('mvtec');
    expect(masksOf(d)).toEqual([
      ['good/0.png', []],
      ['bent/2.png', ['ground_truth/bent/2_mask.png']],
      ['bent/10.png', []],
    ]);
  });

  it('LOCO: a folder of masks per image, and the kinds of defects', async () => {
    await put([...IMAGES, 'ground_truth/bent/2/000.png', 'ground_truth/bent/2/001.png']);
    await put({ 'defects_config.json': JSON.stringify([KIND]) });
    const d = await openDataset(root);
    expect(d.layout).toBe('loco');
    expect(masksOf(d)[1]).toEqual(['bent/2.png', ['ground_truth/bent/2/000.png', 'ground_truth/bent/2/001.png']]);
    expect(d.defects).toEqual([{ name: 'gone', pixelValue: 255, saturation: { threshold: 40, relative: false } }]);
  });

  it.each([
    ['[{', 'defects_config.json is no JSON'],
    ['{}', 'defects_config.json holds no list'],
    [JSON.stringify([KIND, { ...KIND, pixel_value: 0 }]), 'entry 2 is not'],
    [JSON.stringify([{ ...KIND, relative_saturation: true }]), 'entry 1 is not'],
    [JSON.stringify([KIND, KIND]), 'states pixel value 255 twice'],
    ['[null]', 'entry 1 is not'],
  ])('refuses defects_config.json %s', async (text, reason) => {
    await put([...IMAGES, 'ground_truth/bent/2/000.png']);
    await put({ 'defects_config.json': text });
    await expect(openDataset(root)).rejects.toThrow(reason);
  });

  it('chooses an object of a root that holds several, and names them where none is chosen', async () => {
    await put(['nuts/test/good/0.png', 'bolts/test/good/0.png', 'notes/a.txt']);
    expect((await openDataset(root, 'nuts')).test).toHaveLength(1);
    await expect(openDataset(root)).rejects.toThrow(/no folder test; choose one .* --object: bolts, nuts/);
    await expect(openDataset(root, 'gears')).rejects.toThrow(/no folder gears; it has bolts, notes, nuts/);
  });

  it.each([
    [['test/good/read.me'], 'no folder below test holds an image'],
    [['train/good/0.png'], 'it has no folder test'],
  ])('refuses %j', async (files, reason) => {
    await put(files);
    await expect(openDataset(root)).rejects.toMatchObject({
      code: 'DATASET_LAYOUT',
      message: expect.stringContaining(reason),
    });
  });
});

describe('VisA', () => {
  const HEAD = 'object,split,label,image,mask';
  const row = (object: string, split: string, label: string, image: string, mask = ''): string =>
    [object, split, label, `${object}/Data/Images/${image}`, mask && `${object}/Data/Masks/${mask}`].join(',');
  const table = (...rows: string[]) => put({ 'split_csv/1cls.csv': `${[HEAD, ...rows].join('\n')}\n` });
  const GUM = [
    row('gum', 'train', 'normal', 'Normal/000.JPG'),
    row('gum', 'test', 'anomaly', 'Anomaly/000.JPG', 'Anomaly/000.png'),
    row('gum', 'test', 'normal', 'Normal/001.JPG'),
  ];

  it('reads the test images of the one object, or of the one chosen', async () => {
    await table(...GUM);
    const d = await openDataset(root);
    expect([d.layout, d.folders]).toEqual(['visa', ['good', 'anomaly']]);
    expect(masksOf(d)).toEqual([
      ['good/001.JPG', []],
      ['anomaly/000.JPG', ['gum/Data/Masks/Anomaly/000.png']],
    ]);
    await table(...GUM, row('wax', 'test', 'normal', 'Normal/000.JPG'));
    expect((await openDataset(root, 'wax')).layout).toBe('mask-free');
    await expect(openDataset(root)).rejects.toThrow(/lists 2 objects; choose one with --object: gum, wax/);
    await expect(openDataset(root, 'ham')).rejects.toThrow(/lists no object ham; it lists gum, wax/);
  });

  it('takes the folder of an object as well', async () => {
    await table(...GUM);
    await put(['gum/Data/Images/Anomaly/000.JPG']);
    expect((await openDataset(join(root, 'gum'))).test).toHaveLength(2);
  });

  it.each([
    ['gum,valid,normal,a.png,', '1cls.csv:2:1: split "valid", expected train or test'],
    ['gum,test,good,a.png,', 'label "good", expected normal or anomaly'],
    ['gum,test,normal,a.txt,', '"a.txt" is no image'],
    ['gum,test,normal,../a.png,', '"../a.png" leaves the data set'],
    ['gum,test,anomaly,a.png,/etc/mask.png', '"/etc/mask.png" leaves the data set'],
    ['gum,test,normal', '3 values, expected 5'],
    ['gum,train,normal,a.png,', 'lists no test image of gum'],
    ['', 'lists no image'],
  ])('refuses the row %s', async (line, reason) => {
    await table(line);
    await expect(openDataset(root)).rejects.toThrow(reason);
  });

  it('refuses a table without its columns', async () => {
    await put({ 'split_csv/1cls.csv': 'object,image\ngum,a.png\n' });
    await expect(openDataset(root)).rejects.toThrow('no column split, label, mask; found object, image');
  });
});

describe.skipIf(shared('data') === null)('the photographs of ../shared (needs ../shared)', () => {
  it.each([
    ['juice_bottle', 'loco', 121, 71, 18],
    ['transistor', 'mvtec', 50, 20, null],
    ['aws_aliens', 'mask-free', 80, 0, null],
  ])('%s is %s', async (name, layout, images, masked, kinds) => {
    const d = await openDataset(sharedPath('data', name));
    expect([
      d.layout,
      d.test.length,
      d.test.filter((t) => t.masks.length > 0).length,
      d.defects?.length ?? null,
    ]).toEqual([layout, images, masked, kinds]);
  });
});
