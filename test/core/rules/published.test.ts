import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeRuns } from '../../../src/core/grid/runs.ts';
import { sceneOfMasks } from '../../../src/core/rules/drawnScene.ts';
import { compileRules, evaluateRules, learnRules } from '../../../src/core/rules/index.ts';
import type { Measurement, Scene } from '../../../src/core/scene.ts';
import { shared } from '../../support/shared.ts';

const folder = shared('golden/segment');

interface Variant {
  readonly components: number;
  readonly slice_count: number;
  readonly left_right_ratio: number;
  readonly area_ratio_published: number;
  readonly area_per_unit_published: number;
  readonly distance: number;
  readonly distance_ratio: number | null;
  readonly attribute: number | null;
  readonly attribute_scores: readonly number[] | null;
  readonly violated_published: Readonly<Record<string, boolean>>;
  readonly maps: Readonly<Record<string, readonly number[]>>;
}

/** ALGORITHM 6.1, rows 2 to 6, with the published behaviour on empty masks (a missing cable counts as yellow). */
const RULES = `schema: logsad/rules/v1
product: connectors
frame: { fit: warp, size: 448 }
interests:
  body: { form: thing, source: silhouette, clean: { minArea: 64, unit: px@448 } }
  core: { form: thing, source: silhouette, clean: { minArea: 64, erode: 23, unit: px@448 } }
  cable: { form: stuff, say: [cable], clean: { erode: 5, minArea: 64, unit: px@448 } }
attributes:
  colour: { of: cable, absent: yellow, values: { yellow: { say: [yellow cable] }, blue: { say: [blue cable] }, red: { say: [red cable] } } }
rules:
  - { id: components, kind: components, of: body, equals: 1 }
  - { id: slice_count, kind: crossings, of: body, axis: x, at: 0.5, width: 2, unit: px@448, equals: 1 }
  - { id: area_per_unit, kind: areaPerUnit, of: core, by: colour, units: { yellow: 2, blue: 3, red: 5 }, unit: px@448, as: ratio, reference: mean, within: [0.8, 1.2] }
  - { id: left_right, kind: symmetry, of: core, axis: x, within: [0.8, 1.2] }
  - { id: distance, kind: distance, between: [core, core], normalisedBy: image, as: ratio, reference: mean, within: [0.6, 1.4] }
`;
const COLOURS = ['yellow', 'blue', 'red'];

function sceneOf(name: string, v: Variant): Scene {
  const mask = (map: string) => decodeRuns(v.maps[map]!, 448, 448);
  const distances = Object.fromEntries((v.attribute_scores ?? []).map((s, i) => [COLOURS[i]!, 1 - s]));
  return sceneOfMasks(
    [
      { part: { interest: 'body' }, mask: mask('silhouette') },
      { part: { interest: 'core' }, mask: mask('silhouette_eroded_23') },
      ...(v.attribute_scores
        ? [{ part: { interest: 'cable', attributes: { colour: distances } }, mask: mask('cable_eroded_5') }]
        : []),
    ],
    { image: name },
  );
}

describe.skipIf(folder === null)('published splicing rules (needs ../shared/golden/segment)', () => {
  const golden =
    folder === null
      ? { references: [], variants: {} }
      : (JSON.parse(readFileSync(join(folder, 'b.expected.json'), 'utf8')) as {
          references: string[];
          variants: Record<string, Variant>;
        });
  const compiled = compileRules(RULES, 'connectors.yaml');
  const learnt = learnRules(
    compiled,
    golden.references.map((r) => sceneOf(r, golden.variants[r]!)),
  );

  it.each(Object.entries(golden.variants))('%s: counts, ratios and violations as published', (name, v) => {
    const outcome = evaluateRules(compiled, learnt, sceneOf(name, v));
    const of = (rule: string): Measurement => outcome.measurements.find((m) => m.rule === rule)!;
    expect(of('components').measured).toBe(v.components);
    expect(of('slice_count').measured).toBe(v.slice_count);
    expect(of('area_per_unit').measured).toBeCloseTo(v.area_ratio_published, 6);
    expect(of('left_right').measured).toBeCloseTo(v.left_right_ratio, 6);
    if (v.distance_ratio === null) expect(of('distance').skipped).toMatch(/1 parts of core/);
    else expect(of('distance').measured).toBeCloseTo(v.distance_ratio, 6);
    expect(Object.fromEntries(outcome.measurements.map((m) => [m.rule, m.violated]))).toEqual(v.violated_published);
  });

  it.each([
    [344, true],
    [345, false],
    [387, false],
    [388, true],
  ])('amount of metal: %d cells against the constant 366 and 6 %%', (cells, violated) => {
    const bag = compileRules(
      'schema: logsad/rules/v1\nproduct: bag\ninterests: { metal: { form: stuff, say: [metal] } }\nrules:\n  - { id: metal, kind: area, of: metal, unit: cells@64, as: ratio, reference: 366, within: [0.94, 1.06] }\n',
      'bag.yaml',
    );
    const mask = { data: new Uint8Array(64 * 64).fill(1, 0, cells), height: 64, width: 64, channels: 1 };
    expect(
      evaluateRules(bag, null, sceneOfMasks([{ part: { interest: 'metal' }, mask }])).measurements[0]!.violated,
    ).toBe(violated);
  });
});
