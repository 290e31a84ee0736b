import { describe, expect, it } from 'vitest';
import { grid, zeros } from '../../../src/core/grid/grid.ts';
import { labelExemplar, twoMeansSplit, UNLABELLED } from '../../../src/core/ground/labels.ts';
import type { Exemplar, InterestSpec } from '../../../src/core/rules/definition.ts';
import type { SceneFrame } from '../../../src/core/scene.ts';

const frame: SceneFrame = { imageWidth: 400, imageHeight: 400, box: [0, 0, 1, 1], width: 400, height: 400 };

function interest(id: string, parts: Partial<InterestSpec>): InterestSpec {
  return { id, form: 'thing', role: 'part', say: [], exemplars: [], clean: {}, instances: {}, ...parts };
}

function drawn(parts: Partial<Exemplar>): Exemplar {
  return { image: 'a.png', boxes: [], points: [], polygons: [], masks: [], ...parts };
}

/** 100 x 100 cells of one colour with a differently coloured rectangle of cells. */
function lab(inside: [number, number, number, number], colour: [number, number, number] = [60, 40, 30]) {
  const out = zeros(100, 100, 3);
  for (let y = 0; y < 100; y++) {
    for (let x = 0; x < 100; x++) {
      const on = x >= inside[0] && y >= inside[1] && x < inside[2] && y < inside[3];
      out.data.set(on ? colour : [50, 0, 0], (y * 100 + x) * 3);
    }
  }
  return out;
}

const at = (labels: { data: Int32Array }, x: number, y: number): number => labels.data[y * 100 + x]!;

describe('labelExemplar', () => {
  it('labels the shrunk inside of a box and leaves a ring unlabelled', () => {
    const labels = labelExemplar(
      [interest('part', { exemplars: [drawn({ boxes: [[0.2, 0.2, 0.6, 0.6]] })] })],
      'a.png',
      frame,
      lab([20, 20, 60, 60]),
    );
    expect(at(labels, 40, 40)).toBe(0);
    expect(at(labels, 21, 21)).toBe(0);
    expect(at(labels, 20, 40)).toBe(UNLABELLED);
    expect(at(labels, 19, 40)).toBe(UNLABELLED);
    expect(at(labels, 80, 80)).toBe(UNLABELLED);
  });

  it('gives corners that look like the surroundings back to the parent', () => {
    // The box is larger than the coloured part: its right third shows the surroundings.
    const child = interest('icon', { parent: 'label', exemplars: [drawn({ boxes: [[0.3, 0.3, 0.6, 0.6]] })] });
    const parent = interest('label', { exemplars: [drawn({ boxes: [[0.1, 0.1, 0.9, 0.9]] })] });
    const labels = labelExemplar([parent, child], 'a.png', frame, lab([30, 30, 50, 60]));
    expect(at(labels, 40, 45)).toBe(1);
    expect(at(labels, 55, 45)).toBe(0);
  });

  it('lets clicks win over boxes, at least one cell each', () => {
    const specs = [
      interest('a', { exemplars: [drawn({ boxes: [[0.1, 0.1, 0.9, 0.9]] })] }),
      interest('b', { form: 'stuff', exemplars: [drawn({ points: [[0.5, 0.5]] })] }),
    ];
    const labels = labelExemplar(specs, 'a.png', frame, lab([10, 10, 90, 90]));
    expect(at(labels, 50, 50)).toBe(1);
    expect(at(labels, 20, 20)).toBe(0);
  });

  it('fills polygons and mask files, and ignores exemplars of other images', () => {
    const mask = grid(
      Uint8Array.from({ length: 16 }, (_, i) => (i < 4 ? 1 : 0)),
      4,
      4,
    );
    const specs = [
      interest('a', {
        exemplars: [
          drawn({
            polygons: [
              [
                [0.5, 0.5],
                [0.9, 0.5],
                [0.9, 0.9],
              ],
            ],
          }),
        ],
      }),
      interest('b', {
        exemplars: [drawn({ masks: ['m.png'] }), { ...drawn({ points: [[0.1, 0.9]] }), image: 'other.png' }],
      }),
    ];
    const labels = labelExemplar(specs, 'a.png', frame, lab([0, 0, 0, 0]), new Map([['m.png', mask]]));
    expect(at(labels, 85, 60)).toBe(0);
    expect(at(labels, 55, 85)).toBe(UNLABELLED);
    expect(at(labels, 50, 10)).toBe(1);
    expect(at(labels, 10, 90)).toBe(UNLABELLED);
  });

  it('places a mask file of the whole image within the focus box', () => {
    const mask = grid(
      Uint8Array.from({ length: 16 }, (_, i) => (i % 4 >= 2 ? 1 : 0)),
      4,
      4,
    );
    const focused: SceneFrame = { ...frame, box: [0.4, 0, 0.8, 1] };
    const specs = [interest('a', { exemplars: [drawn({ masks: ['m.png'] })] })];
    const labels = labelExemplar(specs, 'a.png', focused, lab([0, 0, 0, 0]), new Map([['m.png', mask]]));
    // The mask begins at half of the image: a quarter into the box.
    expect(at(labels, 23, 50)).toBe(UNLABELLED);
    expect(at(labels, 26, 50)).toBe(0);
  });

  it('labels nothing by what lies beside the focus box', () => {
    const focused: SceneFrame = { ...frame, box: [0, 0, 0.5, 1] };
    const exemplar = drawn({
      boxes: [[0.7, 0.3, 0.9, 0.6]],
      points: [[0.8, 0.5]],
      polygons: [
        [
          [0.7, 0.3],
          [0.9, 0.3],
          [0.9, 0.6],
        ],
      ],
    });
    const labels = labelExemplar([interest('a', { exemplars: [exemplar] })], 'a.png', focused, lab([0, 0, 0, 0]));
    expect(labels.data.every((v) => v === UNLABELLED)).toBe(true);
  });

  it('labels by colour words where nothing was drawn, and the background elsewhere', () => {
    const specs = [
      interest('ground', { role: 'background', form: 'stuff' }),
      interest('red', { colour: { words: ['red'] } }),
    ];
    const labels = labelExemplar(specs, 'a.png', frame, lab([40, 40, 60, 60], [45, 60, 40]));
    expect(at(labels, 50, 50)).toBe(1);
    expect(at(labels, 5, 5)).toBe(0);
  });
});

describe('twoMeansSplit', () => {
  it('lies between two groups', () => {
    const split = twoMeansSplit([1, 1.2, 0.9, 10, 11, 10.5]);
    expect(split).toBeGreaterThan(1.2);
    expect(split).toBeLessThan(10);
  });
  it('takes as many values as a large frame has cells', () => {
    const split = twoMeansSplit(Array.from({ length: 300_000 }, (_, i) => (i % 2 ? 10 : 1)));
    expect(split).toBeCloseTo(5.5);
  });
  it('is the common value of equals', () => expect(twoMeansSplit([3, 3, 3])).toBe(3));
});
