import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  allowedAside,
  calibrate,
  conformalP,
  paperScore,
  paperStatistics,
  sigmoid,
  twoGroupsOf,
  zScore,
} from '../../src/core/calibrate.ts';
import { createRandom, type Random } from '../../src/core/grid/random.ts';
import { leaveOneOut } from '../../src/core/rules/estimates.ts';
import { compileRules, learnFrom } from '../../src/core/rules/index.ts';
import { teaching } from '../../src/core/rules/learn.ts';
import { diffRules } from '../../src/core/rules/tools/index.ts';
import type { Instance, Scene } from '../../src/core/scene.ts';
import { shared, sharedPath } from '../support/shared.ts';

describe.skipIf(shared('golden/calibration') === null)('golden/calibration (needs ../shared/golden)', () => {
  const path = sharedPath('golden', 'calibration', 'expected.json');
  const golden = JSON.parse(shared('golden/calibration') ? readFileSync(path, 'utf8') : '{}');

  it('mean and unbiased deviation', () => {
    for (const name of ['structural', 'instance']) {
      const { mean, sd } = paperStatistics(golden.validation_scores[name]);
      expect(mean).toBeCloseTo(golden.statistics[name].mean, 14);
      expect(sd).toBeCloseTo(golden.statistics[name].unbiased_std, 14);
    }
  });

  it('z, the largest z, its sigmoid, and 1 where a rule fired', () => {
    const statistics = ['structural', 'instance'].map((n) => paperStatistics(golden.validation_scores[n]));
    expect(golden.cases.length).toBeGreaterThan(5);
    for (const c of golden.cases) {
      const { z, score } = paperScore([c.structural, c.instance], statistics, c.rule_flag);
      expect(zScore(c.structural, statistics[0]!)).toBeCloseTo(c.z_structural, 10);
      expect(zScore(c.instance, statistics[1]!)).toBeCloseTo(c.z_instance, 10);
      expect(z).toBeCloseTo(c.z_max, 10);
      expect(sigmoid(z)).toBeCloseTo(c.sigmoid, 14);
      expect(score).toBeCloseTo(c.score, 14);
    }
  });
});

const RULES = `
schema: logsad/rules/v1
product: simulated
interests:
  ground: { role: background, form: stuff, colour: white }
  nut: { form: thing, colour: [red] }
detectors: [patch, interest, composition]
rules:
  - { id: place, kind: position, of: nut }
  - { id: size, kind: area, of: nut }
`;
const compiled = compileRules(RULES, 'simulated.yaml');

/** A part with a nut whose place, size and detector scores vary; scores are skewed as real ones are. */
function simulate(random: Random, image: string, shift = 0): Scene {
  const x = 0.5 + 0.01 * random.normal() + shift;
  const y = 0.5 + 0.01 * random.normal();
  const side = 0.2 * Math.exp(0.03 * random.normal());
  const nut: Instance = {
    id: 0,
    interest: 'nut',
    status: 'known',
    mask: [],
    area: side * side,
    box: [x - side / 2, y - side / 2, x + side / 2, y + side / 2],
    centroid: [x, y],
    orientation: 0,
    length: side,
    width: side,
    lab: [50, 60, 40],
    labStd: [1, 1, 1],
    feature: [],
    attributes: {},
  };
  return {
    schema: 'logsad/scene/v1',
    image,
    frame: { imageWidth: 640, imageHeight: 640, box: [0, 0, 1, 1], width: 640, height: 640 },
    grid: { width: 160, height: 160 },
    variant: null,
    product: [0, 0, 1, 1],
    instances: [nut],
    unknown: [],
    quality: {},
    detectors: {
      patch: { score: 0.2 * Math.exp(0.15 * random.normal()) + 0.5 * Math.abs(shift) },
      interest: { score: 0.1 - 0.02 * Math.log(1 - random.next()) },
    },
  };
}

const profileOf = (scenes: readonly Scene[], from = scenes.length) => {
  const records = scenes.map((scene) => ({ image: scene.image, sha256: scene.image, scene }));
  return { normals: records.slice(0, from), calibration: records.slice(from) };
};

