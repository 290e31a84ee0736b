/** The one place that chooses adapters and hands them to the stories. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type BackboneOptions, createBackbones, installedRoles } from './adapters/backbones/registry.ts';
import { type Dataset, openDataset } from './adapters/dataset.ts';
import { environmentFacts } from './adapters/environment.ts';
import {
  exists,
  expandInputs,
  findRules,
  type ImageFile,
  listFiles,
  listFolders,
  listImages,
  listNormals,
  readBytes,
  readText,
  schemaFor,
} from './adapters/files.ts';
import { createImages } from './adapters/images.ts';
import { createInference } from './adapters/inference/host.ts';
import { readPrompts } from './adapters/prompts.ts';
import { withRemote } from './adapters/remote/inference.ts';
import { readAdapters, writeSafetensors } from './adapters/tensors.ts';
import { checkWritable, writeAtomic, writeFault } from './adapters/writing.ts';
import { checkStamp, type Inspector, type OpenOptions, openInspector } from './app/inspect.ts';
import { type Deps, exemplarNames, type Learned, type LearnOptions, learn } from './app/learn.ts';
import { cachedImages } from './app/pictureCache.ts';
import { drawShots } from './app/shots.ts';
import { trainOnImages } from './app/trainOnImages.ts';
import { calibrate } from './core/calibrate.ts';
import { type Adapter, tensorsOf } from './core/detect/adapters.ts';
import { LogsadError } from './core/errors.ts';
import { emptyMask, type Mask } from './core/grid/grid.ts';
import { decodeProfile, encodeProfile, modelsOf, type Profile } from './core/profile.ts';
import type { RuleFile } from './core/rules/definition.ts';
import {
  type CompiledRules,
  type CompileOptions,
  compileRules,
  type LearningSet,
  type LearntRules,
} from './core/rules/index.ts';

/** Reading and writing, with every fault of the operating system turned into one of the catalogue. */
export const files = {
  checkWritable,
  exists,
  expandInputs,
  findRules,
  schemaFor,
  listFiles,
  listFolders,
  listImages,
  listNormals,
  openDataset,
  readBytes,
  readText,
  writeAtomic,
  writeFault,
};
export type { Dataset, ImageFile };
export const images = createImages();

export interface EngineOptions {
  /** Threads of one operator; default: the cores this process may use. */
  readonly threads?: number;
  /** Keeps decoded pictures, within a limit of memory: for work that looks at the same ones again. */
  readonly keepPictures?: boolean;
  /** Where models lie, besides what the environment says. */
  readonly backbones?: BackboneOptions;
}

/** Models and images, ready to learn and inspect. Holds a child process: `await using engine = await openEngine()`. */
export interface Engine extends AsyncDisposable, Deps {
  learn(product: ProductRules, request: LearnRequest, options?: LearnOptions): Promise<Learned>;
  /** @throws LogsadError PROFILE_* where the profile does not fit the rules or the models, RULES_PROPOSED */
  inspector(product: ProductRules, profile: Profile, options?: Pick<OpenOptions, 'proposed'>): Promise<Inspector>;
  /**
   * Trains the linear layers of april-gan; the bytes are a .safetensors file in the published layout.
   * @throws LogsadError DETECTOR_NEEDS_MODEL, DATASET_LAYOUT without a mask, IMAGE_*, MODEL_*
   */
  trainAdapters(
    product: ProductRules,
    request: TrainRequest,
    options?: LearnOptions,
  ): Promise<{ readonly bytes: Uint8Array; readonly losses: readonly number[]; readonly pictures: number }>;
}

export interface TrainRequest {
  readonly images: Dataset['test'];
  readonly set: string;
  readonly seed: number;
  readonly epochs?: number;
  readonly batch?: number;
}

/** A rule file, compiled, and where it lies. */
export interface ProductRules {
  readonly path: string;
  readonly compiled: CompiledRules;
}

export interface LearnRequest {
  readonly normals: readonly ImageFile[];
  /** Images that exemplars may name besides the normals. */
  readonly exemplars?: readonly ImageFile[];
  readonly calibration?: readonly ImageFile[];
  readonly set?: string;
  readonly seed?: number;
}

