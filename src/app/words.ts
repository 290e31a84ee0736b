/**
 * Words in the stories: what an image-text model and a mask model say about a picture (ALGORITHM 4). Text vectors and the
 * codebook of clusters are made once, at learning, and lie in the Profile: inspecting embeds no text.
 */
import { classVectors, wordPrompts } from '../core/detect/prompts.ts';
import { LogsadError } from '../core/errors.ts';
import { kMeans, nearestCentres, type Rows } from '../core/grid/cluster.ts';
import { type FeatureGrid, grid, type LabelGrid, type RgbImage, zeros } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import { resizeBilinear, resizeCubic } from '../core/grid/resample.ts';
import { cellLab } from '../core/ground/features.ts';
import type { AreaMedians } from '../core/ground/instances.ts';
import type { NormalCandidates } from '../core/ground/model.ts';
import { SEGMENT } from '../core/ground/segment.ts';
import { labelByWords, vocabularyOf, type WordSource } from '../core/ground/vocabulary.ts';
import { jointlyUnit, type Look, spokenInterests, wordCandidates } from '../core/ground/wordCandidates.ts';
import type { WordEvidence } from '../core/ground/words.ts';
import type { ProfileSection } from '../core/profile.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { Deps, ImageRef } from './learn.ts';
import type { ImageTextModel, MaskModel } from './ports.ts';
import type { FramedImage, Segmenter } from './segmenter.ts';
import { asGrid } from './tensors.ts';

const WORDS = {
  /** The token grid is doubled before it is normalised (ALGORITHM 1.4: 32 to 64). */
  grid: 2,
  /** Normals that the codebook rests on (ALGORITHM 4.1 A). */
  codebookNormals: 4,
} as const;

const SOURCES: readonly WordSource[] = ['words', 'clusters'];

/** What is learnt of words: text vectors by class and attribute, and the centres of clusters. */
interface WordModel {
  readonly vectors: Readonly<Partial<Record<WordSource, Rows>>>;
  readonly attributes: Readonly<Record<string, Rows>>;
  readonly centres: Rows | null;
}

export interface Words {
  /** For the stamp of a profile. */
  readonly backbones: Readonly<Record<string, { readonly id: string; readonly digest: string }>>;
  readonly section: ProfileSection;
  /** Channels per stage of the features that instances get. */
  readonly channels: readonly number[];
  evidence(image: FramedImage, signal?: AbortSignal): Promise<WordEvidence & { readonly stages: FeatureGrid[] }>;
  /** The spoken interests of a picture; `look` where a pixel head grounds others: then masks lie on its grid. */
  candidates(
    image: FramedImage,
    medians: AreaMedians,
    look: Look | null,
    signal?: AbortSignal,
  ): Promise<NormalCandidates>;
}

/** Doubled, then unit length per cell; the order matters (ALGORITHM 1.4). */
function doubled(stages: readonly FeatureGrid[]): FeatureGrid[] {
  return jointlyUnit(
    stages.map((s) => resizeBilinear(s, WORDS.grid * s.height, WORDS.grid * s.width, { alignCorners: true })),
  );
}

/** Several grids of one size side by side in their channels. */
function joined(stages: readonly FeatureGrid[]): FeatureGrid {
  const [first] = stages as [FeatureGrid];
  const channels = stages.reduce((n, s) => n + s.channels, 0);
  const out = zeros(first.height, first.width, channels);
  for (let i = 0; i < first.height * first.width; i++) {
    let at = i * channels;
    for (const s of stages) {
      out.data.set(s.data.subarray(i * s.channels, (i + 1) * s.channels), at);
      at += s.channels;
    }
  }
  return out;
}

const asRows = (g: FeatureGrid): Rows => grid(g.data, g.height * g.width, 1, g.channels);

interface Seen {
  readonly tokens: FeatureGrid;
  readonly stages: readonly FeatureGrid[];
}

