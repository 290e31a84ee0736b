import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';
import { countMargin } from '../../../src/core/rules/allowed.ts';
import { drawScene, type Legend, sceneOfFacts } from '../../../src/core/rules/drawnScene.ts';
import { leaveOneOut } from '../../../src/core/rules/estimates.ts';
import { runCases } from '../../../src/core/rules/examples.ts';
import { explainRules } from '../../../src/core/rules/explain.ts';
import { compileRules, evaluateRules, learnRules, type RulesOutcome } from '../../../src/core/rules/index.ts';
import type { Scene } from '../../../src/core/scene.ts';
import { compiledToy, toyNormals } from '../../support/toyProduct.ts';

const HEAD = `schema: logsad/rules/v1
product: bottle
interests:
  liquid: { form: stuff, colour: red }
  label: { form: thing, colour: white }
  fruit: { form: thing, colour: red, parent: label }
  pin: { form: thing, colour: yellow }
attributes:
  juice: { of: liquid, values: { cherry: { colour: red }, orange: { colour: orange } } }
  icon: { of: fruit, values: { cherry: { colour: red }, orange: { colour: orange } } }
`;
const compile = (rules: string, extra = '') => compileRules(`${HEAD}${extra}rules:\n${rules}\n`, 'bottle.yaml');

const LEGEND: Legend = {
  c: { interest: 'liquid', attributes: { juice: 'cherry' } },
  o: { interest: 'liquid', attributes: { juice: 'orange' } },
  l: 'label',
  f: { interest: 'fruit', attributes: { icon: 'cherry' } },
  g: { interest: 'fruit', attributes: { icon: 'orange' } },
  p: 'pin',
};
const draw = (drawing: string, options = {}): Scene => drawScene(drawing, LEGEND, options);
const judge = (rules: string, drawing: string, normals: string[] = []): RulesOutcome => {
  const compiled = compile(rules);
  return evaluateRules(
    compiled,
    normals.length > 0
      ? learnRules(
          compiled,
          normals.map((n) => draw(n)),
        )
      : null,
    draw(drawing),
  );
};
const ids = (o: RulesOutcome): string[] => o.violations.map((v) => v.rule);

describe('order of causes', () => {
  const rules = `
  - { id: look, kind: likeness, of: pin }
  - { id: fits, kind: agreement, between: [juice, icon], pairs: [[cherry, cherry], [orange, orange]] }
  - { id: above, kind: order, first: label, then: liquid, axis: y }
  - { id: level, kind: area, of: liquid, within: [0.4, 0.6] }
  - { id: pins, kind: count, of: pin, equals: 2 }
  - { id: soft, kind: count, of: label, equals: 7, severity: warn }`;

  it('severity, existence, amount, place, appearance, likeness, then margin', () => {
    const compiled = compile(rules);
    const legend: Legend = { ...LEGEND, q: { interest: 'label', likeness: 5 } };
    const scene = drawScene('cccc\n....\nllll\n.gg.\np...', { ...legend, p: { interest: 'pin' } });
    expect(ids(evaluateRules(compiled, null, scene))).toEqual(['pins', 'level', 'above', 'soft']);
    const full = drawScene('cccc\ncccc\nllll\n.gg.\np..p', legend);
    expect(ids(evaluateRules(compiled, null, full))).toEqual(['above', 'fits', 'soft']);
  });

  it('skips the looks of what is missing or of the wrong size, and says why, without lowering the score', () => {
    const compiled = compile(rules);
    const scene = drawScene('cccc\n....\n....\n.gg.\np..p', { ...LEGEND, p: { interest: 'pin', likeness: 3 } });
    const outcome = evaluateRules(compiled, null, scene);
    expect(ids(outcome)).not.toContain('fits');
    expect(outcome.measurements.find((m) => m.rule === 'fits')!.skipped).toBe('liquid already violates level');
    expect(outcome.measurements.find((m) => m.rule === 'look')!.skipped).toBe('pin already violates pins');
    expect(outcome.unit).toBeGreaterThanOrEqual(outcome.measurements.find((m) => m.rule === 'fits')!.margin);
  });

  it('names a missing parent before what is missing on it', () => {
    const outcome = judge(
      '  - { id: fruits, kind: count, of: fruit, equals: 2 }\n  - { id: labels, kind: count, of: label, equals: 1 }',
      'cc',
    );
    expect(ids(outcome)).toEqual(['labels', 'fruits']);
  });
});

