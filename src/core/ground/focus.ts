/**
 * `frame.focus: silhouette`: the frame follows a product that is small in the picture (FINDINGS 10.3). The product is what
 * differs from the colours along the border of a thumbnail; the size of the box is learnt from the normals, so that the
 * scale never changes from image to image and only the place follows the product.
 */
import type { RgbImage } from '../grid/grid.ts';
import { emptyMask } from '../grid/grid.ts';
import { opening } from '../grid/morphology.ts';
import { components } from '../grid/regions.ts';
import type { Box } from '../scene.ts';
import { median } from '../statistics.ts';
import { cellLab } from './features.ts';

export const FOCUS = {
  /** Long side of the thumbnail. */
  thumbnail: 192,
  /** Width of the border that shows the background, as a share of the short side. */
  border: 0.04,
  /** A cell is product when its Lab distance to the border colour exceeds this ... */
  minDeltaE: 12,
  /** ... or so many robust sigmas of the border's own variation, whichever is larger. */
  sigmas: 5,
  /** Products smaller than this share of the image are specks. */
  minArea: 0.002,
  /** The box is this much larger than the largest silhouette among the normals. */
  margin: 1.12,
} as const;

/** Learnt size of the focus box, fractions of the image. */
export interface FocusSize {
  readonly width: number;
  readonly height: number;
}

/** Bounding box of the silhouette in a thumbnail, fractions of the image; null where nothing stands out. */
export function silhouetteBox(thumbnail: RgbImage): Box | null {
  const { width, height } = thumbnail;
  const lab = cellLab(thumbnail, height, width);
  const reach = Math.max(1, Math.round(FOCUS.border * Math.min(width, height)));
  const border: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) border.push(y * width + x);
    }
  }
  const centre = [0, 1, 2].map((c) => median(border.map((i) => lab.data[i * 3 + c]!)));
  const far = (i: number): number =>
    Math.hypot(lab.data[i * 3]! - centre[0]!, lab.data[i * 3 + 1]! - centre[1]!, lab.data[i * 3 + 2]! - centre[2]!);
  const limit = Math.max(FOCUS.minDeltaE, FOCUS.sigmas * 1.4826 * median(border.map(far)));
  const mask = emptyMask(height, width);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = far(i) > limit ? 1 : 0;
  const parts = components(opening(mask, { shape: 'square', radius: 1 })).regions.filter(
    (r) => r.area >= FOCUS.minArea * width * height,
  );
  if (parts.length === 0) return null;
  const [x0, y0, x1, y1] = parts.reduce((a, b) => (b.area > a.area ? b : a)).box;
  return [x0 / width, y0 / height, x1 / width, y1 / height];
}

/** Size of the box that holds the silhouette of every normal. Null where no normal has one. */
export function learnFocus(boxes: readonly (Box | null)[]): FocusSize | null {
  const seen = boxes.filter((b): b is Box => b !== null);
  if (seen.length === 0) return null;
  const widths = seen.map((b) => b[2] - b[0]);
  const heights = seen.map((b) => b[3] - b[1]);
  // A single leak into the background must not open the box: at most half as large again as the median.
  const size = (v: readonly number[]): number => Math.min(1, FOCUS.margin * Math.min(Math.max(...v), 1.5 * median(v)));
  return { width: size(widths), height: size(heights) };
}

/** The box to look at: the learnt size around the silhouette's centre, moved inside the image. */
export function focusBox(silhouette: Box | null, size: FocusSize): Box {
  const cx = silhouette ? (silhouette[0] + silhouette[2]) / 2 : 0.5;
  const cy = silhouette ? (silhouette[1] + silhouette[3]) / 2 : 0.5;
  const x0 = Math.min(1 - size.width, Math.max(0, cx - size.width / 2));
  const y0 = Math.min(1 - size.height, Math.max(0, cy - size.height / 2));
  return [x0, y0, x0 + size.width, y0 + size.height];
}
