/**
 * LogSAD end to end in its `paper` preset: patch and interest detectors, rules, calibration and fusion as one, held against
 * Eq. 1 to 5 written out naively. Features are seeded noise on two stages: arithmetic is proved, not detection.
 */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/core/calibrate.ts';
import { decide } from '../../../src/core/decide.ts';
import type { DetectContext, Detection, Detector } from '../../../src/core/detect/detector.ts';
import { DETECTORS } from '../../../src/core/detect/index.ts';
import { type FeatureGrid, zeros } from '../../../src/core/grid/grid.ts';
import { createRandom, type Random } from '../../../src/core/grid/random.ts';
import { compileRules } from '../../../src/core/rules/index.ts';
import type { Scene } from '../../../src/core/scene.ts';
import { type PlainImage, runPlain } from '../../support/plainNeeds.ts';
import { toyScene } from '../../support/toyProduct.ts';

const STAGES = [
  { name: 'a', stride: 56, channels: 3 },
  { name: 'b', stride: 112, channels: 4 },
];
/** Channels per stage of the features that instances carry. */
const GROUND = [3, 2];
const FRAME = 448;
const compiled = compileRules(
  `schema: logsad/rules/v1
product: toy
frame: { fit: warp, size: 448 }
interests:
  liquid: { form: stuff, colour: red }
  label: { form: thing, colour: white }
  mark: { form: thing, colour: black }
  clip: { form: thing, colour: blue }
attributes:
  flavour: { of: liquid, values: { red: { colour: red }, green: { colour: green } } }
rules:
  - { id: two-clips, kind: count, of: clip, equals: 2 }
detectors: [{ name: patch, preset: paper, stages: [a, b], backbone: made-up }, { name: interest, preset: paper }, composition]
scoring: paper
`,
  'paper.yaml',
);

interface Pictured {
  readonly image: PlainImage;
  readonly scene: Scene;
}

function pictured(random: Random, name: string, odd = 0): Pictured {
  const stages = Object.fromEntries(
    STAGES.map(({ name: stage, stride, channels }): [string, FeatureGrid] => {
      const n = FRAME / stride;
      const out = zeros(n, n, channels);
      for (let i = 0; i < out.data.length; i++) out.data[i] = 1 + (i % channels) + (0.3 + odd) * random.normal();
      return [stage, out];
    }),
  );
  const drawn = toyScene(name, random);
  const instances = drawn.instances.map((i, k) => ({
    ...i,
    feature: Array.from({ length: 5 }, (_, c) => (c === k % 5 ? 2 : 0.2) + (0.1 + odd) * random.normal()),
  }));
  const frame = { ...drawn.frame, width: FRAME, height: FRAME };
  return { image: { frame: { width: FRAME, height: FRAME }, stages }, scene: { ...drawn, frame, instances } };
}

// --- Eq. 1 to 5, naively ---------------------------------------------------------------------------------------------

