/** Finds, checks, prepares and loads the models the manifests name. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backbones, DenseBackbone, ImageTextModel, Inference, MaskModel, TextReader } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { homeFolder } from '../home.ts';
import { readPrompts } from '../prompts.ts';
import { cellGraph } from './cellGraph.ts';
import { convertTfjs } from './centernet.ts';
import { PREPARATION, type Stage, wrapDense } from './dense.ts';
import { denseBackbone } from './denseBackbone.ts';
import { matmulGraph, nearestGraph, pickGraph } from './graphs.ts';
import { loadImageText } from './imageText.ts';
import { type DenseEntry, isRemote, isTransformer, type Manifest, type ModelEntry, readManifest } from './manifest.ts';
import { loadMasks } from './masks.ts';
import { holds, type OnnxGraph, readOnnx } from './onnx.ts';
import { loadReader } from './reader.ts';
import { loadServed } from './served.ts';
import { checkedFiles, type ModelFiles, present } from './store.ts';
import { loadGraph, loadVision } from './vision.ts';

export interface BackboneOptions {
  /** Folder of pulled models and prepared graphs; default: see adapters/home.ts. */
  readonly home?: string;
  /** Further manifests; default: the paths in the environment variable LOGSAD_MODELS, separated as in PATH. */
  readonly manifests?: readonly string[];
}

export interface ModelRegistry extends Backbones {
  /** The sets of all manifests. */
  sets(): Promise<Manifest['sets']>;
  /** Every model, in manifest order. */
  models(): Promise<ReadonlyMap<string, ModelEntry>>;
  /**
   * The files of a model, their digests checked (with `fresh` also of large ones that did not change since).
   * @throws LogsadError MODEL_MISSING, MODEL_DIGEST, MODEL_UNPINNED
   */
  files(id: string, fresh?: boolean): Promise<ModelFiles>;
  /** Whether all files of a model lie here; digests are not looked at. */
  present(id: string): Promise<boolean>;
}

interface Catalogue {
  readonly sets: Manifest['sets'];
  readonly models: ReadonlyMap<string, { readonly entry: ModelEntry; readonly manifest: Manifest }>;
}

/** The manifests in use: the package's own, then those brought by hand. */
function manifestPaths({ manifests }: BackboneOptions): string[] {
  return [ownManifest(), ...(manifests ?? (process.env.LOGSAD_MODELS ?? '').split(delimiter).filter(Boolean))];
}

/** Roles for which a model's files lie on this machine. Nothing is loaded. @throws LogsadError MODEL_MANIFEST */
export async function installedRoles(options: BackboneOptions = {}): Promise<string[]> {
  const { models } = merge(await Promise.all(manifestPaths(options).map((p) => readManifest(p))));
  const there = [...models].filter(([id, m]) => present(id, m.entry, m.manifest, options.home ?? homeFolder()));
  return [...new Set(there.map(([, m]) => m.entry.role))].sort();
}

