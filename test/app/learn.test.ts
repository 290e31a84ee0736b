/** Learn and inspect through the real models, on a few small demo pictures. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImageRef, learn } from '../../src/app/learn.ts';
import { grid } from '../../src/core/grid/grid.ts';
import { decodeProfile, encodeProfile } from '../../src/core/profile.ts';
import { compileRules } from '../../src/core/rules/index.ts';
import {
  type Engine,
  generateDemo,
  images,
  LogsadError,
  learningFor,
  openEngine,
  type Profile,
} from '../../src/index.ts';

let folder = '';
let engine: Engine;
let rules = '';
/** Learnt once from all normals. */
let profile: Profile;
const stages = new Set<string>();
const normals: ImageRef[] = [];
const tests: ImageRef[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-learn-'));
  engine = await openEngine();
  for await (const file of generateDemo(
    { seed: 3, width: 384, train: 6, validation: 1, good: 2, logical: 2, structural: 1 },
    images,
  )) {
    const name = file.path.split('/').at(-1)!;
    const path = join(folder, file.path.replaceAll('/', '-'));
    // Rules alone: the detectors beside them have tests of their own.
    if (name === 'rules.yaml')
      rules = `${new TextDecoder().decode(file.bytes).replaceAll('long: 640', 'long: 384')}\ndetectors: [composition]\n`;
    if (!name.endsWith('.jpg')) continue;
    await writeFile(path, file.bytes);
    if (file.path.includes('train/')) normals.push({ name, path });
    if (file.path.includes('test/')) tests.push({ name: file.path, path });
  }
  const learnt = await learn({ compiled: compile(rules), normals }, engine, { onProgress: (p) => stages.add(p.stage) });
  expect(learnt.failures).toEqual([]);
  profile = learnt.profile;
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const compile = (text: string) => compileRules(text, 'rules.yaml');

describe('learn and inspect', () => {
  it('gives a Scene of every normal and judges new pictures, the same after a round trip through a file', async () => {
    const compiled = compile(rules);
    expect(profile.normals.map((n) => n.image)).toEqual(normals.map((n) => n.name));
    expect(profile.normals.every((n) => n.scene.instances.length > 5)).toBe(true);
    expect(profile.relit.length).toBe(12);
    expect([...stages]).toEqual(expect.arrayContaining(['exemplars', 'normals', 'other light']));
    expect(profile.worst.length).toBeGreaterThan(0);

    const back = decodeProfile(encodeProfile(profile), 'p');
    const product = { path: 'rules.yaml', compiled };
    const [first, second] = [await engine.inspector(product, profile), await engine.inspector(product, back)];
    for (const image of tests.slice(0, 2)) {
      const [a, b] = [await first.inspect(image), await second.inspect(image)];
      expect({ ...b, timings: {} }).toEqual({ ...a, timings: {} });
      expect(Number.isFinite(a.unit)).toBe(true);
      expect(a.measurements.length).toBeGreaterThanOrEqual(compiled.rules.length);
      // Judging the stored Scene again needs no model and says the same.
      expect(first.judge(a.scene)).toMatchObject({ unit: a.unit, verdict: a.verdict });
    }
  });

  it('is the same twice', async () => {
    const compiled = compile(rules);
    const some = normals.slice(0, 4);
    const [a, b] = [
      await learn({ compiled, normals: some, exemplars: normals }, engine),
      await learn({ compiled, normals: some, exemplars: normals }, engine),
    ];
    expect(encodeProfile(b.profile)).toEqual(encodeProfile(a.profile));
  });

  it('judges a picture that is a normal of the profile without itself', async () => {
    const compiled = compile(rules);
    const inspector = await engine.inspector({ path: 'rules.yaml', compiled }, profile);
    const own = profile.normals[4]!;
    const seen = await inspector.inspect(normals[4]!);
    expect(seen.unit).toBeCloseTo(inspector.judge(own.scene, { without: own.sha256 }).unit, 5);
    // The same for an image that only widened bounds.
    const moved = { ...profile, normals: profile.normals.filter((n) => n !== own), calibration: [own] };
    const second = await engine.inspector({ path: 'rules.yaml', compiled }, moved);
    const again = await second.inspect(normals[4]!);
    expect(again.p).toBe(second.judge(own.scene, { without: own.sha256 }).p);
    expect(again.unit).toBeCloseTo(second.judge(own.scene, { without: own.sha256 }).unit, 5);
  });

  it('leaves an unreadable normal out and says so; with none readable it stops', async () => {
    const compiled = compile(rules);
    const broken = join(folder, 'broken.jpg');
    await writeFile(broken, 'no picture');
    const some = [...normals.slice(0, 4), { name: 'broken.jpg', path: broken }];
    const { profile: partial, failures } = await learn({ compiled, normals: some, exemplars: normals }, engine);
    expect(partial.normals).toHaveLength(4);
    expect(failures).toMatchObject([{ image: 'broken.jpg', error: { code: 'IMAGE_NOT_AN_IMAGE' } }]);
    const text = 'schema: logsad/rules/v1\nproduct: p\n';
    await expect(
      learn({ compiled: compile(text), normals: [{ name: 'broken.jpg', path: broken }] }, engine),
    ).rejects.toMatchObject({ code: 'IMAGE_NOT_AN_IMAGE' });
  });

  it('teaches the tools what it teaches an inspector, mask files and other light included', async () => {
    const mask = grid(new Uint8Array(3 * 40 * 30), 30, 40, 3);
    mask.data.fill(255, 3 * 400, 3 * 900);
    await writeFile(join(folder, 'bay.png'), await images.encodePng(mask));
    const text = `${rules
      .replace(/^regions:\n/m, 'regions:\n  drawn-bay: { mask: bay.png }\n')
      .replace(/^rules:\n/m, 'rules:\n  - { id: in-bay, kind: position, of: label, relativeTo: drawn-bay }\n')}`;
    const path = join(folder, 'rules.yaml');
    const product = { path, compiled: compile(text) };
    const { profile: masked } = await engine.learn(product, { normals });
    const inspector = await engine.inspector(product, masked);
    const { learnt, set } = await learningFor(product, masked);
    expect(learnt).toEqual(inspector.learnt);
    expect(Object.keys(set.masks ?? {})).toEqual(['bay.png']);
    expect(learnt.references['in-bay']!.pooled!.n).toBe(6);
  });

  it('names exemplar images that are not there', async () => {
    const promise = learn({ compiled: compile(rules), normals: normals.slice(4) }, engine);
    await expect(promise).rejects.toBeInstanceOf(LogsadError);
    await expect(promise).rejects.toMatchObject({ code: 'EXEMPLAR_MISSING' });
  });

  it('refuses a profile of another product, and one whose grounding changed; rule edits never make it stale', async () => {
    const compiled = compile(rules);
    const open = (text: string) => engine.inspector({ path: 'rules.yaml', compiled: compile(text) }, profile);
    await expect(open(rules.replace(/^product: .*/m, 'product: other'))).rejects.toMatchObject({
      code: 'PROFILE_PRODUCT',
    });
    await expect(open(rules.replace('long: 384', 'long: 320'))).rejects.toMatchObject({ code: 'PROFILE_STALE' });
    await expect(open(rules.replace(/equals: 4/, 'equals: 3'))).resolves.toBeDefined();
    const old = { ...profile, stamp: { ...profile.stamp, engine: 'ground-0' } };
    await expect(engine.inspector({ path: 'rules.yaml', compiled }, old)).rejects.toMatchObject({
      code: 'PROFILE_STALE',
    });
  });

  it('stops at an abort', async () => {
    const stop = new AbortController();
    const promise = learn({ compiled: compile(rules), normals }, engine, {
      signal: stop.signal,
      onProgress: (p) => {
        if (p.stage === 'normals' && p.done === 2) stop.abort();
      },
    });
    await expect(promise).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('follows a small product with frame.focus', async () => {
    const text = rules.replace(
      /^frame: .*/m,
      'frame: { fit: keep, long: 384, focus: { box: [0.02, 0.02, 0.98, 0.98] } }',
    );
    const { profile: focused } = await learn(
      { compiled: compile(text), normals: normals.slice(0, 4), exemplars: normals },
      engine,
    );
    expect(focused.normals[0]!.scene.frame.box).toEqual([0.02, 0.02, 0.98, 0.98]);
    for (const { scene } of focused.normals) {
      for (const i of scene.instances) expect(i.box[0] >= 0.02 - 1e-9 && i.box[2] <= 0.98 + 1e-9).toBe(true);
    }
  });
});
