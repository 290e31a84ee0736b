/**
 * The demo product with the rule that reads its print: learnt and inspected here, then once more with the backbone behind
 * a server. One profile serves all tests.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createRandom } from '../../src/core/grid/random.ts';
import { drawKit, heightOf } from '../../src/demo/draw.ts';
import { type KitState, sampleKit, VARIANTS } from '../../src/demo/kit.ts';
import { LOGICAL_DEFECTS } from '../../src/demo/logical.ts';
import {
  type Engine,
  exportModel,
  gatherNormals,
  generateDemo,
  type Inspection,
  images,
  loadRules,
  modelStore,
  openEngine,
  type ProductRules,
  type Profile,
} from '../../src/index.ts';
import { type Served, serveRepository } from '../support/kserveServer.ts';

const SLOW = { timeout: 300_000 };
const WIDTH = 1024;
const KITS = 20;
const ALTERED = 8;
let dir: string;
let engine: Engine;
/** The whole demo product without maps, and a few of its interests with the patch detector at a small size. */
let product: ProductRules;
let profile: Profile;
let small: ProductRules;
let smallProfile: Profile;
let server: Served;
let manifest: string;
const at = (...parts: string[]): string => join(dir, ...parts);

const learn = async (own: Engine, rules: ProductRules, set: string): Promise<Profile> => {
  const { normals } = await gatherNormals(at('data/train/good'), rules.compiled.file);
  return (await own.learn(rules, { normals, set, seed: 1 })).profile;
};
const written = async (name: string, text: string): Promise<ProductRules> => {
  await mkdir(at(name));
  await writeFile(at(name, 'rules.yaml'), text);
  return loadRules(at(name));
};
/** Some interests of the demo's rule file, and the rules that need no other. */
function fewOf(text: string, wanted: readonly string[]): string {
  const { interests, rules, frame: _f, attributes: _a, variants: _v, ...rest } = parse(text) as Record<string, never>;
  const known = ({ of }: { of?: string }): boolean => of !== undefined && wanted.includes(of);
  return stringify({
    ...rest,
    frame: { fit: 'keep', long: 256 },
    detectors: ['composition', { name: 'patch', bank: 512 }],
    interests: Object.fromEntries(Object.entries(interests).filter(([id]) => wanted.includes(id))),
    rules: (rules as { of?: string; kind: string }[]).filter((r) => known(r) && r.kind !== 'text'),
  });
}
let manifests = 0;
const served = (change: (text: string) => string = (t) => t): Promise<Engine> =>
  readFile(manifest, 'utf8').then(async (text) => {
    const path = at(`manifest-${manifests++}.yaml`);
    await writeFile(path, change(text));
    return openEngine({ backbones: { home: at('home'), manifests: [path] } });
  });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logsad-served-'));
  const options = { train: 4, validation: 0, good: 0, logical: 0, structural: 0, width: WIDTH, text: true };
  for await (const file of generateDemo(options, images)) {
    await mkdir(dirname(at('data', file.path)), { recursive: true });
    await writeFile(at('data', file.path), file.bytes);
  }
  const rules = await readFile(at('data/rules.yaml'), 'utf8');
  product = await written('whole', rules.replace('frame: {', 'detectors: [composition]\nframe: {'));
  small = await written('few', fewOf(rules, ['bench', 'foam', 'label', 'screw']));
  engine = await openEngine({ backbones: { home: at('home'), manifests: [] } });
  profile = await learn(engine, product, 'embedded');
  smallProfile = await learn(engine, small, 'embedded');
  const made = await exportModel('centernet', { to: at('repository'), remote: 'http://here:8000' }, { manifests: [] });
  server = await serveRepository(at('repository'));
  manifest = made.manifest;
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('http://here:8000', server.address));
}, 300_000);
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});

const kitOf = (seed: number): KitState => sampleKit(VARIANTS[seed % VARIANTS.length]!, createRandom(seed));
async function picture(name: string, kit: KitState): Promise<{ name: string; bytes: Uint8Array }> {
  const drawn = await images.renderSvg(drawKit(kit, WIDTH), WIDTH, heightOf(WIDTH));
  return { name, bytes: await images.encodeJpeg(drawn, 92) };
}
const labelOf = ({ parts }: KitState): string => {
  const label = parts.find((p) => p.kind === 'label');
  return label?.kind === 'label' ? label.text : '';
};

