import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf, toCellX, toCellY, toImageX, toImageY } from '../../../src/core/frame.ts';
import { labOf } from '../../../src/core/grid/colour.ts';
import { grid, type RgbImage } from '../../../src/core/grid/grid.ts';
import { COLOUR_WORDS, colourRange, membership } from '../../../src/core/ground/colourWords.ts';
import { cellLab } from '../../../src/core/ground/features.ts';
import { focusBox, learnFocus, silhouetteBox } from '../../../src/core/ground/focus.ts';
import { shapeBox, shapesMask } from '../../../src/core/ground/place.ts';
import { compileRules, lintRules } from '../../../src/core/rules/index.ts';

describe('frameOf', () => {
  it('keeps the aspect ratio to multiples of the stride', () => {
    expect(frameOf({ fit: 'keep', size: 640 }, 400, 800, 32)).toMatchObject({
      width: 320,
      height: 640,
      box: [0, 0, 1, 1],
    });
    expect(frameOf({ fit: 'warp', size: 448 }, 400, 800, 32)).toMatchObject({ width: 448, height: 448 });
    expect(frameOf({ fit: 'keep', size: 640 }, 4000, 40, 32)).toMatchObject({ width: 640, height: 32 });
  });

  it('maps cells to image fractions and back, also in a box', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (v, low) => {
          const frame = frameOf({ fit: 'keep', size: 320 }, 640, 480, 32, [low, low / 2, low + 0.4, low / 2 + 0.3]);
          expect(toImageX(frame, toCellX(frame, v, 80), 80)).toBeCloseTo(v, 9);
          expect(toImageY(frame, toCellY(frame, v, 60), 60)).toBeCloseTo(v, 9);
        },
      ),
    );
  });
});

describe('colour words', () => {
  const spec = (word: string) => ({ words: [word] });
  it.each([
    ['red', [200, 30, 30]],
    ['yellow', [245, 210, 20]],
    ['orange', [240, 140, 20]],
    ['green', [40, 160, 60]],
    ['blue', [40, 80, 200]],
    ['purple', [130, 50, 160]],
    ['black', [12, 12, 12]],
    ['white', [250, 250, 250]],
    ['grey', [128, 128, 128]],
  ] as const)('%s holds its own colour and no other basic one', (word, rgb) => {
    const [l, a, b] = labOf(rgb[0], rgb[1], rgb[2]);
    expect(membership(spec(word), l, a, b)).toBeGreaterThan(0.9);
    for (const other of ['red', 'green', 'blue', 'black', 'white']) {
      if (other !== word) expect(membership(spec(other), l, a, b), other).toBeLessThan(0.5);
    }
  });

  it('knows modifiers and refuses other words', () => {
    expect(colourRange('dark red')!.light[1]).toBeLessThan(COLOUR_WORDS.red!.light[1]);
    expect(colourRange('gray')).toEqual(COLOUR_WORDS.grey);
    expect(colourRange('mauve')).toBeNull();
    expect(colourRange('very dark red')).toBeNull();
  });

  it('takes a Lab ball, softly', () => {
    const ball = { words: [], lab: [50, 20, 20] as const, deltaE: 10 };
    expect(membership(ball, 50, 20, 25)).toBe(1);
    expect(membership(ball, 50, 20, 33)).toBeCloseTo(0.4);
    expect(membership(ball, 50, 20, 60)).toBe(0);
  });
});

describe('silhouette focus', () => {
  const picture = (x0: number, y0: number): RgbImage => {
    const data = new Uint8Array(192 * 144 * 3).fill(230);
    for (let y = y0; y < y0 + 30; y++) for (let x = x0; x < x0 + 40; x++) data.set([60, 90, 160], (y * 192 + x) * 3);
    return { data, width: 192, height: 144, channels: 3 };
  };

  it('finds what differs from the border and follows it at one size', () => {
    const boxes = [silhouetteBox(picture(20, 20)), silhouetteBox(picture(100, 80))];
    expect(boxes[0]).toEqual([20 / 192, 20 / 144, 60 / 192, 50 / 144].map((v) => expect.closeTo(v, 9)));
    const size = learnFocus(boxes)!;
    const [a, b] = boxes.map((s) => focusBox(s, size));
    expect(b![2] - b![0]).toBeCloseTo(a![2] - a![0], 9);
    expect((b![0] + b![2]) / 2).toBeCloseTo(120 / 192, 9);
  });

  it('stays inside the image and falls back to the middle', () => {
    const size = { width: 0.4, height: 0.5 };
    expect(focusBox([0.9, 0.9, 1, 1], size)).toEqual([0.6, 0.5, 1, 1]);
    expect(focusBox(null, size)).toEqual([0.3, 0.25, 0.7, 0.75]);
  });

  it('finds nothing on a plain picture', () =>
    expect(
      silhouetteBox({ data: new Uint8Array(64 * 64 * 3).fill(99), width: 64, height: 64, channels: 3 }),
    ).toBeNull());
});

