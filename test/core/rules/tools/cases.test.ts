import { describe, expect, it } from 'vitest';
import { runCaseText } from '../../../../src/core/rules/tools/cases.ts';
import { TOY_RULES } from '../../../support/toyProduct.ts';

const CASES = `${TOY_RULES}
cases:
  - note: one clip is missing
    scene: { drawn: "c....\\n.lll.\\n.lll.", legend: { c: clip, l: label } }
    expect: { violated: [two-clips, one-mark, filled] }
  - note: wrongly expected
    scene: { drawn: "c...c\\n.lll.", legend: { c: clip, l: label } }
    expect: { violated: [] }
`;

const KIND = `kind: count
cases:
  - { note: two, rule: { of: pin, equals: 2 }, legend: { p: pin }, scene: "p.p", violated: false }
  - { note: one, rule: { of: pin, equals: 2 }, legend: { p: pin }, scene: "p..", violated: false }
  - { note: unknown letter, rule: { of: pin, equals: 2 }, legend: { p: pin }, scene: "p.q", violated: false }
`;

describe('cases', () => {
  it('of a rule file: what fails says what was expected and found', () => {
    const [first, second] = runCaseText(CASES, 'rules.yaml');
    expect(first).toEqual({ note: 'one clip is missing', passed: true, problem: '' });
    expect(second!.passed).toBe(false);
    expect(second!.problem).toMatch(/expected no violation, found .*one-mark/);
  });

  it('of one kind', () => {
    const outcomes = runCaseText(KIND, 'count.yaml');
    expect(outcomes.map((o) => o.passed)).toEqual([true, false, false]);
    expect(outcomes[1]!.problem).toContain('expected, 1 found');
    expect(outcomes[2]!.problem).toContain('legend does not name');
  });

  it('of neither is a fault', () => {
    expect(() => runCaseText('kind: count\n', 'x.yaml')).toThrow(/no cases/);
    expect(() => runCaseText('nonsense: [', 'x.yaml')).toThrow(/fault/);
  });
});
