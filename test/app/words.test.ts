/** Words through learn and inspect, on the tiny graphs: the same Scene as the reference path on the same tensors. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPrompts } from '../../src/adapters/prompts.ts';
import { nearestCentres, type Rows } from '../../src/core/grid/cluster.ts';
import { type FeatureGrid, grid } from '../../src/core/grid/grid.ts';
import { resizeBilinear } from '../../src/core/grid/resample.ts';
import { clusterMap, tokenMap } from '../../src/core/ground/segment.ts';
import { backgroundOf, vocabularyOf, type WordSource } from '../../src/core/ground/vocabulary.ts';
import { sceneByWords, type WordEvidence } from '../../src/core/ground/words.ts';
import type { RuleFile } from '../../src/core/rules/definition.ts';
import { compileRules, type Engine, images, openEngine, type Profile, type Scene } from '../../src/index.ts';
import { shared } from '../support/shared.ts';
import { writeTinyManifest } from '../support/tinyModels.ts';

const [WIDTH, HEIGHT] = [224, 168];

/** Everything unit per cell after doubling, as ALGORITHM 1.4 says; written apart from the code under test. */
function doubledUnit(parts: readonly FeatureGrid[]): FeatureGrid {
  const large = parts.map((p) => resizeBilinear(p, 2 * p.height, 2 * p.width, { alignCorners: true }));
  const d = large.reduce((n, p) => n + p.channels, 0);
  const { height, width } = large[0]!;
  const data = new Float32Array(height * width * d);
  for (let i = 0; i < height * width; i++) {
    const values = large.flatMap((p) => [...p.data.subarray(i * p.channels, (i + 1) * p.channels)]);
    const length = Math.hypot(...values);
    data.set(
      values.map((v) => v / length),
      i * d,
    );
  }
  return grid(data, height, width, d);
}

