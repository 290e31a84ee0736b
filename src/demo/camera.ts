/** What lens, light and sensor do to a drawn picture: a little blur, gain, white balance, a slope of light, grain. */

import { grid, type RgbImage } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import type { Camera } from './kit.ts';

/** Deviates drawn once per picture; each pixel takes one of them. A power of two. */
const GRAINS = 4096;
/** Fall-off of the light from the middle to a corner. */
const VIGNETTE = 0.1;

/** Separable three-tap blur `[b, 1 - 2b, b]`, edges repeated. */
function blurred(image: RgbImage, b: number): Float32Array {
  const { width, height, data } = image;
  const row = width * 3;
  const across = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    const at = y * row;
    for (let i = 0; i < row; i++) {
      const left = data[at + (i < 3 ? i : i - 3)]!;
      const right = data[at + (i >= row - 3 ? i : i + 3)]!;
      across[at + i] = (1 - 2 * b) * data[at + i]! + b * (left + right);
    }
  }
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    const at = y * row;
    const up = y === 0 ? at : at - row;
    const down = y === height - 1 ? at : at + row;
    for (let i = 0; i < row; i++)
      out[at + i] = (1 - 2 * b) * across[at + i]! + b * (across[up + i]! + across[down + i]!);
  }
  return out;
}

/** The photograph `[h, w, 3]` of a drawn picture of the same size. Deterministic in `camera.noiseSeed`. */
export function expose(image: RgbImage, camera: Camera): RgbImage {
  const { width, height } = image;
  const random = createRandom(camera.noiseSeed);
  const grains = Float32Array.from({ length: GRAINS }, () => random.normal() * camera.noise);
  const soft = blurred(image, camera.blur);
  const out = new Uint8ClampedArray(soft.length);
  const tint = [1 + camera.warmth, 1, 1 - camera.warmth];
  let state = camera.noiseSeed | 1;
  for (let y = 0; y < height; y++) {
    const v = (2 * y) / height - 1;
    for (let x = 0; x < width; x++) {
      const u = (2 * x) / width - 1;
      const light = camera.gain * (1 + camera.slope[0] * u + camera.slope[1] * v - VIGNETTE * 0.5 * (u * u + v * v));
      // One multiplicative step per pixel, three fields of its bits: grain is mostly grey with a little colour.
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      const grey = grains[state >>> 20]!;
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        const own = grains[((state >>> 8) + c * 1361) & (GRAINS - 1)]!;
        out[at + c] = soft[at + c]! * light * tint[c]! + 0.8 * grey + 0.5 * own;
      }
    }
  }
  return grid(new Uint8Array(out.buffer), height, width, 3);
}
