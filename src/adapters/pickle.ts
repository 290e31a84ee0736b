/**
 * Pickles of torch.save over a closed list of opcodes and four known names: tables and tensors come out, nothing is ever
 * executed. Any other name, opcode or element type is refused.
 */

/** Why bytes are refused, in words; the caller names the file. */
export class Refused extends Error {}
export function refuse(reason: string): never {
  throw new Refused(reason);
}

export const isSizes = (v: unknown): v is number[] =>
  Array.isArray(v) && v.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);

/** A tensor and the storage its numbers lie in; offset and strides in numbers. */
export class TensorRef {
  readonly key: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(key: string, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.key = key;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** One of the names a pickle may mention. */
class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const ORDERED = 'collections OrderedDict';
const REBUILD = 'torch._utils _rebuild_tensor_v2';
const PARAMETER = 'torch._utils _rebuild_parameter';
const FLOATS = 'torch FloatStorage';
const NAMES: readonly string[] = [ORDERED, REBUILD, PARAMETER, FLOATS];

function known(name: string): Global {
  return NAMES.includes(name) ? new Global(name) : refuse(`it names ${name}, which no file of float32 tensors needs`);
}

/** What calling one of the names means. */
function call(f: unknown, args: readonly unknown[]): unknown {
  const name = f instanceof Global ? f.name : '';
  if (name === ORDERED) return new Map();
  if (name === PARAMETER) return args[0];
  if (name !== REBUILD) return refuse('it calls something that builds no tensor');
  const [storage, offset, shape, strides] = args;
  if (!Array.isArray(storage) || storage[0] !== 'storage' || !(storage[1] instanceof Global))
    return refuse('a tensor refers to no storage');
  if (!isSizes(shape) || !isSizes(strides) || strides.length !== shape.length || !isSizes([offset]))
    return refuse('a tensor has no shape');
  return new TensorRef(textOf(storage[2]), offset as number, shape, strides);
}

const MARK = Symbol('mark');
const damaged = (): never => refuse('its pickle is damaged');
/** A value that must be text: a mark or a table in its place has no text, and must not be asked for one. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : damaged());

/** The stack machine; one method per way of taking bytes or values, the opcodes in `step`. */
class Machine {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const op = String.fromCharCode(this.#byte());
      if (op === '.') return this.#pop();
      if (!this.#number(op) && !this.#value(op) && !this.#group(op))
        refuse(`its pickle uses opcode 0x${op.charCodeAt(0).toString(16)}, which no file of tensors needs`);
    }
  }

  /** Where `n` bytes start; moves past them. */
  #take(n: number): number {
    this.#at += n;
    return this.#at - n;
  }
  #byte(): number {
    return this.#view.getUint8(this.#take(1));
  }
  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  #text(n: number): string {
    const from = this.#take(n);
    if (from + n > this.#bytes.length) damaged();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes.subarray(from, from + n));
    } catch {
      // A name that is no UTF-8 would otherwise be read as another name.
      return damaged();
    }
  }
  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) damaged();
    const line = this.#text(end - this.#at);
    this.#take(1);
    return line;
  }
  #long(n: number): number {
    let v = 0;
    for (let i = 0; i < n; i++) v += this.#byte() * 2 ** (8 * i);
    return v;
  }
  #push(value: unknown): true {
    this.#stack.push(value);
    return true;
  }
  #pop(): unknown {
    return this.#stack.length > 0 ? this.#stack.pop() : damaged();
  }
  #toMark(): unknown[] {
    const from = this.#stack.lastIndexOf(MARK);
    return from < 0 ? damaged() : this.#stack.splice(from).slice(1);
  }
  #remember(slot: number): true {
    this.#memo.set(slot, this.#stack.at(-1));
    return true;
  }
  #recall(slot: number): true {
    return this.#memo.has(slot) ? this.#push(this.#memo.get(slot)) : damaged();
  }
  #setItems(items: readonly unknown[]): true {
    const table = this.#stack.at(-1);
    if (!(table instanceof Map)) return damaged();
    for (let i = 0; i + 1 < items.length; i += 2) table.set(items[i], items[i + 1]);
    return true;
  }

  /** Numbers, texts and constants. */
  #number(op: string): boolean {
    if (op === 'K') return this.#push(this.#byte());
    if (op === 'M') return this.#push(this.#view.getUint16(this.#take(2), true));
    if (op === 'J') return this.#push(this.#view.getInt32(this.#take(4), true));
    if (op === 'G') return this.#push(this.#view.getFloat64(this.#take(8), false));
    if (op === '\x8a') return this.#push(this.#long(this.#byte()));
    if (op === 'X') return this.#push(this.#text(this.#uint32()));
    if (op === '\x8c') return this.#push(this.#text(this.#byte()));
    if (op === 'N') return this.#push(null);
    if (op === '\x88') return this.#push(true);
    if (op === '\x89') return this.#push(false);
    return false;
  }

  /** Frames, memory, names and calls. */
  #value(op: string): boolean {
    if (op === '\x80') return this.#take(1) >= 0;
    if (op === '\x95') return this.#take(8) >= 0;
    if (op === 'q') return this.#remember(this.#byte());
    if (op === 'r') return this.#remember(this.#uint32());
    if (op === '\x94') return this.#remember(this.#memo.size);
    if (op === 'h') return this.#recall(this.#byte());
    if (op === 'j') return this.#recall(this.#uint32());
    if (op === 'c') return this.#push(known(`${this.#line()} ${this.#line()}`));
    if (op === '\x93') {
      const name = this.#pop();
      return this.#push(known(`${textOf(this.#pop())} ${textOf(name)}`));
    }
    // A persistent id is the tuple that names a storage.
    if (op === 'Q') return true;
    if (op !== 'R') return false;
    const args = this.#pop();
    return this.#push(call(this.#pop(), Array.isArray(args) ? args : damaged()));
  }

  /** Tuples, lists and tables. */
  #group(op: string): boolean {
    if (op === '(') return this.#push(MARK);
    if (op === '}') return this.#push(new Map());
    if (op === ']' || op === ')') return this.#push([]);
    if (op === 't' || op === 'l') return this.#push(this.#toMark());
    if (op === '\x85') return this.#push([this.#pop()]);
    if (op === '\x86') return this.#push([this.#pop(), this.#pop()].reverse());
    if (op === '\x87') return this.#push([this.#pop(), this.#pop(), this.#pop()].reverse());
    if (op === 'u') return this.#setItems(this.#toMark());
    if (op === 's') {
      const value = this.#pop();
      return this.#setItems([this.#pop(), value]);
    }
    // State of a table that is not its entries (`_metadata` of a state dict) and what is dropped: of no use here.
    if (op !== 'b' && op !== '0') return false;
    this.#pop();
    return true;
  }
}

/** What a pickle holds: tables as Map, tuples and lists as arrays, tensors as TensorRef. @throws Refused, RangeError */
export function unpickle(bytes: Uint8Array): unknown {
  return new Machine(bytes).run();
}
