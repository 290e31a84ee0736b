/**
 * The one value type for pixels, feature maps, label maps, masks and matrices: a row-major `[height, width, channels]`
 * block of numbers without methods. A matrix is a Grid with `channels = columns`, `width = 1`; a bag of n vectors of
 * d numbers is `[n, 1, d]`. Operations are functions in the neighbouring files.
 */
export type GridData = Float32Array | Float64Array | Uint8Array | Int32Array | Uint16Array;

export interface Grid<T extends GridData = Float32Array> {
  readonly data: T;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** An RGB image, 0..255, `[h, w, 3]`. */
export type RgbImage = Grid<Uint8Array>;
/** Dense features of one stage, `[h, w, c]`. */
export type FeatureGrid = Grid<Float32Array>;
/** Zero or one per cell, `[h, w, 1]`. */
export type Mask = Grid<Uint8Array>;
/** A class or component index per cell, `[h, w, 1]`. */
export type LabelGrid = Grid<Int32Array>;

/** Wraps existing data. @throws RangeError when `data.length !== height * width * channels`. */
export function grid<T extends GridData>(data: T, height: number, width: number, channels = 1): Grid<T> {
  if (data.length !== height * width * channels) {
    throw new RangeError(`grid: ${data.length} values do not fill [${height}, ${width}, ${channels}]`);
  }
  return { data, height, width, channels };
}

/** A zero-filled Float32 grid `[h, w, c]`. */
export function zeros(height: number, width: number, channels = 1): Grid<Float32Array> {
  return { data: new Float32Array(height * width * channels), height, width, channels };
}

/** An empty mask `[h, w, 1]`. */
export function emptyMask(height: number, width: number): Mask {
  return { data: new Uint8Array(height * width), height, width, channels: 1 };
}

/** A label grid `[h, w, 1]` filled with `value`. */
export function labelGrid(height: number, width: number, value = 0): LabelGrid {
  return { data: new Int32Array(height * width).fill(value), height, width, channels: 1 };
}