describe.skipIf(shared('golden/clip-tiny') === null)('words on tiny graphs (needs ../shared/golden)', () => {
  let folder: string;
  let engine: Engine;
  const pictures: { name: string; path: string }[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'logsad-words-'));
    engine = await openEngine({
      backbones: { home: join(folder, 'home'), manifests: [await writeTinyManifest(folder)] },
    });
    // Names that rule files draw exemplars on; what they show is noise with a few bright blocks.
    for (const [n, name] of ['000.jpg', '002.jpg', '004.jpg', '009.jpg', 'part.png'].entries()) {
      const data = new Uint8Array(WIDTH * HEIGHT * 3);
      for (let i = 0; i < data.length; i++) data[i] = 60 + ((i * 7919 + n * 131) % 37);
      for (const [k, [x0, y0]] of [
        [20, 30],
        [120, 40],
        [70, 100],
        [160, 110],
      ].entries()) {
        for (let y = y0!; y < y0! + 36; y++) {
          for (let x = x0! + 3 * n; x < x0! + 36 + 3 * n; x++)
            data.set([200 - 40 * k, 40 + 50 * k, 30 + 20 * n], (y * WIDTH + x) * 3);
        }
      }
      const path = join(folder, name);
      await writeFile(path, await images.encodePng({ data, width: WIDTH, height: HEIGHT, channels: 3 }));
      pictures.push({ name, path });
    }
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** A rule file at a size that suits graphs of 64 px. */
  const product = (text: string) => ({
    path: join(folder, 'rules.yaml'),
    compiled: compileRules(
      text.replace('long: 896', 'long: 112').replace('long: 640', 'long: 112').replace('size: 448', 'size: 112'),
      'rules.yaml',
    ),
  });
  const published = (name: string): string => readFileSync(new URL(`../../rules/${name}`, import.meta.url), 'utf8');
  const learn = async (p: ReturnType<typeof product>, set = 'tiny') =>
    (await engine.learn(p, { normals: pictures.slice(0, 4), set })).profile;

  /** The reference path, from the same tensors: model outputs, text embeddings, proposals and codebook. */
  async function reference(file: RuleFile, profile: Profile, set: string, scene: Scene): Promise<Scene> {
    const clip = (await engine.backbones.imageText!(set))!;
    const sam = (await engine.backbones.masks!(set))!;
    const { width, height } = scene.frame;
    const { pixels } = await images.read(pictures[4]!.path, { size: { width, height }, kernel: 'cubic' });
    const feeds = { image: { dims: [1, height, width, 3], data: pixels.data } };
    const names = ['tokens', 'q1', 'q2'] as const;
    const out = await engine.inference.run(
      [{ graph: await clip.at({ width, height }), feeds }],
      names.map((n) => [0, n] as const),
    );
    const [tokens, q1, q2] = out.map((t) => grid(t.data as Float32Array, t.dims[1]!, t.dims[2]!, t.dims[3]!));
    const unit = doubledUnit([tokens!]);
    const middle = doubledUnit([q1!, q2!]);
    const { templates } = (await readPrompts())['imagenet-80']!;
    const vector = async (say: readonly string[]): Promise<number[]> => {
      const rows = await clip.embed(say.flatMap((w) => templates.map((t) => t.replaceAll('{}', w))));
      const mean = Array.from({ length: rows.channels }, (_, c) => {
        let sum = 0;
        for (let r = 0; r < rows.height; r++) sum += rows.data[r * rows.channels + c]!;
        return sum;
      });
      return mean.map((v) => v / Math.hypot(...mean));
    };
    const vectors = async (classes: readonly (readonly string[])[]): Promise<Rows> => {
      const data = Float32Array.from((await Promise.all(classes.map(vector))).flat());
      return grid(data, classes.length, 1, data.length / classes.length);
    };
    const maps: Partial<Record<WordSource, ReturnType<typeof tokenMap>>> = {};
    const [words, clusters] = [vocabularyOf(file, 'words'), vocabularyOf(file, 'clusters')];
    if (words.length > 0) maps.words = tokenMap(unit, await vectors(words.map((c) => c.say)), unit.height, unit.width);
    if (clusters.length > 0) {
      const centres = profile.sections.words!.arrays.centres!;
      const d = middle.channels;
      const bag = grid(middle.data, middle.height * middle.width, 1, d);
      const { labels } = nearestCentres(bag, grid(centres, centres.length / d, 1, d));
      maps.clusters = clusterMap(
        grid(labels, middle.height, middle.width),
        unit,
        {
          vectors: await vectors(clusters.map((c) => c.say)),
          background: backgroundOf(clusters),
          least: clusters.map((c) => c.least ?? 0),
        },
        file.segmentation?.minCells,
      );
    }
    const kept = await sam.propose(pixels);
    expect(kept.length).toBeGreaterThan(1);
    const attributes: Record<string, Rows> = {};
    for (const a of Object.values(file.attributes))
      attributes[a.id] = await vectors(Object.values(a.values).map((v) => v.say));
    const evidence: WordEvidence = {
      image: 'part.png',
      frame: scene.frame,
      tokens: unit,
      maps,
      proposals: { masks: kept.map((k) => k.mask), height, width },
      attributes,
    };
    return sceneByWords(file, evidence);
  }

  const essence = (s: Scene) =>
    s.instances.map((i) => ({
      interest: i.interest,
      mask: i.mask,
      area: i.area,
      box: i.box,
      attributes: Object.fromEntries(Object.entries(i.attributes).map(([id, a]) => [id, a.value])),
    }));

  const names = ['breakfast-box', 'juice-bottle', 'pushpins', 'screw-bag', 'splicing-connectors'];
  const sets = names.flatMap((name, i) => [
    { name: `published/${name}.yaml`, set: i % 2 === 0 ? 'tiny' : 'tiny-immich' },
  ]);

  it.each(sets)('$name on set $set: the Scene equals the reference path', async ({ name, set }) => {
    const p = product(published(name));
    const profile = await learn(p, set);
    expect(profile.stamp.backbones.words).toMatchObject({ id: set === 'tiny' ? 'clip-tiny' : 'clip-tiny-immich' });
    await using inspector = await engine.inspector(p, profile);
    const result = await inspector.inspect(pictures[4]!);
    const wanted = await reference(p.compiled.file, profile, set, result.scene);
    expect(essence(result.scene)).toEqual(essence(wanted));
    expect(result.scene.variant).toBe(wanted.variant);
    expect(result.scene.instances.every((i) => i.status === 'known')).toBe(true);
    expect(Number.isFinite(result.score)).toBe(true);
    expect(result.measurements.every((m) => Number.isFinite(m.margin))).toBe(true);
  });

  it.each(names.map((n) => `${n}/rules.yaml`))('rules/%s runs from normals to a verdict', async (name) => {
    const p = product(published(name));
    const profile = await learn(p);
    await using inspector = await engine.inspector(p, profile);
    const [first, second] = [await inspector.inspect(pictures[4]!), await inspector.inspect(pictures[4]!)];
    expect(['pass', 'review', 'reject']).toContain(first.verdict);
    expect(first.measurements.length).toBeGreaterThan(0);
    expect(first.measurements.every((m) => Number.isFinite(m.margin))).toBe(true);
    expect(first.scene).toEqual(second.scene);
    const spoken = first.scene.instances.filter((i) => i.grounding?.includes('words'));
    for (const i of spoken) expect(i.feature.length).toBe(4 * 64);
  });

  const MIXED = `schema: logsad/rules/v1
product: mixed
frame: { fit: keep, long: 112 }
detectors: [composition]
interests:
  ground: { role: background, form: stuff, colour: grey }
  block: { form: thing, colour: red }
  label: { form: stuff, say: [label] }
  rest: { role: background, form: stuff, say: [background] }
`;

  it('colour and words stand in one file: each interest is found by its own', async () => {
    const p = product(MIXED);
    const profile = await learn(p);
    await using inspector = await engine.inspector(p, profile);
    const { scene } = await inspector.inspect(pictures[4]!);
    const by = new Map(scene.instances.map((i) => [i.interest, i]));
    expect(by.get('block')?.grounding).toEqual(['colour']);
    const label = by.get('label');
    expect(label === undefined || label.grounding?.join() === 'words').toBe(true);
    for (const i of scene.instances) {
      expect(i.mask.reduce((n, r) => n + r, 0)).toBe(scene.grid.width * scene.grid.height);
      expect(i.feature.length).toBe(by.get('block')!.feature.length);
    }
  });

  it('a set without an image-text model is refused with the command to type', async () => {
    const p = product(published('pushpins/rules.yaml'));
    await expect(engine.learn(p, { normals: pictures.slice(0, 4) })).rejects.toMatchObject({
      code: 'WORDS_UNAVAILABLE',
      message: expect.stringMatching(/compartment, divider, pin/),
      fix: expect.stringMatching(/logsad models pull --set cpu/),
    });
  });

  it('another image-text model makes a profile stale', async () => {
    const p = product(published('published/pushpins.yaml'));
    const profile = await learn(p);
    const other = { ...profile.stamp.backbones, words: { id: 'clip-tiny', digest: 'another' } };
    const changed = { ...profile, stamp: { ...profile.stamp, backbones: other } };
    await expect(engine.inspector(p, changed)).rejects.toMatchObject({
      code: 'PROFILE_STALE',
      message: expect.stringMatching(/for words/),
    });
  });
});
