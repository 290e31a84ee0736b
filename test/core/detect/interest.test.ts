import { describe, expect, it } from 'vitest';
import type { DetectContext } from '../../../src/core/detect/detector.ts';
import {
  INTEREST,
  type Matchable,
  type MatchSettings,
  matchInstances,
  type Reference,
} from '../../../src/core/detect/instances.ts';
import { interest } from '../../../src/core/detect/interest.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { compileRules } from '../../../src/core/rules/index.ts';
import type { Instance, Scene } from '../../../src/core/scene.ts';
import { runPlain } from '../../support/plainNeeds.ts';

const settings: MatchSettings = {
  reduce: 'best',
  unmatched: 0.3,
  perInterest: true,
  position: 0,
  area: 0,
  perStage: false,
};
const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));
const thing = (angle: number, more: Partial<Matchable> = {}): Matchable => ({
  interest: 'nut',
  stages: [unit(angle), unit(2 * angle)],
  x: 0.5,
  y: 0.5,
  area: 0.1,
  ...more,
});
const reference = (image: string, ...instances: Matchable[]): Reference => ({ image, instances });

describe('matching instances', () => {
  it('takes the cheapest pairing of the best normal and says which', () => {
    const match = matchInstances(
      [thing(0), thing(1)],
      [reference('a', thing(2), thing(3)), reference('b', thing(1.02), thing(0.02))],
      settings,
    );
    expect(match.score).toBeLessThan(0.01);
    expect(match.pairs.map((p) => [p.query, p.image])).toEqual([
      [0, 'b'],
      [1, 'b'],
    ]);
    expect(match.pairs[0]!.reference).toEqual(thing(0.02));
  });

  it('charges what is missing and what is too many, where the paper lets both go', () => {
    const normal = [reference('a', thing(0), thing(1))];
    const free: MatchSettings = { ...settings, unmatched: null };
    for (const query of [[thing(0)], [thing(0), thing(1), thing(2)]]) {
      const match = matchInstances(query, normal, settings);
      expect(match.score * Math.max(query.length, 2)).toBeCloseTo(0.3, 6);
      expect(match.pairs.filter((p) => p.query === null || p.reference === null)).toHaveLength(1);
      expect(matchInstances(query, normal, free).score).toBeCloseTo(0, 6);
    }
  });

  it('stays alone rather than pay more than twice the unmatched cost', () => {
    const match = matchInstances([thing(0)], [reference('a', thing(Math.PI / 2))], settings);
    expect(match.pairs.map((p) => [p.query, p.reference === null])).toEqual([
      [0, true],
      [null, false],
    ]);
    expect(match.score).toBeCloseTo(0.6, 6);
  });

  it('another interest is no partner unless it may be', () => {
    const bolt = thing(0, { interest: 'bolt' });
    expect(matchInstances([thing(0)], [reference('a', bolt)], settings).score).toBeCloseTo(0.6, 6);
    expect(matchInstances([thing(0)], [reference('a', bolt)], { ...settings, perInterest: false }).score).toBeCloseTo(
      0,
      6,
    );
  });

  it('position and area add to the cost', () => {
    const apart = [reference('a', thing(0, { x: 0.6, area: 0.1 * Math.E }))];
    expect(matchInstances([thing(0)], apart, { ...settings, position: 0.5 }).score).toBeCloseTo(0.05, 6);
    expect(matchInstances([thing(0)], apart, { ...settings, area: 0.05 }).score).toBeCloseTo(0.05, 6);
  });

  it('an image without instances is as bad as the paper says, or costs its normals', () => {
    expect(matchInstances([], [reference('a', thing(0))], { ...settings, unmatched: null }).score).toBe(
      INTEREST.nothing,
    );
    expect(matchInstances([], [reference('a', thing(0))], settings).score).toBe(0.3);
  });
});

describe('the detector', () => {
  const file = compileRules(
    'schema: logsad/rules/v1\nproduct: p\ninterests:\n  floor: { role: background, form: stuff, colour: white }\n  nut: { form: thing, colour: red }\ndetectors: [interest]\n',
    'r.yaml',
  ).file;
  const random = createRandom(4);
  const instance = (id: number, name: string, angle: number, x: number): Instance => ({
    id,
    interest: name,
    status: 'known',
    mask: [],
    area: 0.01,
    box: [x - 0.05, 0.45, x + 0.05, 0.55],
    centroid: [x, 0.5],
    orientation: 0,
    length: 0.1,
    width: 0.1,
    lab: [50, 0, 0],
    labStd: [1, 1, 1],
    feature: [...unit(angle), ...unit(angle)].map((v) => v * Math.SQRT1_2),
    attributes: {},
  });
  const scene = (image: string, places: readonly number[], angle = 0): Scene => ({
    schema: 'logsad/scene/v1',
    image,
    frame: { imageWidth: 100, imageHeight: 100, box: [0, 0, 1, 1], width: 100, height: 100 },
    grid: { width: 25, height: 25 },
    variant: null,
    product: [0, 0, 1, 1],
    instances: [
      instance(0, 'floor', 1, 0.5),
      ...places.map((x, i) => instance(i + 1, 'nut', angle + 0.05 * random.normal(), x + 0.005 * random.normal())),
    ],
    unknown: [],
    quality: {},
    detectors: {},
  });
  const contextOf = (scenes: readonly Scene[]): DetectContext => ({
    file,
    images: scenes.map((s) => ({ scene: s, frame: s.frame })),
    backbone: null,
    groundChannels: [2, 2],
    masks: new Map(),
  });
  const scenes = Array.from({ length: 8 }, (_, i) => scene(`${i}`, [0.3, 0.7]));
  const { model, readings } = runPlain(
    interest.learn(contextOf(scenes), interest.options({}, file), createRandom(1)),
    [],
  );
  const judge = (s: Scene) => runPlain(interest.detect(contextOf([s]), model, ''), []).reading;
  const worst = Math.max(...readings.map((r) => r!.score));

  it('a missing part, a strange one and a displaced one score above every normal', () => {
    for (const bad of [scene('x', [0.3]), scene('x', [0.3, 0.7], 0.9), scene('x', [0.3, 0.45])])
      expect(judge(bad).score).toBeGreaterThan(2 * worst);
    expect(judge(scene('x', [0.3, 0.7])).score).toBeLessThan(2 * worst);
  });

  it('names instances by their ids and leaves the background out', () => {
    const { evidence } = judge(scene('x', [0.3, 0.7]));
    expect(evidence!.pairs!.map((p) => p.instance)).toEqual([1, 2]);
    expect(evidence!.pairs!.every((p) => p.with?.interest === 'nut')).toBe(true);
  });

  it('a normal is not its own reference', () => {
    const context = { ...contextOf([scenes[0]!]), without: 0 };
    expect(runPlain(interest.detect(context, model, ''), []).reading.score).toBe(readings[0]!.score);
    expect(readings[0]!.score).toBeGreaterThan(judge(scenes[0]!).score);
  });

  it('survives a profile', () => {
    const section = interest.pack(model);
    const back = interest.unpack({ facts: JSON.parse(JSON.stringify(section.facts)), arrays: section.arrays });
    expect(back).toEqual(model);
  });

  it('a single normal has no reading of itself', () => {
    expect(
      runPlain(interest.learn(contextOf(scenes.slice(0, 1)), interest.options({}, file), createRandom(1)), []).readings,
    ).toEqual([null]);
  });
});
