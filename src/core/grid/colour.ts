/** CIE Lab (D65, 2 degrees) from sRGB bytes, and colour differences. */
import type { Grid, RgbImage } from './grid.ts';

/** `[L, a, b]`: L 0..100. */
export type Lab = readonly [number, number, number];

/** Linear sRGB to XYZ (IEC 61966-2-1), each row divided by the white of the matrix itself, so that grey has a = b = 0. */
const TO_XYZ = [
  [0.4124, 0.3576, 0.1805],
  [0.2126, 0.7152, 0.0722],
  [0.0193, 0.1192, 0.9505],
].map((row) => row.map((v) => v / row.reduce((sum, w) => sum + w, 0)));

/** Linear light of every sRGB byte. */
const LINEAR_LIGHT = Float64Array.from({ length: 256 }, (_, i) => {
  const v = i / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

/** CIE's cube root with its straight foot below (6/29)^3. */
function compress(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : t * (841 / 108) + 4 / 29;
}

/** Steps of the table of `compress`; linear interpolation errs by less than 2e-5, 0.01 in b. */
const STEPS = 4096;
const COMPRESSED = Float64Array.from({ length: STEPS + 2 }, (_, i) => compress(i / STEPS));

function lookUp(t: number): number {
  const x = t * STEPS;
  const i = x | 0;
  const low = COMPRESSED[i]!;
  return low + (x - i) * (COMPRESSED[i + 1]! - low);
}

const [X, Y, Z] = TO_XYZ as [number[], number[], number[]];
const [XR, XG, XB, YR, YG, YB, ZR, ZG, ZB] = [...X, ...Y, ...Z] as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** Lab of one sRGB colour, bytes 0..255. Exact. */
export function labOf(r: number, g: number, b: number): Lab {
  const lr = LINEAR_LIGHT[r]!;
  const lg = LINEAR_LIGHT[g]!;
  const lb = LINEAR_LIGHT[b]!;
  const fx = compress(XR * lr + XG * lg + XB * lb);
  const fy = compress(YR * lr + YG * lg + YB * lb);
  const fz = compress(ZR * lr + ZG * lg + ZB * lb);
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

/** Lab of every pixel, `[h, w, 3]`; within 0.02 of `labOf`. */
export function rgbToLab(image: RgbImage): Grid<Float32Array> {
  const { data, height, width } = image;
  const out = new Float32Array(height * width * 3);
  for (let i = 0; i < out.length; i += 3) {
    const lr = LINEAR_LIGHT[data[i]!]!;
    const lg = LINEAR_LIGHT[data[i + 1]!]!;
    const lb = LINEAR_LIGHT[data[i + 2]!]!;
    const fx = lookUp(XR * lr + XG * lg + XB * lb);
    const fy = lookUp(YR * lr + YG * lg + YB * lb);
    const fz = lookUp(ZR * lr + ZG * lg + ZB * lb);
    out[i] = 116 * fy - 16;
    out[i + 1] = 500 * (fx - fy);
    out[i + 2] = 200 * (fy - fz);
  }
  return { data: out, height, width, channels: 3 };
}

/** Euclidean distance in Lab (CIE 1976). */
export function deltaE76(p: Lab, q: Lab): number {
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

const DEGREE = Math.PI / 180;
/** 25^7, where CIEDE2000 weighs chroma. */
const CHROMA_7 = 25 ** 7;
const grow = (c: number): number => Math.sqrt(c ** 7 / (c ** 7 + CHROMA_7));
const hueOf = (a: number, b: number): number => (a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / DEGREE + 360) % 360);

/** Mean hue in degrees the short way round; of a grey and a colour, the colour's. */
function meanHue(h1: number, h2: number, grey: boolean): number {
  if (grey) return h1 + h2;
  if (Math.abs(h1 - h2) <= 180) return (h1 + h2) / 2;
  return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}

/** CIEDE2000 with unit weights (CIE 142-2001; notation of Sharma, Wu and Dalal 2005). About 1 is just noticeable. */
export function deltaE2000(p: Lab, q: Lab): number {
  const stretch = 1 + 0.5 * (1 - grow((Math.hypot(p[1], p[2]) + Math.hypot(q[1], q[2])) / 2));
  const c1 = Math.hypot(p[1] * stretch, p[2]);
  const c2 = Math.hypot(q[1] * stretch, q[2]);
  const h1 = hueOf(p[1] * stretch, p[2]);
  const h2 = hueOf(q[1] * stretch, q[2]);
  const grey = c1 * c2 === 0;
  let turn = grey ? 0 : h2 - h1;
  if (turn > 180) turn -= 360;
  else if (turn < -180) turn += 360;
  const dL = q[0] - p[0];
  const dC = c2 - c1;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((turn / 2) * DEGREE);

  const level = ((p[0] + q[0]) / 2 - 50) ** 2;
  const chroma = (c1 + c2) / 2;
  const hue = meanHue(h1, h2, grey);
  const t =
    1 -
    0.17 * Math.cos((hue - 30) * DEGREE) +
    0.24 * Math.cos(2 * hue * DEGREE) +
    0.32 * Math.cos((3 * hue + 6) * DEGREE) -
    0.2 * Math.cos((4 * hue - 63) * DEGREE);
  const l = dL / (1 + (0.015 * level) / Math.sqrt(20 + level));
  const c = dC / (1 + 0.045 * chroma);
  const h = dH / (1 + 0.015 * chroma * t);
  const bend = -2 * grow(chroma) * Math.sin(60 * Math.exp(-(((hue - 275) / 25) ** 2)) * DEGREE);
  return Math.sqrt(l * l + c * c + h * h + bend * c * h);
}
