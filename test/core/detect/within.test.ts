import { describe, expect, it } from 'vitest';
import { bareScene } from '../../../src/core/detect/regions.ts';
import { sceneMask, structureReadings } from '../../../src/core/detect/within.ts';
import { doubtsOf } from '../../../src/core/doubts.ts';
import { LogsadError } from '../../../src/core/errors.ts';
import { grid } from '../../../src/core/grid/grid.ts';
import { encodeRuns } from '../../../src/core/grid/runs.ts';
import { compileRules, evaluateRules, learnRules } from '../../../src/core/rules/index.ts';
import type { Instance, Scene } from '../../../src/core/scene.ts';
import { structureKey } from '../../../src/core/structureKey.ts';

const SIDE = 8;
const head = `schema: logsad/rules/v1
product: p
interests:
  cap: { form: thing, colour: [red] }
  body: { form: thing, colour: [blue] }
regions: { around: { interest: cap, grow: 0.125 }, left: { box: [0, 0, 0.5, 1] } }
`;
const rules = `rules:
  - { id: in-cap, kind: structure, of: cap, because: x }
  - { id: in-body, kind: structure, of: body, because: x }
  - { id: near-cap, kind: structure, region: around, pool: mean, because: x }
  - { id: anywhere, kind: structure, pool: top, because: x }
`;
const IN_CAP = structureKey({ of: 'cap' });
const NEAR_CAP = structureKey({ region: 'around', pool: 'mean' });
const ANYWHERE = structureKey({ pool: 'top' });
const file = compileRules(head + rules, 'r.yaml').file;

/** A cap on cells (4..5, 4..5) and a body nowhere. */
function sceneOf(name: string): Scene {
  const frame = { imageWidth: 64, imageHeight: 64, box: [0, 0, 1, 1] as const, width: 64, height: 64 };
  const cells = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return x >= 4 && x <= 5 && y >= 4 && y <= 5 ? 1 : 0;
  });
  const cap = {
    id: 1,
    interest: 'cap',
    status: 'known',
    mask: encodeRuns(cells),
    area: 4 / 64,
    box: [0.5, 0.5, 0.75, 0.75],
    centroid: [0.625, 0.625],
    orientation: null,
    lab: [0, 0, 0],
    feature: [],
    attributes: {},
  } as unknown as Instance;
  return { ...bareScene(name, frame, 8), instances: [cap] };
}

/** 0 everywhere but 1 on cell (x, y). */
const spot = (x: number, y: number) =>
  grid(
    Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i === y * SIDE + x ? 1 : 0)),
    SIDE,
    SIDE,
  );

describe('structure rules', () => {
  it('pool the map over instances, over regions that follow them, and over everything', () => {
    const scene = sceneOf('a');
    const inside = structureReadings(spot(4, 5), file, scene, new Map());
    expect(inside).toEqual({ [IN_CAP]: 1, [NEAR_CAP]: 1 / 16, [ANYWHERE]: 1 });
    const beside = structureReadings(spot(3, 5), file, scene, new Map());
    expect(beside).toEqual({ [IN_CAP]: 0, [NEAR_CAP]: 1 / 16, [ANYWHERE]: 1 });
    expect(structureReadings(spot(0, 0), file, scene, new Map())[NEAR_CAP]).toBe(0);
  });

  it('learn their borders from normals in other focus and light too', () => {
    const compiled = compileRules(`${head}rules:\n  - { id: anywhere, kind: structure, because: x }\n`, 'r.yaml');
    const key = structureKey({});
    const normal = (value: number, altered: number | null): Scene => ({
      ...sceneOf(`${value}`),
      detectors: {
        patch: {
          score: value,
          within: { [key]: value },
          ...(altered === null ? {} : { altered: { score: altered, within: { [key]: altered } } }),
        },
      },
    });
    const high = (altered: number | null): number => {
      const learnt = learnRules(
        compiled,
        [0.2, 0.21, 0.19, 0.2, 0.22, 0.2].map((v, i) => normal(v, i === 0 ? altered : null)),
      );
      const [m] = evaluateRules(compiled, learnt, normal(0.2, null)).measurements;
      return m!.expected.high!;
    };
    expect(high(0.5)).toBeGreaterThan(Math.max(0.5, high(null)));
    expect(high(0.2)).toBeCloseTo(high(null), 9);
  });

  it('places that follow the product or an interest are where the scene shows them', () => {
    const scene = { ...sceneOf('a'), product: [0.25, 0, 0.5, 0.5] as const };
    const size = { width: SIDE, height: SIDE };
    const covered = (region: string): number =>
      sceneMask([{ region }], file, scene, size, new Map())!.data.reduce((a, b) => a + b, 0);
    expect([covered('product'), covered('cap'), covered('left'), covered('image')]).toEqual([8, 4, 32, 64]);
    expect(covered('body')).toBe(0);
  });

  it('never pass in silence: a person is asked where normals or picture have no map of the place', () => {
    const compiled = compileRules(head + rules.split('\n').slice(0, 2).join('\n'), 'r.yaml');
    const seen = (score: number): Scene => ({
      ...sceneOf('n'),
      detectors: { patch: { score, within: { [IN_CAP]: score } } },
    });
    const normals = Array.from({ length: 8 }, (_, i) => seen(0.2 + 0.01 * i));
    const judged = (learnt: readonly Scene[], scene: Scene) => {
      const { measurements, violations } = evaluateRules(compiled, learnRules(compiled, learnt), scene);
      return { fired: violations.map((v) => v.rule), doubts: doubtsOf(scene, measurements, learnt).join() };
    };
    expect(judged(normals, seen(0.22))).toEqual({ fired: [], doubts: '' });
    expect(judged(normals, seen(0.9))).toEqual({ fired: ['in-cap'], doubts: '' });
    expect(judged(normals, sceneOf('a')).doubts).toContain('cannot judge in-cap');
    expect(
      judged(
        normals.map((n) => ({ ...n, detectors: {} })),
        seen(0.9),
      ).doubts,
    ).toContain('cannot judge in-cap');
  });

  it('ask a person after an edit of place or pool, and keep their bounds under another id', () => {
    const readings = { [IN_CAP]: 0.2 };
    const learnt = Array.from({ length: 8 }, (_, i): Scene => {
      const within = { [IN_CAP]: 0.2 + 0.01 * i };
      return { ...sceneOf('n'), detectors: { patch: { score: 0.2, within } } };
    });
    const doubts = (line: string): string => {
      const compiled = compileRules(`${head}rules:\n  - ${line}\n`, 'r.yaml');
      const within = { ...readings, ...structureReadings(spot(4, 5), compiled.file, sceneOf('a'), new Map()) };
      const scene: Scene = { ...sceneOf('a'), detectors: { patch: { score: 1, within } } };
      const { measurements } = evaluateRules(compiled, learnRules(compiled, learnt), scene);
      return doubtsOf(scene, measurements, learnt).join();
    };
    expect(doubts('{ id: in-cap, kind: structure, of: cap, because: x }')).toBe('');
    expect(doubts('{ id: renamed, kind: structure, of: cap, pool: max, because: x }')).toBe('');
    expect(doubts('{ id: in-cap, kind: structure, of: cap, pool: mean, because: x }')).toContain('cannot judge in-cap');
    expect(doubts('{ id: in-cap, kind: structure, region: left, because: x }')).toContain('cannot judge in-cap');
  });

  it('need patch matching among the detectors', () => {
    const compile = (): unknown => compileRules(`${head}${rules}detectors: [composition]\n`, 'r.yaml');
    expect(compile).toThrow(LogsadError);
    expect(compile).toThrow(/patch/);
  });
});