/** Starts the inference child. @throws LogsadError INFERENCE_UNAVAILABLE */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const inference = withRemote(
    await createInference(options.threads === undefined ? {} : { threads: options.threads }),
  );
  const reader = options.keepPictures ? cachedImages(images) : images;
  const templates = async (): Promise<readonly string[]> => (await readPrompts())['imagenet-80']?.templates ?? [];
  const backbones = createBackbones(inference, options.backbones);
  const deps: Deps = { images: reader, inference, backbones, templates };
  return {
    ...deps,
    learn: async (product, request, learnOptions) =>
      learn({ ...(await withFiles(product)), ...request }, deps, learnOptions),
    inspector: async (product, profile, openOptions) => {
      const { compiled, masks } = await withFiles(product);
      return openInspector(compiled, profile, { ...deps, masks }, { ...openOptions, path: product.path });
    },
    trainAdapters: async ({ compiled }, request, trainOptions) => {
      const { adapters, losses } = await trainOnImages({ ...request, file: compiled.file }, deps, trainOptions);
      const metadata = { set: request.set, seed: String(request.seed) };
      return { bytes: writeSafetensors(tensorsOf(adapters), metadata), losses, pictures: request.images.length };
    },
    [Symbol.asyncDispose]: () => inference[Symbol.asyncDispose](),
  };
}

export interface LoadOptions {
  /** Folders of images: an exemplar that is in none of them is a fault of the file. Default: not looked at. */
  readonly normals?: readonly string[] | undefined;
  /** false: words compile although no installed model can ground them, for what works on stored Scenes. Default: true. */
  readonly models?: boolean;
}

/** What this machine and these folders offer to a rule file. @throws LogsadError MODEL_MANIFEST, FILE_*, IMAGES_NONE */
export async function compileFacts({ normals, models = true }: LoadOptions = {}): Promise<CompileOptions> {
  const images = normals && new Set((await Promise.all(normals.map(listNormals))).flatMap((n) => n.images.map(nameOf)));
  return {
    ...(models ? { models: await installedRoles() } : {}),
    ...(images ? { exemplarExists: (image: string) => images.has(image) } : {}),
  };
}

const nameOf = ({ name }: ImageFile): string => name;

/**
 * Compiles the rules of a folder or of a file against what is installed: a grounding that no model here can do is a fault.
 * @throws LogsadError FILE_NOT_FOUND, FILE_NOT_UTF8, RULES_*, and as compileFacts
 */
export async function loadRules(path: string, options: LoadOptions = {}): Promise<ProductRules> {
  const file = await findRules(path);
  const text = await readText(file);
  try {
    return { path: file, compiled: compileRules(text, file, await compileFacts(options)) };
  } catch (error) {
    // Where the normals are not there, the faults of the rules come first: they are mended in an editor.
    if (options.normals) compileRules(text, file, await compileFacts({ ...options, normals: undefined }));
    throw error;
  }
}

/** @throws LogsadError FILE_NOT_FOUND, PROFILE_* */
export async function loadProfile(path: string): Promise<Profile> {
  return decodeProfile(
    await readBytes(path, 'a profile, made by: logsad learn RULES --normals DIR --profile FILE'),
    path,
  );
}

/** A profile whose Scenes these rules can judge; no model is loaded. @throws LogsadError as loadProfile, PROFILE_STALE, PROFILE_PRODUCT */
export async function loadFitting(product: ProductRules, path: string): Promise<Profile> {
  const profile = await loadProfile(path);
  await checkFitting(product, profile);
  return profile;
}

/** A profile under some rules: what an inspector learns of it, and from what. */
export interface LoadedLearning {
  readonly profile: Profile;
  readonly learnt: LearntRules;
  readonly set: LearningSet;
}

/**
 * What a profile teaches these rules, set-aside normals, relit normals and mask files included: the bounds that `inspect`
 * judges by. No model is loaded. @throws LogsadError as loadFitting
 */
export async function loadLearning(product: ProductRules, path: string): Promise<LoadedLearning> {
  return learningFor(product, await loadProfile(path));
}

/** The same for a profile that is loaded already. @throws LogsadError PROFILE_STALE, PROFILE_PRODUCT */
export async function learningFor(product: ProductRules, profile: Profile): Promise<LoadedLearning> {
  const { compiled, masks } = await withFiles(product);
  checkStamp(compiled, profile, null);
  const { judge, learning } = calibrate(compiled, profile, Object.fromEntries(masks));
  return { profile, learnt: judge.rules, set: learning };
}

/** Whether these rules, with the mask files they name, can judge a profile's Scenes. @throws LogsadError PROFILE_STALE, PROFILE_PRODUCT */
export async function checkFitting(product: ProductRules, profile: Profile): Promise<void> {
  checkStamp((await withFiles(product)).compiled, profile, null);
}