describe('graded count', () => {
  const allowed = { set: [3], low: 3, high: 3 };
  it('rises with how far the best candidates are from being admitted', () => {
    const near = countMargin(2, allowed, { counted: [0.2, 0.1], refused: [1.05] });
    const far = countMargin(2, allowed, { counted: [0.2, 0.1], refused: [3] });
    const none = countMargin(2, allowed, { counted: [0.2, 0.1], refused: [] });
    expect(near).toBeGreaterThan(1);
    expect(far).toBeGreaterThan(near);
    expect(none).toBeGreaterThan(far);
    expect(countMargin(1, allowed, { counted: [0.2], refused: [] })).toBeGreaterThan(none);
    expect(none).toBeGreaterThan(5);
  });
  it('is 1 at the moment a candidate is admitted, from both sides', () => {
    expect(countMargin(2, allowed, { counted: [0.2, 0.1], refused: [1.000001] })).toBeCloseTo(1, 4);
    expect(countMargin(3, allowed, { counted: [0.999999, 0.2, 0.1], refused: [] })).toBeCloseTo(1, 4);
    expect(countMargin(4, allowed, { counted: [0.999999, 0.2, 0.1, 0.1], refused: [] })).toBeCloseTo(1, 4);
  });
  it('a right count is below 1, a wrong one above, whatever the evidence', () => {
    for (let k = 0; k < 8; k++) {
      for (const refused of [[], [1.0001], [1.5, 7], [Number.POSITIVE_INFINITY]]) {
        const m = countMargin(k, { set: null, low: 2, high: 4 }, { counted: Array(k).fill(0.5), refused });
        expect(m > 1).toBe(k < 2 || k > 4);
        expect(Number.isFinite(m)).toBe(true);
      }
    }
  });
  it('a refused instance does not count, and is the evidence of what is missing', () => {
    const compiled = compile('  - { id: pins, kind: count, of: pin, equals: 2 }');
    const outcome = evaluateRules(
      compiled,
      null,
      drawScene('p..x', { ...LEGEND, x: { interest: 'pin', likeness: 1.5 } }),
    );
    expect(outcome.violations[0]).toMatchObject({
      measured: 1,
      message: '2 pins expected, 1 found',
      instances: [0, 1],
      margin: 2,
      line: 12,
      col: 5,
    });
  });
});

