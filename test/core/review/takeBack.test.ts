import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';
import { REVIEW } from '../../../src/core/review/constants.ts';
import { setSetting } from '../../../src/core/review/edits.ts';
import { offersFor } from '../../../src/core/review/index.ts';
import { openRejudge, type StoredPart, type Taught } from '../../../src/core/review/rejudge.ts';
import { takeBack } from '../../../src/core/review/takeBack.ts';
import { heldMargins, marginsOf } from '../../../src/core/review/tighten.ts';
import { compileRules, lintRules } from '../../../src/core/rules/index.ts';
import { duplicated, moved } from '../../../src/core/rules/tools/edit.ts';
import type { Scene } from '../../../src/core/scene.ts';
import { TOY_RULES, toyNormals, toyScene } from '../../support/toyProduct.ts';

/** Normals of which some stand off: a little off one teaches, far off it is set aside under any of these bounds. */
function taughtBy(off: Readonly<Record<number, number>>): Taught {
  const scenes = toyNormals(16).map((s, i) => (off[i] ? moved(s, 1, off[i], 0) : s));
  const normals = scenes.map((scene) => ({ image: scene.image, sha256: `sha of ${scene.image}`, scene }));
  return { normals, calibration: [] };
}
const taught = taughtBy({ 5: 0.012, 9: 0.45 });
const HEAD = TOY_RULES.replace('  - { id: level', '  # how full it is\n  - { id: level');
const LEARNT = ['level', 'label-place', 'mark-place'] as const;
const compiled = (text: string) => compileRules(text, 'toy.yaml');
const open = (text: string, by = taught) => openRejudge(compiled(text), by);
const widened = (factors: Readonly<Record<string, number>>): string =>
  Object.entries(factors).reduce((t, [id, k]) => setSetting(t, id, 'tolerance', k)!, HEAD);
const factorsOf = (text: string): Record<string, number | undefined> =>
  Object.fromEntries(compiled(text).file.rules.map((r) => [r.id, r.tolerance]));

const random = createRandom(4);
const stored = (id: string, review: StoredPart['review'], change: (s: Scene) => Scene = (s) => s): StoredPart => ({
  ...{ id, name: `${id}.png`, sha256: id, review },
  scene: change(toyScene(`${id}.png`, random)),
});
const off = (by: number) => (s: Scene) => moved(s, 1, by, 0);
const input = (part: StoredPart, reviewed: readonly StoredPart[], text: string) => ({
  ...{ text, path: 'toy.yaml', taught, part, reviewed },
});