export function createBackbones(inference: Inference, options: BackboneOptions = {}): ModelRegistry {
  const paths = manifestPaths(options);
  const loaded = new Map<string, Promise<DenseBackbone>>();
  const loadedWords = new Map<string, Promise<ImageTextModel>>();
  const loadedMasks = new Map<string, Promise<MaskModel>>();
  const loadedReaders = new Map<string, Promise<TextReader>>();
  let reading: Promise<Catalogue> | undefined;
  const catalogue = (): Promise<Catalogue> => {
    reading ??= Promise.all(paths.map((p) => readManifest(p))).then(merge);
    return reading;
  };
  const home = options.home ?? homeFolder();
  const entryOf = async (id: string) => {
    const found = (await catalogue()).models.get(id);
    if (!found) throw new LogsadError('MODEL_MANIFEST', { faults: `no model '${id}'` });
    return found;
  };
  const files = async (id: string, fresh = false): Promise<ModelFiles> => {
    const found = await entryOf(id);
    return checkedFiles(id, found.entry, found.manifest, home, fresh);
  };
  /** Loads once per id. A failure is not kept: the file may have been brought meanwhile. */
  const once = <T extends { readonly digest: string }>(
    cache: Map<string, Promise<T>>,
    id: string,
    load: (m: ModelFiles) => Promise<T>,
  ): Promise<T> => {
    let made = cache.get(id);
    if (!made) {
      made = files(id)
        .then(load)
        .then((m) => ({ ...m, digest: computedBy(inference, m.digest) }));
      cache.set(id, made);
      made.catch(() => cache.delete(id));
    }
    return made;
  };
  const model = async (id: string): Promise<DenseBackbone> => {
    const { entry } = await entryOf(id);
    if (entry.role === 'image-text') return words(id);
    if (isRemote(entry)) return once(loaded, id, () => loadServed(inference, id, entry));
    return once(loaded, id, (m) => (isTransformer(entry) ? loadVision(inference, m, home) : loadDense(inference, m)));
  };
  const words = (id: string): Promise<ImageTextModel> =>
    once(loadedWords, id, (m) => loadImageText(inference, m, home));
  const named = async (set: string, use: 'words' | 'masks' | 'text'): Promise<string | null> =>
    (await catalogue()).sets[set]?.[use] ?? null;
  return {
    sets: async () => (await catalogue()).sets,
    models: async () => new Map([...(await catalogue()).models].map(([id, m]) => [id, m.entry])),
    files,
    async present(id) {
      const found = await entryOf(id);
      return present(id, found.entry, found.manifest, home);
    },
    async dense(role, set) {
      const { sets } = await catalogue();
      const id = sets[set]?.[role];
      if (!id) throw new LogsadError('MODEL_SET_UNKNOWN', { set, role, known: Object.keys(sets) });
      return model(id);
    },
    async imageText(set) {
      const id = await named(set, 'words');
      return id === null ? null : words(id);
    },
    async masks(set) {
      const id = await named(set, 'masks');
      return id === null ? null : once(loadedMasks, id, (m) => loadMasks(inference, m));
    },
    async reader(set) {
      const id = await named(set, 'text');
      return id === null ? null : once(loadedReaders, id, (m) => loadReader(inference, m));
    },
    model,
    async installed() {
      const { models } = await catalogue();
      // What a server runs is used where it is named, never because it is there.
      const dense = [...models].filter(([, m]) => m.entry.role === 'dense' && !isRemote(m.entry));
      return dense.filter(([id, m]) => present(id, m.entry, m.manifest, home)).map(([id]) => id);
    },
    async cells(backbone, spec) {
      const graph = `cells/${backbone.id}/${JSON.stringify(spec)}`;
      const stages = spec.stages.map((name) => backbone.stages.find((s) => s.name === name)!);
      await inference.load(graph, { bytes: cellGraph(stages, spec) });
      return graph;
    },
    async nearest({ index = false, bias, count = 1 }) {
      const graph = `nearest/${index ? 'index' : count}${bias ? '/bias' : ''}`;
      await inference.load(graph, { bytes: nearestGraph({ index, bias, count }) });
      return graph;
    },
    async products() {
      await inference.load('products', { bytes: matmulGraph() });
      return 'products';
    },
    async picked() {
      await inference.load('picked', { bytes: pickGraph() });
      return 'picked';
    },
    prompts: () => readPrompts(),
  };
}

/** Providers round otherwise than the processor: what was learnt with one of them is another model's. */
const computedBy = ({ providers = [] }: Inference, digest: string): string =>
  providers.length === 0 ? digest : createHash('sha256').update(`${digest} ${providers.join()}`).digest('hex');

/** `models/manifest.yaml` of this package, from the sources and from the build alike. */
export function ownManifest(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'models', 'manifest.yaml');
    if (existsSync(path) || dirname(folder) === folder) return path;
  }
}