describe('guards, emptiness, combinators', () => {
  it('a guard that is not met skips with its reason', () => {
    const rules = '  - { id: pins, kind: count, of: pin, equals: 3, when: { attribute: juice, is: orange } }';
    expect(judge(rules, 'cc.p').measurements[0]!.skipped).toBe('applies where juice is orange; it is cherry');
    expect(ids(judge(rules, 'oo.p'))).toEqual(['pins']);
    expect(judge(rules, 'p').measurements[0]!.skipped).toBe('juice is not known');
  });
  it('a guard on a rule waits for that rule, wherever it stands', () => {
    const rules =
      '  - { id: then, kind: count, of: pin, equals: 3, when: { rule: first, is: violated } }\n  - { id: first, kind: count, of: label, equals: 1 }';
    expect(ids(judge(rules, 'p..l'))).toEqual([]);
    expect(ids(judge(rules, 'p'))).toEqual(['then', 'first']);
  });
  it.each([
    ['violate', ['level'], 9],
    ['pass', [], 0],
    ['skip', [], 0],
  ])('onEmpty: %s', (policy, violated, unit) => {
    const outcome = judge(`  - { id: level, kind: extent, of: liquid, edge: top, onEmpty: ${policy} }`, 'p');
    expect(ids(outcome)).toEqual(violated);
    expect(outcome.unit).toBe(unit);
    expect(outcome.measurements[0]!.measured).toBeNull();
    if (policy === 'violate') expect(outcome.violations[0]!.message).toBe('no liquid was found');
    if (policy === 'skip') expect(outcome.measurements[0]!.skipped).toBe('no liquid was found');
  });
  it('all, any and not', () => {
    const two = '{ kind: count, of: pin, equals: 2 }';
    const one = '{ kind: count, of: label, equals: 1 }';
    expect(ids(judge(`  - { id: x, any: [${two}, ${one}] }`, 'p.l'))).toEqual([]);
    expect(judge(`  - { id: x, any: [${two}, ${one}] }`, 'p').violations[0]!.message).toBe(
      'none of them holds: 2 pins expected, 1 found; 1 label expected, 0 found',
    );
    expect(judge(`  - { id: x, all: [${two}, ${one}] }`, 'p.l').violations[0]!.message).toBe(
      '2 pins expected, 1 found',
    );
    expect(ids(judge(`  - { id: x, all: [${two}, ${one}] }`, 'p.p.l'))).toEqual([]);
    expect(ids(judge(`  - { id: x, not: ${two} }`, 'p.p'))).toEqual(['x']);
    expect(ids(judge(`  - { id: x, not: ${two} }`, 'p'))).toEqual([]);
    expect(judge(`  - { id: x, not: { all: [${two}, ${one}] } }`, 'p.p.l').violations[0]!.margin).toBeGreaterThan(1);
  });
  it('forEach: instance judges every one and names it', () => {
    const outcome = judge('  - { id: size, kind: area, of: pin, forEach: instance, within: [0.1, 0.3] }', 'pp..\npp.p');
    expect(outcome.measurements).toHaveLength(2);
    expect(outcome.violations[0]!.message).toContain('(pin 1)');
  });
});

