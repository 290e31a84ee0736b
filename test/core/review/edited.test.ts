import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';
import { setSetting } from '../../../src/core/review/edits.ts';
import { openRejudge, rejudgeEdit, type Taught } from '../../../src/core/review/index.ts';
import { heldMargins } from '../../../src/core/review/tighten.ts';
import { compileRules } from '../../../src/core/rules/index.ts';
import { moved } from '../../../src/core/rules/tools/edit.ts';
import { TOY_RULES, toyNormals, toyScene } from '../../support/toyProduct.ts';

// One gross outlier among the normals: it is set aside, unless an edit makes room for it.
const normals = toyNormals(14).map((s, i) => (i === 5 ? moved(s, 1, 0.06, 0) : s));
const taught: Taught = {
  normals: normals.map((scene) => ({ image: scene.image, sha256: scene.image, scene })),
  calibration: [],
};
const random = createRandom(3);
const parts = Array.from({ length: 6 }, (_, i) => {
  const scene = toyScene(`part ${i}`, random, 0.006);
  return { scene: i % 2 ? moved(scene, 1, 0.012 * i, 0) : scene, sha256: `part ${i}` };
});
const TEXT = `${TOY_RULES}  - { id: only-where-level, kind: area, of: label, when: { rule: level, is: held } }\n`;
const compiled = (text: string) => compileRules(text, 'toy.yaml');
const edit = fc.record({
  rule: fc.constantFrom('level', 'label-place', 'mark-place', 'only-where-level'),
  set: fc.oneof(
    fc.constantFrom(0.3, 0.8, 2, 12).map((v) => ['tolerance', v] as const),
    fc.constant(['severity', 'warn'] as const),
  ),
});

describe('an edit of an edit', () => {
  it('judges as the whole file opened anew, whichever normals it sets aside', () => {
    const now = openRejudge(compiled(TEXT), taught);
    expect(now.bounds.learning.aside?.size).toBe(1);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let [text, chained] = [TEXT, now];
        for (const { rule, set } of edits) {
          text = setSetting(text, rule, set[0], set[1])!;
          chained = rejudgeEdit(chained, compiled(text), taught);
        }
        const fresh = openRejudge(compiled(text), taught);
        const known = { scene: normals[2]!, sha256: normals[2]!.image };
        for (const part of [...parts, known]) {
          const [a, b] = [chained.judge(part), fresh.judge(part)];
          expect([a.verdict, a.unit, a.violations]).toEqual([b.verdict, b.unit, b.violations]);
        }
        const sorted = (m: ReturnType<typeof heldMargins>) => [...m].sort(([x], [y]) => (x < y ? -1 : 1));
        expect(sorted(heldMargins(chained, taught))).toEqual(sorted(heldMargins(fresh, taught)));
      }),
      { numRuns: 6 },
    );
  });
});
