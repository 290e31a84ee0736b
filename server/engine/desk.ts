/** The work of an engine process: requests to answers over the public face of the package. */
import * as logsad from '../../src/index.ts';
import { openBlobs } from '../storage/blobs.ts';
import { PreviewDesk } from './previews.ts';
import type { Answer, Answers, Ask, AskOf, ProductKey, Progress } from './protocol.ts';
import { ReviewDesk } from './reviews.ts';
import { runTask } from './tasks.ts';

/** Inspectors kept warm; one holds its profile and head weights, some tens of megabytes. */
const WARM = 4;

interface Warm {
  readonly key: string;
  readonly inspector: Promise<logsad.Inspector>;
  /** Requests that use it now; it is let go when they are done. */
  users: number;
  dropped: boolean;
}

/** Rules as the engine names them in violations: the product's file, whatever folder the service keeps. */
const rulesOf = (text: string, product: string): logsad.ProductRules => {
  const path = `${product}/rules.yaml`;
  return { path, compiled: logsad.compileRules(text, path) };
};

export class Desk {
  #engine: Promise<logsad.Engine> | null = null;
  readonly #warm: Warm[] = [];
  readonly #reviews = new ReviewDesk();
  readonly #previews = new PreviewDesk();

  /** @throws LogsadError as the stories do */
  async answer<K extends Ask['kind']>(ask: AskOf<K>, onProgress: (p: Progress) => void): Promise<Answer<K>> {
    const request = ask as Ask;
    const reply = (): Promise<Answers[keyof Answers]> => {
      if (request.kind === 'inspect') return this.#inspect(request);
      if (request.kind === 'learn') return this.#learn(request, onProgress);
      if (request.kind === 'overlay') return overlay(request);
      if (request.kind === 'diff') return diff(request);
      if (request.kind === 'vet') return vet(request);
      if (request.kind === 'task') return runTask(request, () => this.#started(), onProgress);
      if (request.kind === 'preview') return this.#previews.show(request, () => this.#started());
      if (request.kind === 'offers') return this.#reviews.offers(request);
      if (request.kind === 'replay') return this.#reviews.replay(request);
      if (request.kind === 'normals') return this.#reviews.normals(request);
      return fits(request);
    };
    return (await reply()) as Answer<K>;
  }

  #started(): Promise<logsad.Engine> {
    this.#engine ??= logsad.openEngine().catch((error: unknown) => {
      this.#engine = null;
      throw error;
    });
    return this.#engine;
  }

  /** The inspector of a key, opened once however many ask at a time. */
  #inspector(key: ProductKey): Warm {
    const name = `${key.product}/${key.rulesVersion}/${key.profileVersion}`;
    const at = this.#warm.findIndex((w) => w.key === name);
    const kept = at < 0 ? undefined : this.#warm.splice(at, 1)[0];
    const warm: Warm = kept ?? { key: name, users: 0, dropped: false, inspector: this.#open(key) };
    // A key whose opening failed must not stay: the next request tries again.
    warm.inspector.catch(() => {
      const i = this.#warm.indexOf(warm);
      if (i >= 0) this.#warm.splice(i, 1);
    });
    this.#warm.push(warm);
    while (this.#warm.length > WARM) {
      const old = this.#warm.shift()!;
      old.dropped = true;
      void letGo(old);
    }
    return warm;
  }

  async #open(key: ProductKey): Promise<logsad.Inspector> {
    const [engine, profile] = await Promise.all([this.#started(), logsad.loadProfile(key.profile)]);
    // What is live was accepted by a person here, whatever the file says of its own status.
    return engine.inspector(rulesOf(key.rules, key.product), profile, { proposed: true });
  }

  async #inspect({ key, image, blobs: folder }: AskOf<'inspect'>): Promise<Answer<'inspect'>> {
    const warm = this.#inspector(key);
    warm.users++;
    try {
      const { result, maps: grids } = await (await warm.inspector).inspectWithMaps(image);
      const blobs = openBlobs(folder);
      const maps: Record<string, string> = {};
      for (const [name, { map, border }] of Object.entries(grids)) {
        maps[name] = (await blobs.put(await logsad.mapPng(map, border, logsad.images))).digest;
      }
      const { scene, ...rest } = result;
      return {
        verdict: result.verdict,
        score: result.score,
        unit: result.unit,
        p: result.p,
        cause: logsad.firstCause(result),
        body: JSON.stringify({ ...rest, sentence: logsad.firstSentence(result), maps: Object.keys(maps) }),
        scene: JSON.stringify(scene),
        maps,
      };
    } finally {
      warm.users--;
      if (warm.dropped) void letGo(warm);
    }
  }

  async #learn(ask: AskOf<'learn'>, onProgress: (p: Progress) => void): Promise<Answer<'learn'>> {
    const engine = await this.#started();
    const { normals, calibration, exemplars, seed, models: set } = ask;
    const request = { normals, exemplars, calibration, seed, set };
    const { profile, failures } = await engine.learn(rulesOf(ask.rules, ask.product), request, {
      onProgress: ({ stage, done, total }) => onProgress({ stage, done, total }),
    });
    const made = await openBlobs(ask.blobs).put(logsad.encodeProfile(profile));
    const facts = {
      normals: profile.normals.length,
      calibration: profile.calibration.length,
      models: logsad.modelsOf(profile),
      worst: profile.worst.map(({ image, unit, reasons }) => ({ image, unit, reasons: [...reasons] })),
      failures: failures.map((f) => {
        const { code, message, fix } = f.error;
        return { image: f.image, error: { code, message, fix } };
      }),
    };
    return { blob: made.digest, facts };
  }
}

