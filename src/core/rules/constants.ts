/**
 * Every constant of the rule language, with where it comes from. Lengths are fractions of the image, angles radians,
 * colours CIE Lab units. Bounds themselves are learnt in core/statistics.ts.
 */

/** Smallest sigma believed per quantity: measurement noise of the segmentation (FINDINGS 3). */
export const FLOORS = {
  /** Place of a centroid against a fixed origin, per axis. */
  positionX: 0.006,
  positionY: 0.005,
  /** Place against another interest. */
  relativeX: 0.005,
  relativeY: 0.0045,
  /** An edge (fill level). */
  edge: 0.0055,
  /** Length or width of an instance, log. */
  logLength: 0.03,
  logArea: 0.04,
  /** Ratio of two areas, log: both carry the noise. */
  logRatio: 0.05,
  angle: 0.05,
  distance: 0.005,
  /** Lab means follow the exposure; one just noticeable difference is 2.3. */
  lab: 2,
  likeness: 0.15,
  histogram: 0.004,
  overlap: 0.02,
  feature: 0.01,
  structure: 0.05,
  match: 0.01,
  /** Where a part meets its host, as a share along the host: half a lever of five is 0.1. */
  contact: 0.025,
} as const;

export const MARGIN = {
  /** Margins are capped here and compressed nowhere else, so that ranks never saturate below it. */
  cap: 100,
  /**
   * How far above the border a confident, whole-part fault lies (a part that is not there at all). Set so that it
   * outranks slight departures of measured quantities by several units; reached gradually, never as a step.
   */
  gross: 8,
  /** Each further missing or surplus part adds this. */
  perPart: 1,
  /** A refused candidate d tolerance units away is missed by 1 + slope * (d - 1), up to `gross`. */
  candidateSlope: 2,
  /** A tie-free remainder: a rule that holds by construction still grades the scene this much at most. */
  held: 0.2,
} as const;

export const LEARN = {
  /** A count or an attribute value belongs to the allowed ones when at least this share of the normals shows it. */
  countShare: 0.02,
  /** The same for pairs of attributes (FINDINGS 3). */
  pairShare: 0.03,
  /** A variant with fewer normals than this is judged by the pooled reference. */
  variantMinN: 8,
  /** Presence: the border lies at this share of the normals' low quantile of the area (FINDINGS 3: .35 x median). */
  presenceShare: 0.35,
  presenceQuantile: 0.02,
  /** Inside: the border lies at this share of the least containment among the normals. */
  containmentShare: 0.75,
  /** A refused region this many times as large as a usual part is told as parts that touch (GROUND.splitArea). */
  mergedArea: 1.6,
  /** Touching: interests nearer than this fraction of the long side touch. */
  touchGap: 0.012,
  /** Order: a gap without normals to scale it by counts as this large. */
  orderGap: 0.05,
  /** Components smaller than this share of the largest are specks (FINDINGS 3: 10 % of the class area). */
  speckShare: 0.1,
  /** Histograms and instance sets of normals that are kept to compare with, spread evenly over them. */
  referenceSets: 200,
  matchSets: 24,
  /** Anchors of several like parts: rounds of matching and averaging. */
  anchorRounds: 4,
} as const;

export const AGREEMENT = {
  /** Tolerance gap = 1 / gain typical distances: 6 / 4 sigma in the study (FINDINGS 3). */
  gain: 1.5,
  /** Smallest typical distance believed, in tolerance units: one shot per value shows no spread (FINDINGS 4). */
  typicalFloor: 0.25,
  /** Distances are capped here before they are added. */
  distanceCap: 20,
  /** A reading without distances (drawn scenes) is taken to be this sure. */
  drawnNear: 0.25,
  drawnFar: 4,
} as const;

/** Order of causes (RULES, principle 9); smaller is named first. */
export const PRECEDENCE = { existence: 1, amount: 2, place: 3, appearance: 4, likeness: 5 } as const;
export type PrecedenceClass = keyof typeof PRECEDENCE;

/** Sizes a rule file may have; beyond them it is a fault, not a slow run. */
export const LIMITS = { characters: 300_000, depth: 40, rules: 2000, faults: 200 } as const;
