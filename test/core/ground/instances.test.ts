import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileBox } from '../../../src/core/grid/extent.ts';
import { emptyMask, labelGrid, zeros } from '../../../src/core/grid/grid.ts';
import { areaOf } from '../../../src/core/grid/runs.ts';
import {
  type FrameView,
  findCandidates,
  IGNORED_CELL,
  interestMask,
  productBox,
} from '../../../src/core/ground/instances.ts';
import type { InterestSpec } from '../../../src/core/rules/definition.ts';

function spec(id: string, parts: Partial<InterestSpec> = {}): InterestSpec {
  return { id, form: 'thing', role: 'part', say: [], exemplars: [], clean: {}, instances: {}, ...parts };
}

/** A view from letters: '.' is class 0, 'a' 1, 'b' 2 ...; '#' is ignored. */
function view(text: string): FrameView {
  const rows = text
    .trim()
    .split('\n')
    .map((r) => r.trim());
  const [height, width] = [rows.length, rows[0]!.length];
  const labels = labelGrid(height, width);
  rows.forEach((r, y) => {
    [...r].forEach((c, x) => {
      labels.data[y * width + x] = c === '.' ? 0 : c === '#' ? IGNORED_CELL : c.charCodeAt(0) - 96;
    });
  });
  const lab = zeros(height, width, 3);
  lab.data.fill(50);
  const stage = zeros(height, width, 2);
  stage.data.forEach((_, i) => {
    stage.data[i] = i % 2 ? 1 : labels.data[Math.floor(i / 2)]!;
  });
  return {
    frame: { imageWidth: width, imageHeight: height, box: [0, 0, 1, 1], width, height },
    labels,
    lab,
    stages: [stage],
  };
}

const ground = spec('ground', { role: 'background', form: 'stuff' });

