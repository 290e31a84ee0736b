/** `clean:` of an interest: morphology and smallest areas, in the units that the rule file may use. */
import type { Mask } from '../grid/grid.ts';
import { closing, dilate, erode, type Kernel, opening } from '../grid/morphology.ts';
import type { InterestSpec } from '../rules/definition.ts';

/** A length of the rule file in cells along x; `unit` says what the number means. */
export function inCells(
  value: number,
  unit: InterestSpec['clean']['unit'],
  grid: { width: number; height: number },
): number {
  const side = sideOf(unit);
  return side === null ? value * Math.max(grid.width, grid.height) : (value * grid.width) / side;
}

/** Units per image side of `px@448`, `cells@64` and kin; null for fractions. */
function sideOf(unit: InterestSpec['clean']['unit']): number | null {
  const side = Number(unit?.split('@')[1]);
  return side > 0 ? side : null;
}

export function areaInCells(
  value: number,
  unit: InterestSpec['clean']['unit'],
  grid: { width: number; height: number },
): number {
  const cells = grid.width * grid.height;
  const side = sideOf(unit);
  // Multiplied first: whole numbers of pixels stay whole.
  return side === null ? value * cells : (value * cells) / (side * side);
}

/** `clean.minArea` in cells; a stated bound wins over the share of the median. */
export function statedArea(spec: InterestSpec, grid: { width: number; height: number }): number | undefined {
  return spec.clean.minArea === undefined ? undefined : areaInCells(spec.clean.minArea, spec.clean.unit, grid);
}

/**
 * Opening, closing, erosion, dilation of an interest's mask as its `clean` asks; kernels are full widths. Counted in
 * pixels or cells they are squares, as published (5x5, 23x23); as fractions of the image they are discs.
 */
export function cleanMask(mask: Mask, clean: InterestSpec['clean']): Mask {
  const square = sideOf(clean.unit) !== null;
  const kernel = (width: number): Kernel => {
    const cells = inCells(width, clean.unit, mask);
    return square
      ? { shape: 'square', radius: Math.max(0, Math.round((cells - 1) / 2)) }
      : { shape: 'disc', radius: Math.max(0.5, cells / 2) };
  };
  let out = mask;
  if (clean.open) out = opening(out, kernel(clean.open));
  if (clean.close) out = closing(out, kernel(clean.close));
  if (clean.erode) out = erode(out, kernel(clean.erode));
  if (clean.dilate) out = dilate(out, kernel(clean.dilate));
  return out;
}
