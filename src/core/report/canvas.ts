/** The picture plane that a scene is drawn on: fractions of the image to pixels. */
import type { Box } from '../scene.ts';
import type { Rect } from './labels.ts';

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Pixels per pixel of the reference drawing. */
  readonly scale: number;
  readonly id: string;
}

/** Coordinates with one decimal: a tenth of a pixel cannot be seen. */
export const px = (v: number): string => String(Math.round(v * 10) / 10);

/** A box of the image in pixels. */
export const toRect = ([x0, y0, x1, y1]: Box, { width, height }: Canvas): Rect => ({
  x: x0 * width,
  y: y0 * height,
  width: (x1 - x0) * width,
  height: (y1 - y0) * height,
});
