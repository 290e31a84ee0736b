import { describe, expect, it } from 'vitest';
import { compileRules } from '../../../../src/core/rules/index.ts';
import { acceptText, objections, vetRules, writeVetting } from '../../../../src/core/rules/tools/index.ts';
import { vettingToText } from '../../../../src/core/rules/tools/text.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../../../support/toyProduct.ts';

const stamp = { date: '2026-11-22', models: ['ground net@abc'] };
const normals = toyNormals(40);
const vet = (text: string) => {
  const compiled = compiledToy(text);
  return vetRules({ compiled, normals });
};
const of = (v: ReturnType<typeof vet>, rule: string) => v.rules.find((r) => r.rule === rule)!;

describe('vetting', () => {
  it('keeps rules that hold, with the interval that so many normals allow', () => {
    const v = vet(TOY_RULES);
    for (const r of v.rules) expect(r.advice).toBe('keep');
    expect(of(v, 'one-label').estimate.interval.low).toBe(0);
    expect(of(v, 'one-label').estimate.interval.high).toBeCloseTo(1 - 0.025 ** (1 / 40), 9);
    expect(v.limit).toBeCloseTo(1 / 41, 12);
    expect(v.rules.map((r) => r.line)).toEqual([...v.rules.map((r) => r.line)].sort((a, b) => a - b));
    expect(vettingToText(v)).toContain('one-label');
    for (const r of v.rules) expect(r.mutants.killed).toBeLessThanOrEqual(r.mutants.own);
  });

  it('drops a rule that fires on normals, and one that accepts anything', () => {
    const v = vet(
      `${TOY_RULES}  - { id: three-clips, kind: count, of: clip, equals: 3 }\n  - { id: any-place, kind: position, of: label, within: [0, 1] }\n`.replace(
        '  - { id: two-clips, kind: count, of: clip, equals: 2 }\n',
        '',
      ),
    );
    // What fires on every normal has noticed nothing in their mutants.
    expect(of(v, 'three-clips')).toMatchObject({ advice: 'drop', estimate: { fired: 40, n: 40 } });
    expect(of(v, 'three-clips').mutants.killed).toBeLessThan(0.2 * of(v, 'three-clips').mutants.own);
    expect(of(v, 'any-place').advice).toBe('drop');
    expect(of(v, 'any-place').reasons[0]).toContain('accepts anything');
  });

  it('asks to relax a stated bound that some normals break, and says what they reach', () => {
    const centre = normals.map((s) => s.instances[1]!.centroid[0]).sort((a, b) => a - b);
    const high = (centre[36]! + centre[37]!) / 2;
    const v = vet(`${TOY_RULES}  - { id: tight, kind: position, of: label, axis: x, within: [0, ${high}] }\n`);
    expect(of(v, 'tight').advice).toBe('relax');
    expect(of(v, 'tight').reasons[0]).toMatch(/fires on 3 of 40 normals .*reach from .* to /);
  });

  it('names the rule that makes another redundant', () => {
    const v = vet(`${TOY_RULES}  - { id: label-x, kind: position, of: label, axis: x }\n`);
    expect(of(v, 'label-x').redundantWith).toBe('label-place');
  });

  it('asks to relax what small changes of the picture set off', () => {
    const stability = new Map([['level', { fired: 9, of: 50, worst: 2, worstAt: 'gain 1.07 of 003.png' }]]);
    const v = vetRules({ compiled: compiledToy(), normals, stability });
    expect(of(v, 'level')).toMatchObject({ advice: 'relax' });
    expect(of(v, 'level').reasons[0]).toContain('gain 1.07 of 003.png');
  });
});

describe('writing and accepting', () => {
  const commented = `# mine\n${TOY_RULES.replace('product: toy', "product: toy # its name\nstatus: 'proposed'   # until I read it")}\n# the end\nprovenance: { by: hand }\n`;
  const compiled = compileRules(commented, 'toy.yaml');
  const v = vetRules({ compiled, normals });
  const vetted = writeVetting(commented, compiled, v, stamp);

  it('appends the block and leaves every other byte alone', () => {
    expect(vetted.startsWith(commented)).toBe(true);
    expect(compileRules(vetted, 'toy.yaml').file.vetting).toMatchObject({
      date: '2026-11-22',
      normals: 40,
      rules: { 'one-label': { advice: 'keep', fired: 0, of: 40 } },
    });
  });

  it('replaces its own block, wherever it stands, and is idempotent', () => {
    const again = compileRules(vetted, 'toy.yaml');
    expect(writeVetting(vetted, again, v, stamp)).toBe(vetted);
    const middle = vetted
      .replace('\n# the end\nprovenance: { by: hand }\n', '\n')
      .concat('\n# the end\nprovenance: { by: hand }\n');
    const later = writeVetting(middle, compileRules(middle, 'toy.yaml'), v, { ...stamp, date: '2026-12-01' });
    expect(later).toBe(middle.replace('date: 2026-11-22', 'date: 2026-12-01'));
  });

  it('refuses what was never vetted, what was edited since, and what vetting advises against', () => {
    expect(objections(compiled)).toEqual(['it has never been vetted']);
    expect(objections(compileRules(vetted, 'toy.yaml'))).toEqual([]);
    const edited = vetted.replace('equals: 2', 'equals: 3');
    expect(objections(compileRules(edited, 'toy.yaml'))).toEqual(['rules were edited since it was vetted']);
    const reworded = vetted.replace('because: One label.', 'because: One label only.');
    expect(objections(compileRules(reworded, 'toy.yaml'))).toEqual([]);
    const regrounded = vetted.replace('colour: white', 'colour: grey');
    expect(objections(compileRules(regrounded, 'toy.yaml'))[0]).toContain('interests');
    const bad = compileRules(commented.replace('equals: 2', 'equals: 3'), 'toy.yaml');
    const wrong = writeVetting(
      commented.replace('equals: 2', 'equals: 3'),
      bad,
      vetRules({ compiled: bad, normals }),
      stamp,
    );
    expect(objections(compileRules(wrong, 'toy.yaml'))[0]).toMatch(/drop two-clips: it fires on 40 of 40/);
  });

  it('accepts by changing one word', () => {
    const accepted = acceptText(vetted);
    expect(accepted).toBe(vetted.replace("status: 'proposed'", 'status: accepted'));
    expect(acceptText(accepted)).toBe(accepted);
    expect(acceptText(TOY_RULES)).toBe(TOY_RULES);
  });
});
