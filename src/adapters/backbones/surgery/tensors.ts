/** Constant tensors of a graph, decoded where their values are asked for. */
import { ELEMENT } from '../onnx.ts';
import type { TensorMessage } from '../onnxSchema.ts';

/** A tensor whose values do not depend on any input. Exactly one of `floats` and `ints` answers for its element type. */
export interface Constant {
  readonly dims: readonly number[];
  /** Number of values. */
  readonly length: number;
  readonly element: 'float32' | 'integer' | 'other';
  /** Values of a float32 tensor. @throws GraphFault for another element type */
  floats(): Float32Array;
  /** Values of an int32 or int64 tensor. @throws GraphFault for another element type */
  ints(): readonly number[];
}

/** A graph is not built as the recipe expects; the loader names the file, this names what was expected and found. */
export class GraphFault extends Error {
  override readonly name = 'GraphFault';
  readonly expected: string;
  readonly found: string;
  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Copied: raw data lies at any offset of the file, typed views need whole multiples of their element. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function readFloats(t: TensorMessage): Float32Array {
  if (t.rawData?.length) return new Float32Array(aligned(t.rawData));
  return Float32Array.from(t.floatData ?? []);
}

function readInts(t: TensorMessage): number[] {
  const wide = t.dataType === ELEMENT.int64;
  if (t.rawData?.length) {
    const buffer = aligned(t.rawData);
    return wide ? Array.from(new BigInt64Array(buffer), Number) : Array.from(new Int32Array(buffer));
  }
  return wide ? (t.int64Data ?? []).map(Number) : [...(t.int32Data ?? [])];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export function constantOf(t: TensorMessage): Constant {
  const dims = (t.dims ?? []).map(Number);
  const element =
    t.dataType === ELEMENT.float32
      ? 'float32'
      : t.dataType === ELEMENT.int32 || t.dataType === ELEMENT.int64
        ? 'integer'
        : 'other';
  const refuse = (wanted: string) => (): never => {
    throw new GraphFault(`${wanted} values in '${t.name ?? 'a constant'}'`, `element type ${t.dataType}`);
  };
  return {
    dims,
    length: sizeOf(dims),
    element,
    floats: element === 'float32' ? once(() => readFloats(t)) : refuse('float32'),
    ints: element === 'integer' ? once(() => readInts(t)) : refuse('integer'),
  };
}

/** The same float values under other dimensions. */
export function floatConstant(dims: readonly number[], make: () => Float32Array): Constant {
  const refuse = (): never => {
    throw new GraphFault('integer values', 'float32 values');
  };
  return { dims, length: sizeOf(dims), element: 'float32', floats: once(make), ints: refuse };
}

/** A float32 matrix by rows. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export function transposed({ rows, columns, data }: Matrix): Matrix {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return { rows: columns, columns: rows, data: out };
}

/** Columns `from` to `to` (exclusive). */
export function columnsOf({ rows, columns, data }: Matrix, from: number, to: number): Matrix {
  const width = to - from;
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * columns + from, r * columns + to), r * width);
  return { rows, columns: width, data: out };
}
