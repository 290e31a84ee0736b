/**
 * The KServe v2 inference protocol over HTTP with its binary tensor extension, as far as a backbone needs it: what a
 * request and an answer look like in bytes. A body is a JSON head followed by the raw little-endian tensors in the order
 * the head names them; the header `Inference-Header-Content-Length` says where the head ends.
 */
import type { Tensor, TensorFace } from '../../app/ports.ts';

export const HEAD_LENGTH = 'inference-header-content-length';

type Type = TensorFace['type'];
const DATATYPES = { float32: 'FP32', uint8: 'UINT8', int32: 'INT32', int64: 'INT64' } as const;
const ARRAYS = {
  float32: Float32Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;

/** An answer that is not of the protocol; the caller names the server. */
export class ProtocolFault extends Error {}
const fail = (reason: string): never => {
  throw new ProtocolFault(reason);
};

export const datatypeOf = (type: Type): string => DATATYPES[type];
const typeOf = (datatype: unknown): Type | null =>
  (Object.keys(DATATYPES) as Type[]).find((t) => DATATYPES[t] === datatype) ?? null;

export function typeOfData(data: Tensor['data']): Type {
  return (Object.keys(ARRAYS) as Type[]).find((t) => data instanceof ARRAYS[t])!;
}

const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const sizeOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

export interface Encoded {
  readonly body: Uint8Array;
  readonly head: number;
}

/** The body of a call: tensors by name, and the outputs that are wanted, in binary. */
export function encodeCall(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Encoded {
  const tensors = Object.values(feeds).map(bytesOf);
  const head = Buffer.from(
    JSON.stringify({
      inputs: Object.entries(feeds).map(([name, t], i) => ({
        name,
        shape: t.dims,
        datatype: datatypeOf(typeOfData(t.data)),
        parameters: { binary_data_size: tensors[i]!.length },
      })),
      outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  );
  return { body: Buffer.concat([head, ...tensors]), head: head.length };
}

type Members = Readonly<Record<string, unknown>>;
const members = (v: unknown): Members =>
  typeof v === 'object' && v !== null ? (v as Members) : fail('expected an object of JSON');

function json(bytes: Uint8Array): Members {
  try {
    return members(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    if (cause instanceof ProtocolFault) throw cause;
    return fail('expected JSON of the KServe v2 protocol, found something else');
  }
}

const dimsOf = (v: unknown): number[] => {
  const dims = Array.isArray(v) ? v.map(Number) : fail('a tensor without shape');
  return dims.every((d) => Number.isSafeInteger(d)) ? dims : fail('a tensor without shape');
};

/** The outputs of an answer by name; of servers without the extension also those written as JSON numbers. */
export function decodeAnswer(body: Uint8Array, head: number | null): Map<string, Tensor> {
  const end = head ?? body.length;
  if (!(end >= 0 && end <= body.length)) fail(`its head should have ${end} bytes, the answer has ${body.length}`);
  const { outputs } = json(body.subarray(0, end));
  if (!Array.isArray(outputs)) fail('its answer has no outputs');
  const found = new Map<string, Tensor>();
  let at = end;
  for (const raw of outputs as unknown[]) {
    const { name, shape, datatype, parameters, data } = members(raw);
    const dims = dimsOf(shape);
    const type = typeOf(datatype) ?? fail(`output ${String(name)} is of type ${String(datatype)}`);
    const size = members(parameters ?? {}).binary_data_size;
    if (size === undefined) {
      found.set(String(name), { dims, data: fromJson(type, dims, data) });
      continue;
    }
    const wanted = sizeOf(dims) * ARRAYS[type].BYTES_PER_ELEMENT;
    if (size !== wanted || at + wanted > body.length)
      fail(`output ${String(name)} [${dims}] needs ${wanted} bytes, the answer states ${String(size)}`);
    // Copied: the bytes of an answer lie at any offset.
    const own = new Uint8Array(body.subarray(at, at + wanted)).buffer;
    found.set(String(name), { dims, data: new ARRAYS[type](own) });
    at += wanted;
  }
  return found;
}

function fromJson(type: Type, dims: readonly number[], data: unknown): Tensor['data'] {
  const flat = Array.isArray(data)
    ? (data.flat(Number.POSITIVE_INFINITY) as unknown[])
    : fail('an output without data');
  if (flat.length !== sizeOf(dims)) fail(`an output [${dims}] came with ${flat.length} values`);
  const numbers = flat.map(Number);
  if (numbers.some(Number.isNaN)) fail('an output holds something that is no number');
  return type === 'int64' ? BigInt64Array.from(numbers, (n) => BigInt(Math.trunc(n))) : ARRAYS[type].from(numbers);
}

/** Names, types and shapes of a served model (its metadata). */
export interface ServedFace {
  readonly versions: readonly string[];
  readonly inputs: readonly Stated[];
  readonly outputs: readonly Stated[];
}
export interface Stated {
  readonly name: string;
  readonly datatype: string;
  readonly dims: readonly number[];
}

export function decodeMetadata(body: Uint8Array): ServedFace {
  const { versions, inputs, outputs } = json(body);
  const tensors = (v: unknown): Stated[] =>
    (Array.isArray(v) ? v : fail('its metadata name no tensors')).map((raw) => {
      const { name, datatype, shape } = members(raw);
      return { name: String(name), datatype: String(datatype), dims: dimsOf(shape) };
    });
  const named = Array.isArray(versions) ? versions.map(String) : [];
  return { versions: named, inputs: tensors(inputs), outputs: tensors(outputs) };
}

/** What a server says went wrong; the beginning of its words where they are not of the protocol. */
export function errorOf(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 2000)).trim();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error.slice(0, 500);
  } catch {
    // No JSON: its first words are all there is.
  }
  return text.slice(0, 200);
}
