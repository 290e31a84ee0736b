import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, FAULTS, KINDS, lintRules, RulesInvalidError } from '../../../src/core/rules/index.ts';

const WATCHDOG = 10_000;

/** Whatever the text, lint answers within the watchdog, with located faults of known codes; compile agrees with it. */
function survives(text: string): void {
  const start = performance.now();
  const faults = lintRules(text, 'fuzz.yaml');
  expect(performance.now() - start).toBeLessThan(WATCHDOG);
  const lines = text.split('\n');
  for (const f of faults) {
    expect(Object.keys(FAULTS)).toContain(f.code);
    expect(f.line).toBeGreaterThanOrEqual(1);
    expect(f.line).toBeLessThanOrEqual(lines.length + 1);
    expect(f.col).toBeGreaterThanOrEqual(1);
    expect(f.col).toBeLessThanOrEqual((lines[f.line - 1]?.length ?? 0) + 2);
    expect(f.excerpt).toContain('^');
  }
  const wrong = faults.some((f) => f.severity === 'error');
  try {
    compileRules(text, 'fuzz.yaml');
    expect(wrong).toBe(false);
  } catch (error) {
    expect(error).toBeInstanceOf(RulesInvalidError);
    expect(wrong).toBe(true);
  }
}

const BASE = `schema: logsad/rules/v1
product: bottle
interests:
  liquid: { form: stuff, colour: red }
  label: { form: thing, colour: white, parent: liquid }
attributes:
  juice: { of: liquid, values: { cherry: { colour: red }, orange: { colour: orange } } }
rules:
  - { id: one, kind: count, of: label, equals: 1, when: { attribute: juice, is: cherry } }
  - { id: level, kind: extent, of: liquid, edge: top, within: [0.2, 0.4] }
  - { id: either, any: [{ kind: presence, of: label }, { kind: area, of: liquid }] }
`;

const words = [
  'schema',
  'rules',
  'kind',
  'of',
  'count',
  'label',
  'liquid',
  'when',
  'any',
  'not',
  '&a',
  '*a',
  '<<',
  '!!x',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '\n',
  '  ',
  '"',
  "'",
  '|',
  '>',
  '?',
  '#',
  '\t',
  '\u0000',
  '\ufffd',
  '__proto__',
  'constructor',
  '1e999',
  '.nan',
  '-0',
  'null',
  '~',
  '%YAML 1.1\n---\n',
  '...',
];

describe('compiler under fuzz', () => {
  it('survives arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => survives(text)),
      { numRuns: 300, seed: 1 },
    );
  });

  it('survives malformed UTF-8 as it arrives decoded', () => {
    const decoder = new TextDecoder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => survives(decoder.decode(bytes))),
      { numRuns: 200, seed: 2 },
    );
  });

  it('survives soups of its own words', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (soup) => survives(soup.join(''))),
      { numRuns: 500, seed: 3 },
    );
  });

  it('survives cuts and insertions in a valid file', () => {
    const edit = fc.tuple(fc.nat(BASE.length), fc.nat(12), fc.constantFrom(...words, ''));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = BASE;
        for (const [at, cut, word] of edits) text = text.slice(0, at) + word + text.slice(at + cut);
        survives(text);
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  it('survives documents of the right keys and any values', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const keys = [
      'id',
      'kind',
      'of',
      'equals',
      'when',
      'within',
      'between',
      'attribute',
      'all',
      'any',
      'not',
      'unit',
      'reference',
      'pairs',
      'perCell',
      'bins',
    ];
    const rule = fc.dictionary(
      fc.constantFrom(...keys),
      fc.oneof(value, fc.constantFrom(...KINDS.map((k) => k.kind), 'label', 'juice')),
      { maxKeys: 8 },
    );
    const file = fc.dictionary(
      fc.constantFrom(
        'schema',
        'product',
        'interests',
        'attributes',
        'regions',
        'ignore',
        'frame',
        'variants',
        'cases',
        'detectors',
      ),
      value,
      { maxKeys: 6 },
    );
    fc.assert(
      fc.property(file, fc.array(rule, { maxLength: 6 }), (f, rules) => survives(JSON.stringify({ ...f, rules }))),
      { numRuns: 400, seed: 5 },
    );
  });

  it('survives rules of one kind with any values for its own settings', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('label', 'liquid', 'juice', 'product', ['label', 'liquid'], 0, 1, -1, true),
    );
    for (const kind of KINDS) {
      const params = fc.dictionary(fc.constantFrom(...Object.keys(kind.params.properties), ...kind.settings), value, {
        maxKeys: 5,
      });
      fc.assert(
        fc.property(params, (p) => survives(`${BASE}  - ${JSON.stringify({ id: 'fuzzed', kind: kind.kind, ...p })}\n`)),
        { numRuns: 60, seed: 6 },
      );
    }
  });
});