/** What a profile's results depend on: models, engine, and the machine they were computed on. */
export function environmentOf(profile: Profile): (readonly [name: string, value: string])[] {
  const { node, platform, cpu, packages } = environmentFacts();
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version ?? 'missing'}`);
  return [
    ['models', `set ${profile.stamp.set}: ${modelsOf(profile).join(', ')}`],
    ['engine', `${profile.stamp.engine}, seed ${profile.stamp.seed}`],
    ['rules digest', profile.stamp.grounding.slice(0, 16)],
    ['machine', `${platform}, node ${node}, ${cpu.model} (${cpu.usable} cores)`],
    ['libraries', versions.join(', ')],
  ];
}

/** The mask files that a product's rules name, for judging Scenes without a profile. @throws LogsadError FILE_*, IMAGE_* */
export async function regionMasks(product: ProductRules): Promise<Record<string, Mask>> {
  return Object.fromEntries((await withMasks(product)).masks);
}

/** Today as an ISO date, for provenance and vetting. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Whole or not at all. @throws LogsadError DISK_FULL, NO_WRITE_PERMISSION */
export async function saveProfile(path: string, profile: Profile): Promise<void> {
  await writeAtomic(path, encodeProfile(profile));
}

/** What a folder of normals gives: all of it, or `shots` of it, exemplars first (see app/shots.ts). */
export async function gatherNormals(
  folder: string,
  file: RuleFile,
  options: { readonly shots?: number; readonly seed?: number } = {},
): Promise<{ normals: readonly ImageFile[]; exemplars: readonly ImageFile[]; warnings: LogsadError[] }> {
  const { images: all, warnings: few } = await listNormals(folder);
  const warnings = [...few, ...emptyWarning(file)];
  const wanted = exemplarNames(file);
  const normals = drawShots(all, wanted, options.shots, options.seed ?? 0);
  return { normals, exemplars: all.filter((i) => wanted.includes(i.name)), warnings };
}

/** A warning about a rule file that says nothing: all that is left is how far patches lie from the normals'. */
export function emptyWarning({ product, interests, rules }: RuleFile): LogsadError[] {
  return Object.keys(interests).length + rules.length > 0 ? [] : [new LogsadError('RULES_EMPTY', { product })];
}

export async function digestFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readBytes(path))
    .digest('hex');
}

/** The mask files that exemplars, regions, `ignore` and the focus name. */
export function maskNames(file: RuleFile): string[] {
  const { focus } = file.frame;
  const shapes = [...Object.values(file.regions), ...file.ignore, ...(typeof focus === 'object' ? [focus] : [])];
  const drawn = Object.values(file.interests).flatMap((i) => i.exemplars.flatMap((e) => e.masks));
  return [...new Set([...drawn, ...shapes.flatMap((s) => ('mask' in s ? [s.mask] : []))])].sort();
}

interface ProductFiles {
  readonly compiled: CompiledRules;
  readonly masks: ReadonlyMap<string, Mask>;
  readonly adapters: ReadonlyMap<string, readonly Adapter[]>;
}

/**
 * What a rule file names beside itself: masks, and the linear layers of detectors (`adapters:`). Its rules are stamped with
 * both, so that a profile learnt with another file is stale. @throws LogsadError FILE_*, IMAGE_*, ADAPTERS_INVALID
 */
async function withFiles(product: ProductRules): Promise<ProductFiles> {
  const { compiled, masks } = await withMasks(product);
  const named = compiled.file.detectors.flatMap((d) =>
    typeof d.options.adapters === 'string' && d.options.adapters !== '' ? [d.options.adapters] : [],
  );
  if (named.length === 0) return { compiled, masks, adapters: new Map() };
  const stamp = createHash('sha256').update(compiled.digests.grounding);
  const adapters = await readAdapters(dirname(product.path), named, (name, bytes) => stamp.update(name).update(bytes));
  const digests = { ...compiled.digests, grounding: stamp.digest('hex') };
  return { compiled: { ...compiled, digests }, masks, adapters };
}

/**
 * The mask files of a product, beside its rule file (white, at least half, is inside), and its rules stamped with what the
 * masks show: a profile that was learnt with another drawing is stale. @throws LogsadError FILE_*, IMAGE_*
 */
export async function withMasks({
  compiled,
  path,
}: ProductRules): Promise<{ compiled: CompiledRules; masks: ReadonlyMap<string, Mask> }> {
  const names = maskNames(compiled.file);
  if (names.length === 0) return { compiled, masks: new Map() };
  const read = async (name: string): Promise<[string, Mask]> => {
    const { pixels } = await images.read(join(dirname(path), name));
    const mask = emptyMask(pixels.height, pixels.width);
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = pixels.data[3 * i]! >= 128 ? 1 : 0;
    return [name, mask];
  };
  const masks = await Promise.all(names.map(read));
  const stamp = createHash('sha256').update(compiled.digests.grounding);
  for (const [name, { width, height, data }] of masks) {
    stamp.update(JSON.stringify([name, width, height])).update(data);
  }
  const digests = { ...compiled.digests, grounding: stamp.digest('hex') };
  return { compiled: { ...compiled, digests }, masks: new Map(masks) };
}
