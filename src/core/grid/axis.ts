/** Weights of one-dimensional resampling: which source cells each target cell reads, and how much of each. */
/** The taps of every target cell along one axis: `count` of them from `first` on, weights at `i * taps`. */
export interface Axis {
  readonly size: number;
  readonly taps: number;
  readonly index: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
}

/** An even filter that is zero from `support` on. */
export type Kernel = { readonly support: number; readonly at: (x: number) => number };

export const CUBIC = {
  /** Free parameter of the cubic kernel: Pillow, and torch with antialias. */
  smooth: -0.5,
  /** The same in torch without antialias (and in OpenCV). */
  sharp: -0.75,
} as const;

/** Slack for a box edge that should fall on a cell border but for rounding. */
const EDGE = 1e-9;

export const LINEAR: Kernel = { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };

/** The cubic convolution kernel (Keys) with free parameter `a`. */
export function cubic(a: number): Kernel {
  return {
    support: 2,
    at: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
    },
  };
}

function emptyAxis(size: number, taps: number): Axis {
  return {
    size,
    taps,
    index: new Int32Array(size * taps),
    count: new Int32Array(size),
    weights: new Float64Array(size * taps),
  };
}

/** Taps inside the source only, renormalised to sum 1: Pillow, and torch with antialias. */
export function filtered(source: number, target: number, kernel: Kernel): Axis {
  const scale = source / target;
  const stretch = Math.max(1, scale);
  const reach = kernel.support * stretch;
  const axis = emptyAxis(target, Math.ceil(reach) * 2 + 1);
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(source, Math.trunc(centre + reach + 0.5));
    let sum = 0;
    for (let j = first; j < last; j++) {
      const w = kernel.at((j + 0.5 - centre) / stretch);
      axis.index[i * axis.taps + j - first] = j;
      axis.weights[i * axis.taps + j - first] = w;
      sum += w;
    }
    axis.count[i] = last - first;
    for (let k = 0; k < last - first; k++) axis.weights[i * axis.taps + k]! /= sum;
  }
  return axis;
}

/** Two or four taps around `position(i)`, those outside clamped to the border: torch without antialias. */
export function pointwise(source: number, target: number, kernel: Kernel, position: (i: number) => number): Axis {
  const axis = emptyAxis(target, 2 * kernel.support);
  for (let i = 0; i < target; i++) {
    const x = position(i);
    const base = Math.floor(x) - kernel.support + 1;
    for (let k = 0; k < axis.taps; k++) {
      axis.index[i * axis.taps + k] = Math.min(source - 1, Math.max(0, base + k));
      axis.weights[i * axis.taps + k] = kernel.at(x - base - k);
    }
    axis.count[i] = axis.taps;
  }
  return axis;
}

/** Weights = how much of each source cell a target cell covers. */
export function covering(source: number, target: number): Axis {
  const scale = source / target;
  const axis = emptyAxis(target, Math.ceil(scale) + 2);
  for (let i = 0; i < target; i++) {
    const from = i * scale;
    const to = (i + 1) * scale;
    const first = Math.floor(from);
    const last = Math.min(source, Math.ceil(to - EDGE));
    axis.count[i] = last - first;
    for (let j = first; j < last; j++) {
      axis.index[i * axis.taps + j - first] = j;
      axis.weights[i * axis.taps + j - first] = (Math.min(to, j + 1) - Math.max(from, j)) / scale;
    }
  }
  return axis;
}

/** `pointwise` at centre-aligned positions: target centre i lies at (i + 0.5) * scale - 0.5. */
export const halfPixel =
  (kernel: Kernel) =>
  (source: number, target: number): Axis =>
    pointwise(source, target, kernel, (i) => ((i + 0.5) * source) / target - 0.5);
