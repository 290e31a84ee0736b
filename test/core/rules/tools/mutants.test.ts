import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/core/grid/random.ts';
import { learnRules } from '../../../../src/core/rules/index.ts';
import { MUTATION } from '../../../../src/core/rules/tools/constants.ts';
import { mutationTest, OPERATORS, suggestRules } from '../../../../src/core/rules/tools/index.ts';
import { mutants, mutantsOf } from '../../../../src/core/rules/tools/mutants.ts';
import type { Mutant } from '../../../../src/core/rules/tools/operators.ts';
import { learnPanel, outside } from '../../../../src/core/rules/tools/panel.ts';
import { mutationToText } from '../../../../src/core/rules/tools/text.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../../../support/toyProduct.ts';

const compiled = compiledToy();
const normals = toyNormals(40);
const all = mutants(compiled.file, normals, 7);
const by = (operator: string): Mutant[] => all.filter((m) => m.operator === operator);

describe('mutants', () => {
  it('come from every operator, at every size, and are the same for the same seed', () => {
    expect([...new Set(all.map((m) => m.operator))]).toEqual([...OPERATORS]);
    for (const operator of ['move', 'area', 'colour', 'level'] as const) {
      expect(new Set(by(operator).map((m) => m.size))).toEqual(new Set<number>(MUTATION[operator]));
    }
    expect(mutants(compiled.file, normals, 7)).toEqual(all);
    expect(mutants(compiled.file, normals, 8)).not.toEqual(all);
  });

  it('are drawn evenly from the variants', () => {
    const variants = new Map(normals.map((s) => [s.image, s.variant]));
    const chosen = [...new Set(all.map((m) => m.image))].map((i) => variants.get(i));
    expect(chosen.filter((v) => v === 'red').length).toBe(MUTATION.normals / 2);
  });

  it('recolour by exactly the deltaE, and keep the lightness possible', () => {
    for (const m of by('colour')) {
      const before = normals.find((s) => s.image === m.image)!;
      const shift = m.scene.instances.map((i, n) =>
        Math.hypot(...i.lab.map((v, c) => v - before.instances[n]!.lab[c]!)),
      );
      expect(Math.max(...shift)).toBeCloseTo(m.size!, 9);
      for (const i of m.scene.instances) expect(i.lab[0] >= 0 && i.lab[0] <= 100).toBe(true);
    }
  });

  it('change the variant with the attribute that decides it', () => {
    const flavour = by('re-attribute').filter((m) => m.interests[0] === 'liquid');
    expect(flavour.length).toBeGreaterThan(0);
    for (const m of flavour) expect(m.scene.variant).not.toBe(normals.find((s) => s.image === m.image)!.variant);
  });

  it('never leave the picture when moved', () => {
    for (const m of by('move')) {
      const i = m.scene.instances.filter((x) => x.interest === m.interests[0]);
      expect(i.every(({ box }) => box[0] >= -1e-9 && box[3] <= 1 + 1e-9)).toBe(true);
    }
  });

  it('do not arise where an interest is absent', () => {
    const empty = { ...normals[0]!, instances: [] };
    for (const operator of OPERATORS) expect(mutantsOf(operator, compiled.file, empty, createRandom(1))).toEqual([]);
  });
});

describe('the range of the normals', () => {
  const panel = learnPanel(compiled.file, normals);

  it('holds every normal', () => {
    for (const s of normals) expect(outside(panel, s)).toEqual([]);
  });

  it('is left by what no normal shows, and the quantity is named', () => {
    const gone = by('delete').find((m) => m.interests[0] === 'clip')!;
    expect(outside(panel, gone.scene)).toContain('count of clip');
    const wrong = by('re-attribute').find((m) => m.interests[0] === 'mark')!;
    expect(outside(panel, wrong.scene).join()).toContain('flavour');
  });
});

describe('mutation testing', () => {
  const learnt = learnRules(compiled, normals);
  const { report, trials } = mutationTest(compiled, learnt, { normals }, { seed: 7 });

  it('gives operators equal weight, and names every survivor', () => {
    const shares = Object.values(report.operators).map((t) => t.killed / t.of);
    expect(report.score).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / shares.length, 12);
    const lost = Object.values(report.operators).reduce((n, t) => n + t.of - t.killed, 0);
    expect(report.survivors.length).toBe(lost);
    expect(report.operators.delete).toEqual({ killed: report.operators.delete!.of, of: report.operators.delete!.of });
    expect(report.operators.colour!.killed).toBe(0);
  });

  it('counts neither small sizes nor what a normal could be', () => {
    expect(report.survivors.every((s) => s.counted)).toBe(true);
    const small = trials.filter((t) => !t.mutant.counted).map((t) => t.mutant.size);
    expect(new Set(small)).toEqual(new Set([0.02, 0.85, 1.15, 10]));
    expect(report.inside.length + trials.length).toBe(all.length);
  });

  it('tabulates the smallest deviation that is seen', () => {
    const label = report.smallest.find((s) => s.interest === 'label' && s.operator === 'move')!;
    expect(label.seen).not.toBeNull();
    expect(label.sizes.at(-1)!.killed).toBe(label.sizes.at(-1)!.of);
    expect(report.smallest.find((s) => s.interest === 'label' && s.operator === 'colour')!.seen).toBeNull();
  });

  it('finds a rule for survivors that would kill them', () => {
    const suggestions = suggestRules({ compiled, normals }, trials);
    expect(suggestions.map((s) => s.survivor)).toEqual(report.survivors);
    const clip = suggestions.filter((s) => s.survivor.operator === 'move' && s.survivor.interests[0] === 'clip');
    expect(clip.length).toBeGreaterThan(0);
    for (const s of clip) {
      expect(s.rule).not.toBeNull();
      const more = compiledToy(`${TOY_RULES}  - ${JSON.stringify(s.rule)}\n`);
      const again = mutationTest(more, learnRules(more, normals), { normals }, { seed: 7 }).report.survivors;
      expect(again.some((m) => m.image === s.survivor.image && m.change === s.survivor.change)).toBe(false);
      break;
    }
    expect(mutationToText(report, suggestions)).toContain(suggestions[0]!.survivor.change);
  });

  it('says nothing without normals that show anything', () => {
    const bare = normals.map((s) => ({ ...s, instances: [] }));
    const { report: none } = mutationTest(compiled, learnRules(compiled, bare), { normals: bare }, { seed: 1 });
    expect(none.score).toBeNull();
    expect(mutationToText(none, [])).toContain('no mutants');
  });
});
