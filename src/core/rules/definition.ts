/**
 * The rule file as the engine sees it after parsing: plain data, defaults filled in, coordinates as fractions of the
 * image. `schema.ts` holds the TypeBox schema that the same shape is checked against; the compiler adds places.
 */
import type { Box, Point } from '../scene.ts';

export type Shape =
  | { readonly box: Box }
  | { readonly polygon: readonly Point[] }
  /** A PNG beside the rule file, white = inside. */
  | { readonly mask: string }
  /** The instance(s) of an interest, optionally grown by a fraction of the long side. */
  | { readonly interest: string; readonly grow?: number }
  /** A region of that name, or `product`, or `image`. */
  | { readonly region: string };

export interface FrameSpec {
  /** `keep`: aspect kept, long side `size` px. `warp`: square of `size` px, as the paper. */
  readonly fit: 'keep' | 'warp';
  readonly size: number;
  /** Follow a product that is small in the picture: its silhouette, or a fixed region. */
  readonly focus?: 'silhouette' | Shape;
}

export interface Exemplar {
  /** File name within the normals folder. */
  readonly image: string;
  readonly boxes: readonly Box[];
  readonly points: readonly Point[];
  readonly polygons: readonly (readonly Point[])[];
  /** PNG files beside the rule file, white = inside, native size of the image. */
  readonly masks: readonly string[];
}

export interface ColourSpec {
  /** Colour words of the closed list in core/ground/colourWords.ts. */
  readonly words: readonly string[];
  readonly lab?: readonly [number, number, number];
  readonly deltaE?: number;
}

export interface InterestSpec {
  readonly id: string;
  readonly form: 'thing' | 'stuff';
  readonly role: 'background' | 'part';
  readonly parent?: string;
  readonly say: readonly string[];
  readonly exemplars: readonly Exemplar[];
  readonly colour?: ColourSpec;
  /** Groundings to use; default: all that are given and that the installed models allow. */
  readonly source?: readonly ('words' | 'exemplars' | 'colour' | 'clusters' | 'silhouette')[];
  readonly minSimilarity?: number;
  /** Cleaning of the mask; radii and areas in units given by the number's own suffix key, default fractions. */
  readonly clean: {
    readonly open?: number;
    readonly close?: number;
    readonly erode?: number;
    readonly dilate?: number;
    readonly minArea?: number;
    readonly unit?: 'fraction' | 'px@448' | 'cells@64';
  };
  readonly instances: {
    /** Merged instances are split by area (against the normals' median) or by distance transform. */
    readonly split?: 'none' | 'area' | 'distance';
    /** Components closer than this fraction of the long side are one instance. */
    readonly merge?: number;
  };
}

export interface AttributeValueSpec {
  readonly say: readonly string[];
  /** Images of the normals folder that show this value. */
  readonly exemplars: readonly string[];
  readonly colour?: ColourSpec;
}

export interface AttributeSpec {
  readonly id: string;
  readonly of: string;
  readonly values: Readonly<Record<string, AttributeValueSpec>>;
  /** The value it counts as where its interest is not found; default: none, and what asks for it follows `onEmpty`. */
  readonly absent?: string;
}

/** How words become masks (ALGORITHM 4): matters only where an image-text model grounds. */
export interface SegmentationSpec {
  /** Clusters of the codebook, for interests with `source: clusters`. */
  readonly clusters?: number;
  /** Pieces of a cluster up to so many cells of the token grid take no part in naming it. */
  readonly minCells?: number;
  /** Regions of the map up to so many pixels of a 448 px frame become background. */
  readonly minRegion?: number;
  /** Sources whose map the proposals of a mask model decide by majority; default: both. */
  readonly vote?: readonly ('words' | 'clusters')[];
  /** What no proposal covers: one region that votes like any other, or background. */
  readonly uncovered?: 'vote' | 'background';
  /** What a silhouette is the rest of: the background classes (default), or the largest proposal. */
  readonly silhouette?: 'background' | 'largest-proposal';
}

export interface RuleFile {
  readonly schema: 'logsad/rules/v1';
  readonly product: string;
  readonly title?: string;
  readonly status: 'accepted' | 'proposed';
  readonly frame: FrameSpec;
  readonly object?: string;
  readonly states: readonly string[];
  readonly regions: Readonly<Record<string, Shape>>;
  readonly ignore: readonly Shape[];
  readonly interests: Readonly<Record<string, InterestSpec>>;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly segmentation?: SegmentationSpec;
  readonly variants?: { readonly by: string };
  /** Rules as written; the compiler turns each into a CompiledRule of its kind. */
  readonly rules: readonly RuleSpec[];
  readonly cases: readonly unknown[];
  readonly detectors: readonly DetectorSpec[];
  readonly scoring: 'graded' | 'paper';
  readonly provenance?: unknown;
  readonly vetting?: unknown;
}

export interface DetectorSpec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type Tier = 'core' | 'weak';
export type OnEmpty = 'violate' | 'pass' | 'skip';
/** `[low, high]`; null leaves that side open. */
export type Bounds = readonly [number | null, number | null];

/** A condition under which a rule applies. */
export type Guard =
  | { readonly attribute: string; readonly is: readonly string[] }
  /** `held` or `violated`: what another rule came to. */
  | { readonly rule: string; readonly is: 'held' | 'violated' }
  | { readonly variant: readonly string[] };

/** Settings common to all kinds; `params` holds the kind's own, checked against its schema. */
export interface RuleSpec {
  readonly id: string;
  readonly kind: string;
  readonly because: string;
  readonly severity: 'reject' | 'warn';
  /** Settings of the kind, checked against its schema. */
  readonly params: Readonly<Record<string, unknown>>;
  /** All must hold. */
  readonly when: readonly Guard[];
  readonly forEach?: 'instance';
  readonly onEmpty?: OnEmpty;
  readonly within: 'learnt' | Bounds;
  readonly as: 'absolute' | 'ratio';
  /** What a ratio is taken of: the median of the normals, their mean (as the paper), or a constant. */
  readonly reference: 'learnt' | 'mean' | number;
  /** Cells per image side that lengths and areas are counted in; 1 = fractions of the image. */
  readonly unit: { readonly name: 'fraction' | 'px' | 'cells'; readonly size: number };
  readonly alarm?: number;
  /** The learnt tolerance is multiplied by this; default 1. */
  readonly tolerance?: number;
  readonly tier?: Tier;
  /** The rules that a combinator (`all`, `any`, `not`) judges together. */
  readonly rules: readonly RuleSpec[];
}