describe('the conformal rate through the whole path: bounds learnt, outliers set aside, fused max, p', () => {
  it.each([
    [4, 600],
    [19, 240],
    [99, 60],
  ])(
    'n = %i: the share of good parts with p <= a is at most a plus its binomial error',
    (n, rounds) => {
      const random = createRandom(n);
      const ps: number[] = [];
      // A few fresh parts per profile: parts of one profile are not independent, so the profile is what is counted.
      for (let r = 0; r < rounds; r++) {
        const from = r % 2 === 0 ? n : Math.ceil(n / 2);
        const calibration = calibrate(
          compiled,
          profileOf(
            Array.from({ length: n }, (_, i) => simulate(random, `${i}`)),
            from,
          ),
        );
        const scene = simulate(random, 'new');
        ps.push(calibration.ranked(scene, calibration.judged(scene)).p!);
      }
      for (const a of [0.01, 0.05, 0.1, 0.2, 0.3, 0.5]) {
        const share = ps.filter((p) => p <= a).length / rounds;
        expect(share, `n ${n}, a ${a}`).toBeLessThanOrEqual(a + 2.6 * Math.sqrt((a * (1 - a)) / rounds));
      }
      expect(Math.min(...ps)).toBeGreaterThanOrEqual(1 / (n + 1) - 1e-12);
      // Not empty caution either: with a = 1/2 about half of the good parts fall below.
      if (n > 4) expect(ps.filter((p) => p <= 0.5).length / rounds).toBeGreaterThan(0.3);
    },
    120_000,
  );
});

describe('bounds', () => {
  const random = createRandom(5);
  const scenes = Array.from({ length: 40 }, (_, i) => simulate(random, `good-${i}`));

  it('a normal that the others refuse is set aside whole, named, and moves no bound', () => {
    const spoilt = [...scenes.slice(0, 39), simulate(random, 'spoilt', 0.25)];
    const clean = calibrate(compiled, profileOf(scenes.slice(0, 39)));
    const found = calibrate(compiled, profileOf(spoilt, 30));
    expect(found.setAside.map((s) => s.image)).toEqual(['spoilt']);
    expect(found.setAside[0]!.reason).not.toBe('');
    const fresh = Array.from({ length: 60 }, (_, i) => simulate(random, `x${i}`, i % 2 ? 0.06 : 0));
    const verdict = (c: typeof clean): boolean[] => fresh.map((s) => c.judged(s).unit > 1);
    const [a, b] = [verdict(clean), verdict(found)];
    expect(a.filter((v, i) => v !== b[i]).length).toBeLessThanOrEqual(1);
    expect(found.units).toHaveLength(40);
  });

  it('a normal is judged by bounds it had no part in, and ranked among the others', () => {
    const found = calibrate(compiled, profileOf(scenes));
    const judged = found.judged(scenes[3]!, 3);
    expect(judged.unit).toBe(found.units[3]);
    expect(found.ranked(scenes[3]!, judged, 3).p).toBe(
      conformalP(
        judged.unit,
        found.units.filter((_, i) => i !== 3),
      ),
    );
  });

  it('a gross departure outranks a slight one, and both are alarms', () => {
    const found = calibrate(compiled, profileOf(scenes));
    const [slight, gross] = [0.08, 0.3].map((s) => found.judged(simulate(createRandom(1), 'x', s)).unit);
    expect(slight).toBeGreaterThan(1);
    expect(gross).toBeGreaterThan(slight!);
  });

  it('says what rate so many normals allow', () => {
    expect(calibrate(compiled, profileOf(scenes.slice(0, 4))).allows).toEqual({ n: 4, smallestRate: 0.2 });
    expect([4, 7, 8, 99, 150].map(allowedAside)).toEqual([0, 0, 1, 1, 3]);
  });

  it('paper scoring ties all flagged parts at 1 and ranks the rest by z', () => {
    const paper = compileRules(RULES.replace('detectors:', 'scoring: paper\ndetectors:'), 'paper.yaml');
    const found = calibrate(paper, profileOf(scenes));
    const [good, a, b] = [0, 0.1, 0.3].map((s) => found.judged(simulate(createRandom(2), 'x', s)));
    expect(good!.paper).toBeLessThan(1);
    expect([a!.paper, b!.paper]).toEqual([1, 1]);
    expect(a!.unit).toBe(b!.unit);
  });

  it('p counts ties and the part itself', () => {
    expect(conformalP(2, [1, 2, 3])).toBe(0.75);
    expect(conformalP(4, [1, 2, 3])).toBe(0.25);
    expect(conformalP(4, [])).toBeNull();
  });
});