describe('learnt references', () => {
  it('are plain JSON and survive a round trip', () => {
    const compiled = compile(
      '  - { id: level, kind: extent, of: liquid, edge: top }\n  - { id: place, kind: position, of: pin }\n  - { id: n, kind: count, of: pin }\n  - { id: mix, kind: histogram }',
    );
    const normals = ['....\np..p\ncccc', '....\np..p\ncccc', 'p..p\n....\ncccc'].map((d) => draw(d));
    const learnt = learnRules(compiled, normals);
    const again = JSON.parse(JSON.stringify(learnt));
    expect(again).toEqual(learnt);
    for (const s of normals) expect(evaluateRules(compiled, again, s)).toEqual(evaluateRules(compiled, learnt, s));
  });

  it('a slip in one of many normals does not widen a count', () => {
    const compiled = compile('  - { id: n, kind: count, of: pin }');
    const normals = [...Array(99).fill('p..p'), 'p...'].map((d) => draw(d));
    expect(ids(evaluateRules(compiled, learnRules(compiled, normals), draw('p...')))).toEqual(['n']);
  });

  it('several like parts keep their places', () => {
    const rules = '  - { id: place, kind: position, of: pin }';
    const normal = 'p........p\n..........\n....p.....';
    expect(ids(judge(rules, normal, [normal, normal]))).toEqual([]);
    const moved = judge(rules, 'p........p\n..........\n.......p..', [normal, normal]);
    expect(moved.violations[0]).toMatchObject({ quantity: 'x#3', instances: [2] });
    expect(moved.violations[0]!.ghost![0]).toBeCloseTo(0.4);
  });

  it('per variant where the file has variants and normals suffice, pooled otherwise', () => {
    const compiled = compile('  - { id: level, kind: extent, of: liquid, edge: top }', 'variants: { by: juice }\n');
    const high = 'cccc\ncccc\ncccc\n....\n....';
    const low = '....\n....\n....\noooo\noooo';
    const normals = [
      ...Array(8)
        .fill(0)
        .map(() => draw(high, { variant: 'cherry' })),
      ...Array(8)
        .fill(0)
        .map(() => draw(low, { variant: 'orange' })),
    ];
    const learnt = learnRules(compiled, normals);
    const wrong = draw(low, { variant: 'cherry' });
    expect(evaluateRules(compiled, learnt, wrong).unit).toBeGreaterThan(1);
    const few = learnRules(compiled, [...normals.slice(0, 8), ...normals.slice(8, 12)]);
    expect(Object.keys(few.references.level!.variants)).toEqual(['cherry']);
    expect(evaluateRules(compiled, few, draw(high, { variant: 'orange' })).unit).toBeLessThan(1);
  });

  it('alarm tightens and widens a learnt bound', () => {
    const values = Array.from({ length: 60 }, (_, i) =>
      sceneOfFacts([{ interest: 'pin', box: [0.3 + i * 0.001, 0.3, 0.4 + i * 0.001, 0.4] }]),
    );
    const tolerance = (alarm: string): number => {
      const compiled = compile(`  - { id: place, kind: position, of: pin, axis: x${alarm} }`);
      const { high, low } = (
        learnRules(compiled, values).references.place!.pooled!.value as { axes: { x: { high: number; low: number } } }
      ).axes.x;
      return high - low;
    };
    expect(tolerance(', alarm: 0.1')).toBeLessThan(tolerance(''));
    expect(tolerance(', alarm: 0.000001')).toBeGreaterThan(tolerance(', alarm: 0.1'));
  });

  it('tolerance multiplies a learnt bound, whatever was learnt, and the margin falls by as much', () => {
    const random = createRandom(4);
    const pin = (x: number, lab: [number, number, number]) =>
      sceneOfFacts([{ interest: 'pin', box: [x, 0.3, x + 0.1, 0.4], lab }]);
    const normals = Array.from({ length: 40 }, () => pin(0.3 + 0.01 * random.normal(), [50 + random.normal(), 0, 0]));
    const scene = pin(0.37, [70, 5, 5]);
    const margins = (setting: string): number[] => {
      const compiled = compile(
        ['position, axis: x', 'position, covariance: true', 'colour', 'area', 'extent, edge: left']
          .map((kind, i) => `  - { id: r${i}, kind: ${kind.replace(/^(\w+)/, '$1, of: pin')}${setting} }`)
          .join('\n'),
      );
      return evaluateRules(compiled, learnRules(compiled, normals), scene).measurements.map((m) => m.margin);
    };
    const [plain, doubled] = [margins(''), margins(', tolerance: 2')];
    expect(plain.length).toBeGreaterThan(4);
    expect(Math.max(...plain)).toBeGreaterThan(1);
    plain.forEach((m, i) => {
      expect(doubled[i]).toBeCloseTo(m / 2, 9);
    });
    expect(() => compile('  - { id: a, kind: area, of: pin, within: [0, 1], tolerance: 2 }')).toThrow(/1 fault/);
  });

  it('stated bounds win, in pixels of a frame and as ratios of a constant', () => {
    const area = (rule: string, box: [number, number, number, number]) =>
      evaluateRules(
        compile(`  - { id: a, kind: area, of: liquid, ${rule} }`),
        null,
        sceneOfFacts([{ interest: 'liquid', box }]),
      ).measurements[0]!;
    expect(area('unit: px@448, within: [1000, 2000]', [0, 0, 0.125, 0.0625]).measured).toBeCloseTo(
      448 * 448 * 0.125 * 0.0625,
      6,
    );
    const exact = area('unit: cells@64, as: ratio, reference: 366, within: [0.94, 1.06]', [0, 0, 0.25, 0.375]);
    expect(exact.measured).toBeCloseTo((64 * 64 * 0.25 * 0.375) / 366, 9);
    expect(exact.violated).toBe(false);
    expect(area('unit: cells@64, as: ratio, reference: 300, within: [0.94, 1.06]', [0, 0, 0.25, 0.375]).violated).toBe(
      true,
    );
  });

  it('a count that lacks parts says so where a refused region is as large as several', () => {
    const toy = compiledToy();
    const learnt = learnRules(toy, toyNormals(12));
    const [plain] = toyNormals(1, 5);
    const clip = plain!.instances.find((i) => i.interest === 'clip')!;
    const others = plain!.instances.filter((i) => i.interest !== 'clip');
    const message = (area: number): string => {
      const one = { ...clip, status: 'unknown' as const, area, likeness: { value: 3, terms: { area: 3 } } };
      const { violations } = evaluateRules(toy, learnt, { ...plain!, instances: [...others, one] });
      return violations.find((v) => v.rule === 'two-clips')!.message;
    };
    expect(message(2.1 * clip.area)).toBe(
      '2 clips expected, 0 found; a region has the area of 2 clips: they touch or lie on one another',
    );
    expect(message(1.2 * clip.area)).toBe('2 clips expected, 0 found');
  });

  it('leave-one-out says how often each rule alarms, with an interval and what so few normals can show', () => {
    const compiled = compile('  - { id: n, kind: count, of: pin }');
    const normals = [...Array(9).fill('p..p'), 'p...'].map((d) => draw(d));
    const loo = leaveOneOut(compiled, { normals });
    expect(loo.rules[0]).toMatchObject({ rule: 'n', n: 10, fired: 1 });
    expect(loo.rules[0]!.interval.low).toBeCloseTo(0.0025, 3);
    expect(loo.rules[0]!.interval.high).toBeCloseTo(0.445, 3);
    expect(loo.limit).toBeCloseTo(1 / 11);
    expect(loo.units.filter((u) => u > 1)).toHaveLength(1);
  });
});

