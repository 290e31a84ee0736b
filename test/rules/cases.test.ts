import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { caseScene, type WrittenCase } from '../../src/core/rules/caseScenes.ts';
import { runCases } from '../../src/core/rules/examples.ts';
import { evaluateRules, flatten, lintRules, printFault } from '../../src/core/rules/index.ts';
import { EVERY_MODEL, ruleFile, ruleText } from '../support/ruleFiles.ts';

const published = readdirSync(fileURLToPath(new URL('../../rules/published', import.meta.url))).map(
  (f) => `published/${f}`,
);
/** The five categories of MVTec LOCO, by words or by exemplars. */
const CATEGORIES = [
  'breakfast-box',
  'juice-bottle',
  'pushpins',
  'screw-bag',
  'splicing-connectors',
  'panels-pushpins',
  'panels-splicing-connectors',
].map((f) => `${f}/rules.yaml`);

describe.each([...published, ...CATEGORIES])('rules/%s', (name) => {
  it('lints clean where the models are installed', () => {
    expect(lintRules(ruleText(name), name, EVERY_MODEL).map(printFault)).toEqual([]);
  });

  it('holds its own cases', () => {
    expect(
      runCases(ruleFile(name))
        .filter((c) => !c.passed)
        .map((c) => `${c.note}: ${c.problem}`),
    ).toEqual([]);
  });
});

describe.each(CATEGORIES)('rules/%s, constraint by constraint', (name) => {
  const compiled = ruleFile(name);
  const cases = compiled.file.cases as readonly WrittenCase[];

  it('every rule is broken in some case', () => {
    const broken = new Set(cases.flatMap((c) => c.expect.violated));
    expect(compiled.rules.map((r) => r.id).filter((id) => !broken.has(id))).toEqual([]);
  });

  it('every rule is judged and holds in some case', () => {
    const held = new Set(
      runCases(compiled).flatMap((c) =>
        c.outcome.measurements.filter((m) => !m.violated && m.skipped === undefined).map((m) => m.rule),
      ),
    );
    expect(compiled.rules.map((r) => r.id).filter((id) => !held.has(id))).toEqual([]);
  });

  it('says why for every rule', () => {
    expect(
      flatten(compiled.rules)
        .filter((r) => r.spec.because === '')
        .map((r) => r.id),
    ).toEqual([]);
  });
});

describe('grounding', () => {
  it.each([
    'breakfast-box',
    'pushpins',
    'screw-bag',
    'splicing-connectors',
  ])('%s is by words: without an image-text model the compiler says so', (name) => {
    const faults = lintRules(ruleText(`${name}/rules.yaml`), name, { models: ['dense'] });
    expect(new Set(faults.map((f) => f.code))).toEqual(new Set(['GROUNDING_IMPOSSIBLE']));
  });

  it.each([
    'juice-bottle',
    'panels-pushpins',
    'panels-splicing-connectors',
  ])('%s is by exemplars too: it compiles without one', (name) => {
    expect(lintRules(ruleText(`${name}/rules.yaml`), name, { models: ['dense'] }).map(printFault)).toEqual([]);
  });
});

describe('failure cases of LogSAD (Figure 6), as drawn scenes', () => {
  const outcome = (file: string, note: string) => {
    const compiled = ruleFile(file);
    const found = runCases(compiled).find((c) => c.note === note)!;
    return { passed: found.passed, unit: found.outcome.unit };
  };

  it('a reflection is no sixteenth pin: the box is not rejected', () => {
    const { passed, unit } = outcome('pushpins/rules.yaml', 'fifteen pins and a reflection');
    expect(passed).toBe(true);
    expect(unit).toBeLessThanOrEqual(1);
  });

  it('two pins in one compartment are rejected, where the published rule passes them', () => {
    const ours = ruleFile('pushpins/rules.yaml');
    const theirs = ruleFile('published/pushpins.yaml');
    const note = 'two pins in one compartment, none in another';
    const cases = ours.file.cases as readonly WrittenCase[];
    const scene = caseScene(note, ours, cases);
    expect(evaluateRules(ours, null, scene).violations.map((v) => v.rule)).toContain('one-pin-each');
    expect(evaluateRules(theirs, null, scene).violations).toEqual([]);
  });

  it('a washer in place of a nut is rejected, where the amount of metal is right', () => {
    expect(outcome('screw-bag/rules.yaml', 'a washer in place of a nut')).toMatchObject({ passed: true });
    expect(outcome('screw-bag/rules.yaml', 'a washer in place of a nut').unit).toBeGreaterThan(1);
  });

  it('a nut that was named washer does not count as one', () => {
    expect(
      outcome('screw-bag/rules.yaml', 'a nut that was named washer looks like no washer and does not count as one')
        .passed,
    ).toBe(true);
  });
});

describe('scenes told as departures', () => {
  const compiled = ruleFile('screw-bag/rules.yaml');
  const cases = compiled.file.cases as readonly WrittenCase[];

  it('leave the scene they depart from as it was', () => {
    const before = JSON.stringify(caseScene('a right bag', compiled, cases));
    caseScene('a nut is missing', compiled, cases);
    expect(JSON.stringify(caseScene('a right bag', compiled, cases))).toBe(before);
    expect(caseScene('a nut is missing', compiled, cases).instances).toHaveLength(
      caseScene('a right bag', compiled, cases).instances.length - 1,
    );
  });

  it('name what they cannot find', () => {
    expect(() => caseScene({ like: 'a left bag' }, compiled, cases)).toThrow(/no case has the note .a left bag/);
    expect(() => caseScene({ like: 'a right bag', without: ['nut-9'] }, compiled, cases)).toThrow(
      /no instance called nut-9/,
    );
    const round: WrittenCase[] = [{ note: 'a', scene: { like: 'a' }, expect: { violated: [] } }];
    expect(() => caseScene('a', compiled, round)).toThrow(/circle/);
  });
});
