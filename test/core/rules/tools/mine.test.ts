import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, evaluateRules, learnRules, lintRules } from '../../../../src/core/rules/index.ts';
import { minedText, mineRules, mutationTest } from '../../../../src/core/rules/tools/index.ts';
import { compiledToy, TOY_HEAD, TOY_RULES, toyNormals } from '../../../support/toyProduct.ts';

const compiled = compiledToy();
const provenance = { date: '2026-11-22', models: ['ground net@abc'] };

describe('mining', () => {
  const normals = toyNormals(40);
  const mining = mineRules({ compiled, normals, seed: 3 });
  const text = minedText(`# a comment of mine\n${TOY_RULES}`, mining, provenance);
  const mined = compileRules(text, 'mined.yaml');

  it('writes a proposed file that compiles, keeps comments and interests, and says where it came from', () => {
    expect(lintRules(text, 'mined.yaml').filter((f) => f.severity === 'error')).toEqual([]);
    expect(text).toContain('# a comment of mine');
    expect(text).toContain(TOY_HEAD.split('\n').slice(2).join('\n'));
    expect(mined.file.status).toBe('proposed');
    expect(mined.digests.grounding).toBe(compiled.digests.grounding);
    expect(mined.file.provenance).toMatchObject({
      rules: { by: 'mining', n: 40, date: '2026-11-22', models: ['ground net@abc'] },
    });
    expect(text).toMatch(/fired on 0 of 40/);
  });

  it('proposes the pairing, the counts and the places, in the order of what they add', () => {
    expect(mining.rules.map((r) => r.raw.kind)).toEqual(expect.arrayContaining(['agreement', 'count', 'position']));
    const core = mining.rules.filter((r) => r.tier === 'core');
    expect(mining.rules.slice(0, core.length)).toEqual(core);
    for (const r of mining.rules) expect(r.adds > 0 && r.kills >= r.adds).toBe(true);
  });

  it('kills what it says it kills, and more than the hand-written rules', () => {
    const mine = mutationTest(mined, learnRules(mined, normals), { normals }, { seed: 3 }).report;
    const hand = mutationTest(compiled, learnRules(compiled, normals), { normals }, { seed: 3 }).report;
    expect(mine.score!).toBeGreaterThanOrEqual(hand.score!);
    expect(mine.survivors.filter((s) => s.operator !== 'colour' && s.operator !== 'area')).toEqual([]);
  });

  it('is the same for the same seed', () => {
    expect(minedText(TOY_RULES, mineRules({ compiled, normals, seed: 3 }), provenance)).toBe(
      minedText(TOY_RULES, mining, provenance),
    );
  });

  it('holds on all normals, whatever they are', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 16 }), (seed, n) => {
        const some = toyNormals(n, seed);
        const rules = compileRules(
          minedText(TOY_RULES, mineRules({ compiled, normals: some }), provenance),
          'mined.yaml',
        );
        const learnt = learnRules(rules, some);
        for (const s of some) expect(evaluateRules(rules, learnt, s).unit).toBeLessThanOrEqual(1);
      }),
      { numRuns: 6 },
    );
  });

  it('does not say what does not hold: a part that comes and goes gets no count of one', () => {
    const loose = toyNormals(30).map((s, i) =>
      i % 3 === 0 ? { ...s, instances: s.instances.filter((p) => p.id !== 4) } : s,
    );
    const rules = mineRules({ compiled, normals: loose });
    const all = [...rules.rules, ...rules.spare];
    expect(all.find((r) => r.raw.id === 'count-of-clip')!.raw.equals).toBeUndefined();
    expect(all.some((r) => r.raw.id === 'clip-before-label-x')).toBe(false);
  });
});
