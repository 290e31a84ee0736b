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
import type { Alteration } from './alter.ts';
import type { CellScale, CellSpec } from './cells.ts';

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
}

export type Need =
  /** Raw stages of images, one by one. */
  | { readonly do: 'stages'; readonly images: readonly number[]; readonly names: readonly string[] }
  /** Rows per stage of images. */
  | { readonly do: 'rows'; readonly of: readonly RowsOf[] }
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
    }
  /** Tells whoever waits how far a long computation is. */
  | { readonly do: 'progress'; readonly stage: string; readonly done: number; readonly total: number }
  /** The rows of an image against one kept bank per stage, without leaving the child. */
  | { readonly do: 'match'; readonly of: RowsOf; readonly banks: readonly string[]; readonly bias: Float32Array };

export type Answer =
  | { readonly stages: readonly (readonly FeatureGrid[])[] }
  | { readonly rows: readonly (readonly Rows[])[] }
  | { readonly largest: readonly Float32Array[]; readonly index?: Int32Array }
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
