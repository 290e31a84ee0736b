import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addTo, append, dropSetting, replaceSetting, setSetting } from '../../../src/core/review/edits.ts';
import { lineDiff } from '../../../src/core/review/lineDiff.ts';

interface Raw {
  readonly id: string;
  readonly [key: string]: unknown;
}

/** One rule in one of the ways people write them. */
function written(id: string, style: number, because: boolean, tolerance: boolean): string {
  const pairs = [
    'kind: area',
    'of: pin',
    ...(tolerance ? ['tolerance: 1.5'] : []),
    ...(because ? ['because: "It, fits: all."'] : []),
  ];
  if (style === 0) return `  - { id: ${id}, ${pairs.join(', ')} }   # note of ${id}\n`;
  if (style === 1) return `  # note of ${id}\n  - id: ${id}   # first\n${pairs.map((p) => `    ${p}\n`).join('')}`;
  if (style === 2) return `  - {\n      # note of ${id}\n      id: ${id},\n      ${pairs.join(',\n      ')}\n    }\n`;
  return `  - ${pairs[0]}  # note of ${id}\n    id: ${id}\n\n${pairs
    .slice(1)
    .map((p) => `    ${p}\n`)
    .join('')}`;
}

const file = fc
  .array(fc.record({ style: fc.integer({ min: 0, max: 3 }), because: fc.boolean(), tolerance: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((rules) =>
    fc.record({
      rules: fc.constant(rules),
      at: fc.integer({ min: 0, max: rules.length - 1 }),
      tail: fc.constantFrom('', '\n', '# the end\n', 'detectors: [patch, composition]\n'),
    }),
  )
  .map(({ rules, at, tail }) => ({
    text: `# head\nproduct: toy\nrules:\n${rules.map((r, i) => written(`r${i}`, r.style, r.because, r.tolerance)).join('')}${tail}`,
    id: `r${at}`,
  }));

const comments = (text: string): string[] => text.match(/#[^\n]*/g) ?? [];
const rulesOf = (text: string): Raw[] => (parse(text) as { rules: Raw[] }).rules;

describe('edits of a rule text', () => {
  it('set one setting of one rule: what is parsed differs in it alone, every comment and other line stays', () => {
    fc.assert(
      fc.property(
        file,
        fc.constantFrom<[string, unknown]>(['tolerance', 2.5], ['within', [0.1, null]], ['severity', 'warn']),
        ({ text, id }, [key, value]) => {
          const after = setSetting(text, id, key, value)!;
          const expected = rulesOf(text).map((r) => (r.id === id ? { ...r, [key]: value } : r));
          expect(rulesOf(after)).toEqual(expected);
          expect(comments(after)).toEqual(comments(text));
          const changed = lineDiff(text, after).filter((l) => l.op !== ' ');
          expect(changed.length).toBeLessThanOrEqual(2);
        },
      ),
    );
  });

  it('take one setting of one rule away where every comment and every other setting can stay', () => {
    fc.assert(
      fc.property(file, ({ text, id }) => {
        const after = dropSetting(text, id, 'tolerance');
        const had = rulesOf(text).find((r) => r.id === id)!;
        // Written as a block, a setting beside a comment or a dash stays; in this file none is.
        expect(after !== null).toBe('tolerance' in had);
        if (after === null) return;
        const { tolerance: _, ...rest } = had;
        expect(rulesOf(after)).toEqual(rulesOf(text).map((r) => (r.id === id ? rest : r)));
        expect(comments(after)).toEqual(comments(text));
        expect(lineDiff(text, after).filter((l) => l.op !== ' ').length).toBeLessThanOrEqual(3);
        expect(after.match(/^[ \t]+$/gm)).toEqual(text.match(/^[ \t]+$/gm));
      }),
    );
  });

  it('do not take a setting away where that would move a comment', () => {
    const drop = (text: string): string | null => dropSetting(text, 'a', 'tolerance');
    expect(drop('rules:\n  - id: a\n    tolerance: 2 # why\n')).toBeNull();
    expect(drop('rules:\n  - tolerance: 2\n    id: a\n')).toBeNull();
    expect(drop('rules: [{ id: a, # why\n  tolerance: 2 }]')).toBeNull();
    expect(drop('rules: [{ id: a,\n  tolerance: 2, # why\n  of: b }]')).toBe('rules: [{ id: a,\n  # why\n  of: b }]');
    expect(drop('rules: [{ tolerance: 2, id: a }]')).toBe('rules: [{ id: a }]');
    expect(drop('rules: [{ id: a, of: b }]')).toBeNull();
  });

  it('append a rule at the end of the list, with its comment, and touch nothing else', () => {
    fc.assert(
      fc.property(file, ({ text }) => {
        const rule = { id: 'fresh', kind: 'area', of: 'pin', because: 'Said: so, # plainly.' };
        const after = append(text, 'rules', rule, 'From a review.')!;
        expect(rulesOf(after)).toEqual([...rulesOf(text), rule]);
        expect(comments(after).filter((c) => c !== '# From a review.' && !c.includes('plainly'))).toEqual(
          comments(text),
        );
        expect(lineDiff(text, after).filter((l) => l.op === '-').length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('make lists that lack, and leave alone what they cannot edit', () => {
    expect(parse(append('product: toy\n', 'ignore', { box: [0, 0, 1, 0.1] })!)).toEqual({
      product: 'toy',
      ignore: [{ box: [0, 0, 1, 0.1] }],
    });
    expect(parse(append('rules: []\n', 'rules', { id: 'a' })!)).toEqual({ rules: [{ id: 'a' }] });
    expect(
      parse(append('ignore: [{ box: [0, 0, 1, 0.1] }]\n', 'ignore', { box: [0, 0.9, 1, 1] })!).ignore,
    ).toHaveLength(2);
    expect(setSetting('rules: [{ id: a }]', 'b', 'tolerance', 2)).toBeNull();
    expect(setSetting('rules:\n  - &x { id: a }\n  - *x\n', 'b', 'tolerance', 2)).toBeNull();
    expect(setSetting('rules: [{ id: a, tolerance: }]', 'a', 'tolerance', 2)).toBeNull();
    expect(replaceSetting('rules: [{ id: a, equals: 3 }]', 'a', 'equals', 'oneOf', [3, 4])).toBe(
      'rules: [{ id: a, oneOf: [ 3, 4 ] }]',
    );
    expect(
      addTo(
        'attributes:\n  a:\n    values: { x: { exemplars: [1.png] } } # c\n',
        ['attributes', 'a', 'values'],
        'y',
        {},
      ),
    ).toBe('attributes:\n  a:\n    values: { x: { exemplars: [1.png] }, y: {} } # c\n');
  });

  it('a diff of any two texts can be put together again', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const diff = lineDiff(a.join('\n'), b.join('\n'));
        const [old, fresh] = [a.join('\n').split('\n'), b.join('\n').split('\n')];
        for (const { op, line, number } of diff) expect((op === '-' ? old : fresh)[number - 1]).toBe(line);
        const added = new Set(diff.filter((l) => l.op === '+').map((l) => l.number));
        const removed = new Set(diff.filter((l) => l.op === '-').map((l) => l.number));
        expect(old.filter((_, i) => !removed.has(i + 1))).toEqual(fresh.filter((_, i) => !added.has(i + 1)));
      }),
    );
  });
});