/** Runs the picture tower; a frame that its patches do not divide is resized to the nearest size that they do. */
async function see(deps: Deps, clip: ImageTextModel, image: RgbImage, signal?: AbortSignal): Promise<Seen> {
  const whole = (n: number): number => Math.max(1, Math.round(n / clip.patch)) * clip.patch;
  const [height, width] = [whole(image.height), whole(image.width)];
  const fitted = height === image.height && width === image.width ? image : resizeCubic(image, height, width);
  const feeds = { image: { dims: [1, height, width, 3], data: fitted.data } };
  const names = ['tokens', ...clip.stages.map((s) => s.name)];
  const out = await deps.inference.run(
    [{ graph: await clip.at({ width, height }), feeds }],
    names.map((n) => [0, n] as const),
    signal ? { signal } : {},
  );
  const [tokens, ...stages] = out.map(asGrid) as [FeatureGrid, ...FeatureGrid[]];
  return { tokens: doubled([tokens])[0]!, stages };
}

/** LogSAD's features of clusters: the first two stages together (ALGORITHM 1.4). */
const clusterFeatures = ({ stages }: Seen): FeatureGrid => joined(doubled(stages.slice(0, 2)));

/** One vector per list of words: all of them in all templates, averaged. */
async function vectorsOf(deps: Deps, clip: ImageTextModel, classes: readonly (readonly string[])[]): Promise<Rows> {
  if (!deps.templates) throw new TypeError('words: no templates were composed');
  const templates = await deps.templates();
  const prompts = classes.map((say) => wordPrompts(templates, say));
  const rows = await clip.embed(prompts.flat());
  return classVectors(
    rows,
    prompts.map((p) => p.length),
  );
}

/** Attributes whose every value is said in words. */
const spokenAttributes = (file: RuleFile) =>
  Object.values(file.attributes).filter((a) => Object.values(a.values).every((v) => v.say.length > 0));

async function learnModel(
  file: RuleFile,
  refs: readonly ImageRef[],
  clip: ImageTextModel,
  segmenter: Segmenter,
  deps: Deps,
  seed: number,
  signal?: AbortSignal,
): Promise<WordModel> {
  const vectors: Partial<Record<WordSource, Rows>> = {};
  for (const source of SOURCES) {
    const classes = vocabularyOf(file, source);
    if (classes.length > 0)
      vectors[source] = await vectorsOf(
        deps,
        clip,
        classes.map((c) => c.say),
      );
  }
  const attributes: Record<string, Rows> = {};
  for (const a of spokenAttributes(file))
    attributes[a.id] = await vectorsOf(
      deps,
      clip,
      Object.values(a.values).map((v) => v.say),
    );
  if (!vectors.clusters) return { vectors, attributes, centres: null };
  const bags: Rows[] = [];
  for (const ref of refs) {
    if (bags.length === WORDS.codebookNormals) break;
    // An unreadable picture is reported when all normals are read.
    const framed = await segmenter.frame(ref, signal).catch((error: unknown) => {
      if (error instanceof LogsadError && error.code.startsWith('IMAGE_')) return null;
      throw error;
    });
    if (framed) bags.push(asRows(clusterFeatures(await see(deps, clip, framed.pixels, signal))));
  }
  const d = bags[0]?.channels ?? 0;
  const data = new Float32Array(bags.reduce((n, b) => n + b.data.length, 0));
  bags.reduce((at, b) => {
    data.set(b.data, at);
    return at + b.data.length;
  }, 0);
  const rows = grid(data, data.length / Math.max(1, d), 1, d);
  const k = Math.min(file.segmentation?.clusters ?? SEGMENT.clusters, rows.height);
  return { vectors, attributes, centres: kMeans(rows, k, createRandom(seed)).centres };
}

interface Facts {
  readonly width: Readonly<Record<string, number>>;
}

function pack({ vectors, attributes, centres }: WordModel): ProfileSection {
  const rows: Record<string, Rows> = {};
  for (const [source, v] of Object.entries(vectors)) rows[`words:${source}`] = v;
  for (const [id, v] of Object.entries(attributes)) rows[`attribute:${id}`] = v;
  if (centres) rows.centres = centres;
  const width = Object.fromEntries(Object.entries(rows).map(([name, r]) => [name, r.channels]));
  const arrays = Object.fromEntries(Object.entries(rows).map(([name, r]) => [name, r.data]));
  return { facts: { width } satisfies Facts, arrays };
}

