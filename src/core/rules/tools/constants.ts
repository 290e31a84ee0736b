/** Every constant of the tools that test, vet, mutate and mine rule files. Sizes are fixed so that scores compare. */

/** Mutation testing (issue C 4; FIELD E.2). Shares are of the image side along the axis, factors of the area. */
export const MUTATION = {
  move: [0.02, 0.05, 0.1],
  area: [0.7, 0.85, 1.15, 1.3],
  colour: [10, 20],
  level: [0.02, 0.05, 0.1],
  /** Sizes that count for the score; the smaller ones are tabulated as the smallest deviation seen. */
  counted: { move: [0.05, 0.1], area: [0.7, 1.3], colour: [20], level: [0.05, 0.1] },
  /** Normals that are mutated, spread evenly over the variants. */
  normals: 12,
  /** Pairs of interests that are swapped per normal, drawn by seed where there are more. */
  swaps: 12,
  /** A level is not lowered by more than this share of the stuff's height: then it is a deletion. */
  lowest: 0.8,
  /** A size is seen when at least this share of its mutants is killed. */
  seen: 0.95,
} as const;

/** Rounding alone takes no quantity out of the range of the normals. */
export const PANEL_EPSILON = 1e-9;

/** What `vet` recommends and why (FIELD E.1). Rates are of the normals. */
export const VET = {
  /** A rule that fires on more of the normals it did not see is too tight ... */
  relaxRate: 0.02,
  /** ... and beyond this lower bound of its 95 % interval, wrong. */
  dropRate: 0.1,
  /** A rule that small changes of light, turn and crop set off more often than this is unstable. */
  unstableRate: 0.1,
  /** A rule is vacuous when so many mutants of its own interests leave it quiet. */
  vacuousMutants: 12,
  /** Small changes of a picture: gains, turns in degrees, share cut off every side. */
  gains: [0.93, 1.07],
  turns: [-1.5, 1.5],
  crop: 0.02,
  /** Pictures that are changed: each is segmented five times. */
  pictures: 10,
} as const;

/** Mining (FIELD E.3). */
export const MINE = {
  /** Relations between things are looked for among at most so many interests. */
  related: 10,
  /** Interests are in order when the gap is at least this on every normal (image fraction). */
  orderGap: 0.02,
  /** One lies in the other when at least this share of its box does on every normal. */
  insideShare: 0.9,
  /** Grids that counts are dealt to have at least so many instances. */
  layoutLeast: 3,
  /** A further rule must add at least this to the mutation score. */
  leastGain: 0.002,
  /** A learnt bound that more of the normals break when they are left out is not proposed. */
  heldOutRate: 0.03,
} as const;
