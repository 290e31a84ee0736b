import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CORRECT, RULES } from '../../../src/core/propose/replies.ts';
import { findJson, readReply } from '../../../src/core/propose/reply.ts';

const GOOD = { fine: true, remarks: [], redraw: [] };

describe('reading an answer', () => {
  it.each([
    ['bare', JSON.stringify(GOOD)],
    ['fenced', `Sure!\n\`\`\`json\n${JSON.stringify(GOOD, null, 2)}\n\`\`\`\nAnything else?`],
    ['in prose', `Here it is: ${JSON.stringify(GOOD)} - I hope {this} helps.`],
  ])('finds JSON that is %s', (_, text) => {
    expect(readReply(CORRECT, text)).toEqual({ value: GOOD });
  });

  it('finds the second fenced block where the first is none', () => {
    expect(findJson('```\nnot {this\n```\nbut\n```json\n{"a":1}\n```')).toEqual({ a: 1 });
  });

  it('ends soon on an open fence and a flood of blanks', () => {
    expect(findJson(`\`\`\`json${'\n'.repeat(399_000)}x`)).toBeUndefined();
    expect(findJson('```'.repeat(130_000))).toBeUndefined();
  }, 60_000);

  it('takes no list, number or text for an answer', () => {
    for (const text of ['[1]', '7', '"x"', 'null', 'no', '{"open": ', '']) expect(findJson(text)).toBeUndefined();
  });

  it('names every fault of the shape by its place', () => {
    const read = readReply(
      CORRECT,
      JSON.stringify({ fine: 'yes', remarks: [], redraw: [{ interest: 'x' }], extra: 1 }),
    );
    expect('faults' in read && read.json).toBe(true);
    const text = 'faults' in read ? read.faults.join('\n') : '';
    expect(text).toContain('fine: must be boolean, got "yes"');
    expect(text).toContain('redraw.0: exemplars is missing');
    expect(text).toContain('the answer: extra is not known here');
  });

  it('lets the compiler speak of kinds that do not exist', () => {
    const reply = { rules: [{ id: 'a', kind: 'vibes', because: 'x', when: null }], left: [] };
    expect(readReply(RULES, JSON.stringify(reply))).toEqual({ value: reply });
  });

  it('reads any text without throwing, and every object that JSON can write', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readReply(RULES, text)).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        expect(findJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
