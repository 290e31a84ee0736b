import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/core/grid/random.ts';
import { areaOf } from '../../../../src/core/grid/runs.ts';
import {
  duplicated,
  levelled,
  moved,
  reattributed,
  recoloured,
  scaled,
  swapped,
  withChildren,
  without,
} from '../../../../src/core/rules/tools/edit.ts';
import type { Instance, Scene } from '../../../../src/core/scene.ts';
import { toyScene } from '../../../support/toyProduct.ts';

const scenes = fc.integer().map((seed) => toyScene('a.png', createRandom(seed)));
const shares = fc.double({ min: -0.09, max: 0.09, noNaN: true });
const count = (s: Scene, interest: string): number => s.instances.filter((i) => i.interest === interest).length;
const of = (s: Scene, interest: string): Instance => s.instances.find((i) => i.interest === interest)!;
const cells = (i: Instance): number => areaOf(i.mask);

describe('edits of a scene', () => {
  it('delete takes an instance and what lies in it, and keeps ids dense and parents right', () => {
    fc.assert(
      fc.property(scenes, fc.integer({ min: 0, max: 4 }), (s, id) => {
        const family = withChildren(s, id);
        const after = without(s, family);
        expect(count(after, s.instances[id]!.interest)).toBe(count(s, s.instances[id]!.interest) - 1);
        expect(after.instances.map((i) => i.id)).toEqual(after.instances.map((_, n) => n));
        for (const i of after.instances)
          if (i.parent !== undefined) expect(after.instances[i.parent]!.interest).toBe('label');
        expect(family.size).toBe(id === 1 ? 2 : 1);
      }),
    );
  });

  it('move shifts centroid and box of the instance and of what lies in it by the share, and nothing else', () => {
    fc.assert(
      fc.property(scenes, shares, shares, (s, dx, dy) => {
        const after = moved(s, 1, dx, dy);
        for (const [n, i] of after.instances.entries()) {
          const [mx, my] = i.interest === 'label' || i.interest === 'mark' ? [dx, dy] : [0, 0];
          expect(i.centroid[0] - s.instances[n]!.centroid[0]).toBeCloseTo(mx, 12);
          expect(i.box[3] - s.instances[n]!.box[3]).toBeCloseTo(my, 12);
          expect(i.area).toBe(s.instances[n]!.area);
        }
        expect(cells(of(after, 'label'))).toBe(cells(of(s, 'label')));
      }),
    );
  });

  it('duplicate adds one of the interest with its own copy of what lies in it', () => {
    fc.assert(
      fc.property(scenes, (s) => {
        const after = duplicated(s, 1, 0, 0.2);
        expect(count(after, 'label')).toBe(2);
        expect(count(after, 'mark')).toBe(2);
        const copy = after.instances.filter((i) => i.interest === 'mark')[1]!;
        expect(after.instances[copy.parent!]!.id).not.toBe(1);
        expect(after.instances.slice(0, 5)).toEqual(s.instances);
      }),
    );
  });

  it('swap exchanges two centroids and is its own inverse', () => {
    fc.assert(
      fc.property(scenes, (s) => {
        const after = swapped(s, 1, 3);
        expect(after.instances[1]!.centroid[0]).toBeCloseTo(s.instances[3]!.centroid[0], 12);
        expect(after.instances[3]!.centroid[1]).toBeCloseTo(s.instances[1]!.centroid[1], 12);
        expect(swapped(after, 1, 3).instances[2]!.centroid[0]).toBeCloseTo(s.instances[2]!.centroid[0], 12);
      }),
    );
  });

  it('area multiplies the area and keeps the centroid; the mask follows', () => {
    fc.assert(
      fc.property(scenes, fc.constantFrom(0.7, 0.85, 1.15, 1.3), (s, factor) => {
        const after = of(scaled(s, 1, factor), 'label');
        expect(after.area / of(s, 'label').area).toBeCloseTo(factor, 12);
        expect(after.centroid).toEqual(of(s, 'label').centroid);
        expect(after.length / of(s, 'label').length).toBeCloseTo(Math.sqrt(factor), 12);
        expect(Math.abs(cells(after) / cells(of(s, 'label')) - factor)).toBeLessThan(0.12);
      }),
    );
  });

  it('level moves the top edge by the share; area and mask follow, the bottom stays', () => {
    fc.assert(
      fc.property(scenes, fc.constantFrom(-0.1, -0.05, 0.05, 0.1), (s, by) => {
        const [before, after] = [of(s, 'liquid'), of(levelled(s, 0, by), 'liquid')];
        expect(before.box[1] - after.box[1]).toBeCloseTo(by, 12);
        expect(after.box[3]).toBe(before.box[3]);
        expect(Math.abs(after.area / before.area - (1 + by / 0.6))).toBeLessThan(0.03);
        expect(Math.sign(before.centroid[1] - after.centroid[1])).toBe(Math.sign(by));
      }),
    );
  });

  it('level works without a mask', () => {
    const s = toyScene('a.png', createRandom(3));
    const bare = { ...s, instances: s.instances.map((i) => ({ ...i, mask: [] })) };
    const after = of(levelled(bare, 0, 0.1), 'liquid');
    expect(after.box[1]).toBeCloseTo(of(s, 'liquid').box[1] - 0.1, 12);
    expect(after.area).toBeGreaterThan(of(s, 'liquid').area);
  });

  it('colour shifts Lab, re-attribute swaps the distances of two values', () => {
    const s = toyScene('a.png', createRandom(5));
    const after = of(recoloured(s, 1, [1, 2, 3]), 'label').lab;
    expect(after).toEqual([91, 2, 3]);
    const was = of(s, 'mark').attributes.sign!;
    const other = was.value === 'red' ? 'green' : 'red';
    const now = of(reattributed(s, 2, 'sign', other), 'mark').attributes.sign!;
    expect(now.value).toBe(other);
    expect(now.distances).toEqual({ [other]: 0.3, [was.value!]: 4 });
  });
});
