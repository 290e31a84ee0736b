import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/grid/random.ts';
import { type Offer, offersFor } from '../../../src/core/review/index.ts';
import { isWrong, openRejudge, type StoredPart, type Taught } from '../../../src/core/review/rejudge.ts';
import { compileRules, lintRules } from '../../../src/core/rules/index.ts';
import { duplicated, moved, recoloured } from '../../../src/core/rules/tools/edit.ts';
import type { Scene } from '../../../src/core/scene.ts';
import { TOY_RULES, toyNormals, toyScene } from '../../support/toyProduct.ts';

const normals = toyNormals(20);
const taught: Taught = {
  normals: normals.map((scene) => ({ image: scene.image, sha256: `sha of ${scene.image}`, scene })),
  calibration: [],
};
const random = createRandom(9);
const stored = (id: string, review: StoredPart['review'], change: (s: Scene) => Scene = (s) => s): StoredPart => ({
  ...{ id, name: `${id}.png`, sha256: id, review },
  scene: change(toyScene(`${id}.png`, random)),
});
const COMMENTED = TOY_RULES.replace('  - { id: level', '  # how full it is\n  - { id: level');
const input = (part: StoredPart, reviewed: readonly StoredPart[], text = COMMENTED) => ({
  ...{ text, path: 'toy.yaml', taught, part, reviewed },
});
const judgeUnder = (text: string) => openRejudge(compileRules(text, 'toy.yaml'), taught).judge;

/** Every offer keeps comments, lints clean, and says of the reviewed parts what judging them anew says. */
function sound(offers: readonly Offer[], text: string, parts: readonly StoredPart[]): void {
  const before = judgeUnder(text);
  const warnings = lintRules(text, 'toy.yaml').length;
  for (const o of offers) {
    if (o.text === null) continue;
    expect(lintRules(o.text, 'toy.yaml').length, o.id).toBeLessThanOrEqual(warnings);
    expect(o.text).toContain('# how full it is');
    expect(o.diff.some((l) => l.op === '+')).toBe(true);
    if (!o.replay || o.replay.approximate) continue;
    const after = judgeUnder(o.text);
    const wrong = (p: StoredPart, judge: typeof after): boolean => isWrong(judge(p).verdict, p.review);
    const fixes = parts.filter((p) => wrong(p, before) && !wrong(p, after)).map((p) => p.id);
    const breaks = parts.filter((p) => !wrong(p, before) && wrong(p, after)).map((p) => p.id);
    expect(o.replay.fixes.map((c) => c.inspection).sort(), o.id).toEqual(fixes.sort());
    expect(o.replay.breaks.map((c) => c.inspection).sort(), o.id).toEqual(breaks.sort());
    expect(o.replay.judged).toBe(parts.length);
  }
}

