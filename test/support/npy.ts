import { readFileSync } from 'node:fs';
import type { Grid, GridData } from '../../src/core/grid/grid.ts';

type NpyData = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;

export interface Npy<T extends NpyData = NpyData> {
  readonly data: T;
  readonly shape: readonly number[];
}

/** Little-endian element types that the goldens use; bool arrives as 0/1 bytes. */
const READERS: Readonly<Record<string, (b: ArrayBuffer) => NpyData>> = {
  '<f4': (b) => new Float32Array(b),
  '<f8': (b) => new Float64Array(b),
  '<i4': (b) => new Int32Array(b),
  '<i8': (b) => new BigInt64Array(b),
  '|u1': (b) => new Uint8Array(b),
  '|b1': (b) => new Uint8Array(b),
};

/** Parses one .npy file (format versions 1 to 3, C order). @throws Error on another element type or Fortran order. */
export function parseNpy(bytes: Uint8Array): Npy {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = view.getUint8(6) > 1;
  const start = long ? 12 : 10;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const read = READERS[descr];
  if (!read || !/'fortran_order':\s*False/.test(header)) throw new Error(`npy: cannot read ${header}`);
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .map(Number);
  // Copied, not viewed: the file's buffer may be pooled and the data unaligned.
  return { data: read(new Uint8Array(bytes.subarray(start + length)).buffer), shape };
}

/** Reads a .npy file. int64 arrives as BigInt64Array: use `npyInts` where plain numbers are wanted. */
export function readNpy(path: string): Npy {
  return parseNpy(readFileSync(path));
}

/** float32 or float64 contents as Float32Array. */
export function npyFloats(path: string): Npy<Float32Array> {
  const { data, shape } = readNpy(path);
  if (data instanceof BigInt64Array) throw new Error(`npy: ${path} holds int64, not floats`);
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape };
}

/** Any integer (or bool) contents as Int32Array. */
export function npyInts(path: string): Npy<Int32Array> {
  const { data, shape } = readNpy(path);
  return { data: data instanceof BigInt64Array ? Int32Array.from(data, Number) : Int32Array.from(data), shape };
}

/** A 2-D `[h, w]` or 3-D `[h, w, c]` array as a grid of its own element type. */
export function npyGrid<T extends GridData = Float32Array>(path: string): Grid<T> {
  const { data, shape } = readNpy(path);
  if (data instanceof BigInt64Array || shape.length < 2 || shape.length > 3) {
    throw new Error(`npy: ${path} [${shape}] is no grid`);
  }
  return { data: data as GridData as T, height: shape[0]!, width: shape[1]!, channels: shape[2] ?? 1 };
}

/** A 2-D `[n, d]` array as a bag of n vectors, `[n, 1, d]`. */
export function npyRows(path: string): Grid<Float32Array> {
  const { data, shape } = npyFloats(path);
  if (shape.length !== 2) throw new Error(`npy: ${path} [${shape}] is no matrix`);
  return { data, height: shape[0]!, width: 1, channels: shape[1]! };
}
