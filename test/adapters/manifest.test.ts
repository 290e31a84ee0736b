import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManifestSchema, readManifest } from '../../src/adapters/backbones/manifest.ts';
import { createBackbones, ownManifest } from '../../src/adapters/backbones/registry.ts';
import type { Inference } from '../../src/app/ports.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logsad-manifest-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};

describe('our own manifest', () => {
  it('is valid; what arrives by npm is pinned, what is pulled says so; licences are stated', async () => {
    const { sets, models } = await readManifest(ownManifest());
    expect(sets.embedded).toEqual({ ground: 'centernet', match: 'centernet', text: 'ppocr-rec' });
    expect(Object.keys(sets)).toEqual(['embedded', 'cpu', 'paper']);
    const pulled = Object.values(models).filter((m) => 'pull' in m.source);
    expect(pulled.length).toBeGreaterThanOrEqual(12);
    for (const entry of Object.values(models)) {
      if ('pull' in entry.source) expect(entry.source.unverified).toBe(true);
      else expect(entry.licence.package).toBe('MIT');
      expect(entry.licence.weights.length).toBeGreaterThan(0);
    }
  });

  it('sets use models of the right role', async () => {
    const { sets, models } = await readManifest(ownManifest());
    const roles = {
      ground: 'dense',
      match: 'dense',
      words: 'image-text',
      masks: 'masks',
      text: 'text-recognition',
    } as const;
    for (const set of Object.values(sets))
      for (const [use, id] of Object.entries(set)) expect(models[id]!.role).toBe(roles[use as keyof typeof roles]);
  });

  it('has files of the pinned digests in the installed packages', async () => {
    const registry = createBackbones({} as Inference, { manifests: [] });
    for (const [id, { source }] of await registry.models())
      if ('package' in source) expect((await registry.files(id)).files.length).toBeGreaterThan(0);
  });

  it('has its schema written beside it (UPDATE=1 writes it anew; then `npm run format`)', async () => {
    const path = fileURLToPath(new URL('../../models/manifest.schema.json', import.meta.url));
    const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...ManifestSchema };
    if (process.env.UPDATE) await writeFile(path, `${JSON.stringify(schema, null, 2)}\n`);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
  });
});

describe('faults', () => {
  const faultsOf = async (name: string, text: string): Promise<string[]> => {
    const error = await readManifest(await write(name, text)).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'MODEL_MANIFEST' });
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((l) => l.replace(`${folder}/`, ''));
  };

  it('are reported together, each at its place', async () => {
    const own = await readFile(ownManifest(), 'utf8');
    const text = own
      .replace('colour: rgb, range: byte', 'colour: green, range: byte')
      .replace('multiple: 32\n    input: x', 'multiple: many\n    input: x')
      .replace('licence: { package: MIT, weights: Apache-2.0 }', 'licence: { package: MIT, weight: Apache-2.0 }');
    const line = (needle: string): number => text.split('\n').findIndex((l) => l.includes(needle)) + 1;
    const faults = await faultsOf('several.yaml', text);
    for (const needle of ['colour: green', 'multiple: many', 'weight: Apache']) {
      expect(
        faults.some((f) => f.startsWith(`several.yaml:${line(needle)}:`)),
        `${needle} in\n${faults.join('\n')}`,
      ).toBe(true);
    }
  });

  it.each([
    ['no YAML', 'sets: [1, 2\nmodels: }', /^f\.yaml:\d+:\d+: /],
    [
      'a key twice',
      'schema: logsad/models/v1\nschema: logsad/models/v1\nsets: {}\nmodels: {}',
      /^f\.yaml:2:1: .*unique/,
    ],
    ['another schema', 'schema: logsad/models/v9\nsets: {}\nmodels: {}', /^f\.yaml:1:9: .*'logsad\/models\/v1'/],
    ['an unknown key', 'schema: logsad/models/v1\nsets: {}\nmodels: {}\nextra: 1', /no key 'extra'/],
    ['an empty file', '', /^f\.yaml:1:1: .*object/],
    ['an alias bomb', `schema: logsad/models/v1\nsets: &a {}\nmodels: *a`, /alias/i],
  ] as const)('%s', async (_, text, message) => {
    expect((await faultsOf('f.yaml', text)).join('\n')).toMatch(message);
  });

  it('a stride that does not divide the multiple, a stage twice', async () => {
    const own = await readFile(ownManifest(), 'utf8');
    expect((await faultsOf('g.yaml', own.replace('multiple: 32', 'multiple: 24'))).join()).toMatch(
      /24 is no multiple of the stride 16/,
    );
    expect((await faultsOf('h.yaml', own.replace('name: s8', 'name: s4'))).join()).toMatch(/'s4' stands twice/);
  });

  it('a manifest that is missing, that redefines a model, or whose set names none', async () => {
    const registry = (...manifests: string[]) => createBackbones({} as Inference, { manifests }).sets();
    await expect(registry(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'MODEL_MANIFEST' });
    await expect(registry(ownManifest())).rejects.toThrow(/'centernet' is already defined/);
    const dangling = await write(
      'dangling.yaml',
      'schema: logsad/models/v1\nsets: { x: { ground: nobody } }\nmodels: {}',
    );
    await expect(registry(dangling)).rejects.toThrow(/'nobody', which no manifest defines/);
  });
});