it('averages the colour of a cell over its pixels', () => {
  const image: RgbImage = {
    data: Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 200 : 100)),
    width: 4,
    height: 4,
    channels: 3,
  };
  const [l] = labOf(150, 150, 150);
  expect(cellLab(image, 1, 1).data[0]).toBeCloseTo(l, 3);
});

it('turns shapes into cells: boxes, polygons, named regions, mask files', () => {
  const { file } = compileRules(
    'schema: logsad/rules/v1\nproduct: p\nregions:\n  corner: { box: [0, 0, 0.5, 0.5] }\n',
    'rules.yaml',
  );
  const frame = frameOf({ fit: 'keep', size: 64 }, 64, 64, 32);
  const count = (shapes: Parameters<typeof shapesMask>[0], files?: Parameters<typeof shapesMask>[5]) =>
    shapesMask(shapes, file, frame, 8, 8, files)?.data.reduce((n, v) => n + v, 0) ?? null;
  expect(count([])).toBeNull();
  expect(count([{ box: [0, 0, 0.25, 1] }])).toBe(16);
  expect(
    count([
      {
        polygon: [
          [0, 0],
          [1, 0],
          [1, 1],
        ],
      },
    ]),
  ).toBeGreaterThan(24);
  expect(count([{ region: 'corner' }])).toBe(16);
  expect(count([{ region: 'corner' }, { box: [0, 0, 0.25, 1] }])).toBe(24);
  const half = { data: Uint8Array.from([1, 0]), width: 2, height: 1, channels: 1 };
  expect(count([{ mask: 'm.png' }], new Map([['m.png', half]]))).toBe(32);
});

it('gives the box of a fixed shape: through regions, of polygons and of mask files', () => {
  const { file } = compileRules(
    'schema: logsad/rules/v1\nproduct: p\nregions:\n  bay: { region: part }\n  part: { mask: m.png }\n',
    'rules.yaml',
  );
  const mask = (on: readonly number[]) =>
    grid(
      Uint8Array.from({ length: 16 }, (_, i) => (on.includes(i) ? 1 : 0)),
      4,
      4,
    );
  expect(shapeBox({ region: 'bay' }, file, new Map([['m.png', mask([5, 10])]]))).toEqual([0.25, 0.25, 0.75, 0.75]);
  expect(shapeBox({ region: 'bay' }, file, new Map([['m.png', mask([])]]))).toBeNull();
  expect(shapeBox({ region: 'bay' }, file)).toBeNull();
  expect(shapeBox({ region: 'image' }, file)).toEqual([0, 0, 1, 1]);
  expect(
    shapeBox(
      {
        polygon: [
          [0.1, 0.2],
          [0.5, 0.2],
          [0.3, 0.9],
        ],
      },
      file,
    ),
  ).toEqual([0.1, 0.2, 0.5, 0.9]);
});

it.each([
  ['ignore', 'ignore: [{ interest: cap }]', 4],
  ['ignore through a region', 'ignore: [{ region: bay }]', 4],
  ['frame.focus', 'frame: { focus: bay }', 4],
  ['frame.focus on the product', 'frame: { focus: product }', 4],
])('%s cannot follow what is yet to be found', (_, line, at) => {
  const text = `schema: logsad/rules/v1\nproduct: p\nregions: { bay: { interest: cap } }\n${line}\ninterests:\n  cap: { form: thing, colour: red }\n`;
  const faults = lintRules(text, 'rules.yaml').filter((f) => f.severity === 'error');
  expect(faults).toMatchObject([{ code: 'WRONG_VALUE', line: at }]);
});