const cosine = (a: readonly number[], b: readonly number[]): number => {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((s, v, i) => s + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** The vectors of a stage on a 64 x 64 grid, corners coinciding. */
function cells({ data, width, height, channels }: FeatureGrid): number[][] {
  const at = (y: number, x: number, c: number): number => data[(y * width + x) * channels + c]!;
  return Array.from({ length: 64 * 64 }, (_, p) => {
    const [sy, sx] = [(Math.floor(p / 64) * (height - 1)) / 63, ((p % 64) * (width - 1)) / 63];
    const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
    const [y1, x1] = [Math.min(height - 1, y0 + 1), Math.min(width - 1, x0 + 1)];
    const [fy, fx] = [sy - y0, sx - x0];
    return Array.from({ length: channels }, (_c, c) => {
      const top = at(y0, x0, c) * (1 - fx) + at(y0, x1, c) * fx;
      return top * (1 - fy) + (at(y1, x0, c) * (1 - fx) + at(y1, x1, c) * fx) * fy;
    });
  });
}

const unit = (v: readonly number[]): number[] => {
  const n = Math.hypot(...v);
  return v.map((x) => x / n);
};

/** Eq. 1 as implemented: per stage the nearest reference cell, mean over the stages, largest cell. */
function patchScore(query: PlainImage, references: readonly PlainImage[]): number {
  const map = new Float64Array(64 * 64);
  for (const { name } of STAGES) {
    const bank = references.flatMap((r) => cells(r.stages[name]!)).map(unit);
    const flat = Float64Array.from(bank.flat());
    const c = bank[0]!.length;
    cells(query.stages[name]!).forEach((v, p) => {
      const q = unit(v);
      let best = -1;
      for (let r = 0; r < flat.length; r += c) {
        let s = 0;
        for (let k = 0; k < c; k++) s += q[k]! * flat[r + k]!;
        if (s > best) best = s;
      }
      map[p]! += (1 - best) / STAGES.length;
    });
  }
  return map.reduce((m, v) => Math.max(m, v), 0);
}

/** The cheapest one-to-one pairing of rows with columns (rows <= columns), by trying all. */
function cheapest(cost: readonly (readonly number[])[], row = 0, used: ReadonlySet<number> = new Set()): number {
  if (row === cost.length) return 0;
  return Math.min(
    ...cost[row]!.flatMap((c, j) => (used.has(j) ? [] : [c + cheapest(cost, row + 1, new Set([...used, j]))])),
  );
}

/** Eq. 2-3 as implemented: per stage the cheapest pairing with all reference instances in one list, mean over stages. */
function interestScore(query: Scene, references: readonly Scene[]): number {
  let at = 0;
  const stages = GROUND.map((c) => {
    at += c;
    const part = (s: Scene): number[][] => s.instances.map((i) => i.feature.slice(at - c, at));
    const [rows, columns] = [part(query), references.flatMap(part)];
    const cost = rows.map((a) => columns.map((b) => 1 - cosine(a, b)));
    return cheapest(cost) / Math.min(rows.length, columns.length);
  });
  return stages.reduce((s, v) => s + v, 0) / stages.length;
}

const z = (score: number, normals: readonly number[]): number => {
  const mean = normals.reduce((s, v) => s + v, 0) / normals.length;
  const variance = normals.reduce((s, v) => s + (v - mean) ** 2, 0) / (normals.length - 1);
  return (score - mean) / Math.sqrt(variance);
};

describe('the paper preset', () => {
  const random = createRandom(21);
  const references = [pictured(random, '000.png'), pictured(random, '001.png')];
  const calibration = [2, 3, 4].map((i) => pictured(random, `00${i}.png`));
  const detectors = ['patch', 'interest'].map((n) => DETECTORS.find((d) => d.name === n)!);
  const contextOf = (list: readonly Pictured[]): DetectContext => ({
    file: compiled.file,
    images: list.map(({ scene }) => ({ frame: scene.frame, scene })),
    backbone: { id: 'made-up', stages: STAGES },
    groundChannels: GROUND,
    masks: new Map(),
  });
  function* judged(detector: Detector, model: unknown, p: Pictured) {
    yield* detector.open(model, 'x');
    return (yield* detector.detect(contextOf([p]), model, 'x')) as Detection;
  }
  const models = detectors.map((d) => {
    const given = compiled.file.detectors.find((s) => s.name === d.name)!.options;
    return runPlain(
      d.learn(contextOf(references), d.options(given, compiled.file), createRandom(1)),
      references.map((r) => r.image),
    ).model;
  });
  const scored = (p: Pictured): Scene => {
    const readings = detectors.map((d, i) => [d.name, runPlain(judged(d, models[i], p), [p.image]).reading] as const);
    return { ...p.scene, detectors: Object.fromEntries(readings) };
  };
  const record = (scene: Scene) => ({ image: scene.image, sha256: scene.image, scene });
  const validated = calibration.map(scored);
  const bounds = calibrate(compiled, {
    normals: references.map((r) => record(r.scene)),
    calibration: validated.map(record),
  });
  const expectedScores = (p: Pictured): [number, number] => [
    patchScore(
      p.image,
      references.map((r) => r.image),
    ),
    interestScore(
      p.scene,
      references.map((r) => r.scene),
    ),
  ];
  const normal = calibration.map(expectedScores);

  it.each([
    ['a normal part', 0, true],
    ['an odd part', 0.6, true],
    ['a part that a rule refuses', 0, false],
  ] as const)(
    '%s: s_p, s_in, z, g and the flag are those of Eq. 1 to 5',
    (_, odd, complete) => {
      const whole = pictured(createRandom(77), 'query.png', odd);
      const scene = complete ? whole.scene : { ...whole.scene, instances: whole.scene.instances.slice(0, -1) };
      const query = { ...whole, scene };
      const found = scored(query);
      const [sp, si] = expectedScores(query);
      expect(Math.abs(found.detectors.patch!.score - sp)).toBeLessThan(2e-6);
      expect(Math.abs(found.detectors.interest!.score - si)).toBeLessThan(2e-6);
      const largest = Math.max(
        z(
          sp,
          normal.map((n) => n[0]),
        ),
        z(
          si,
          normal.map((n) => n[1]),
        ),
      );
      const judgement = bounds.judged(found);
      const decision = decide({
        scene: found,
        calibration: bounds,
        judged: judgement,
        ranked: bounds.ranked(found, judgement),
        doubts: [],
      });
      const flagged = judgement.rules.violations.length > 0;
      expect(flagged).toBe(!complete);
      expect(decision.score).toBeCloseTo(flagged ? 1 : 1 / (1 + Math.exp(-largest)), 3);
      if (flagged) expect(decision.verdict).toBe('reject');
    },
    60_000,
  );
});
