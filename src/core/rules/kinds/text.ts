import { Type } from 'typebox';
import { seenOften } from '../agree.ts';
import { LEARN, MARGIN } from '../constants.ts';
import { type Complaint, defineRuleKind, type Empty, InterestRef, STRICT, unjudged } from '../kind.ts';
import { noneOf, readingOrder } from '../select.ts';

interface Print {
  readonly value: string;
  readonly confidence: number;
  readonly instances: readonly number[];
  readonly where: string;
}

/** Levenshtein distance by code points. */
export function edits(a: string, b: string): number {
  const [s, t] = [[...a], [...b]];
  let row = t.map((_, j) => j + 1);
  row.unshift(0);
  s.forEach((c, i) => {
    const next = [i + 1];
    for (const [j, d] of t.entries()) next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (c === d ? 0 : 1)));
    row = next;
  });
  return row[t.length]!;
}

/** Case and spacing are the reader's, not the label's. */
const plain = (text: string): string => text.normalize('NFKC').replace(/\s+/g, ' ').trim();

/** What is printed on an interest, as a text-recognition model read it into the Scene. */
export const text = defineRuleKind({
  kind: 'text',
  summary: 'What is printed on an interest; needs a text-recognition model.',
  params: Type.Object(
    {
      of: InterestRef(),
      equals: Type.Optional(Type.String({ minLength: 1 })),
      oneOf: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
      charset: Type.Optional(Type.String({ minLength: 1, description: 'every character that may occur, listed' })),
      maxEdits: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 50,
          description: 'misread, missing or extra characters forgiven; default 0',
        }),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'appearance',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => [p.of],
  measure(view, p): readonly Print[] | Empty {
    const known = readingOrder(view.known(p.of));
    if (known.length === 0) return noneOf(view, p.of);
    const read = known.filter((i) => i.text);
    if (read.length === 0) return { empty: `the print on ${p.of} was not read: no text-recognition model` };
    return read.map((i, n) => ({
      value: plain(i.text!.value),
      confidence: i.text!.confidence,
      instances: [i.id],
      where: read.length > 1 ? `${p.of} ${n + 1}` : p.of,
    }));
  },
  learn(samples, calibration) {
    const all = [...samples, ...calibration].flatMap((s) => s.reading.map((r) => r.value));
    return all.length === 0
      ? null
      : { value: { texts: seenOften(all, LEARN.pairShare) }, n: samples.length + calibration.length, setAside: [] };
  },
  judge(reading, learnt: { readonly texts: readonly string[] } | null, p) {
    const stated = p.equals !== undefined ? [p.equals] : p.oneOf;
    const allowed = stated?.map(plain) ?? (p.charset === undefined ? learnt?.texts : undefined);
    return reading.map((r) => {
      if (!allowed && p.charset === undefined) return unjudged('text', r.value, r.instances);
      const most = p.maxEdits ?? 0;
      const wrong = allowed ? Math.min(...allowed.map((a) => edits(r.value, a))) : 0;
      const strange =
        p.charset === undefined ? 0 : [...r.value].filter((c) => c !== ' ' && !p.charset!.includes(c)).length;
      const worst = Math.max(wrong, strange);
      // Each edit too many is a unit; a reading that fits still grades by how unsure the reader was.
      const margin = worst > most ? 1 + (worst - most) : (worst + (1 - r.confidence)) / (most + 1 + 1e-9);
      const text = allowed ? allowed.map((a) => `\u201c${a}\u201d`).join(' or ') : `only ${p.charset}`;
      return {
        quantity: 'text',
        measured: r.value,
        expected: { low: null, high: null, centre: null, text },
        margin: Math.min(MARGIN.cap, worst > most ? margin : Math.min(1, margin)),
        instances: r.instances,
        where: r.where,
      };
    });
  },
  explain(p, learnt) {
    const allowed = p.equals !== undefined ? [p.equals] : (p.oneOf ?? learnt?.value.texts);
    return `The print on ${p.of} must be ${allowed ? allowed.map((a) => `\u201c${a}\u201d`).join(' or ') : p.charset ? `made of ${p.charset}` : 'as on the normals'}${p.maxEdits ? `, ${p.maxEdits} characters forgiven` : ''}.`;
  },
  message: (j, p) => `${j.where ?? p.of} reads \u201c${j.measured}\u201d, expected ${j.expected.text}`,
  check: (p): readonly Complaint[] =>
    p.equals !== undefined && p.oneOf !== undefined
      ? [
          {
            path: ['oneOf'],
            code: 'CONTRADICTION',
            message: 'equals beside oneOf: one of them alone decides',
            expected: 'equals or oneOf',
            example: `equals: ${p.equals}`,
          },
        ]
      : [],
  examples: [
    {
      note: 'the right print',
      rule: { of: 'label', equals: 'KIT A' },
      legend: { l: { interest: 'label', text: 'KIT A' } },
      scene: 'lll',
      violated: false,
    },
    {
      note: 'another print',
      rule: { of: 'label', equals: 'KIT A', maxEdits: 1 },
      legend: { l: { interest: 'label', text: 'KIT 77' } },
      scene: 'lll',
      violated: true,
    },
  ],
});
