/** What MVTec LOCO AD (Bergmann et al. 2022; ALGORITHM 11.1, 11.6) says of its figures: limits, and when a defect counts as found. */

export const LOCO = {
  /** The FPR up to which AU-sPRO is reported first, and the others that the kit reports. */
  headline: 0.05,
  limits: [0.01, 0.05, 0.1, 0.3, 1],
} as const;

/** What `defects_config.json` says about one pixel value. */
export interface Saturation {
  readonly threshold: number;
  /** True: `threshold` is a share of the defect's area; false: pixels. */
  readonly relative: boolean;
}

/** Hits from which a defect of `area` pixels counts as found: whole pixels, at most the area. */
export function saturationArea(area: number, { threshold, relative }: Saturation): number {
  return relative ? Math.floor(threshold * area) : Math.min(threshold, area);
}