describe('widened tolerances', () => {
  const factor = fc.constantFrom(0.7, 1, 1.3, 2, 4, 9);
  const factors = fc.record({ level: factor, 'label-place': factor, 'mark-place': factor });
  const shifts = fc.array(fc.constantFrom(0, 0.04, 0.08, 0.14), { maxLength: 2 });

  it('come in as far as normals and good parts allow, no farther than was learnt, and nothing else changes', () => {
    let taken = 0;
    fc.assert(
      fc.property(factors, shifts, (wide, by) => {
        const text = widened(wide);
        const now = open(text);
        const good = by.map((d, i) => stored(`good ${i}`, 'ok', off(d)));
        const back = takeBack({ text, path: 'toy.yaml', now, taught, held: heldMargins(now, taught), good });
        if (back === null) return;
        taken++;
        const [before, after] = [factorsOf(text), factorsOf(back.text)];
        const touched = new Map(back.rules.map((t) => [t.rule, t]));
        for (const id of Object.keys(before)) {
          const t = touched.get(id);
          if (!t) expect(after[id]).toBe(before[id]);
          else {
            expect(before[id]).toBe(t.from);
            expect(t.from).toBeGreaterThan(t.tolerance);
            expect(t.tolerance).toBeGreaterThanOrEqual(1);
            expect(after[id]).toBe(t.tolerance === 1 ? undefined : t.tolerance);
            expect(Math.abs(t.tolerance / REVIEW.step - Math.round(t.tolerance / REVIEW.step))).toBeLessThan(1e-6);
          }
        }
        expect(back.text).toContain('# how full it is');
        expect(lintRules(back.text, 'toy.yaml').length).toBeLessThanOrEqual(lintRules(text, 'toy.yaml').length);
        // Opened anew, without the shortcut of an edit.
        const fresh = open(back.text);
        const normals = heldMargins(fresh, taught, now.bounds.learning.aside);
        for (const id of touched.keys()) {
          expect(normals.get(id)!.worst * REVIEW.clear).toBeLessThanOrEqual(1 + 1e-6);
          for (const g of good)
            expect((marginsOf(fresh.judge(g)).get(id) ?? 0) * REVIEW.clear).toBeLessThanOrEqual(1 + 1e-6);
        }
      }),
      { numRuns: 12, seed: 5 },
    );
    expect(taken).toBeGreaterThan(3);
  });

  it('that a part called good needs stay as wide as it needs them', () => {
    const text = widened({ level: 9, 'label-place': 9 });
    const good = [stored('off', 'ok', off(0.14))];
    const now = open(text);
    const call = (list: readonly StoredPart[]) =>
      takeBack({ text, path: 'toy.yaml', now, taught, held: heldMargins(now, taught), good: list })!.rules;
    const place = (list: readonly StoredPart[]) => call(list).find((t) => t.rule === 'label-place');
    expect(place(good)!.tolerance).toBeGreaterThan(place([])!.tolerance);
    expect(place(good)!.tolerance).toBeLessThan(9);
    expect(call(good).map((t) => t.rule)).toContain('level');
  });

  it('that turn out to be needed once the edit is judged are kept', () => {
    const text = widened({ level: 9, 'label-place': 9 });
    const wider = taughtBy({ 5: 0.03, 9: 0.45 });
    const now = open(text, wider);
    const held = heldMargins(now, wider);
    const call = (of: typeof held) =>
      takeBack({ ...{ text, path: 'toy.yaml', now, taught: wider }, held: of, good: [] })!.rules;
    expect(call(held).map((t) => [t.rule, t.tolerance > 1])).toEqual([
      ['level', false],
      ['label-place', true],
    ]);
    // Were less said of the normals than they need, the edit itself would show it.
    const less = new Map([...held, ['label-place', { ...held.get('label-place')!, worst: 0 }]] as const);
    expect(call(less).map((t) => t.rule)).toEqual(['level']);
  });
});

describe('a bad part among widened tolerances', () => {
  const text = widened(Object.fromEntries(LEARNT.map((id) => [id, 6])));
  const good = [stored('fine', 'ok'), stored('fair', 'ok')];

  it('that is missed is answered by all of them at once, before any single one', () => {
    const [part, twin] = [stored('off', 'nok', off(0.1)), stored('twin', 'nok', off(-0.1))];
    const { situation, items } = offersFor(input(part, [part, twin, ...good], text));
    expect(situation).toBe('miss');
    expect(items[0]).toMatchObject({ kind: 'take-back', id: 'take-back:all', rule: null, needs: [] });
    expect(items[0]!.title).toMatch(/^Take back the widened tolerances of \d rules: no normal and no part reviewed OK/);
    expect(items[0]!.replay!.breaks).toEqual([]);
    expect(items[0]!.replay!.fixes.map((f) => f.inspection).sort()).toEqual(['off', 'twin']);
    expect(items[0]!.evidence.some((e) => /^level, from 6 to .*15 normals.*2 parts reviewed OK/.test(e))).toBe(true);
    expect(items.filter((o) => o.kind === 'tighten').length).toBeGreaterThan(0);
  });

  it('that is rejected anyway brings the offer where something is wider than needed, and only there', () => {
    const part = stored('three', 'nok', (s) => duplicated(s, 3, 0.3, 0.3));
    const { situation, items } = offersFor(input(part, [part, ...good], text));
    expect(situation).toBe('confirmed');
    expect(items.map((o) => o.kind)).toEqual(['take-back']);
    const after = items[0]!.text!;
    expect(offersFor(input(part, [part, ...good], after))).toMatchObject({ situation: 'none', items: [] });
    expect(offersFor(input(part, [part, ...good], HEAD))).toMatchObject({ situation: 'none', items: [] });
  });

  it('that goes on passing says so', () => {
    const part = stored('same', 'nok');
    const { items } = offersFor(input(part, [part, ...good], text));
    expect(items[0]).toMatchObject({ kind: 'take-back', replay: { fixes: [], breaks: [] } });
    expect(items[0]!.evidence[0]).toMatch(/still not rejected/);
  });
});
