/**
 * Files of named float32 tensors: `.safetensors` (read and written) and the zip that `torch.save` makes (read). The
 * pickle inside is interpreted over a closed list of opcodes and four known names, so nothing in a file is ever executed:
 * any other name, opcode or element type is refused.
 */
import { join } from 'node:path';
import { type Adapter, adaptersOf } from '../core/detect/adapters.ts';
import { LogsadError } from '../core/errors.ts';
import { readBytes } from './files.ts';
import { isSizes, Refused, refuse, TensorRef, unpickle } from './pickle.ts';

export interface NamedTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}
export type Tensors = Readonly<Record<string, NamedTensor>>;

const LIMITS = {
  /** A tensor file larger than this is no set of adapters (the published ones have 12.6 MB). */
  bytes: 2 ** 30,
  /** A safetensors header larger than this is damaged. */
  header: 2 ** 24,
  /** Entries of all tables of a pickle, a table that stands in two places counted twice: it may hold itself. */
  entries: 10_000,
} as const;

/** Reads either kind, told apart by its first bytes. @throws LogsadError ADAPTERS_INVALID */
export function readTensors(bytes: Uint8Array, path: string): Tensors {
  try {
    if (bytes.length > LIMITS.bytes) refuse(`it has ${bytes.length} bytes, at most ${LIMITS.bytes}`);
    return bytes[0] === 0x50 && bytes[1] === 0x4b ? readTorch(bytes) : readSafetensors(bytes);
  } catch (error) {
    if (error instanceof Refused || error instanceof RangeError || error instanceof SyntaxError) {
      throw new LogsadError('ADAPTERS_INVALID', { path, reason: error.message }, { cause: error });
    }
    throw error;
  }
}

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** Little-endian float32 values, copied: the file's bytes may be unaligned. */
function floats(bytes: Uint8Array, offset: number, count: number): Float32Array {
  if (offset < 0 || offset + 4 * count > bytes.length) refuse(`${count} numbers at ${offset} lie outside the file`);
  return new Float32Array(new Uint8Array(bytes.subarray(offset, offset + 4 * count)).buffer);
}

/** @throws Refused where the bytes are no UTF-8: read loosely, a name would turn into another one. */
function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('its header is no UTF-8: it is damaged');
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

// --- safetensors -----------------------------------------------------------------------------------------------------

function readSafetensors(bytes: Uint8Array): Tensors {
  if (bytes.length < 8) refuse('it is cut short');
  const length = Number(viewOf(bytes).getBigUint64(0, true));
  if (length > Math.min(LIMITS.header, bytes.length - 8)) refuse('it is neither a .pth nor a .safetensors file');
  const header: unknown = JSON.parse(utf8(bytes.subarray(8, 8 + length)));
  if (typeof header !== 'object' || header === null || Array.isArray(header)) refuse('its header is damaged');
  const out: Record<string, NamedTensor> = {};
  for (const [name, raw] of Object.entries(header as Readonly<Record<string, unknown>>)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (raw ?? {}) as Readonly<Record<string, unknown>>;
    if (dtype !== 'F32') refuse(`${name}: expected float32 (F32), found ${String(dtype)}`);
    if (!isSizes(shape) || !isSizes(offsets)) refuse(`${name}: its shape or place is damaged`);
    const [from, to] = offsets as number[];
    if (to! - from! !== 4 * sizeOf(shape as number[])) refuse(`${name}: its bytes do not fill its shape`);
    out[name] = { shape: shape as number[], data: floats(bytes, 8 + length + from!, sizeOf(shape as number[])) };
  }
  return out;
}

/** Tensors as the bytes of a .safetensors file. */
export function writeSafetensors(tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, { shape, data }]): [string, unknown] => {
    const offsets = [at, at + data.byteLength];
    at += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: offsets }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8, ' '));
  const out = new Uint8Array(8 + header.length + at);
  viewOf(out).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  let to = 8 + header.length;
  for (const { data } of Object.values(tensors)) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), to);
    to += data.byteLength;
  }
  return out;
}

// --- torch.save ------------------------------------------------------------------------------------------------------

/** Where the stored files of a zip lie, from its central directory. Compressed entries are refused: torch stores. */
function zipEntries(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = viewOf(bytes);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) refuse('its zip directory is missing: it is cut short');
  const out = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    if (view.getUint32(at, true) !== 0x02014b50) refuse('its zip directory is damaged');
    const [size, nameLength] = [view.getUint32(at + 24, true), view.getUint16(at + 28, true)];
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    if (view.getUint16(at + 10, true) !== 0) refuse(`${name} is compressed, which torch.save never does`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + size > bytes.length) refuse(`${name} is cut short`);
    out.set(name, bytes.subarray(start, start + size));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return out;
}

function readTorch(bytes: Uint8Array): Tensors {
  const entries = zipEntries(bytes);
  const pickle = [...entries.keys()].find((n) => n.endsWith('/data.pkl'));
  if (!pickle) return refuse('it holds no data.pkl: it was not made by torch.save');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order) !== 'little') refuse('its numbers are big-endian');
  const out: Record<string, NamedTensor> = {};
  collect(unpickle(entries.get(pickle)!), (name, t) => {
    const storage = entries.get(`${folder}data/${t.key}`);
    if (!storage) return refuse(`the numbers of ${name} are missing`);
    let stride = 1;
    for (let i = t.shape.length - 1; i >= 0; i--) {
      if (t.shape[i]! > 1 && t.strides[i] !== stride)
        refuse(`${name} is a view with other strides; save a contiguous copy`);
      stride *= t.shape[i]!;
    }
    out[name] = { shape: t.shape, data: floats(storage, 4 * t.offset, sizeOf(t.shape)) };
  });
  return out;
}

/** Walks nested tables; names of inner tables are joined by a dot. */
function collect(root: unknown, take: (name: string, t: TensorRef) => void): void {
  const open: [name: string, value: unknown][] = [['', root]];
  let seen = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const [name, value] = next;
    if (value instanceof TensorRef) take(name, value);
    if (!(value instanceof Map)) continue;
    for (const [key, inner] of [...value].reverse()) {
      if (++seen > LIMITS.entries) refuse(`its tables hold more than ${LIMITS.entries} entries`);
      if (typeof key !== 'string' && typeof key !== 'number') refuse('a name in it is neither text nor a number');
      open.push([name === '' ? String(key) : `${name}.${String(key)}`, inner]);
    }
  }
}

/**
 * The linear layers in files of a folder, by file name; `seen` is given the bytes of each.
 * @throws LogsadError FILE_NOT_FOUND, ADAPTERS_INVALID
 */
export async function readAdapters(
  folder: string,
  names: readonly string[],
  seen: (name: string, bytes: Uint8Array) => void = () => undefined,
): Promise<ReadonlyMap<string, readonly Adapter[]>> {
  const out = new Map<string, readonly Adapter[]>();
  for (const name of new Set(names)) {
    const path = join(folder, name);
    const bytes = await readBytes(path, 'linear layers made by: logsad adapters train');
    const found = adaptersOf(readTensors(bytes, path));
    if (typeof found === 'string') throw new LogsadError('ADAPTERS_INVALID', { path, reason: found });
    seen(name, bytes);
    out.set(name, found);
  }
  return out;
}
