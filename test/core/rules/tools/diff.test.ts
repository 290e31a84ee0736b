import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogsadError } from '../../../../src/core/errors.ts';
import { type CompiledRules, evaluateRules, learnRules } from '../../../../src/core/rules/index.ts';
import { diffRules, parseScene, partsNeeded, summariseDiff } from '../../../../src/core/rules/tools/index.ts';
import { mutants } from '../../../../src/core/rules/tools/mutants.ts';
import { diffToText } from '../../../../src/core/rules/tools/text.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../../../support/toyProduct.ts';

const normals = toyNormals(40);
const a = compiledToy();
const scenes = [...toyNormals(20, 9), ...mutants(a.file, normals, 2).map((m, i) => ({ ...m.scene, image: `m${i}` }))];
const verdict = (c: CompiledRules, s: (typeof scenes)[number]): string => {
  const o = evaluateRules(c, learnRules(c, normals), s);
  return o.unit > 1 ? 'reject' : o.unit > 0.95 || o.violations.some((v) => v.severity === 'warn') ? 'review' : 'pass';
};

const EDITS: readonly (readonly [string, string])[] = [
  ['equals: 2', 'equals: 3'],
  ['kind: position, of: label }', 'kind: position, of: label, within: [0.49, 0.51] }'],
  [
    '{ id: one-mark, kind: count, of: mark, equals: 1 }',
    '{ id: one-mark, kind: count, of: mark, equals: 1, severity: warn }',
  ],
  ['  - { id: filled, kind: presence, of: liquid }\n', ''],
  ['kind: extent, of: liquid, edge: top }', 'kind: extent, of: liquid, edge: top, when: { rule: fits, is: held } }'],
];

describe('diff', () => {
  it('of a file with itself, or with other reasons, changes nothing', () => {
    for (const b of [a, compiledToy(TOY_RULES.replace('because: One label.', 'because: Only one.'))]) {
      const d = diffRules({ a, b, normals });
      expect(d.changed).toEqual({});
      expect(scenes.map((s) => d.compare(s)).filter((c) => c !== null)).toEqual([]);
    }
  });

  it.each(EDITS)('finds exactly the verdicts that a full judgement finds: %s', (from, to) => {
    const b = compiledToy(TOY_RULES.replace(from, to));
    const d = diffRules({ a, b, normals });
    const learnt = [learnRules(a, normals), learnRules(b, normals)] as const;
    const level = (c: CompiledRules, l: (typeof learnt)[0], s: (typeof scenes)[number]): string => {
      const o = evaluateRules(c, l, s);
      return o.unit > 1
        ? 'reject'
        : o.unit > 0.95 || o.violations.some((v) => v.severity === 'warn')
          ? 'review'
          : 'pass';
    };
    const full = scenes.flatMap((s) => {
      const [before, after] = [level(a, learnt[0], s), level(b, learnt[1], s)];
      return before === after ? [] : [{ image: s.image, before, after }];
    });
    const quick = scenes
      .flatMap((s) => d.compare(s) ?? [])
      .map(({ image, before, after }) => ({ image, before, after }));
    expect(quick).toEqual(full);
    expect(Object.keys(d.changed)).toHaveLength(1);
  });

  it('judges rules that hang on the edited one', () => {
    const text = TOY_RULES.replace(
      'kind: extent, of: liquid, edge: top }',
      'kind: extent, of: liquid, edge: top, when: { rule: two-clips, is: violated } }',
    );
    const d = diffRules({ a: compiledToy(text), b: compiledToy(text.replace('equals: 2', 'equals: 3')), normals });
    expect(new Set(d.judged)).toEqual(new Set(['two-clips', 'level']));
  });

  it('without normals compares stated bounds', () => {
    const b = compiledToy(TOY_RULES.replace('equals: 2', 'equals: 3'));
    const change = diffRules({ a, b }).compare(scenes[0]!)!;
    expect(change).toMatchObject({ before: 'pass', after: 'reject' });
    expect(change.cause).toMatch(/^3 clips? expected/);
  });

  it('adds up fixes and breaks by the labels', () => {
    const b = compiledToy(TOY_RULES.replace('equals: 2', 'equals: 3'));
    const d = diffRules({ a, b, normals });
    const changes = scenes.flatMap((s) => d.compare(s) ?? []);
    const summary = summariseDiff(
      scenes.length,
      changes,
      new Map([
        [changes[0]!.image, 'good'],
        [changes[1]!.image, 'bad'],
        ['elsewhere', 'bad'],
      ]),
    );
    expect(summary.breaks).toEqual([changes[0]!.image]);
    expect(summary.fixes).toEqual([changes[1]!.image]);
    expect(diffToText(d, summary, true)).toContain('fixes 1, breaks 1');
    expect(verdict(a, scenes[0]!)).toBe('pass');
  });
});

describe('stored scenes', () => {
  it('are read the same without what no rule looks at', () => {
    const parts = partsNeeded(a);
    expect(parts).toEqual({ features: false, masks: false });
    const learnt = learnRules(a, normals);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const scene = toyNormals(1, seed)[0]!;
        const lean = parseScene(JSON.stringify(scene), 'x', parts);
        expect(lean.instances[0]!.mask).toEqual([]);
        expect(evaluateRules(a, learnt, lean)).toEqual(evaluateRules(a, learnt, scene));
        expect(parseScene(JSON.stringify(scene), 'x')).toEqual(scene);
      }),
      { numRuns: 10 },
    );
  });

  it('are read whole for kinds that look at pixels or features', () => {
    expect(partsNeeded(compiledToy(`${TOY_RULES}  - { id: c, kind: components, of: label, equals: 1 }\n`))).toEqual({
      features: true,
      masks: true,
    });
  });

  it.each([
    '',
    '{',
    '[]',
    '{"schema":"logsad/scene/v1"}',
    'null',
  ])('that are none are a fault that names the file: %s', (text) => {
    expect(() => parseScene(text, 'dir/x.json')).toThrow(LogsadError);
    expect(() => parseScene(text, 'dir/x.json')).toThrow(/dir\/x\.json is no stored scene/);
  });
});
