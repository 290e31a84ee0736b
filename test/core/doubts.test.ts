import { describe, expect, it } from 'vitest';
import { doubtsOf } from '../../src/core/doubts.ts';
import { heldOutScenes } from '../../src/core/ground/heldOut.ts';
import { compileRules, evaluateRules, learnRules, UNKNOWN } from '../../src/core/rules/index.ts';
import type { Instance, Measurement, Scene } from '../../src/core/scene.ts';

const RULES = `schema: logsad/rules/v1
product: p
interests:
  part: { form: thing, exemplars: [{ image: a.png, boxes: [[0.1, 0.1, 0.2, 0.2]] }] }
rules:
  - { id: one, kind: count, of: part, equals: 1, because: One part. }
`;

function part(parts: Partial<Instance>): Instance {
  return {
    id: 0,
    interest: 'part',
    status: 'known',
    mask: [],
    area: 0.01,
    box: [0.4, 0.4, 0.5, 0.5],
    centroid: [0.45, 0.45],
    orientation: 0,
    length: 0.1,
    width: 0.1,
    lab: [50, 0, 0],
    labStd: [1, 1, 1],
    feature: [1, 0],
    attributes: {},
    likeness: { value: 0.1, terms: {} },
    ...parts,
  };
}

function scene(instances: Instance[], width = 640, height = 480): Scene {
  return {
    schema: 'logsad/scene/v1',
    image: 'x.png',
    frame: { imageWidth: width, imageHeight: height, box: [0, 0, 1, 1], width, height },
    grid: { width: 160, height: 120 },
    variant: null,
    product: [0, 0, 1, 1],
    instances: instances.map((i, id) => ({ ...i, id })),
    unknown: [],
    quality: {},
    detectors: {},
  };
}

const compiled = compileRules(RULES, 'rules.yaml');

describe('doubts', () => {
  const measured = { skipped: undefined } as unknown as Measurement;
  it('are raised by a picture of another shape, and by rules none of which applies', () => {
    expect(doubtsOf(scene([]), [measured], [scene([])])).toEqual([]);
    expect(doubtsOf(scene([], 480, 640), [measured], [scene([])])[0]).toContain('480 x 640');
    const skipped = { skipped: 'it is green' } as unknown as Measurement;
    expect(doubtsOf(scene([]), [skipped, skipped], [scene([])])[0]).toContain('it is green');
    expect(doubtsOf(scene([]), [skipped, measured], [scene([])])).toEqual([]);
  });
});

describe('a text rule', () => {
  it('that came after learning sends the picture to a person', () => {
    const rule = (more: string): string => `${RULES}  - { id: print, kind: text, of: part, ${more}because: x }\n`;
    const printed = scene([part({ text: { value: 'KIT A', confidence: 1 } })]);
    const doubts = (more: string, normal: Scene): string => {
      const own = compileRules(rule(more), 'rules.yaml');
      const { measurements } = evaluateRules(own, learnRules(own, [normal, normal]), printed);
      return doubtsOf(printed, measurements, [normal]).join();
    };
    expect(doubts('', scene([part({})]))).toContain('cannot judge print: no print was read on the normals');
    expect(doubts('', printed)).toBe('');
    expect(doubts('equals: KIT A, ', scene([part({})]))).toBe('');
  });
});

describe('an instance that resembles no normal one', () => {
  it('is a finding of its own, last of all, at its interest in the file, and counts for the score', () => {
    const strange = part({ status: 'unknown', likeness: { value: 3, terms: {} } });
    const beside = evaluateRules(compiled, null, scene([part({}), strange]));
    expect(beside.violations.map((v) => [v.rule, v.line, v.margin])).toEqual([[UNKNOWN, 4, 3]]);
    expect(beside.unit).toBe(3);
    const instead = evaluateRules(compiled, null, scene([strange]));
    expect(instead.violations.map((v) => v.rule)).toEqual(['one', UNKNOWN]);
  });

  it('is said by a likeness rule where there is one', () => {
    const own = compileRules(
      `${RULES}  - { id: looks, kind: likeness, of: part, because: It looks right. }\n`,
      'rules.yaml',
    );
    const found = evaluateRules(
      own,
      null,
      scene([part({}), part({ status: 'unknown', likeness: { value: 3, terms: { feature: 3 } } })]),
    );
    expect(found.violations.map((v) => v.rule)).not.toContain(UNKNOWN);
  });
});

describe('held-out normals', () => {
  const normal = (k: number): Scene =>
    scene([part({ feature: [Math.cos(k / 50), Math.sin(k / 50)], area: 0.01 * (1 + k / 200) })]);
  it('are judged by borders that they had no part in', () => {
    const odd = scene([part({ feature: [0, 1], area: 0.011 })]);
    const normals = [0, 1, 2].map(normal);
    const [held] = heldOutScenes(compiled.file, [odd, ...normals]);
    expect(held!.instances[0]!.status).toBe('unknown');
    expect(heldOutScenes(compiled.file, [normal(3), ...normals])[0]!.instances[0]!.status).toBe('known');
  });

  it('keep what they are where there is no other', () => {
    expect(heldOutScenes(compiled.file, [normal(0)])).toEqual([normal(0)]);
  });

  it('count as many as the picture that is judged: specks too, where scoring is as published', () => {
    const spoken = (more: string) =>
      compileRules(
        `schema: logsad/rules/v1\nproduct: p\n${more}interests:\n  part: { form: thing, say: [part] }\n`,
        'rules.yaml',
      ).file;
    const normals = [0, 1, 2].map((k) => scene([...normal(k).instances, part({ area: 1e-5 })]));
    const counted = (more: string): number[] =>
      heldOutScenes(spoken(more), normals).map((s) => s.instances.filter((i) => i.interest === 'part').length);
    expect(counted('')).toEqual([1, 1, 1]);
    expect(counted('scoring: paper\n')).toEqual([2, 2, 2]);
  });
});
