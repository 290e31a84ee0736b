/** A picture changed as a real station changes it from one part to the next: a little light, a little turn, a little crop. */
import type { RgbImage } from '../../grid/grid.ts';
import { VET } from './constants.ts';

export interface Perturbation {
  readonly name: string;
  apply(image: RgbImage): RgbImage;
}

/** sRGB values scaled and clipped. */
export function brightened(image: RgbImage, gain: number): RgbImage {
  return { ...image, data: Uint8Array.from(image.data, (v) => Math.min(255, Math.round(v * gain))) };
}

/** Turned about the middle by `degrees` (clockwise), bilinear; the border is repeated outwards. */
export function turned(image: RgbImage, degrees: number): RgbImage {
  const { width, height, data } = image;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const out = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sx = Math.min(width - 1, Math.max(0, cx + cos * (x - cx) + sin * (y - cy)));
      const sy = Math.min(height - 1, Math.max(0, cy - sin * (x - cx) + cos * (y - cy)));
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
      const [fx, fy] = [sx - x0, sy - y0];
      for (let c = 0; c < 3; c++, at++) {
        const p = (u: number, v: number): number => data[3 * (v * width + u) + c]!;
        const top = p(x0, y0) * (1 - fx) + p(x1, y0) * fx;
        const bottom = p(x0, y1) * (1 - fx) + p(x1, y1) * fx;
        out[at] = Math.round(top * (1 - fy) + bottom * fy);
      }
    }
  }
  return { ...image, data: out };
}

/** `share` of the picture cut off every side. */
export function cropped(image: RgbImage, share: number): RgbImage {
  const dx = Math.round(share * image.width);
  const dy = Math.round(share * image.height);
  const width = image.width - 2 * dx;
  const height = image.height - 2 * dy;
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 3 * ((y + dy) * image.width + dx);
    data.set(image.data.subarray(from, from + 3 * width), 3 * y * width);
  }
  return { data, width, height, channels: 3 };
}

/** The fixed changes of `VET`. */
export const PERTURBATIONS: readonly Perturbation[] = [
  ...VET.gains.map((g) => ({ name: `gain ${g}`, apply: (i: RgbImage) => brightened(i, g) })),
  ...VET.turns.map((t) => ({ name: `turn ${t} degrees`, apply: (i: RgbImage) => turned(i, t) })),
  { name: `crop ${100 * VET.crop} %`, apply: (i) => cropped(i, VET.crop) },
];