describe('what inspection and the tools learn from', () => {
  const random = createRandom(11);
  const text = `${RULES.replace(/^rules:/m, 'regions: { bay: { mask: bay.png } }\nrules:')}  - { id: in-bay, kind: position, of: nut, relativeTo: bay, tier: weak }\n`;
  const masked = compileRules(text, 'masked.yaml');
  const data = new Uint8Array(100).fill(0);
  data.fill(1, 20, 60);
  const masks = { 'bay.png': { width: 10, height: 10, data } };
  const normals = [
    ...Array.from({ length: 39 }, (_, i) => simulate(random, `n${i}`)),
    simulate(random, 'spoilt', 0.25),
  ];
  const relit = normals.slice(0, 4).map((s) => ({
    image: s.image,
    sha256: s.image,
    scene: { ...simulate(random, s.image, 0.04), image: s.image },
  }));
  const found = calibrate(masked, { ...profileOf(normals, 34), relit }, masks);

  it('is one set: the same bounds, set-aside normals, light and masks included', () => {
    expect(found.setAside.map((s) => s.image)).toEqual(['spoilt']);
    expect([...found.learning.aside!].map((s) => s.image)).toEqual(['spoilt']);
    expect(learnFrom(masked, found.learning)).toEqual(found.judge.rules);
  });

  it.each([
    ['normals set aside', { aside: new Set<Scene>() }],
    ['other light', { relit: [] }],
    ['mask files', { masks: {} }],
    ['calibration images', { calibration: [] }],
  ])('without its %s bounds would differ', (_, less) => {
    const { references: all } = found.judge.rules;
    expect(learnFrom(masked, { ...found.learning, ...less }).references).not.toEqual(all);
  });

  it('leaves what was made from a normal out with it', () => {
    const first = found.learning.normals[0]!;
    const left = teaching(found.learning, (s) => s !== first);
    expect(left.normals).toHaveLength(33);
    expect(left.relit).toHaveLength(3);
    const held = leaveOneOut(masked, found.learning);
    expect(held.units).toHaveLength(34);
    expect(held.rules.find((r) => r.rule === 'in-bay')!.n).toBe(34);
  });

  it('a diff judges by the same bounds as an inspection under either file', () => {
    const after = compileRules(text.replace('id: place, kind', 'id: place, tier: weak, kind'), 'after.yaml');
    const second = calibrate(after, { ...profileOf(normals, 34), relit }, masks);
    const diff = diffRules({ a: masked, b: after, sets: [found.learning, second.learning] });
    for (let i = 0; i < 60; i++) {
      const scene = simulate(random, `x${i}`, i % 3 === 0 ? 0 : 0.05);
      const [a, b] = [found.judged(scene).rules.unit, second.judged(scene).rules.unit];
      const change = diff.compare(scene);
      expect(change?.units ?? null).toEqual(change ? { before: a, after: b } : null);
      if (a > 1 !== b > 1) expect(change).not.toBeNull();
    }
  });
});

describe('two groups among the normals', () => {
  it('are rarely seen where there is one', () => {
    const random = createRandom(3);
    for (const n of [8, 20, 60]) {
      const seen = Array.from({ length: 400 }, () =>
        twoGroupsOf(
          'd',
          Array.from({ length: n }, () => Math.exp(0.2 * random.normal())),
        ),
      ).filter(Boolean);
      expect(seen.length / 400, `n ${n}`).toBeLessThan(0.03);
    }
  });

  it('are seen where there are two', () => {
    const random = createRandom(4);
    for (const n of [8, 20, 60]) {
      const found = twoGroupsOf(
        'd',
        Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 2 : 1) + 0.08 * random.normal()),
      );
      expect(found?.sizes[1], `n ${n}`).toBe(Math.ceil(n / 3));
    }
  });
});
