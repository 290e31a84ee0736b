/**
 * Geometry of the frame: which part of an image the models see, and at what size. `fit: keep` keeps the aspect ratio,
 * `fit: warp` squeezes into a square as the paper does (ALGORITHM.md 1.1); `focus` lets the frame follow a product that
 * is small in the picture (FINDINGS 10.3).
 */
import type { FrameSpec } from './rules/definition.ts';
import type { Box, SceneFrame } from './scene.ts';

const WHOLE: Box = [0, 0, 1, 1];

/** Rounds to a positive multiple of `multiple`. */
function roundTo(value: number, multiple: number): number {
  return Math.max(multiple, Math.round(value / multiple) * multiple);
}

/**
 * Frame of an image of `imageWidth` x `imageHeight` native pixels.
 * @param box the part of the image to look at, fractions; the whole image by default
 * @param multiple both frame sides become multiples of this (the backbone's coarsest stride)
 */
export function frameOf(
  spec: FrameSpec,
  imageWidth: number,
  imageHeight: number,
  multiple: number,
  box: Box = WHOLE,
): SceneFrame {
  const w = (box[2] - box[0]) * imageWidth;
  const h = (box[3] - box[1]) * imageHeight;
  const scale = spec.size / Math.max(w, h);
  const width = roundTo(spec.fit === 'warp' ? spec.size : w * scale, multiple);
  const height = roundTo(spec.fit === 'warp' ? spec.size : h * scale, multiple);
  return { imageWidth, imageHeight, box, width, height };
}

/** Fraction of the image's width at cell column `x` (cell units, centre of cell i at i + 0.5) of a grid `width` wide. */
export function toImageX(frame: SceneFrame, x: number, width: number): number {
  return frame.box[0] + ((frame.box[2] - frame.box[0]) * x) / width;
}

export function toImageY(frame: SceneFrame, y: number, height: number): number {
  return frame.box[1] + ((frame.box[3] - frame.box[1]) * y) / height;
}

/** Cell column of an image fraction; may lie outside `[0, width]`. */
export function toCellX(frame: SceneFrame, x: number, width: number): number {
  return ((x - frame.box[0]) / (frame.box[2] - frame.box[0])) * width;
}

export function toCellY(frame: SceneFrame, y: number, height: number): number {
  return ((y - frame.box[1]) / (frame.box[3] - frame.box[1])) * height;
}

/** Length of one cell along x and y in long-side units of the native image (distances then ignore the warp). */
export function cellSize(frame: SceneFrame, grid: { width: number; height: number }): { x: number; y: number } {
  const long = Math.max(frame.imageWidth, frame.imageHeight);
  return {
    x: ((frame.box[2] - frame.box[0]) * frame.imageWidth) / long / grid.width,
    y: ((frame.box[3] - frame.box[1]) * frame.imageHeight) / long / grid.height,
  };
}

/** Share of the image's area that one cell covers. */
export function cellArea(frame: SceneFrame, grid: { width: number; height: number }): number {
  return ((frame.box[2] - frame.box[0]) * (frame.box[3] - frame.box[1])) / (grid.width * grid.height);
}
