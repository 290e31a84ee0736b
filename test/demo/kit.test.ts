import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/grid/random.ts';
import { drawKit } from '../../src/demo/draw.ts';
import {
  areaOf,
  boundsOf,
  clipConvex,
  type Polygon,
  rectangle,
  regular,
  ring,
  SHEET,
} from '../../src/demo/geometry.ts';
import { PRINTABLE } from '../../src/demo/glyphs.ts';
import { BAYS, LABEL_TEXT, SIZE, sampleKit, TRAY, VARIANTS } from '../../src/demo/kit.ts';
import { LOGICAL_DEFECTS } from '../../src/demo/logical.ts';
import { outlinesOf, printArea, regionsOf, toImage } from '../../src/demo/outlines.ts';
import { SIZES, STRUCTURAL_DEFECTS } from '../../src/demo/structural.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const kit = (seed: number) => sampleKit(VARIANTS[seed % 3]!, createRandom(seed));
const within = (p: Polygon, [x0, y0, x1, y1]: readonly [number, number, number, number]) => {
  const [a, b, c, d] = boundsOf(p);
  return a >= x0 && b >= y0 && c <= x1 && d <= y1;
};

describe('geometry', () => {
  it('clips to a convex outline', () => {
    const square = rectangle(0, 0, 10, 10);
    expect(areaOf(clipConvex(rectangle(5, 5, 20, 20), square))).toBeCloseTo(25, 9);
    expect(areaOf(clipConvex(rectangle(5, 5, 20, 20).toReversed(), square.toReversed()))).toBeCloseTo(25, 9);
    expect(clipConvex(rectangle(20, 20, 30, 30), square)).toHaveLength(0);
  });

  it('cuts the hole out of a ring', () => {
    expect(areaOf(ring(30, 13))).toBeCloseTo(areaOf(regular(40, 30)) - areaOf(regular(40, 13)), 6);
  });
});

describe('a correct kit', () => {
  it('is drawn alike from the same seed, and otherwise from another', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(drawKit(kit(seed), 512)).toBe(drawKit(kit(seed), 512));
        expect(drawKit(kit(seed), 512)).not.toBe(drawKit(kit(seed + 3), 512));
      }),
      { numRuns: 8 },
    );
  });

  it('lies inside the picture, every part in its bay, like parts apart', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { parts, camera } = kit(seed);
        for (const part of parts) {
          const bay = {
            screw: BAYS.screws,
            washer: BAYS.washers,
            nut: BAYS.nuts,
            plug: BAYS.cable,
            cable: BAYS.cable,
            vial: BAYS.vial,
            label: BAYS.label,
          }[part.kind];
          for (const p of outlinesOf(part)) {
            expect(within(p, bay), `${part.kind} of seed ${seed}`).toBe(true);
            expect(within(toImage(p, camera), [0, 0, 1, 1])).toBe(true);
          }
        }
        expect(within(toImage(rectangle(...TRAY), camera), [0, 0, 1, 1])).toBe(true);
        const round = parts.filter((p) => p.kind === 'washer' || p.kind === 'nut');
        for (const [i, a] of round.entries()) {
          for (const b of round.slice(i + 1)) {
            expect(Math.hypot(a.pose.x - b.pose.x, a.pose.y - b.pose.y)).toBeGreaterThan(2 * SIZE.nut.radius);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has four screws of two lengths, four washers, three nuts and one of each other part, in matching colours', () => {
    for (const [i, variant] of VARIANTS.entries()) {
      const { parts } = kit(i);
      const lengths = parts.flatMap((p) => (p.kind === 'screw' ? [p.length] : []));
      expect(lengths.sort((a, b) => b - a)).toEqual([
        SIZE.screw.long,
        SIZE.screw.long,
        SIZE.screw.short,
        SIZE.screw.short,
      ]);
      const n = (kind: string) => parts.filter((p) => p.kind === kind).length;
      expect(['washer', 'nut', 'plug', 'cable', 'vial', 'label'].map(n)).toEqual([4, 3, 1, 1, 1, 1]);
      expect(parts.flatMap((p) => ('colour' in p ? [p.colour] : []))).toEqual([variant, variant]);
      expect(parts.flatMap((p) => ('text' in p ? [p.text] : []))).toEqual([LABEL_TEXT[variant]]);
    }
  });

  it('prints its text inside the label, in letters that the font has', () => {
    for (let seed = 0; seed < 3; seed++) {
      const label = kit(seed).parts.find((p) => p.kind === 'label')!;
      expect([...label.text].every((c) => PRINTABLE.has(c))).toBe(true);
      const outline = regionsOf(label).label![0]!;
      expect(areaOf(clipConvex(printArea(label), outline))).toBeCloseTo(areaOf(printArea(label)), 6);
    }
  });
});

describe('defects', () => {
  it.each(LOGICAL_DEFECTS)('$name changes the kit but no blemish, and says where', (defect) => {
    for (let seed = 0; seed < 12; seed++) {
      const sound = kit(seed);
      const made = defect.apply(sound, createRandom(seed));
      expect(made.state.parts).not.toEqual(sound.parts);
      expect(made.state.marks).toEqual([]);
      expect(made.state.camera).toEqual(sound.camera);
      expect(made.polygons.length).toBeGreaterThan(0);
      for (const p of made.polygons) expect(within(toImage(p, sound.camera), [0, 0, 1, 1])).toBe(true);
      expect(defect.apply(sound, createRandom(seed))).toEqual(made);
    }
    expect(defect.causes.length).toBeGreaterThan(0);
  });

  it.each(STRUCTURAL_DEFECTS)('$name leaves the kit complete and keeps to its sizes', (defect) => {
    const areas: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const sound = kit(seed);
      const made = defect.apply(sound, createRandom(seed));
      expect(made.state.parts.map((p) => p.kind)).toEqual(sound.parts.map((p) => p.kind));
      for (const p of made.polygons) expect(within(toImage(p, sound.camera), [0, 0, 1, 1])).toBe(true);
      areas.push(made.polygons.reduce((sum, p) => sum + areaOf(p), 0) / (SHEET.width * SHEET.height));
      expect(defect.apply(sound, createRandom(seed))).toEqual(made);
    }
    expect(Math.min(...areas)).toBeGreaterThanOrEqual(SIZES[0]);
    expect(Math.max(...areas)).toBeLessThanOrEqual(SIZES[1]);
    expect(new Set(areas.map((a) => a.toFixed(5))).size).toBeGreaterThan(1);
  });

  it('span the sizes from a thousandth to near two hundredths of the picture', () => {
    const areas = Array.from({ length: 210 }, (_, i) => {
      const made = STRUCTURAL_DEFECTS[i % 7]!.apply(kit(i), createRandom(i));
      return made.polygons.reduce((sum, p) => sum + areaOf(p), 0) / (SHEET.width * SHEET.height);
    });
    expect(Math.min(...areas)).toBeLessThan(0.0013);
    expect(Math.max(...areas)).toBeGreaterThan(0.014);
  });
});