describe('the print of the demo product', SLOW, () => {
  it('is read exactly on at least 95 % of seeded kits, and an altered one is flagged by the text rule', async () => {
    await using inspector = await engine.inspector(product, profile);
    let [right, flagged] = [0, 0];
    for (let seed = 700; seed < 700 + KITS; seed++) {
      const kit = kitOf(seed);
      const { scene, violations } = await inspector.inspect(await picture(`${seed}.jpg`, kit));
      const read = scene.instances.flatMap((i) => (i.interest === 'label' && i.text ? [i.text.value] : []));
      const quiet = !violations.some((v) => v.kind === 'text');
      if (read.join() === labelOf(kit) && quiet) right++;
    }
    const defect = LOGICAL_DEFECTS.find((d) => d.needsText)!;
    for (let seed = 700; seed < 700 + ALTERED; seed++) {
      const { state } = defect.apply(kitOf(seed), createRandom(9000 + seed));
      const { violations } = await inspector.inspect(await picture(`${seed}.jpg`, state));
      if (violations.some((v) => v.kind === 'text')) flagged++;
    }
    expect(right / KITS).toBeGreaterThanOrEqual(0.95);
    expect(flagged).toBe(ALTERED);
  });

  it('is part of what a profile was learnt with', async () => {
    const { text } = profile.stamp.backbones;
    expect(text).toEqual({ id: 'ppocr-rec', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const backbones = { ...profile.stamp.backbones, text: { id: 'ppocr-rec', digest: 'another' } };
    const other = { ...profile, stamp: { ...profile.stamp, backbones } };
    await expect(engine.inspector(product, other)).rejects.toMatchObject({
      code: 'PROFILE_STALE',
      message: expect.stringContaining('for text'),
    });
  });
});

describe('a backbone behind the KServe v2 protocol', SLOW, () => {
  it('gives the maps and the result of the local one to 1e-5', async () => {
    await using remote = await served();
    const other = await learn(remote, small, 'centernet-served');
    await using here = await engine.inspector(small, smallProfile);
    await using there = await remote.inspector(small, other);
    const defect = LOGICAL_DEFECTS[0]!;
    const kits = [kitOf(811), defect.apply(kitOf(812), createRandom(1)).state];
    const before = server.calls();
    let worst = 0;
    for (const [n, kit] of kits.entries()) {
      const image = await picture(`${n}.jpg`, kit);
      const [a, b] = [await here.inspectWithMaps(image), await there.inspectWithMaps(image)];
      expect(Object.keys(a.maps)).toContain('patch');
      for (const [name, { map, border }] of Object.entries(a.maps)) {
        map.data.forEach((v, i) => {
          worst = Math.max(worst, Math.abs(v - b.maps[name]!.map.data[i]!));
        });
        expect(b.maps[name]!.border.high).toBeCloseTo(border.high, 5);
      }
      const essence = ({ result: { timings: _t, fingerprint: _f, ...rest } }: Inspection) => rest;
      expect(differences(essence(a), essence(b))).toEqual([]);
    }
    expect(worst).toBeLessThan(1e-5);
    expect(server.calls() - before).toBeGreaterThanOrEqual(kits.length);
  });

  it('is another model to a profile, wherever its server stands', async () => {
    await using remote = await served();
    const moved = { ...smallProfile, stamp: { ...smallProfile.stamp, set: 'centernet-served' } };
    await expect(remote.inspector(small, moved)).rejects.toMatchObject({ code: 'PROFILE_STALE' });
    await using again = await served((t) => t.replace('127.0.0.1', 'localhost'));
    const [one, two] = [remote, again].map((e) => e.backbones.dense('ground', 'centernet-served'));
    expect((await one!).digest).toBe((await two!).digest);
    // What a server offers is never taken by a rule file that leaves the choice to the program.
    expect(await remote.backbones.installed()).not.toContain('centernet-served');
  });

  it.each([
    ['another stride', (t: string) => t.replace('stride: 8', 'stride: 16'), /s8 \[1,4,6,32\].*found \[1,8,12,32\]/],
    ['other channels', (t: string) => t.replace('channels: 88', 'channels: 87'), /output s16 FP32\[1, \?, \?, 87\]/],
    ['other weights', (t: string) => t.replace(/(marks:\s+s4: )/, '$19'), /mark 9\d*\.\d+ of s4.*other weights/],
  ])('is refused where it has %s than its manifest', async (_, change, message) => {
    await using remote = await served(change);
    await expect(remote.backbones.dense('ground', 'centernet-served')).rejects.toMatchObject({
      code: 'REMOTE_FACE',
      message: expect.stringMatching(message),
    });
  });

  it('is listed and asked by `models`, and vanishing in the middle it is named', async () => {
    const store = modelStore({ home: at('home'), manifests: [manifest] });
    const listed = (await store.list()).find((m) => m.id === 'centernet-served');
    expect(listed).toMatchObject({ source: 'remote', present: true, role: 'dense' });
    expect(await store.verify(['centernet-served'])).toMatchObject([{ fault: null }]);
    await using remote = await served();
    await remote.backbones.dense('ground', 'centernet-served');
    server.misbehave((_, response) => {
      response.destroy();
      return true;
    });
    await expect(remote.backbones.dense('match', 'centernet-served')).resolves.toBeDefined();
    await expect(learn(remote, small, 'centernet-served')).rejects.toMatchObject({ code: 'REMOTE_AWAY' });
    expect(await store.verify(['centernet-served'])).toMatchObject([{ fault: { code: 'REMOTE_AWAY' } }]);
    server.misbehave(null);
  });
});

/** Paths at which two values differ: numbers by more than 1e-5 relative to the larger, all else at all. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (typeof a === 'number' && typeof b === 'number')
    return Object.is(a, b) || Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(a), Math.abs(b))
      ? []
      : [`${path}: ${a}, ${b}`];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b ? [] : [`${path}: ${String(a)}, ${String(b)}`];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((k) =>
    differences((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k], `${path}/${k}`),
  );
}
