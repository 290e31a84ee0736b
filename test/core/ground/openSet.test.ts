import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';
import { heldOutReadings, learnAttribute, readAttribute } from '../../../src/core/ground/attributes.ts';
import { LIKENESS, learnLikeness, likenessOf, type ReferenceInstance } from '../../../src/core/ground/likeness.ts';

type Looks = ReferenceInstance['instance'];

const unit = (v: number[]): number[] => {
  const n = Math.hypot(...v);
  return v.map((x) => x / n);
};

function looks(parts: Partial<Looks> = {}): Looks {
  return { area: 0.01, length: 0.1, width: 0.05, lab: [50, 10, 10], feature: unit([1, 0, 0, 0]), ...parts };
}

/** `n` normals of two images each, with small noise. */
function normals(n: number): ReferenceInstance[] {
  const random = createRandom(3);
  return Array.from({ length: n }, (_, i) => ({
    image: `${i}.png`,
    instance: looks({
      area: 0.01 * Math.exp(0.02 * random.normal()),
      lab: [50 + random.normal(), 10 + random.normal(), 10],
      feature: unit([1, 0.05 * random.normal(), 0.05 * random.normal(), 0.05 * random.normal()]),
    }),
  }));
}

describe('likeness of a thing', () => {
  const model = learnLikeness('screw', 'thing', normals(30));

  it('keeps an unseen normal', () => expect(likenessOf(model, looks()).value).toBeLessThan(0.5));

  it('refuses what looks like nothing learnt, however well its area fits', () => {
    const l = likenessOf(model, looks({ feature: unit([0.3, 1, 0, 0]) }));
    expect(l.terms.feature).toBeGreaterThan(1);
    expect(l.value).toBe(l.terms.feature);
  });

  it('refuses gross departures of area only', () => {
    expect(likenessOf(model, looks({ area: 0.02 })).value).toBeLessThan(1);
    expect(likenessOf(model, looks({ area: 0.05 })).value).toBeGreaterThan(1);
    expect(likenessOf(model, looks({ area: 0.014 })).terms.fineArea).toBeGreaterThan(1);
  });

  it('judges a normal without itself', () => {
    const odd: ReferenceInstance = { image: 'odd.png', instance: looks({ feature: unit([0, 0, 0, 1]) }) };
    const with1 = learnLikeness('screw', 'thing', [...normals(30), odd]);
    expect(likenessOf(with1, odd.instance).terms.feature).toBe(0);
    expect(likenessOf(with1, odd.instance, 'odd.png').terms.feature).toBeGreaterThan(1);
  });

  it('is not spoilt by one bad normal among many', () => {
    const odd: ReferenceInstance = { image: 'odd.png', instance: looks({ feature: unit([0, 0, 0, 1]) }) };
    const spoilt = learnLikeness('screw', 'thing', [...normals(30), odd]);
    expect(spoilt.feature.setAside).toHaveLength(1);
    expect(likenessOf(spoilt, looks({ feature: unit([0.3, 1, 0, 0]) })).value).toBeGreaterThan(1);
  });
});

describe('likeness of a stuff', () => {
  const model = learnLikeness('liquid', 'stuff', normals(30));

  it('goes by colour, whatever its area and pooled feature', () => {
    expect(likenessOf(model, looks({ area: 0.2, feature: unit([0, 1, 0, 0]) })).value).toBeLessThan(1);
    expect(likenessOf(model, looks({ lab: [50, 10, 60] })).value).toBeGreaterThan(1);
  });

  it('accepts every colour that some normal has', () => {
    const two = [
      ...normals(10),
      ...normals(10).map((n, i) => ({ image: `b${i}.png`, instance: { ...n.instance, lab: [80, -20, 40] as const } })),
    ];
    const m = learnLikeness('liquid', 'stuff', two);
    expect(likenessOf(m, looks({ lab: [80, -20, 40] })).value).toBeLessThan(1);
    expect(likenessOf(m, looks({ lab: [65, -5, 25] })).value).toBeGreaterThan(1);
  });
});