describe('explanations and cases', () => {
  it('reads as a sentence with the learnt numbers', () => {
    const compiled = compile(
      '  - { id: level, kind: extent, of: liquid, edge: top, when: { attribute: juice, is: cherry }, because: Filled to the mark. }',
    );
    const learnt = learnRules(
      compiled,
      ['....\ncccc', '....\ncccc'].map((d) => draw(d)),
    );
    expect(explainRules(compiled, learnt)[0]).toMatchObject({
      rule: 'level',
      sentence:
        'Where juice is cherry: top edge of liquid must be 0.478 to 0.522, learnt from 2 values. (an absent one is left to other rules)',
      because: 'Filled to the mark.',
      n: 2,
    });
    expect(explainRules(compiled)[0]!.sentence).toContain('must be as the normals show');
  });

  it('cases run without a model, with their own normals, and say what differs', () => {
    const rules = `  - { id: pins, kind: count, of: pin, equals: 2 }
  - { id: level, kind: extent, of: liquid, edge: top }
cases:
  - { note: right, scene: { drawn: "p..p\\ncccc", legend: { p: pin, c: liquid } }, expect: { violated: [] } }
  - note: half empty
    normals: [{ drawn: "p..p\\ncccc\\ncccc", legend: { p: pin, c: liquid } }]
    scene: { drawn: "p..p\\n....\\ncccc", legend: { p: pin, c: liquid } }
    expect: { violated: [level] }
  - { scene: { instances: [{ interest: pin, box: [0.1, 0.1, 0.2, 0.2] }] }, expect: { violated: [] } }`;
    const results = runCases(compile(rules));
    expect(results.map((r) => r.passed)).toEqual([true, true, false]);
    expect(results[2]!.problem).toBe('expected no violation, found pins (2 pins expected, 1 found)');
  });

  it('digests separate what makes a profile stale from what rules say', () => {
    const base = compile('  - { id: pins, kind: count, of: pin, equals: 2, because: a }');
    const why = compile('  - { id: pins, kind: count, of: pin, equals: 2, because: b }');
    const rule = compile('  - { id: pins, kind: count, of: pin, equals: 3, because: a }');
    const region = compile(
      '  - { id: pins, kind: count, of: pin, equals: 2, because: a }',
      'regions: { bay: { box: [0, 0, 0.5, 1] } }\n',
    );
    expect(why.digests).toEqual(base.digests);
    expect(rule.digests.grounding).toBe(base.digests.grounding);
    expect(rule.digests.rules).not.toBe(base.digests.rules);
    expect(region.digests.grounding).not.toBe(base.digests.grounding);
    expect(base.positionOf('pins')).toEqual({ file: 'bottle.yaml', line: 12, col: 5 });
    expect(Object.isFrozen(base.rules[0]!.spec.params)).toBe(true);
  });
});
