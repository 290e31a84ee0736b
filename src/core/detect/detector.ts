/**
 * What a detector is: normals in, a model out; an image in, a score, a map and evidence out. Detectors are pure. Where one
 * needs features or a large search it yields a `Need` and is sent the `Answer`; app/detect.ts meets needs with the
 * inference child, tests with plain loops (test/support/plainNeeds.ts). Calibration, fusion and files exist once, elsewhere.
 */
import type { Rows } from '../grid/cluster.ts';
import type { FeatureGrid, Mask } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import type { ProfileSection } from '../profile.ts';
import type { RuleFile } from '../rules/definition.ts';
import type { DetectorReading, Scene, SceneFrame } from '../scene.ts';
import type { Adapter } from './adapters.ts';
import type { Alteration } from './alter.ts';
import type { CellScale, CellSpec } from './cells.ts';
import type { PromptBook } from './prompts.ts';

/** A bag of rows: given, or kept in the child under a name. */
export type Source = { readonly rows: Rows } | { readonly kept: string };

/** Rows of an image: which image (index into the context's), how they are made, and what is fed besides. */
export interface RowsOf {
  readonly image: number;
  /** The picture is changed like this first. */
  readonly alteration?: Alteration;
  readonly spec: CellSpec;
  readonly scales: readonly CellScale[];
  readonly places: Rows | null;
  /** These rows alone, in this order; all where absent. */
  readonly only?: Int32Array;
}

/** How an image-text model looks at an image. */
export interface SeeSpec {
  /** Pixels of the squares; null for what the model was trained at. */
  readonly side: number | null;
  /** Overlapping squares along the long edge, or the whole picture distorted into one. */
  readonly fit: 'tiles' | 'warp';
  /** Sides of the windows whose embeddings are wanted, in patches. */
  readonly windows: readonly number[];
  /** Whether the stages are wanted. */
  readonly stages: boolean;
  /** Whether embeddings of the four corner crops are wanted. */
  readonly crops: boolean;
}

/** What the image tower says of one square picture. */
export interface Seen {
  /** Embedding of the whole, in the space of the texts. */
  readonly embedding: Float32Array;
  /** Per window size asked for: embeddings of the windows, row-major, `[n, 1, d]`. */
  readonly windows: readonly Rows[];
  /** Patch tokens after the last normalisation, before the projection, `[h, w, c]`. */
  readonly patches: FeatureGrid;
  /** Patch tokens after each quarter of the blocks, `[h, w, c]`; none where they were not asked for. */
  readonly stages: readonly FeatureGrid[];
}

/** One square of an image: what was seen, and where it lies in the resized picture. */
export interface View extends Seen {
  readonly x: number;
  readonly y: number;
  readonly of: { readonly width: number; readonly height: number };
  readonly side: number;
  readonly crops: readonly Float32Array[];
}

export type Need =
  /** Raw stages of images, one by one. */
  | { readonly do: 'stages'; readonly images: readonly number[]; readonly names: readonly string[] }
  /** Rows per stage of images. */
  | { readonly do: 'rows'; readonly of: readonly RowsOf[] }
  /** Rows of images times a kept `[k, c]` per stage, summed over the stages: one bag `[n, 1, k]` per image. */
  | { readonly do: 'project'; readonly of: readonly RowsOf[]; readonly by: readonly string[] }
  /** Keeps rows in the child. */
  | { readonly do: 'keep'; readonly name: string; readonly rows: Rows }
  | { readonly do: 'drop'; readonly name: string }
  /** Largest product per query with the rows of a bank, each plus its bias; with `index` which row gave it. */
  | {
      readonly do: 'nearest';
      readonly query: Source;
      readonly bank: Source;
      readonly bias: Float32Array;
      readonly index?: boolean;
      /** So many largest products instead of one, in falling order; not together with `index`. */
      readonly count?: number;
    }
  /** All inner products of the rows of two bags, `[n, m]`. */
  | { readonly do: 'products'; readonly a: Source; readonly b: Source }
  /** What the image tower of an image-text model says of an image, cut into squares. */
  | ({ readonly do: 'see'; readonly image: number } & SeeSpec)
  /** Embeddings of texts, one row each. */
  | { readonly do: 'say'; readonly prompts: readonly string[] }
  /** Tells whoever waits how far a long computation is. */
  | { readonly do: 'progress'; readonly stage: string; readonly done: number; readonly total: number }
  /** The rows of an image against one kept bank per stage, without leaving the child. */
  | { readonly do: 'match'; readonly of: RowsOf; readonly banks: readonly string[]; readonly bias: Float32Array };