it('widens weak terms, and only them, by normals under other light', () => {
  const dim = normals(10).map((n) => ({ ...n, instance: { ...n.instance, lab: [34, 10, 10] as const, area: 0.0115 } }));
  const [plain, relit] = [learnLikeness('s', 'thing', normals(30)), learnLikeness('s', 'thing', normals(30), dim)];
  const dark = looks({ lab: [35, 10, 10] });
  expect(likenessOf(plain, dark).terms.colour).toBeGreaterThan(1);
  expect(likenessOf(relit, dark).terms.colour).toBeLessThan(1);
  expect(relit.feature).toEqual(plain.feature);
  expect(relit.area).toEqual(plain.area);
  expect(LIKENESS.areaFloor).toBeGreaterThan(LIKENESS.fineAreaFloor);
});

describe('attributes', () => {
  const random = createRandom(5);
  const of = (a: number, b: number, f: number[]) => ({
    lab: [60, a + random.normal(), b + random.normal()] as const,
    labStd: [5, 2, 2] as const,
    feature: unit(f.map((v) => v + 0.05 * random.normal())),
  });
  const red = () => of(50, 30, [1, 0, 0]);
  const green = () => of(-40, 30, [0, 1, 0]);
  const blue = () => of(0, -50, [0, 0, 1]);
  const seeds = new Map([
    ['red', [red()]],
    ['green', [green()]],
    ['blue', [blue()]],
  ]);
  const many = Array.from({ length: 30 }, (_, i) => [red, green, blue][i % 3]!());

  it.each([
    ['one shot per value', []],
    ['settled on normals', many],
  ])('tells values apart: %s', (_, normalsOf) => {
    const model = learnAttribute('colour', 'cap', seeds, normalsOf)!;
    for (const [value, make] of [
      ['red', red],
      ['green', green],
      ['blue', blue],
    ] as const) {
      const reading = readAttribute(model, make());
      expect(reading.value).toBe(value);
      expect(reading.margin).toBeGreaterThan(0.3);
      expect(Object.keys(reading.distances).sort()).toEqual(['blue', 'green', 'red']);
    }
  });

  it('is within the border for normals of the value and beyond for others', () => {
    const model = learnAttribute('colour', 'cap', seeds, many)!;
    const { distances } = readAttribute(model, red());
    expect(distances.red).toBeLessThan(1);
    expect(distances.green).toBeGreaterThan(1);
  });

  it('reads a normal by prototypes that it had no part in', () => {
    const pale = { ...red(), lab: [60, 25, 30] as const };
    const normals = [...many, pale].map((instance, i) => ({ image: `${i}`, instance }));
    const model = learnAttribute('colour', 'cap', seeds, [...many, pale])!;
    const read = normals.map((n) => ({ ...n, reading: readAttribute(model, n.instance) }));
    const held = heldOutReadings('colour', read);
    // The odd one is farther from the others than from a class that it belongs to; the value stays what it is.
    expect(held[30]!.value).toBe('red');
    expect(held[30]!.distances.red).toBeGreaterThan(1.2 * read[30]!.reading.distances.red!);
    expect(held.filter((r, i) => r?.value !== read[i]!.reading.value)).toEqual([]);
    // As if it had been learnt without it.
    const without = learnAttribute('colour', 'cap', seeds, many)!;
    const fresh = readAttribute(without, pale);
    for (const v of ['red', 'green', 'blue']) expect(held[30]!.distances[v]).toBeCloseTo(fresh.distances[v]!, 4);
  });

  it('cannot leave out the only normal that shows a value', () => {
    const normals = [red(), green(), green()].map((instance, i) => ({ image: `${i}`, instance }));
    const two = new Map([...seeds].slice(0, 2));
    const model = learnAttribute('colour', 'cap', two, [])!;
    const held = heldOutReadings(
      'colour',
      normals.map((n) => ({ ...n, reading: readAttribute(model, n.instance) })),
    );
    expect(held.map((r) => r === null)).toEqual([true, false, false]);
  });

  it('needs two values with exemplars', () =>
    expect(
      learnAttribute(
        'colour',
        'cap',
        new Map([
          ['red', [red()]],
          ['x', []],
        ]),
        many,
      ),
    ).toBeNull());
});
