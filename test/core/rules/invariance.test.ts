import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleFile, exampleScene } from '../../../src/core/rules/examples.ts';
import { compileRules, evaluateRules, KINDS, learnRules } from '../../../src/core/rules/index.ts';
import type { AnyRuleKind, KindExample } from '../../../src/core/rules/kind.ts';
import type { Scene } from '../../../src/core/scene.ts';

const pad = (d: string): string[] => {
  const rows = d.split('\n');
  const width = Math.max(...rows.map((r) => r.length));
  return rows.map((r) => r.padEnd(width, '.'));
};
const mirror = (d: string): string =>
  pad(d)
    .map((r) => [...r].reverse().join(''))
    .join('\n');
const enlarge = (d: string): string =>
  pad(d)
    .flatMap((r) => Array(2).fill([...r].map((c) => c + c).join('')))
    .join('\n');
const same = (d: string): string => d;

/** The same scene with its instances found in another order. */
function shuffled(scene: Scene, order: readonly number[]): Scene {
  const rank = scene.instances
    .map((_, i) => i)
    .sort((a, b) => order[a % order.length]! - order[b % order.length]! || b - a);
  const renamed = new Map(rank.map((old, i) => [scene.instances[old]!.id, i]));
  return {
    ...scene,
    instances: rank.map((old, i) => {
      const { parent, ...rest } = scene.instances[old]!;
      return { ...rest, id: i, ...(parent === undefined ? {} : { parent: renamed.get(parent)! }) };
    }),
  };
}

interface Result {
  readonly unit: number;
  readonly margins: readonly number[];
}

function judge(
  kind: AnyRuleKind,
  example: KindExample,
  scene: string,
  redraw: (d: string) => string,
  change: (s: Scene) => Scene = (s) => s,
): Result {
  const compiled = compileRules(exampleFile(kind.kind, example), 'x.yaml');
  const normals = (example.normals ?? []).map((d) => change(exampleScene(example, d, redraw)));
  const outcome = evaluateRules(
    compiled,
    normals.length > 0 ? learnRules(compiled, normals) : null,
    change(exampleScene(example, scene, redraw)),
  );
  return { unit: outcome.unit, margins: outcome.measurements.map((m) => m.margin).sort((a, b) => a - b) };
}

function alike(a: Result, b: Result): void {
  expect(b.unit).toBeCloseTo(a.unit, 6);
  expect(b.margins).toHaveLength(a.margins.length);
  b.margins.forEach((m, i) => {
    expect(m).toBeCloseTo(a.margins[i]!, 6);
    expect(Number.isFinite(m)).toBe(true);
  });
}

/** Random pictures of the letters of an example, no larger than its own. */
function pictures(example: KindExample): fc.Arbitrary<string> {
  const letters = Object.keys(example.legend).filter((k) => k.length === 1);
  const rows = pad(example.scene);
  const cell = fc.oneof(
    { weight: 2, arbitrary: fc.constant('.') },
    { weight: 3, arbitrary: fc.constantFrom(...letters) },
  );
  return fc
    .array(fc.array(cell, { minLength: rows[0]!.length, maxLength: rows[0]!.length }), {
      minLength: rows.length,
      maxLength: rows.length,
    })
    .map((g) => g.map((r) => r.join('')).join('\n'));
}

const RUNS = 25;

const CHANGES = {
  mirror: (kind: AnyRuleKind, example: KindExample, scene: string) => judge(kind, example, scene, mirror),
  scale: (kind: AnyRuleKind, example: KindExample, scene: string) => judge(kind, example, scene, enlarge),
  shuffle: (kind: AnyRuleKind, example: KindExample, scene: string, order: readonly number[]) =>
    judge(kind, example, scene, same, (s) => shuffled(s, order)),
} as const;

describe('invariances that kinds declare', () => {
  const laws = KINDS.flatMap((kind) => kind.invariant.map((law) => [kind.kind, law, kind] as const));
  it.each(laws)('%s does not care for: %s', (_, law, kind) => {
    const order = fc.array(fc.nat(99), { minLength: 1, maxLength: 9 });
    for (const example of kind.examples) {
      const holds = (scene: string, by: number[]): void =>
        alike(judge(kind, example, scene, same), CHANGES[law](kind, example, scene, by));
      fc.assert(fc.property(pictures(example), order, holds), { numRuns: RUNS, seed: 7 });
    }
  });
});

describe.each(KINDS.map((k) => [k.kind, k] as const))('%s', (_, kind) => {
  it('yields finite margins and a violation exactly where a margin is above 1', () => {
    for (const example of kind.examples) {
      fc.assert(
        fc.property(pictures(example), (scene) => {
          const compiled = compileRules(exampleFile(kind.kind, example), 'x.yaml');
          const normals = (example.normals ?? []).map((d) => exampleScene(example, d));
          const outcome = evaluateRules(
            compiled,
            normals.length > 0 ? learnRules(compiled, normals) : null,
            exampleScene(example, scene),
          );
          expect(outcome.measurements.length).toBeGreaterThan(0);
          for (const m of outcome.measurements) {
            expect(Number.isFinite(m.margin) && m.margin >= 0 && m.margin <= 100).toBe(true);
            expect(m.violated).toBe(m.skipped === undefined && m.margin > 1);
          }
          expect(outcome.violations.length > 0).toBe(outcome.unit > 1);
        }),
        { numRuns: RUNS, seed: 10 },
      );
    }
  });
});