function unpack(section: ProfileSection): WordModel {
  const { width } = section.facts as unknown as Facts;
  const rowsOf = (name: string): Rows => {
    const data = section.arrays[name]!;
    return grid(data, data.length / width[name]!, 1, width[name]!);
  };
  const named = (prefix: string): [string, Rows][] =>
    Object.keys(section.arrays)
      .filter((n) => n.startsWith(prefix))
      .map((n) => [n.slice(prefix.length), rowsOf(n)]);
  return {
    vectors: Object.fromEntries(named('words:')),
    attributes: Object.fromEntries(named('attribute:')),
    centres: section.arrays.centres ? rowsOf('centres') : null,
  };
}

function wordsOf(file: RuleFile, model: WordModel, clip: ImageTextModel, masks: MaskModel | null, deps: Deps): Words {
  const id = ({ id, digest }: { id: string; digest: string }) => ({ id, digest });
  const mapOf = (source: WordSource, seen: Seen): LabelGrid | null => {
    const vectors = model.vectors[source];
    if (!vectors) return null;
    const { height, width } = seen.tokens;
    const clusters =
      source === 'clusters' && model.centres
        ? grid(nearestCentres(asRows(clusterFeatures(seen)), model.centres).labels, height, width)
        : null;
    return labelByWords(file, source, seen.tokens, vectors, clusters);
  };
  const evidence: Words['evidence'] = async (image, signal) => {
    const seen = await see(deps, clip, image.pixels, signal);
    const maps: Partial<Record<WordSource, LabelGrid>> = {};
    for (const source of SOURCES) {
      const map = mapOf(source, seen);
      if (map) maps[source] = map;
    }
    const kept = masks ? await masks.propose(image.pixels, signal ? { signal } : {}) : null;
    const { height, width } = image.pixels;
    return {
      image: image.name,
      frame: image.frame,
      tokens: seen.tokens,
      maps,
      proposals: kept && { masks: kept.map((m) => m.mask), height, width },
      attributes: model.attributes,
      stages: [...seen.stages],
    };
  };
  return {
    backbones: { words: id(clip), ...(masks ? { masks: id(masks) } : {}) },
    section: pack(model),
    channels: clip.stages.map((s) => s.channels),
    evidence,
    async candidates(image, medians, look, signal) {
      const found = await evidence(image, signal);
      const { height, width } = image.pixels;
      const own = look ?? { lab: cellLab(image.pixels, height, width), stages: jointlyUnit(found.stages) };
      return wordCandidates(file, found, own, medians);
    },
  };
}

/** The models of a set that words need. @throws LogsadError WORDS_UNAVAILABLE, MODEL_* */
async function modelsOf(file: RuleFile, set: string, deps: Deps): Promise<[ImageTextModel, MaskModel | null]> {
  const clip = (await deps.backbones.imageText?.(set)) ?? null;
  if (!clip)
    throw new LogsadError('WORDS_UNAVAILABLE', { product: file.product, interests: spokenInterests(file), set });
  return [clip, (await deps.backbones.masks?.(set)) ?? null];
}

/** Embeds the words of a file and learns its codebook; null where no interest needs words. */
export async function learnWords(
  file: RuleFile,
  refs: readonly ImageRef[],
  set: string,
  segmenter: Segmenter,
  deps: Deps,
  seed: number,
  signal?: AbortSignal,
): Promise<Words | null> {
  if (spokenInterests(file).length === 0) return null;
  const [clip, masks] = await modelsOf(file, set, deps);
  return wordsOf(file, await learnModel(file, refs, clip, segmenter, deps, seed, signal), clip, masks, deps);
}

/** The words of a profile, ready to inspect; null where it has none. */
export async function openWords(
  file: RuleFile,
  section: ProfileSection | undefined,
  set: string,
  deps: Deps,
): Promise<Words | null> {
  if (!section) return null;
  const [clip, masks] = await modelsOf(file, set, deps);
  return wordsOf(file, unpack(section), clip, masks, deps);
}