describe('a false alarm', () => {
  const far = (s: Scene): Scene => moved(s, 1, 0.03, 0);
  const part = stored('alarm', 'ok', far);
  const reviewed = [part, stored('good', 'ok'), stored('bad', 'nok', (s) => duplicated(s, 3, 0.3, 0.3))];
  const { situation, items } = offersFor(input(part, reviewed));

  it('is answered by the smallest wider bound, before anything that learns anew', () => {
    expect(situation).toBe('false-alarm');
    expect(items[0]).toMatchObject({ kind: 'widen', rule: 'label-place', needs: [] });
    const { tolerance } = compileRules(items[0]!.text!, 'toy.yaml').file.rules.find((r) => r.id === 'label-place')!;
    expect(tolerance).toBeGreaterThan(1);
    const after = judgeUnder(items[0]!.text!)(part);
    expect(after.verdict).toBe('pass');
    expect(after.unit).toBeGreaterThan(0.85);
    expect(items[0]!.replay).toMatchObject({ breaks: [], reviewed: 3 });
    expect(items.map((o) => o.kind)).toEqual(['widen', 'warn', 'add-normal']);
    sound(items, COMMENTED, reviewed);
  });

  it('adds the picture to the normals under a name that none has', () => {
    const offer = items.find((o) => o.kind === 'add-normal')!;
    expect(offer).toMatchObject({ text: null, normal: 'review-alarm.png', needs: ['normal', 'learn'] });
    expect(offer.replay).toMatchObject({ approximate: true });
    expect(offer.replay!.note).toMatch(/not in these figures/);
  });

  it('widens stated bounds and stated numbers to what was seen', () => {
    const stated = COMMENTED.replace('of: label }', 'of: label, axis: x, within: [0.49, 0.51] }');
    const wide = offersFor(input(part, reviewed, stated)).items[0]!;
    expect(wide).toMatchObject({ kind: 'widen', rule: 'label-place' });
    expect(judgeUnder(wide.text!)(part).unit).toBeLessThan(1);
    const three = stored('three', 'ok', (s) => duplicated(s, 3, 0.3, 0.3));
    const counts = offersFor(input(three, [three]));
    expect(counts.items[0]!.diff.find((l) => l.op === '+')!.line).toContain('oneOf: [ 2, 3 ]');
    expect(judgeUnder(counts.items[0]!.text!)(three).verdict).not.toBe('reject');
    sound(counts.items, COMMENTED, [three]);
  });

  it('of what nobody knows may be ignored, and a variant may be made', () => {
    const unknown = { mask: [], area: 0.01, box: [0.1, 0.8, 0.2, 0.9], centroid: [0.15, 0.85], distance: 9 } as const;
    const odd = stored('odd', 'ok', (s) => ({ ...s, unknown: [unknown] }));
    const text = `${COMMENTED.replace('values: { red: { colour: red }', 'values: { red: { exemplars: [000.png] }')}  - { id: strange, kind: likeness, of: unknown }\n`;
    const offers = offersFor(input(odd, [odd], text)).items;
    const ignoring = offers.find((o) => o.kind === 'ignore')!;
    expect(ignoring.text).toContain('box: [ 0.09, 0.79, 0.21, 0.91 ]');
    expect(ignoring.replay).toMatchObject({ approximate: true, fixes: [{ inspection: 'odd' }] });
    expect(offers.find((o) => o.kind === 'variant')).toMatchObject({ replay: null, normal: 'review-odd.png' });
  });
});

describe('a miss', () => {
  const LOOSE = COMMENTED.replace(
    'kind: extent, of: liquid, edge: top',
    'kind: extent, of: liquid, edge: top, tolerance: 4',
  );
  const low = (s: Scene): Scene => ({
    ...s,
    instances: s.instances.map((i) =>
      i.id === 0 ? { ...i, box: [i.box[0], i.box[1] + 0.05, i.box[2], i.box[3]] } : i,
    ),
  });
  const part = stored('low', 'nok', low);
  const twin = stored('twin', 'nok', low);
  const good = [stored('good', 'ok'), stored('fine', 'ok')];
  const { situation, items } = offersFor(input(part, [part, twin, ...good], LOOSE));

  it('is answered by the bound that the normals alone give', () => {
    expect(situation).toBe('miss');
    expect(items[0]).toMatchObject({ kind: 'tighten', rule: 'level' });
    expect(items[0]!.text).toContain('edge: top, tolerance: 1 }');
    expect(items[0]!.replay!.fixes.map((f) => f.inspection).sort()).toEqual(['low', 'twin']);
    expect(items[0]!.evidence[0]).toMatch(/20 normals/);
    sound(items, LOOSE, [part, twin, ...good]);
  });

  it('is answered by predicates that hold on all normals and on no part called good', () => {
    const pale = stored('pale', 'nok', (s) => recoloured(s, 3, [40, -20, 40]));
    const offers = offersFor(input(pale, [pale, ...good]));
    const added = offers.items.filter((o) => o.kind === 'add-rule');
    expect(added.map((o) => o.rule)).toContain('colour-of-clip');
    for (const o of added) {
      const judge = judgeUnder(o.text!);
      expect(judge(pale).verdict).toBe('reject');
      for (const n of taught.normals)
        expect(judge(n).measurements.find((m) => m.rule === o.rule)!.margin).toBeLessThan(1.5);
      for (const g of good) expect(judge(g).verdict).not.toBe('reject');
    }
    sound(offers.items, COMMENTED, [pale, ...good]);
  });

  it('what no bound and no predicate tells from the normals has no offers, and says so', () => {
    const same = stored('same', 'nok');
    expect(offersFor(input(same, [same]))).toMatchObject({ situation: 'miss', items: [], note: /tells this part/ });
    expect(offersFor(input({ ...part, review: null }, []))).toMatchObject({ situation: 'none' });
    const rejected = stored('gone', 'nok', (s) => duplicated(s, 3, 0.3, 0.3));
    expect(offersFor(input(rejected, []))).toMatchObject({ situation: 'none', note: /already/ });
  });
});
