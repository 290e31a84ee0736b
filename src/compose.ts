/** The one place that chooses adapters and hands them to the stories. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createBackbones } from './adapters/backbones/registry.ts';
import { type Dataset, openDataset } from './adapters/dataset.ts';
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
} from './adapters/files.ts';
import { createImages } from './adapters/images.ts';
import { createInference } from './adapters/inference/host.ts';
import { checkWritable, writeAtomic, writeFault } from './adapters/writing.ts';
import { checkStamp, type Inspector, type OpenOptions, openInspector } from './app/inspect.ts';
import { type Deps, exemplarNames, type Learned, type LearnOptions, learn } from './app/learn.ts';
import { drawShots } from './app/shots.ts';
import type { LogsadError } from './core/errors.ts';
import { emptyMask, type Mask } from './core/grid/grid.ts';
import { decodeProfile, encodeProfile, type Profile } from './core/profile.ts';
import type { RuleFile } from './core/rules/definition.ts';
import { type CompiledRules, compileRules } from './core/rules/index.ts';

/** Reading and writing, with every fault of the operating system turned into one of the catalogue. */
export const files = {
  checkWritable,
  exists,
  expandInputs,
  findRules,
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
}

/** Models and images, ready to learn and inspect. Holds a child process: `await using engine = await openEngine()`. */
export interface Engine extends AsyncDisposable, Deps {
  learn(product: ProductRules, request: LearnRequest, options?: LearnOptions): Promise<Learned>;
  /** @throws LogsadError PROFILE_* where the profile does not fit the rules or the models, RULES_PROPOSED */
  inspector(product: ProductRules, profile: Profile, options?: Pick<OpenOptions, 'proposed'>): Promise<Inspector>;
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
  const inference = await createInference(options.threads === undefined ? {} : { threads: options.threads });
  const deps: Deps = { images, inference, backbones: createBackbones(inference) };
  return {
    ...deps,
    learn: async (product, request, learnOptions) =>
      learn({ ...(await withMasks(product)), ...request }, deps, learnOptions),
    inspector: async (product, profile, openOptions) => {
      const { compiled, masks } = await withMasks(product);
      return openInspector(compiled, profile, { ...deps, masks }, { ...openOptions, path: product.path });
    },
    [Symbol.asyncDispose]: () => inference[Symbol.asyncDispose](),
  };
}

/** Compiles the rules of a folder or of a file. @throws LogsadError FILE_NOT_FOUND, FILE_NOT_UTF8, RULES_* */
export async function loadRules(path: string): Promise<ProductRules> {
  const file = await findRules(path);
  return { path: file, compiled: compileRules(await readText(file), file) };
}

/** @throws LogsadError FILE_NOT_FOUND, PROFILE_* */
export async function loadProfile(path: string): Promise<Profile> {
  return decodeProfile(await readBytes(path, 'a profile made by: logsad learn'), path);
}

/** A profile whose Scenes these rules can judge; no model is loaded. @throws LogsadError as loadProfile, PROFILE_STALE, PROFILE_PRODUCT */
export async function loadFitting(product: ProductRules, path: string): Promise<Profile> {
  const profile = await loadProfile(path);
  await checkFitting(product, profile);
  return profile;
}

/** Whether these rules, with the mask files they name, can judge a profile's Scenes. @throws LogsadError PROFILE_STALE, PROFILE_PRODUCT */
export async function checkFitting(product: ProductRules, profile: Profile): Promise<void> {
  checkStamp((await withMasks(product)).compiled, profile, null);
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
  const { images: all, warnings } = await listNormals(folder);
  const wanted = exemplarNames(file);
  const normals = drawShots(all, wanted, options.shots, options.seed ?? 0);
  return { normals, exemplars: all.filter((i) => wanted.includes(i.name)), warnings };
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

/**
 * The mask files of a product, beside its rule file (white, at least half, is inside), and its rules stamped with what the
 * masks show: a profile that was learnt with another drawing is stale. @throws LogsadError FILE_*, IMAGE_*
 */
async function withMasks({
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
