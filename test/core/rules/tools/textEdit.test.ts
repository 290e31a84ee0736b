import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockOf, flow, setBlock, setWord } from '../../../../src/core/rules/tools/textEdit.ts';

const TEXT = `# head
a: 1 # one
vetting: # ours
  x: { y: 1 }   # inner
  z: |
    text: not a key
  # tail of ours

# before b
b: "vetting: no"
`;

describe('edits of a text', () => {
  it('finds a block by the parser, not by its looks', () => {
    const span = blockOf(TEXT, 'vetting')!;
    expect(TEXT.slice(span.from, span.to)).toMatch(/^vetting: # ours\n {2}x/);
    expect(blockOf(TEXT, 'text')).toBeNull();
    expect(blockOf('- a list', 'vetting')).toBeNull();
    expect(blockOf('', 'vetting')).toBeNull();
  });

  it('replaces and removes a block and keeps what stands around it', () => {
    const after = setBlock(TEXT, 'vetting', 'vetting: 2');
    expect(after.startsWith('# head\na: 1 # one\nvetting: 2\n')).toBe(true);
    expect(after.endsWith('# before b\nb: "vetting: no"\n')).toBe(true);
    expect(parse(setBlock(TEXT, 'vetting', ''))).toEqual({ a: 1, b: 'vetting: no' });
  });

  it('appends to files with and without a last line end', () => {
    expect(setBlock('a: 1', 'v', 'v: 2')).toBe('a: 1\n\nv: 2\n');
    expect(setBlock('a: 1\n', 'v', 'v: 2')).toBe('a: 1\n\nv: 2\n');
    expect(setBlock('', 'v', 'v: 2')).toBe('v: 2\n');
    expect(setBlock('a: 1\n', 'v', '')).toBe('a: 1\n');
  });

  it('sets a word in place, or on a line of its own', () => {
    expect(setWord('a: 1 # c\nstatus: proposed # d\n', 'status', 'accepted', [])).toBe(
      'a: 1 # c\nstatus: accepted # d\n',
    );
    expect(setWord('a: 1 # c\nb: 2', 'status', 'accepted', ['x', 'a'])).toBe('a: 1 # c\nstatus: accepted\nb: 2');
    expect(setWord('b: 2\n', 'status', 'accepted', ['x'])).toBe('status: accepted\nb: 2\n');
    expect(parse(setWord('status:\nb: 2\n', 'status', 'accepted', []))).toEqual({ status: 'accepted', b: 2 });
  });

  it('changes nothing but the block, for any neighbours', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.array(word, { maxLength: 5 }), (above, below) => {
        const lines = (words: readonly string[], p: string): string =>
          words.map((w, i) => `# ${w}\n${p}${i}: ${w} # ${w}\n`).join('');
        const text = `${lines(above, 'k')}v:\n  old: true\n${lines(below, 'm')}`;
        expect(setBlock(text, 'v', 'v: new\n')).toBe(`${lines(above, 'k')}v: new\n${lines(below, 'm')}`);
      }),
    );
  });
});

describe('values on one line', () => {
  it('whatever their strings hold', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a\nb', 'long '.repeat(20).concat('\r\n- x: 1'), '# no\n\ncomment'),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(text, fc.array(text))), (value) => {
        const written = flow({ reasons: value });
        expect(written).not.toMatch(/[\r\n]/);
        expect(parse(written)).toEqual({ reasons: value });
      }),
    );
  });
});
