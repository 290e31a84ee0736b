/** Every constant of turning a review into a better rule file. None was chosen on parts that are scored anywhere. */
export const REVIEW = {
  /**
   * A widened bound ends this much beyond the part that must pass: a part on the border is sent to review (see
   * DECIDE.reviewBand), and the next part of its kind lies a little farther out.
   */
  room: 1.1,
  /** A tightened bound ends this much inside the part that must fail ... */
  inside: 1.05,
  /** ... and keeps this distance from the normals: the least that bounds learnt from many normals keep. */
  clear: 1.15,
  /** A widened tolerance that is taken back becomes a multiple of this, upwards: figures a person would write. */
  step: 0.05,
  /** A learnt tolerance is never asked to be more than this times what the normals show; beyond, a variant is missing. */
  widest: 20,
  /** Mined predicates that are looked at closely, and offers in all. */
  mined: 12,
  offers: 12,
  /** A verdict that an offer spoils weighs as much as so many that it puts right, when offers are ranked. */
  spoils: 1000,
  /** Verdicts of parts that nobody reviewed and that change: so many are named, all are counted. */
  named: 100,
  /** Room around what is ignored, in fractions of the image. */
  ignoreGrow: 0.01,
  /** A larger share of the image is never offered to be ignored. */
  ignoreMost: 0.25,
} as const;