/** One name space over all manifests: a second definition would silently change what a profile means. */
function merge(manifests: readonly Manifest[]): Catalogue {
  const sets: Record<string, Manifest['sets'][string]> = {};
  const models = new Map<string, { entry: ModelEntry; manifest: Manifest }>();
  const faults: string[] = [];
  for (const manifest of manifests) {
    for (const [id, entry] of Object.entries(manifest.models)) {
      if (models.has(id))
        faults.push(`${manifest.path}: model '${id}' is already defined in ${models.get(id)!.manifest.path}`);
      models.set(id, { entry, manifest });
    }
    for (const [name, set] of Object.entries(manifest.sets)) {
      if (sets[name]) faults.push(`${manifest.path}: set '${name}' is already defined`);
      sets[name] = set;
    }
  }
  for (const [name, set] of Object.entries(sets)) {
    for (const [use, id] of Object.entries(set)) {
      if (!models.has(id)) faults.push(`set '${name}': ${use} names '${id}', which no manifest defines`);
    }
  }
  if (faults.length > 0) throw new LogsadError('MODEL_MANIFEST', { faults: faults.join('\n') });
  return { sets, models };
}

/** The prepared graph of a dense model, with the uniform interface of `DenseBackbone`. @throws LogsadError MODEL_* */
export function prepareDense(id: string, entry: DenseEntry, files: readonly Uint8Array[]): Uint8Array {
  const stages: Stage[] = entry.stages.map((s) => ({ ...s, layout: s.layout ?? 'nchw' }));
  const graph = sourceGraph(id, entry, files, stages);
  const absent = [entry.input, ...stages.map((s) => s.output)].find((t) => !holds(graph, t));
  if (absent !== undefined) throw new LogsadError('MODEL_TAP', { model: id, tensor: absent });
  const taken = stages.find((s) => holds(graph, s.name));
  if (taken) {
    const reason = `the graph has a tensor '${taken.name}' of its own: call the stage otherwise`;
    throw new LogsadError('MODEL_INVALID', { model: id, reason });
  }
  return wrapDense(graph, entry.input, entry.preprocessing, stages);
}

function sourceGraph(id: string, entry: DenseEntry, files: readonly Uint8Array[], stages: readonly Stage[]): OnnxGraph {
  if (entry.format === 'tfjs') {
    const [json, bin] = files;
    if (!json || !bin)
      throw new LogsadError('MODEL_INVALID', { model: id, reason: 'format tfjs needs two files: graph, weights' });
    return convertTfjs(
      id,
      json,
      bin,
      stages.map((s) => s.output),
    );
  }
  try {
    return readOnnx(files[0]!);
  } catch (cause) {
    const reason = `not an ONNX file: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new LogsadError('MODEL_INVALID', { model: id, reason }, { cause });
  }
}

async function loadDense(inference: Inference, { id, entry, files }: ModelFiles): Promise<DenseBackbone> {
  if (!('stages' in entry) || isRemote(entry))
    throw new LogsadError('MODEL_ROLE', { model: id, found: entry.role, expected: 'dense' });
  const graph = `dense/${id}`;
  const bytes = prepareDense(id, entry, await Promise.all(files.map((f) => f.read())));
  await loadGraph(inference, id, files[0]!.path, graph, { bytes });
  await probe(inference, id, entry, graph);
  const { preprocessing, stages, input, multiple } = entry;
  const sha256s = entry.files.map((f) => f.sha256);
  const identity = { preparation: PREPARATION, files: sha256s, preprocessing, stages, input, multiple };
  return denseBackbone(inference, id, graph, entry, identity);
}

/** Runs a black picture once: strides and channels of a manifest are claims, and detectors build on them. */
async function probe(inference: Inference, id: string, { stages, multiple }: DenseEntry, graph: string): Promise<void> {
  const [h, w] = [2 * multiple, 3 * multiple];
  const image = { dims: [1, h, w, 3], data: new Uint8Array(h * w * 3) };
  const found = await inference.run(
    [{ graph, feeds: { image } }],
    stages.map((s) => [0, s.name] as const),
  );
  for (const [i, { name, stride, channels }] of stages.entries()) {
    const expected = [1, h / stride, w / stride, channels];
    const dims = found[i]!.dims;
    if (dims.join() === expected.join()) continue;
    const reason = `stage '${name}' yields [${dims.join(', ')}] for a picture of ${w} x ${h}, expected [${expected.join(', ')}]`;
    throw new LogsadError('MODEL_INVALID', { model: id, reason });
  }
}