async function letGo(warm: Warm): Promise<void> {
  if (warm.users > 0) return;
  await warm.inspector.then((i) => i[Symbol.asyncDispose]()).catch(() => undefined);
}

async function overlay({ rules, image, body, scene }: AskOf<'overlay'>): Promise<Answer<'overlay'>> {
  const result = { ...(JSON.parse(body) as object), scene: JSON.parse(scene) as unknown } as logsad.InspectionResult;
  const { file } = logsad.compileRules(rules, 'rules.yaml');
  return logsad.overlayPng(image, result, logsad.images, logsad.drawOptionsOf(file));
}

type Sets = NonNullable<Parameters<typeof logsad.diffRules>[0]['sets']>;

/**
 * What either version learns, as `inspect` does. Where one of them grounds otherwise than the profile, both learn from its
 * Scenes as they lie there: a preview of what the rules would say, which learning anew may still move.
 */
async function learnt(a: logsad.ProductRules, b: logsad.ProductRules, profile: logsad.Profile): Promise<Sets> {
  try {
    return [(await logsad.learningFor(a, profile)).set, (await logsad.learningFor(b, profile)).set];
  } catch (error) {
    if (!(error instanceof logsad.LogsadError && /^PROFILE_/.test(error.code))) throw error;
    const set = { normals: logsad.scenesOf(profile.normals), calibration: logsad.scenesOf(profile.calibration) };
    return [set, set];
  }
}

async function diff({ from, to, profile: path, scenes }: AskOf<'diff'>): Promise<Answer<'diff'>> {
  const [a, b] = [rulesOf(from, 'from'), rulesOf(to, 'to')];
  const sets = path === null ? null : await learnt(a, b, await logsad.loadProfile(path));
  const comparison = logsad.diffRules({ a: a.compiled, b: b.compiled, ...(sets ? { sets } : {}) });
  const changes = scenes.flatMap((s) => comparison.compare(JSON.parse(s) as logsad.Scene) ?? []);
  return { changed: comparison.changed, changes };
}

async function vet({ product, rules, profile: path, seed }: AskOf<'vet'>): Promise<Answer<'vet'>> {
  const [file, profile] = [rulesOf(rules, product), await logsad.loadProfile(path)];
  const { set } = await logsad.learningFor(file, profile);
  const vetting = logsad.vetRules({ compiled: file.compiled, ...set, seed });
  const stamp = { date: logsad.today(), models: logsad.modelsOf(profile) };
  return { body: JSON.stringify(vetting), text: logsad.writeVetting(rules, file.compiled, vetting, stamp) };
}

async function fits({ rules, profile }: AskOf<'fits'>): Promise<Answer<'fits'>> {
  try {
    await logsad.checkFitting(rulesOf(rules, 'product'), await logsad.loadProfile(profile));
    return null;
  } catch (error) {
    if (error instanceof logsad.LogsadError && /^PROFILE_/.test(error.code)) return error.message;
    throw error;
  }
}
