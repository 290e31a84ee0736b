/**
 * Every number of the grounding that is not learnt, in one table. "Study" = FINDINGS.md, chosen there on train and
 * validation images unless its section 9 says otherwise; the rest were chosen here on train images (docs/benchmarks.md).
 */
export const GROUND = {
  /** Weight of the 9 colour terms against unit-normed deep channels. Study 1: 6-10. */
  colourWeight: 10,
  /** Weight of the 4 position terms. Study 4: 0..5 all work; 1 is best at the stride-4 grid. */
  positionWeight: 1,
  /** Weight of a colour-word membership feature. */
  membershipWeight: 10,
  /** Ridge penalty relative to the mean diagonal. Study 1: 1e-2. */
  ridge: 1e-2,
  /** Exemplars are also seen at these gains (same labels). Study 2.7. */
  gains: [0.85, 1, 1.15],
  /** At most so many normals are seen at the outer gains too, to widen what is sensitive to light (FINDINGS 5). */
  relitNormals: 24,
  /** At most so many labelled cells per exemplar image enter the fit. Study 2.5. */
  maxCellsPerImage: 6000,
  /** A box is shrunk by this and a ring of this width is left unlabelled, in fractions of the short side. Study 2.4: 4 of 400 px. */
  boxMargin: 0.01,
  /** Radius of a click, in fractions of the short side. Study 2.4: 6 of 400 px. */
  clickRadius: 0.015,
  /** Pixels of a box that look like its surroundings: share of the two-means split, and its cap in Lab units. Study 2.4. */
  ringShare: 0.6,
  ringCap: 15,
  /** A thing smaller than this times the median area is a speck. Study 3. */
  minThingArea: 0.35,
  /** A component of a stuff smaller than this times the median area is a speck. Study 3. */
  minStuffArea: 0.1,
  /** A component this many times the median area holds several things (`instances.split: area`). Study 6. */
  splitArea: 1.6,
  /** ... but never more than this many: beyond it the median is wrong, not the component merged. */
  maxSplit: 64,
  /** Parts are cut apart where a neck is at most this deep against the thinner of the two (`instances.split: distance`). */
  splitNeck: 0.7,
  /** Boxes are trimmed by this share of the mask's cells on each side. Study 3: 1-99 %. */
  boxTrim: 0.01,
} as const;