export type Answer =
  | { readonly stages: readonly (readonly FeatureGrid[])[] }
  | { readonly rows: readonly (readonly Rows[])[] }
  | { readonly largest: readonly Float32Array[]; readonly index?: Int32Array }
  | { readonly products: Float32Array }
  | { readonly views: readonly View[] }
  | { readonly texts: Rows }
  | null;

export type Needs<T> = Generator<Need, T, Answer>;

/** One image as a detector sees it. */
export interface DetectorImage {
  readonly frame: SceneFrame;
  readonly scene: Scene;
}

/** The stages of the backbone that a detector works on. */
export interface BackboneFacts {
  readonly id: string;
  readonly stages: readonly { readonly name: string; readonly stride: number; readonly channels: number }[];
}

export interface DetectContext {
  readonly file: RuleFile;
  readonly images: readonly DetectorImage[];
  /** Null for a detector that needs none. */
  readonly backbone: BackboneFacts | null;
  /** Channels per stage of the pooled features that instances carry. */
  readonly groundChannels: readonly number[];
  /** Mask files that regions name. */
  readonly masks: ReadonlyMap<string, Mask>;
  /** Prompt lists, and the adapters that options name; only where an image-text model serves. */
  readonly prompts?: PromptBook;
  readonly adapters?: ReadonlyMap<string, readonly Adapter[]> | undefined;
  /** Index of the normal that is being judged and must not serve as its own reference. */
  readonly without?: number;
}

export interface Detection {
  readonly reading: DetectorReading;
  /** Raw distances on the detector's own grid over the frame, null for a detector without a map. */
  readonly map: FeatureGrid | null;
}

export interface Learning<M> {
  readonly model: M;
  /** Per image of the context, judged without itself; null where nothing is left to judge it by. */
  readonly readings: readonly (DetectorReading | null)[];
}

export interface Detector<O = unknown, M = unknown> {
  readonly name: string;
  /** Whether it runs on a dense backbone; the backbone's id and stages are then options of their own. */
  readonly dense: boolean;
  /** Whether it needs an image-text model. */
  readonly imageText?: boolean;
  /** Options of the rule file with defaults filled in. @throws LogsadError DETECTOR_OPTION */
  options(given: Readonly<Record<string, unknown>>, file: RuleFile): O;
  /** Learns from all images of the context; `scenes` of the context are those of the normals. */
  learn(context: DetectContext, options: O, random: Random): Needs<Learning<M>>;
  /** Makes a model ready: what it keeps in the child. Called once per process, before `detect`. */
  open(model: M, prefix: string): Needs<void>;
  /** Judges image 0 of the context. */
  detect(context: DetectContext, model: M, prefix: string): Needs<Detection>;
  pack(model: M): ProfileSection;
  unpack(section: ProfileSection): M;
}

/** Closes over the types, so that detectors of different models stand in one list. */
export const asDetector = <O, M>(d: Detector<O, M>): Detector => d as unknown as Detector;

export function rowsAnswer(answer: Answer): readonly (readonly Rows[])[] {
  if (answer === null || !('rows' in answer)) throw new TypeError('detector: rows were expected');
  return answer.rows;
}

export function largestAnswer(answer: Answer): readonly Float32Array[] {
  if (answer === null || !('largest' in answer)) throw new TypeError('detector: products were expected');
  return answer.largest;
}

/** Which bank row each query is nearest to, where `index` was asked for. */
export function indexAnswer(answer: Answer): Int32Array {
  if (answer === null || !('largest' in answer) || !answer.index)
    throw new TypeError('detector: indices were expected');
  return answer.index;
}

export function stagesAnswer(answer: Answer): readonly (readonly FeatureGrid[])[] {
  if (answer === null || !('stages' in answer)) throw new TypeError('detector: stages were expected');
  return answer.stages;
}

export function productsAnswer(answer: Answer): Float32Array {
  if (answer === null || !('products' in answer)) throw new TypeError('detector: products of bags were expected');
  return answer.products;
}

export function viewsAnswer(answer: Answer): readonly View[] {
  if (answer === null || !('views' in answer)) throw new TypeError('detector: views were expected');
  return answer.views;
}

export function textsAnswer(answer: Answer): Rows {
  if (answer === null || !('texts' in answer)) throw new TypeError('detector: texts were expected');
  return answer.texts;
}