describe('findCandidates', () => {
  it('makes one thing per component, holes filled, specks dropped against the median', () => {
    const v = view(`
      ..........
      .aaa...aa.
      .a.a...aa.
      .aaa.....a
      ..........
    `);
    const found = findCandidates([ground, spec('ring')], v, { ring: 7 });
    expect(found.map((c) => c.cells)).toEqual([9, 5]);
    expect(findCandidates([ground, spec('ring')], v, { ring: 20 }).map((c) => c.cells)).toEqual([9]);
  });

  it('counts a nested interest as part of its parent, and not as how the parent looks', () => {
    const v = view(`
      .......
      .aaaaa.
      .abbaa.
      .aaaaa.
      .......
    `);
    const [label, icon] = findCandidates([ground, spec('label'), spec('icon', { parent: 'label' })], v, {});
    expect(label!.cells).toBe(15);
    expect(areaOf(label!.mask)).toBe(15);
    expect(icon!.cells).toBe(2);
    // Pooled over its own 13 cells: all of class 1, none of class 2.
    expect(label!.feature[0]! / label!.feature[1]!).toBeCloseTo(1);
  });

  it('splits a merged component by area when the interest says so', () => {
    const v = view(`
      ............
      .aaaaaaaa...
      .aaaaaaaa...
      ............
    `);
    const one = findCandidates([ground, spec('pin')], v, { pin: 8 });
    const two = findCandidates([ground, spec('pin', { instances: { split: 'area' } })], v, { pin: 8 });
    expect(one).toHaveLength(1);
    expect(two.map((c) => c.cells).sort()).toEqual([8, 8]);
  });

  it('splits a merged component at its necks when the interest says so', () => {
    const disc = (x: number, y: number, cx: number): boolean => (x - cx) ** 2 + (y - 10) ** 2 <= 64;
    const rows = Array.from({ length: 21 }, (_, y) =>
      Array.from({ length: 50 }, (_, x) => (disc(x, y, 12) || disc(x, y, 27) ? 'a' : '.')).join(''),
    );
    const v = view(rows.join('\n'));
    const found = (split: 'none' | 'distance') =>
      findCandidates([ground, spec('pin', { instances: { split } })], v, { pin: 0 });
    expect(found('none')).toHaveLength(1);
    const two = found('distance');
    expect(two.map((c) => Math.round(50 * c.centroid[0] - 0.5))).toEqual([12, 27]);
    expect(two.reduce((n, c) => n + c.cells, 0)).toBe(found('none')[0]!.cells);
  });

  it('never splits into more than a few dozen, nor into empty parts', () => {
    const v = view(Array.from({ length: 12 }, () => 'a'.repeat(20)).join('\n'));
    const many = findCandidates([spec('none'), spec('pin', { instances: { split: 'area' } })], v, { pin: 0.1 });
    expect(many.length).toBeGreaterThan(1);
    expect(many.length).toBeLessThanOrEqual(64);
    expect(many.every((c) => c.cells > 0)).toBe(true);
    expect(many.reduce((n, c) => n + c.cells, 0)).toBe(240);
  });

  it('fills holes and keeps open bays in specks at the border as in the middle', () => {
    const v = view(`
      a.aaa.....
      a.a.a..aaa
      aaaaa..a.a
      .......aaa
      aaa.......
      a.a.......
    `);
    const found = findCandidates([ground, spec('p')], v, {});
    expect(found.map((c) => [c.cells, areaOf(c.mask)])).toEqual([
      [13, 13],
      [9, 9],
      [5, 5],
    ]);
    expect(found[1]!.centroid).toEqual([0.85, expect.closeTo(2.5 / 6, 12)]);
  });

  it('takes no longer than the cells ask for when a picture is all specks', () => {
    const size = 96;
    const specks = Array.from({ length: size }, (_, y) =>
      Array.from({ length: size }, (_, x) => (x % 3 < 2 && y % 2 ? 'a' : '.')).join(''),
    ).join('\n');
    const v = view(specks);
    const began = performance.now();
    const found = findCandidates([ground, spec('p')], v, {});
    expect(found).toHaveLength((size / 3) * (size / 2));
    // Masks of the whole grid per speck took seconds.
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('joins components closer than `merge`', () => {
    const v = view(`
      ..........
      .aa.aa....
      .aa.aa....
      ..........
    `);
    expect(findCandidates([ground, spec('p')], v, {})).toHaveLength(2);
    const joined = findCandidates([ground, spec('p', { instances: { merge: 0.2 } })], v, {});
    expect(joined).toHaveLength(1);
    expect(joined[0]!.cells).toBe(8);
  });

  it('unites the large components of a stuff', () => {
    const v = view(`
      aaaa....aa
      aaaa....aa
      aaaa......
      aaaa.....a
    `);
    const [liquid] = findCandidates([ground, spec('liquid', { form: 'stuff' })], v, { liquid: 20 });
    expect(liquid!.cells).toBe(20);
  });

  it('lets a stated smallest area win over the share of the median', () => {
    const v = view(`
      ..........
      .aaa......
      ..........
    `);
    expect(findCandidates([ground, spec('p')], v, { p: 20 })).toHaveLength(0);
    expect(findCandidates([ground, spec('p', { clean: { minArea: 0.05 } })], v, { p: 20 })).toHaveLength(1);
  });

  it('takes what is not background as the silhouette, ignored cells apart', () => {
    const v = view(`
      ......
      .ab#..
      ......
    `);
    const all = [ground, spec('a'), spec('b'), spec('body', { source: ['silhouette'] })];
    expect(interestMask(all, all[3]!, v.labels).data.reduce((n, x) => n + x, 0)).toBe(2);
  });
});

describe('quantileBox', () => {
  it('is the box of a rectangle up to the trimmed share', () => {
    const mask = emptyMask(20, 30);
    for (let y = 5; y < 15; y++) for (let x = 10; x < 20; x++) mask.data[y * 30 + x] = 1;
    expect(quantileBox(mask, 0.01)).toEqual([10.1, 5.1, 19.9, 14.9].map((v) => expect.closeTo(v, 6)));
  });

  it('moves with the mask', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }), (dx, dy) => {
        const make = (ox: number, oy: number) => {
          const mask = emptyMask(20, 20);
          for (let y = 2; y < 9; y++) for (let x = 2; x < 7 + (y % 3); x++) mask.data[(y + oy) * 20 + x + ox] = 1;
          return quantileBox(mask, 0.02);
        };
        const [a, b] = [make(0, 0), make(dx, dy)];
        expect(b).toEqual([a[0] + dx, a[1] + dy, a[2] + dx, a[3] + dy].map((v) => expect.closeTo(v, 9)));
      }),
    );
  });
});

describe('productBox', () => {
  it('is the whole frame without a background interest', () =>
    expect(productBox([spec('a')], view('ab\nab'))).toEqual([0, 0, 1, 1]));
});
