/**
 * Light changes that a photograph of the same part may show: focus, sharpening by the camera, exposure. Scores of normals
 * changed like this say how much of a border is due to the camera (FINDINGS 10: a backbone may react to sharpness).
 */
import type { RgbImage } from '../grid/grid.ts';

export const ALTER = {
  /** Standard deviation of the blur, pixels of the frame. */
  soft: 0.5,
  /** How much of the difference to a blurred copy (of sigma 1) is added. */
  sharp: 0.5,
  /** Factors on the sRGB values. */
  dark: 0.9,
  bright: 1.1,
  /** At most so many normals, spread over their order, are seen changed while learning. */
  normals: 12,
} as const;

export const ALTERATIONS = ['soft', 'sharp', 'dark', 'bright'] as const;
export type Alteration = (typeof ALTERATIONS)[number];

/** Gaussian blur of a picture, edges repeated. */
export function blur(image: RgbImage, sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const { width, height } = image;
  const pass = (from: ArrayLike<number>, count: number, lines: number, along: number, across: number): Float32Array => {
    const out = new Float32Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < 3; c++) {
          let v = 0;
          for (let k = -reach; k <= reach; k++) {
            const at = Math.max(0, Math.min(count - 1, i + k));
            v += kernel[k + reach]! * from[line * across + at * along + c]!;
          }
          out[line * across + i * along + c] = v / sum;
        }
      }
    }
    return out;
  };
  const rows = pass(image.data, width, height, 3, 3 * width);
  return pass(rows, height, width, 3 * width, 3);
}

function mapped(image: RgbImage, value: (i: number) => number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.max(0, Math.min(255, Math.round(value(i))));
  return { ...image, data };
}

/** Factor on all values, clipped. */
export const exposed = (image: RgbImage, gain: number): RgbImage => mapped(image, (i) => image.data[i]! * gain);

export function softened(image: RgbImage, sigma: number): RgbImage {
  const soft = blur(image, sigma);
  return mapped(image, (i) => soft[i]!);
}

/** Unsharp mask of radius 1. */
export function sharpened(image: RgbImage, amount: number): RgbImage {
  const soft = blur(image, 1);
  return mapped(image, (i) => image.data[i]! + amount * (image.data[i]! - soft[i]!));
}

export function altered(image: RgbImage, by: Alteration): RgbImage {
  if (by === 'soft') return softened(image, ALTER.soft);
  if (by === 'sharp') return sharpened(image, ALTER.sharp);
  return exposed(image, ALTER[by]);
}
