import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { promptList, readPrompts } from '../../src/adapters/prompts.ts';
import { classVectors, composePrompts, objectOf, wordPrompts } from '../../src/core/detect/prompts.ts';
import { LogsadError } from '../../src/core/errors.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { shared, sharedPath } from '../support/shared.ts';

describe('prompts/', () => {
  it('holds the lists of the papers, each entry once', async () => {
    const book = await readPrompts();
    const sizes = Object.fromEntries(
      Object.entries(book).map(([n, l]) => [n, [l.normal.length, l.anomalous.length, l.templates.length]]),
    );
    expect(sizes).toEqual({
      'april-gan': [7, 5, 35],
      'clip-ac': [1, 1, 1],
      'imagenet-80': [0, 0, 80],
      winclip: [7, 4, 22],
    });
    for (const l of Object.values(book))
      for (const list of [l.normal, l.anomalous, l.templates]) expect(new Set(list).size).toBe(list.length);
  });

  it.skipIf(shared('golden/winclip') === null)(
    'equals golden/winclip and golden/aprilgan (needs ../shared/golden)',
    async () => {
      const book = await readPrompts();
      for (const [name, folder] of [
        ['winclip', 'winclip'],
        ['april-gan', 'aprilgan'],
      ] as const) {
        const golden = JSON.parse(readFileSync(sharedPath('golden', folder, 'prompts.json'), 'utf8'));
        expect(new Set(book[name]!.normal)).toEqual(new Set(golden.normal_states));
        expect(new Set(book[name]!.anomalous)).toEqual(new Set(golden.anomalous_states));
        expect(new Set(book[name]!.templates)).toEqual(new Set(golden.templates));
        if (!golden.normal_prompts) continue;
        const made = composePrompts(book[name]!, golden.example_object);
        expect([made.normal.length, made.anomalous.length]).toEqual([154, 88]);
        expect(new Set(made.normal)).toEqual(new Set(golden.normal_prompts));
        expect(new Set(made.anomalous)).toEqual(new Set(golden.anomalous_prompts));
      }
    },
  );

  it('names every fault of a list', () => {
    const text = 'schema: logsad/prompts/v2\nnormal: one\nanomalous: [broken]\nextra: 1\n';
    let fault: unknown;
    try {
      promptList(text, 'mine.yaml');
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(LogsadError);
    expect((fault as LogsadError).code).toBe('PROMPTS_INVALID');
    const { message } = fault as LogsadError;
    for (const word of ['schema', 'extra', 'normal', 'anomalous[0]', 'templates']) expect(message).toContain(word);
  });
});

describe('composition', () => {
  const list = { normal: ['{}', 'flawless {}'], anomalous: ['damaged {}'], templates: ['a photo of a {}.', 'the {}.'] };

  it('crosses states with templates, product states behind', () => {
    expect(composePrompts(list, 'lid', ['bent', '{} without seal'])).toEqual({
      normal: ['a photo of a lid.', 'the lid.', 'a photo of a flawless lid.', 'the flawless lid.'],
      anomalous: [
        'a photo of a damaged lid.',
        'the damaged lid.',
        'a photo of a bent lid.',
        'the bent lid.',
        'a photo of a lid without seal.',
        'the lid without seal.',
      ],
    });
    expect(wordPrompts(list.templates, ['nut', 'hex nut'])).toHaveLength(4);
    expect(objectOf({ product: 'glass-vial_2' })).toBe('glass vial 2');
  });

  it('class vectors are unit; normalising first weighs prompts alike', () => {
    const rows = grid(Float32Array.of(10, 0, 0, 1, 0, 2), 3, 1, 2);
    const unit = classVectors(rows, [2, 1]);
    expect([...unit.data].map((v) => Math.round(v * 1e4) / 1e4)).toEqual(
      [1, 1, 0, 1].map((v, i) => (i < 2 ? Math.round(Math.SQRT1_2 * 1e4) / 1e4 : v)),
    );
    const raw = classVectors(rows, [2, 1], 'raw');
    expect(raw.data[0]! / raw.data[1]!).toBeCloseTo(10, 5);
  });
});
