/**
 * The vocabulary that everything shares: what was seen (Scene), what was expected of it (Measurement, Violation), and
 * what came of it (InspectionResult). Plain values: they are written to disk, stored, mutated, drawn and replayed.
 *
 * Coordinates of a Scene are fractions of the *image* (x of its width, y of its height), the same that a rule file uses,
 * also when the frame follows a small product (`frame.box`). Areas are fractions of the image's area. Lengths and
 * distances that mix both axes are in units of the image's long side (`unitX`, `unitY` below), so they do not depend on
 * direction. Angles are radians in [-pi/2, pi/2), counted from the x axis towards +y.
 */

/** `[x0, y0, x1, y1]`, fractions of the image. */
export type Box = readonly [number, number, number, number];
/** `[x, y]`, fractions of the image. */
export type Point = readonly [number, number];

/** A mask as alternating run lengths over the row-major cells of `Scene.grid`, starting with a run of zeros. */
export type RunLengths = readonly number[];

export interface SceneFrame {
  /** Native size in pixels after the EXIF turn. */
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** The part of the image that the models saw. */
  readonly box: Box;
  /** The size the models saw it at, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** An attribute as read off one instance. `margin` = how much nearer the value is than the runner-up, 0..1. */
export interface AttributeReading {
  readonly value: string | null;
  readonly margin: number;
  /** Distance to every value, in tolerance units of that value where it was learnt (1 = border). */
  readonly distances: Readonly<Record<string, number>>;
}

/** How far an instance lies from what the normals showed, per aspect, in tolerance units (1 = border). */
export interface Likeness {
  /** The largest core term; an instance with `value > 1` is `unknown`. */
  readonly value: number;
  readonly terms: Readonly<Record<string, number>>;
}

/** Printed text as a recogniser read it; `confidence` 0..1. */
export interface TextReading {
  readonly value: string;
  readonly confidence: number;
}

export interface Instance {
  /** Unique within the scene, dense from 0. */
  readonly id: number;
  readonly interest: string;
  /** `unknown` resembles no normal instance of its interest: it does not count as the part. */
  readonly status: 'known' | 'unknown';
  readonly mask: RunLengths;
  readonly area: number;
  readonly box: Box;
  readonly centroid: Point;
  /** Principal-axis angle and extents (full length and width, in long-side units). */
  readonly orientation: number;
  readonly length: number;
  readonly width: number;
  /** Mean and standard deviation of CIE Lab (D65) inside the mask. */
  readonly lab: readonly [number, number, number];
  readonly labStd: readonly [number, number, number];
  /** Pooled dense features, unit norm per stage; empty where no dense model ran. */
  readonly feature: readonly number[];
  /** The instance (of the parent interest) this one lies in. */
  readonly parent?: number;
  readonly attributes: Readonly<Record<string, AttributeReading>>;
  readonly likeness?: Likeness;
  /** What is printed on it, where a text-recognition model read it. */
  readonly text?: TextReading;
  /** How the instance was found. */
  readonly grounding?: readonly Grounding[];
}

export type Grounding = 'words' | 'exemplars' | 'colour' | 'clusters' | 'silhouette' | 'drawn';

/** Something that resembles no interest at all: a connected region of pixels far from every class. */
export interface UnknownRegion {
  readonly mask: RunLengths;
  readonly area: number;
  readonly box: Box;
  readonly centroid: Point;
  /** Mean distance in tolerance units (1 = border). */
  readonly distance: number;
}

export interface Scene {
  readonly schema: 'logsad/scene/v1';
  readonly image: string;
  readonly frame: SceneFrame;
  /** Size of the cells that masks index; the cells tile `frame.box`. */
  readonly grid: { readonly width: number; readonly height: number };
  /** Value of the `variants.by` attribute, null where none applies. */
  readonly variant: string | null;
  /** Bounding box of the product (largest non-background component, trimmed), or the whole image. */
  readonly product: Box;
  readonly instances: readonly Instance[];
  readonly unknown: readonly UnknownRegion[];
  /** Global reading of attributes that belong to no instance (reserved) and image-quality figures. */
  readonly quality: Readonly<Record<string, number>>;
  /** Pixel-level detector scores known when the scene was made (patch, ...). */
  readonly detectors: Readonly<Record<string, DetectorReading>>;
}

export interface DetectorReading {
  /** Raw score of the detector; larger is more anomalous. */
  readonly score: number;
  /** Largest value of its map, where it has one and the score pools it otherwise. */
  readonly peak?: number;
  /** Of a normal that was also seen in slightly other focus and light: the largest of each number then. */
  readonly altered?: Pick<DetectorReading, 'score' | 'peak' | 'within'>;
  /** Its map pooled where `structure` rules ask for it, by rule id. */
  readonly within?: Readonly<Record<string, number>>;
  /** What the score rests on, as the detector sees it. */
  readonly evidence?: DetectorEvidence;
}

/** Which instance was matched to which normal's instance, at what cost; `with` null: it found no partner. */
export interface MatchedPair {
  readonly instance: number | null;
  readonly with: { readonly image: string; readonly interest: string } | null;
  readonly cost: number;
}

export interface DetectorEvidence {
  readonly pairs?: readonly MatchedPair[];
}

/** `low`/`high` null = unbounded on that side; `text` is what a person reads ("exactly 15", "0.41 to 0.45"). */
export interface Expectation {
  readonly low: number | null;
  readonly high: number | null;
  readonly centre: number | null;
  readonly text: string;
}

/** What one rule measured on one scene. One rule may yield several (one per quantity, instance, or cell). */
export interface Measurement {
  readonly rule: string;
  readonly kind: string;
  readonly interests: readonly string[];
  /** Which quantity of the rule, e.g. `x`, `area`, `count`. */
  readonly quantity: string;
  readonly measured: number | string | null;
  readonly expected: Expectation;
  /** In tolerance units: 0 at the centre, 1 at the border, above 1 violated. Finite, never NaN. */
  readonly margin: number;
  readonly violated: boolean;
  /** Ids of the instances that carry the evidence. */
  readonly instances: readonly number[];
  /** Where the part was expected, where that is known (drawn as a ghost). */
  readonly ghost?: Box;
  /** Why nothing was measured: guard not met, interest absent and `onEmpty: skip`, or skipped by an earlier cause. */
  readonly skipped?: string;
}

export interface Violation extends Measurement {
  readonly severity: 'reject' | 'warn';
  /** The sentence of the instructions that the rule stands for. */
  readonly because: string;
  /** One sentence: what was measured and what was expected. */
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly col: number;
  /** Stable over runs: identifies rule, quantity and place. */
  readonly fingerprint: string;
}

export type Verdict = 'pass' | 'review' | 'reject';

export interface DetectorResult {
  /** Raw detector score. */
  readonly score: number;
  /** In tolerance units, alarm above 1. */
  readonly unit: number;
  /** Conformal p-value of this detector alone, null where no normal was left to rank against. */
  readonly p?: number | null;
  readonly evidence?: DetectorEvidence;
  /** Above unit 1 and known only while the picture was looked at: the part of its map that carries the score. */
  readonly strongest?: UnknownRegion;
}

export interface InspectionResult {
  readonly schemaVersion: 1;
  readonly image: string;
  /** What is shown: g(unit) in [0, 1). */
  readonly score: number;
  /** What ranks: the fused score in tolerance units, alarm above 1. */
  readonly unit: number;
  /** Conformal p-value among the normals, null where the profile holds none to rank against. */
  readonly p: number | null;
  /** How small a false-alarm rate so many normals can promise: 4 cannot promise 1 %. */
  readonly allows?: { readonly n: number; readonly smallestRate: number };
  readonly verdict: Verdict;
  /** Why the verdict is `review`, where it is. */
  readonly reviewReasons: readonly string[];
  readonly detectors: Readonly<Record<string, DetectorResult>>;
  readonly violations: readonly Violation[];
  readonly measurements: readonly Measurement[];
  readonly scene: Scene;
  /** Milliseconds per stage. */
  readonly timings: Readonly<Record<string, number>>;
  readonly fingerprint: Readonly<Record<string, string | number>>;
}
