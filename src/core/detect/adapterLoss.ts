/**
 * The loss that APRIL-GAN trains its linear layers with (its section 3.2; ALGORITHM 9), and its gradient: focal plus Dice
 * on the softmax of the interpolated logits, per stage.
 */
import { type FeatureGrid, type Mask, zeros } from '../grid/grid.ts';
import { resizeBilinear } from '../grid/resample.ts';

export const LOSS = {
  /** Exponent of the focal loss. */
  gamma: 2,
  /** Smoothing of the focal loss: of the targets, and added to the probability of the right class. */
  focal: 1e-5,
  /** Smoothing of the Dice loss. */
  dice: 1,
} as const;

/** Gradient of the corner-aligned bilinear enlargement: what every source cell gave, weighted as it was read. */
export function spreadBilinear(gradient: FeatureGrid, height: number, width: number): FeatureGrid {
  const out = zeros(height, width);
  const step = (from: number, to: number): number => (to > 1 ? (from - 1) / (to - 1) : 0);
  const [sy, sx] = [step(height, gradient.height), step(width, gradient.width)];
  for (let y = 0; y < gradient.height; y++) {
    const y0 = Math.min(height - 1, Math.floor(y * sy));
    const fy = y * sy - y0;
    const y1 = Math.min(height - 1, y0 + 1);
    for (let x = 0; x < gradient.width; x++) {
      const x0 = Math.min(width - 1, Math.floor(x * sx));
      const fx = x * sx - x0;
      const x1 = Math.min(width - 1, x0 + 1);
      const g = gradient.data[y * gradient.width + x]!;
      out.data[y0 * width + x0]! += g * (1 - fy) * (1 - fx);
      out.data[y0 * width + x1]! += g * (1 - fy) * fx;
      out.data[y1 * width + x0]! += g * fy * (1 - fx);
      out.data[y1 * width + x1]! += g * fy * fx;
    }
  }
  return out;
}

export interface MapLoss {
  readonly loss: number;
  /** With respect to the logit difference on the patch grid, `[h, w, 1]`. */
  readonly gradient: FeatureGrid;
}

/**
 * Loss of one stage of one image.
 * @param difference logit(anomalous) - logit(normal) on the grid of patches; the two-class softmax is its sigmoid
 * @param mask 1 where a pixel is defective, at the size the loss is taken at
 */
export function mapLoss(difference: FeatureGrid, mask: Mask): MapLoss {
  const { height, width } = mask;
  const up = resizeBilinear(difference, height, width, { alignCorners: true });
  const n = up.data.length;
  const p = new Float64Array(n);
  let [both, predicted, truth] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    p[i] = 1 / (1 + Math.exp(-up.data[i]!));
    const y = mask.data[i]! > 0 ? 1 : 0;
    both += p[i]! * y;
    predicted += p[i]!;
    truth += y;
  }
  const [top, bottom] = [2 * both + LOSS.dice, predicted + truth + LOSS.dice];
  let loss = 1 - top / bottom;
  const slope = zeros(height, width);
  for (let i = 0; i < n; i++) {
    const y = mask.data[i]! > 0 ? 1 : 0;
    const target = y ? 1 - LOSS.focal : LOSS.focal;
    const right = target * p[i]! + (1 - target) * (1 - p[i]!) + LOSS.focal;
    const [rest, log] = [1 - right, Math.log(right)];
    loss -= (rest ** LOSS.gamma * log) / n;
    const focal = ((LOSS.gamma * rest * log - rest ** LOSS.gamma / right) * (2 * target - 1)) / n;
    const dice = -(2 * y * bottom - top) / (bottom * bottom);
    slope.data[i] = (focal + dice) * p[i]! * (1 - p[i]!);
  }
  return { loss, gradient: spreadBilinear(slope, difference.height, difference.width) };
}
