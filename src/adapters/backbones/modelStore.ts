/** The models of this machine as a person handles them: listed, pulled, verified. No model is loaded. */
import type { Inference } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { homeFolder, modelsFolder } from '../home.ts';
import { isRemote, type Manifest } from './manifest.ts';
import { modelsToPull, type PulledFile, type PullOptions, pullModels } from './pull/pull.ts';
import { type BackboneOptions, createBackbones } from './registry.ts';
import { remoteGraphOf } from './served.ts';

export interface ListedModel {
  readonly id: string;
  readonly title: string;
  readonly role: string;
  readonly source: 'package' | 'folder' | 'pull' | 'remote';
  readonly unverified: boolean;
  /** Of the weights. */
  readonly licence: string;
  readonly present: boolean;
  readonly sets: readonly string[];
}

export interface VerifiedModel {
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
  readonly fault: LogsadError | null;
}

export interface ModelStore {
  /** Folder of pulled models. */
  readonly home: string;
  list(): Promise<ListedModel[]>;
  sets(): Promise<Manifest['sets']>;
  /** @throws LogsadError MODEL_UNKNOWN, PULL_*, DISK_FULL */
  pull(ids: readonly string[], options?: PullOptions & { readonly set?: string }): Promise<PulledFile[]>;
  /**
   * Hashes every file, also those that did not change; of all models here where none is named. Of a model that a server
   * runs it asks what that serves.
   */
  verify(ids: readonly string[], set?: string): Promise<VerifiedModel[]>;
}

export function createModelStore(options: BackboneOptions = {}, inference: Inference = {} as Inference): ModelStore {
  const registry = createBackbones(inference, options);
  const home = options.home ?? homeFolder();
  const known = async (ids: readonly string[], set?: string): Promise<string[]> => {
    const [sets, models] = [await registry.sets(), await registry.models()];
    if (set !== undefined || ids.length > 0) {
      await modelsToPull(registry, ids, set);
      return [...new Set([...(set === undefined ? [] : Object.values(sets[set]!)), ...ids])];
    }
    const all = await Promise.all([...models.keys()].map(async (id) => ((await registry.present(id)) ? [id] : [])));
    return all.flat();
  };
  return {
    home: modelsFolder(home),
    sets: () => registry.sets(),
    async list() {
      const sets = Object.entries(await registry.sets());
      const entries = [...(await registry.models())].map(async ([id, m]): Promise<ListedModel> => {
        const { source } = m;
        return {
          id,
          title: m.title,
          role: m.role,
          source: (['pull', 'package', 'remote'] as const).find((s) => s in source) ?? 'folder',
          unverified: 'pull' in source && source.unverified === true,
          licence: m.licence.weights,
          present: await registry.present(id),
          sets: sets.flatMap(([name, set]) => (Object.values(set).includes(id) ? [name] : [])),
        };
      });
      return Promise.all(entries);
    },
    async pull(ids, { set, ...rest } = {}) {
      return pullModels(registry, await modelsToPull(registry, ids, set), { ...rest, home });
    },
    async verify(ids, set) {
      const out: VerifiedModel[] = [];
      for (const id of await known(ids, set)) {
        try {
          const { entry, files } = await registry.files(id, true);
          if (isRemote(entry)) await inference.load(`served/${id}`, remoteGraphOf(entry));
          out.push({ id, files: files.length, bytes: files.reduce((n, f) => n + f.bytes, 0), fault: null });
        } catch (error) {
          if (!(error instanceof LogsadError)) throw error;
          out.push({ id, files: 0, bytes: 0, fault: error });
        }
      }
      return out;
    },
  };
}
