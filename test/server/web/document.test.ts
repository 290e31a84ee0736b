/** Edits of rule files by table and drawing: what they say, and that they leave the rest of the text alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { completeFrom, type JsonSchema, placeOf, schemasAt } from '../../../server/web/product/completion.ts';
import * as doc from '../../../server/web/product/document.ts';
import { lintRules } from '../../../src/index.ts';
import { ROOT } from '../../support/imports.ts';

const FILE = readFileSync(join(ROOT, 'rules/demo/rules.yaml'), 'utf8');
const json = (text: string) => parseDocument(text).toJSON() as Record<string, never>;
/** Lines of one text that the other does not have. */
const only = (a: string, b: string): string[] => {
  const there = new Set(b.split('\n'));
  return a.split('\n').filter((line) => !there.has(line));
};

describe('rules of a file', () => {
  const rows = doc.rulesOf(FILE);

  it('are listed with their lines and settings', () => {
    expect(rows.length).toBeGreaterThan(5);
    for (const r of rows) expect(FILE.split('\n')[r.line - 1]).toContain(r.id);
    expect(rows[0]!.settings.map((s) => s.key)).not.toContain('because');
  });

  it('are edited without touching another line, whatever is said', () => {
    const words = fc
      .string({ minLength: 1, maxLength: 40 })
      .map((s) => s.trim())
      .filter((s) => s !== '');
    const value = fc.oneof(words, fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(
        fc.nat(rows.length - 1),
        fc.constantFrom('because', 'equals', 'severity', 'within'),
        value,
        (n, key, v) => {
          const edited = doc.setInRule(FILE, n, key, v);
          expect((json(edited).rules as never[])[n]).toEqual({ ...(json(FILE).rules as object[])[n]!, [key]: v });
          expect(only(FILE, edited).length).toBeLessThan(2);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lose a setting or leave, alone', () => {
    const without = doc.setInRule(FILE, 0, 'because', undefined);
    expect((json(without).rules as object[])[0]).not.toHaveProperty('because');
    expect(only(FILE, without)).toHaveLength(1);
    const fewer = doc.removeRule(FILE, 1);
    expect(doc.rulesOf(fewer).map((r) => r.id)).toEqual(rows.filter((_, n) => n !== 1).map((r) => r.id));
    expect(only(fewer, FILE)).toEqual([]);
    const more = doc.addRule(FILE, '- { id: mined, kind: extent, of: plug, edge: top, relativeTo: product }');
    expect(doc.rulesOf(more).at(-1)!.id).toBe('mined');
    expect(only(FILE, more)).toEqual([]);
    expect(lintRules(more, 'rules.yaml').filter((f) => f.severity === 'error')).toEqual([]);
  });

  it('stays as it is where it is no YAML', () => {
    expect(doc.setInRule('rules: [', 0, 'because', 'x')).toBe('rules: [');
    expect(doc.rulesOf('rules: [')).toEqual([]);
  });
});

describe('shapes', () => {
  const image = '000.jpg';
  const box = [0.1, 0.2, 0.3, 0.4] as const;

  it('go into the file and out again, leaving it as it was', () => {
    const targets: doc.Target[] = [{ interest: 'screw' }, { interest: 'bench' }, { region: 'new-bay' }];
    for (const target of targets) {
      const drawn = doc.addShape(FILE, image, target, { kind: 'box', box });
      const added = doc
        .shapesOn(drawn, image)
        .filter((s) => s.shape.kind === 'box' && s.shape.box.join() === box.join());
      expect(added).toHaveLength(1);
      expect(only(FILE, drawn).length).toBeLessThan(3);
      expect(json(doc.removeShape(drawn, added[0]!.path))).toEqual(json(FILE));
    }
  });

  it('on a picture that no exemplar names make a new one', () => {
    const drawn = doc.addShape(FILE, '011.jpg', { interest: 'screw' }, { kind: 'point', point: [0.5, 0.25] });
    expect(doc.shapesOn(drawn, '011.jpg').filter((s) => 'interest' in s.target)).toHaveLength(1);
    expect(only(FILE, drawn)).toEqual([]);
  });

  it('build a file from nothing', () => {
    let text = 'schema: logsad/rules/v1\nproduct: kit\n\ninterests: {}\n\nrules: []\n\ndetectors: [patch]\n';
    text = doc.addInterest(text, 'plug', 'thing');
    text = doc.addShape(text, image, { interest: 'plug' }, { kind: 'box', box });
    text = doc.addShape(
      text,
      image,
      { interest: 'plug' },
      {
        kind: 'polygon',
        polygon: [
          [0, 0],
          [0.1, 0],
          [0.1, 0.1],
        ],
      },
    );
    text = doc.addShape(text, image, { ignore: true }, { kind: 'box', box });
    text = doc.addRule(text, '{ id: one, kind: count, of: plug, equals: 1 }');
    expect(lintRules(text, 'rules.yaml').filter((f) => f.severity === 'error')).toEqual([]);
    expect(doc.shapesOn(text, image)).toHaveLength(3);
  });
});

describe('completion', () => {
  const schema = JSON.parse(readFileSync(join(ROOT, 'rules/rules.schema.json'), 'utf8')) as JsonSchema;
  const options = (text: string): string[] => {
    const lines = text.split('\n');
    const state = {
      doc: {
        toString: () => text,
        lineAt: () => ({ text: lines.at(-1)!, from: text.length - lines.at(-1)!.length, number: lines.length }),
      },
    };
    const found = completeFrom(schema, () => ['plug'])({ state, pos: text.length, explicit: true } as never);
    return (found?.options ?? []).map((o) => o.label);
  };

  it('knows where it stands', () => {
    expect(placeOf(['interests:', '  screw:', '    '], 2, 4).path).toEqual(['interests', 'screw']);
    expect(placeOf(['rules:', '  - { id: a, kind: count, '], 1, 25)).toMatchObject({ path: ['rules', '[]'] });
    expect(schemasAt(schema, ['frame'], new Map()).length).toBeGreaterThan(0);
  });

  it('offers keys of the place, values of the key, names of the file', () => {
    expect(options('')).toContain('interests');
    expect(options('interests:\n  screw:\n    ')).toContain('exemplars');
    expect(options('interests:\n  screw:\n    form: ')).toEqual(expect.arrayContaining(['thing', 'stuff']));
    expect(options('rules:\n  - { id: a, kind: ')).toContain('count');
    expect(options('rules:\n  - { id: a, kind: count, ')).toEqual(expect.arrayContaining(['equals', 'of']));
    expect(options('rules:\n  - { id: a, kind: count, of: ')).toContain('plug');
  });
});
