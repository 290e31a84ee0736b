import { describe, expect, it } from 'vitest';
import {
  compileRules,
  FAULTS,
  type Fault,
  lintRules,
  printFault,
  RulesInvalidError,
} from '../../../src/core/rules/index.ts';

/** `#!CODE` at the end of a line promises a fault of that code on the line; `@text` before it, that it points at text. */
function promised(text: string): { line: number; code: string; at: string | null }[] {
  return text.split('\n').flatMap((l, i) => {
    const m = l.match(/#!\s*(.*)$/);
    return (m?.[1] ?? '')
      .split(' ')
      .filter(Boolean)
      .map((p) => {
        const [code, at] = p.split('@') as [string, string?];
        return { line: i + 1, code, at: at ?? null };
      });
  });
}

const check = (text: string, options = {}): Fault[] => lintRules(text, 'rules.yaml', options);

const EVERY = `schema: logsad/rules/v1
product: 9lives                                                    #! BAD_NAME@9lives
titel: A title                                                     #! UNKNOWN_KEY@titel
title: "a\u0001b"                                                  #! ENCODING@\u0001
object: !!js/function "x"                                          #! TAG@!!js
states: ${'['.repeat(60)}${']'.repeat(60)}                         #! TOO_DEEP@[ WRONG_TYPE@[
frame: { fit: keep, long: many }                                   #! WRONG_TYPE@many
regions:
  bay: { box: [0.1, 0.2, 1.4, 0.6] }                               #! OUT_OF_IMAGE@1.4
  flat: { box: [0.4, 0.2, 0.1, 0.6] }                              #! CONTRADICTION@[0.4
  ring: { region: gnir }                                           #! CYCLE@gnir
  gnir: { region: ring }
  image: { box: [0.1, 0.2, 0.4, 0.6] }                             #! BAD_NAME@image
interests:
  liquid: { form: stuff, colour: [reddish] }                       #! UNKNOWN_COLOUR@[reddish]
  label: { form: thing, parent: tag, say: [label] }                #! CYCLE@tag GROUNDING_IMPOSSIBLE@[label]
  tag: { form: thing, parent: label, exemplars: [{ image: 404.jpg, boxes: [[.1, .1, .2, .2]] }] }   #! EXEMPLAR_MISSING@404.jpg
  pin: { form: thing }                                             #! NO_GROUNDING@pin
  cap: { form: thing, exemplars: [{ image: 000.jpg }] }            #! MISSING@{
  far: { form: thing, exemplars: [{ image: 000.jpg, boxes: [[.1, .1, 1.2, .2]] }] }           #! OUT_OF_IMAGE@1.2
  off: { form: thing, exemplars: [{ image: 000.jpg, points: [[.1, -.5]] }] }                  #! OUT_OF_IMAGE@-.5
  out: { form: thing, exemplars: [{ image: 000.jpg, polygons: [[[0, 0], [1, 0], [1, 2]]] }] } #! OUT_OF_IMAGE@2]
  seen: { form: thing, say: [tag], source: [words], exemplars: [{ image: 000.jpg, boxes: [[.1, .1, .2, .2]] }] }   #! GROUNDING_IMPOSSIBLE@[tag]
  near: { form: thing, colour: red, minSimilarity: 0.2 }           #! MISSING@minSimilarity
  goo: { form: stuff, colour: red, instances: { split: distance } }     #! WRONG_FORM@split
  idle: { form: thing, colour: red }                               #! UNUSED_INTEREST@idle
  nut: { form: thing, colour: red, source: [words] }               #! NO_GROUNDING@[words]
attributes:
  juice: { of: liqid, values: { cherry: { colour: red }, orange: {} } }    #! UNKNOWN_INTEREST@liqid NO_GROUNDING@orange
variants: { by: juise }                                            #! UNKNOWN_ATTRIBUTE@juise
detectors: [patch, composion]                                      #! WRONG_VALUE@composion
rules:
  - { id: a, kind: cuont, of: pin, equals: 1 }                     #! UNKNOWN_KIND@cuont
  - { id: b, kind: count, of: pinn, equals: 1 }                    #! UNKNOWN_INTEREST@pinn
  - { id: c, kind: count, of: pin, equal: 1 }                      #! UNKNOWN_KEY@equal
  - { id: d, kind: count, equals: 1 }                              #! MISSING_KEY@{
  - { id: e, kind: count, of: pin, equals: one }                   #! WRONG_TYPE@one
  - { id: f, kind: count, of: pin, equals: 2, atLeast: 3 }         #! CONTRADICTION@3
  - { id: g, kind: count, of: cap, atLeast: 0 }                    #! VACUOUS@0
  - { id: h, kind: count, of: liquid, equals: 1 }                  #! WRONG_FORM@liquid
  - { id: i, kind: area, of: liquid, within: [3, 2] }              #! CONTRADICTION@[3
  - { id: i, kind: area, of: tag }                                 #! DUPLICATE_ID@i
  - { id: j, kind: position, of: tag, relativeTo: produkt }        #! UNKNOWN_PLACE@produkt
  - { id: k, kind: attribute, attribute: juice, is: chery }        #! UNKNOWN_VALUE@chery
  - { id: l, kind: presence, of: tag, when: { attribute: juice, is: apple } }     #! UNREACHABLE@apple
  - { id: m, kind: presence, of: tag, when: { rule: zz, is: held } }     #! UNKNOWN_RULE@zz
  - { id: n, kind: count, of: nut, equals: 2 }
  - { id: o, kind: count, of: nut, atLeast: 1 }                    #! SUBSUMED@{
  - { id: p, kind: count, of: nut, equals: 5 }                     #! CONTRADICTION@{
  - { id: q, kind: extent, of: tag }                               #! MISSING@{
  - { id: r, kind: presence, of: cap, of: tag }                    #! DUPLICATE_KEY@of
  - { id: s, kind: area, <<: { of: tag } }                         #! ALIAS@<< MISSING_KEY@{
  - { id: unknown, kind: components, of: tag }                     #! BAD_NAME@unknown
  - { id: u, kind: presence, of: far }
  - { id: v, kind: presence, of: off }
  - { id: w, kind: presence, of: out }
  - { id: x, kind: presence, of: seen }
  - { id: y, kind: presence, of: near }
  - { id: z, kind: presence, of: goo }
  - { id: t, any: [{ kind: count, of: nutt, equals: 1 }, { kind: area }] }   #! UNKNOWN_INTEREST@nutt MISSING_KEY@{
cases:
  - { scene: { drawn: xx, legend: { l: tag } }, expect: { violated: [nope] } }   #! MISSING@xx UNKNOWN_RULE@nope
ignore: [}                                                         #! YAML_SYNTAX@}
`;

describe('compiler faults', () => {
  const options = { models: ['dense'], exemplarExists: (name: string) => name !== '404.jpg' };
  const faults = check(EVERY, options);

  it('reports a file with one fault of each class whole, every position right', () => {
    const lines = EVERY.split('\n');
    const got = faults.map((f) => `${f.line} ${f.code}`).sort();
    expect(got).toEqual(
      promised(EVERY)
        .map((p) => `${p.line} ${p.code}`)
        .sort(),
    );
    for (const p of promised(EVERY)) {
      if (p.at === null) continue;
      const f = faults.find(
        (x) => x.line === p.line && x.code === p.code && lines[x.line - 1]!.slice(x.col - 1).startsWith(p.at!),
      );
      expect(
        f,
        `line ${p.line}: ${p.code} should point at ${p.at}; got ${faults
          .filter((x) => x.line === p.line)
          .map((x) => `${x.code} ${lines[x.line - 1]!.slice(x.col - 1, x.col + 8)}`)
          .join(', ')}`,
      ).toBeDefined();
    }
  });

  it('holds every class that a file can show beside others', () => {
    // Reading stops at a file that is too large: it has a test of its own below.
    const alone = ['TOO_LARGE'];
    const seen = [...new Set(faults.map((f) => f.code)), ...alone].sort();
    expect(seen).toEqual(Object.keys(FAULTS).sort());
  });

  it('puts a caret below the column, and says what was expected with a valid example', () => {
    for (const f of faults) {
      const [line, caret] = f.excerpt.split('\n') as [string, string];
      const source = EVERY.split('\n')[f.line - 1]!;
      expect(caret.trimStart()).toBe('^');
      expect(source.slice(f.col - 1).startsWith(line.slice(caret.length - 1, caret.length + 10)), printFault(f)).toBe(
        true,
      );
      expect(f.expected.length).toBeGreaterThan(3);
      expect(f.example.length).toBeGreaterThan(1);
      expect(f.message).not.toMatch(/undefined|\[object/);
    }
  });

  it.each([
    ['UNKNOWN_KIND', 'count'],
    ['UNKNOWN_PLACE', 'product'],
    ['UNKNOWN_VALUE', 'cherry'],
    ['UNKNOWN_ATTRIBUTE', 'juice'],
    ['UNKNOWN_COLOUR', 'red'],
    ['WRONG_VALUE', 'composition'],
  ])('%s asks whether %s was meant', (code, meant) => {
    expect(faults.filter((f) => f.code === code).map((f) => f.didYouMean)).toContain(meant);
  });

  it('only warns of an unused interest', () => {
    expect(faults.filter((f) => f.severity === 'warning').map((f) => f.code)).toEqual(['UNUSED_INTEREST']);
  });

  it('throws all of them at once, as data and as text', () => {
    try {
      compileRules(EVERY, 'rules.yaml', options);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RulesInvalidError);
      const e = error as RulesInvalidError;
      expect(e.code).toBe('RULES_INVALID');
      expect(e.faults).toEqual(faults);
      expect(e.message).toContain('rules.yaml:2:10: error BAD_NAME');
      expect(e.fix).toContain('logsad rules lint');
      expect(JSON.parse(JSON.stringify(e)).faults).toHaveLength(faults.length);
    }
  });
});

describe('compiler faults of text', () => {
  const head = 'schema: logsad/rules/v1\nproduct: p\n';
  it.each([
    ['nothing', '', 'WRONG_TYPE', 1, 1],
    ['a list', '- 1\n', 'WRONG_TYPE', 1, 1],
    ['a missing comma', `${head}rules:\n  - { id: a, kind: count, of: part equals: 1 }\n`, 'YAML_SYNTAX', 4, 31],
    ['a stray bracket', `${head}rules: [}\n`, 'YAML_SYNTAX', 3, 9],
    ['a replaced byte', `${head}title: a\ufffdb\n`, 'ENCODING', 3, 9],
    ['a control character', `${head}title: "a\u0001b"\n`, 'ENCODING', 3, 10],
    ['an anchor', `${head}states: &x [a]\n`, 'ALIAS', 3, 9],
    ['a tag', `${head}title: !!js/function "x"\n`, 'TAG', 3, 8],
    ['a deep list', `${head}states: ${'['.repeat(500)}\n`, 'TOO_DEEP', 3, 169],
    ['deep compact lists', `${head}states:\n${'- '.repeat(5000)}x\n`, 'TOO_DEEP', 4, 321],
    ['a prototype key', `${head}__proto__: { status: accepted }\n`, 'UNKNOWN_KEY', 3, 1],
    ['a prototype name', `${head}interests: { constructor: { form: thing, colour: red } }\n`, 'BAD_NAME', 3, 14],
    ['a number for a key', `${head}interests: { ? [a] : b }\n`, 'WRONG_TYPE', 3, 16],
  ])('%s is located', (_, text, code, line, col) => {
    const f = check(text).find((x) => x.code === code);
    expect(f, JSON.stringify(check(text).map((x) => [x.code, x.line, x.col, x.message]))).toMatchObject({ line, col });
  });

  it('says one thing of coordinates without brackets, and shows them with brackets', () => {
    const text = `${head}regions: { bay: { box: .1,.2,.3,.4 }, all: { box: 0, 0, 1, 1 } }
interests:
  cap: { form: thing, exemplars: [{ image: a.jpg, boxes: [.1,.2,.3,.4] }] }
  foam: { form: stuff, exemplars: [{ image: a.jpg, points: .1,.2 }] }
  bench:
    form: stuff
    exemplars:
      - image: a.jpg
        boxes: 0.1, 0.2, 0.3, 0.4
`;
    const errors = check(text).filter((f) => f.severity === 'error');
    expect(errors.map((f) => [f.code, f.line, f.col, f.example])).toEqual([
      ['WRONG_TYPE', 3, 19, 'box: [0.1, 0.2, 0.3, 0.4]'],
      ['WRONG_TYPE', 3, 46, 'box: [0.1, 0.2, 0.4, 0.6]'],
      ['WRONG_TYPE', 5, 51, 'boxes: [[0.1, 0.2, 0.3, 0.4]]'],
      ['WRONG_TYPE', 6, 52, 'points: [[0.1, 0.2]]'],
      ['WRONG_TYPE', 11, 9, 'boxes: [[0.1, 0.2, 0.3, 0.4]]'],
    ]);
    for (const f of errors) expect(f.message).toContain('lack their brackets');
  });

  it.each([
    ['flow', '  - { id: a, kind: count, of: cap, because: One cap: red, equals: 1 }'],
    ['block', '  - id: a\n    kind: count\n    of: cap\n    equals: 1\n    because: One cap: red'],
  ])('shows the quotes that a colon in %s text needs', (_, rule) => {
    const faults = check(`${head}interests: { cap: { form: thing, colour: red } }\nrules:\n${rule}\n`);
    expect(faults.map((f) => [f.code, f.example])).toEqual([['YAML_SYNTAX', 'because: "One cap: red"']]);
  });

  it('names what matters most first, and all idle interests in one remark', () => {
    const text = `${head}interests:
  foam: { form: stuff, colour: grey }
  metal: { form: stuff, colour: white }
  cap: { form: thing, colour: red }
rules:
  - { id: a, kind: count, of: cpa, equals: 1 }
  - { id: b, kind: count, of: cap, equals: 1 }
title: [}
`;
    expect(check(text).map((f) => f.code)).toEqual(['YAML_SYNTAX', 'UNKNOWN_INTEREST', 'UNUSED_INTEREST']);
    expect(check(text)[2]!.message).toContain('foam, metal');
  });

  it('refuses ten megabytes and alias bombs at once', () => {
    const bomb = `${head}a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`).join('\n')}\n`;
    const start = performance.now();
    expect(check(bomb).map((f) => f.code)).toContain('ALIAS');
    expect(check('a: b\n'.repeat(2_000_000)).map((f) => f.code)).toEqual(['TOO_LARGE']);
    expect(check(`${head}${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')}`).length).toBeGreaterThan(
      10,
    );
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('every fault code has a sentence', () => {
    for (const text of Object.values(FAULTS)) expect(text).toMatch(/^[A-Z].*[.)]$/);
  });
});
