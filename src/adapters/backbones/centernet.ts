/**
 * Turns a TensorFlow.js graph model (one binary of float16 and int32 tensors) into an ONNX graph: the operations of
 * mobile convolutional backbones, one converter each. NHWC becomes NCHW; weights are widened from half precision
 * exactly; constants come from the file, because its hard-swish factor is 1/6 rounded to half precision
 * (golden/centernet: exact sixths miss by 4e-3).
 */
import { LogsadError } from '../../core/errors.ts';
import { type AttributeValue, GraphBuilder, type OnnxGraph } from './onnx.ts';

interface TfAttribute {
  readonly b?: boolean;
  readonly s?: string;
  readonly list?: { readonly i?: readonly (string | number)[]; readonly s?: readonly string[] };
}

interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, TfAttribute>>;
}

interface TfWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string };
}

interface TfModel {
  readonly modelTopology: { readonly node: readonly TfNode[] };
  readonly weightsManifest: readonly { readonly weights: readonly TfWeight[] }[];
}

interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const KNOWN = [
  '_FusedConv2D',
  'FusedDepthwiseConv2dNative',
  'Add',
  'AddV2',
  'Mul',
  'Relu',
  'Relu6',
  'Mean',
  'Identity',
] as const;

/**
 * @param model id used in messages
 * @param json the graph (`centernet.json`), `bin` its weights
 * @param taps tensors wanted; the graph holds what they need and nothing else
 * @returns the graph, fed through the name of its one placeholder as float32 `[1, 3, h, w]`
 * @throws LogsadError MODEL_INVALID, MODEL_UNSUPPORTED_OP, MODEL_TAP
 */
export function convertTfjs(model: string, json: Uint8Array, bin: Uint8Array, taps: readonly string[]): OnnxGraph {
  let parsed: TfModel;
  let weights: ReadonlyMap<string, Constant>;
  try {
    parsed = JSON.parse(new TextDecoder().decode(json)) as TfModel;
    weights = readWeights(parsed, bin);
  } catch (cause) {
    throw new LogsadError(
      'MODEL_INVALID',
      { model, reason: `not a TensorFlow.js graph model (${String(cause)})` },
      { cause },
    );
  }
  const conversion = new Conversion(model, parsed.modelTopology.node, weights);
  for (const tap of taps) conversion.tensor(tap);
  return conversion.builder.snapshot();
}

/** IEEE half to single precision, exactly. */
function widen(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** All halves, widened once: a table lookup per weight instead of arithmetic. */
function halfTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let i = 0; i < table.length; i++) table[i] = widen(i);
  return table;
}

/** Tensors lie one after the other in manifest order, without padding: offsets need not be multiples of 4. */
function readWeights(model: TfModel, bin: Uint8Array): Map<string, Constant> {
  const view = new DataView(bin.buffer, bin.byteOffset, bin.byteLength);
  const halves = halfTable();
  const constants = new Map<string, Constant>();
  let at = 0;
  for (const w of model.weightsManifest.flatMap((group) => group.weights)) {
    const length = w.shape.reduce((product, n) => product * n, 1);
    const stored = w.quantization?.dtype ?? w.dtype;
    const data = w.dtype === 'int32' ? new Int32Array(length) : new Float32Array(length);
    if (stored === 'float16') for (let i = 0; i < length; i++, at += 2) data[i] = halves[view.getUint16(at, true)]!;
    else if (stored === 'float32') for (let i = 0; i < length; i++, at += 4) data[i] = view.getFloat32(at, true);
    else if (stored === 'int32') for (let i = 0; i < length; i++, at += 4) data[i] = view.getInt32(at, true);
    else throw new Error(`weight '${w.name}' is stored as ${stored}`);
    constants.set(w.name, { shape: w.shape, data });
  }
  if (at !== bin.byteLength) throw new Error(`the weights fill ${at} of ${bin.byteLength} bytes`);
  return constants;
}

class Conversion {
  readonly builder = new GraphBuilder(undefined, 'tfjs');
  readonly #model: string;
  readonly #nodes: ReadonlyMap<string, TfNode>;
  readonly #weights: ReadonlyMap<string, Constant>;
  readonly #done = new Map<string, string>();

  constructor(model: string, nodes: readonly TfNode[], weights: ReadonlyMap<string, Constant>) {
    this.#model = model;
    this.#nodes = new Map(nodes.map((n) => [n.name, n]));
    this.#weights = weights;
  }

  /** Converts what the tensor depends on, once, and returns its name in the ONNX graph. */
  tensor(reference: string): string {
    const name = reference.replace(/:0$/, '');
    const known = this.#done.get(name);
    if (known) return known;
    const node = this.#nodes.get(name);
    if (!node) throw new LogsadError('MODEL_TAP', { model: this.#model, tensor: name });
    const made = node.op === 'Const' ? this.#constant(name) : this.#convert(node);
    this.#done.set(name, made);
    return made;
  }

  #convert(node: TfNode): string {
    const b = this.builder;
    const operands = (): string[] => node.input!.map((i) => this.tensor(i));
    switch (node.op) {
      case 'Placeholder':
        return b.input(node.name, 'float32', [1, 3, 'h', 'w']);
      case 'Add':
      case 'AddV2':
        return b.node('Add', operands(), {}, node.name);
      case 'Mul':
      case 'Relu':
      case 'Identity':
        return b.node(node.op, operands(), {}, node.name);
      case 'Relu6':
        return b.node('Clip', [...operands(), b.scalar(0), b.scalar(6)], {}, node.name);
      case 'Mean':
        return this.#mean(node);
      case '_FusedConv2D':
      case 'FusedDepthwiseConv2dNative':
        return this.#convolution(node);
      default:
        return this.#refuse(node, `operation '${node.op}' is not supported`);
    }
  }

  /** A scalar stays one; a vector over channels is laid along axis 1 of NCHW. */
  #constant(name: string): string {
    const { shape, data } = this.#weight(name);
    if (shape.length > 1 && shape.slice(0, -1).some((n) => n !== 1)) {
      return this.#refuse({ name, op: 'Const' }, `a constant of shape [${shape}] cannot be broadcast`);
    }
    return this.builder.constant(data, shape.length === 0 ? [] : [1, data.length, 1, 1], name);
  }

  #weight(reference: string): Constant {
    const found = this.#weights.get(reference.replace(/:0$/, ''));
    if (!found)
      throw new LogsadError('MODEL_INVALID', { model: this.#model, reason: `weight '${reference}' is missing` });
    return found;
  }

  #mean(node: TfNode): string {
    const axes = [...this.#weight(node.input![1]!).data].map((a) => (a < 0 ? a + 4 : a)).sort();
    if (axes.join() !== '1,2' || !node.attr?.keep_dims?.b) {
      this.#refuse(node, `Mean over axes [${axes}]: expected [1, 2] with keep_dims`);
    }
    return this.builder.node('ReduceMean', [this.tensor(node.input![0]!)], { axes: [2, 3], keepdims: 1 }, node.name);
  }

  #convolution(node: TfNode): string {
    const b = this.builder;
    const text = (s: string | undefined): string => Buffer.from(s ?? '', 'base64').toString();
    const ints = (key: string): number[] => (node.attr?.[key]?.list?.i ?? [1, 1, 1, 1]).map(Number);
    if (text(node.attr?.data_format?.s) !== 'NHWC') this.#refuse(node, 'expected data_format NHWC');
    if (text(node.attr?.padding?.s) !== 'SAME')
      this.#refuse(node, `padding ${text(node.attr?.padding?.s)}: expected SAME`);
    const fused = (node.attr?.fused_ops?.list?.s ?? []).map((s) => text(s));
    const [bias, activation, ...rest] = fused;
    if (bias !== 'BiasAdd' || rest.length > 0 || (activation !== undefined && activation !== 'Relu')) {
      this.#refuse(node, `fused [${fused}]: expected [BiasAdd] or [BiasAdd, Relu]`);
    }
    const { shape, data } = this.#weight(node.input![1]!);
    if (shape.length !== 4) this.#refuse(node, `kernel of shape [${shape}]: expected four axes`);
    const depthwise = node.op !== '_FusedConv2D';
    const kernel = depthwise ? depthwiseKernel(shape, data) : denseKernel(shape, data);
    const attributes: Record<string, AttributeValue> = {
      kernel_shape: shape.slice(0, 2),
      strides: ints('strides').slice(1, 3),
      dilations: ints('dilations').slice(1, 3),
      group: depthwise ? shape[2]! : 1,
      // TensorFlow's SAME puts the odd cell of padding at the bottom and right.
      auto_pad: 'SAME_UPPER',
    };
    const offset = this.#weight(node.input![2]!).data;
    const inputs = [
      this.tensor(node.input![0]!),
      b.constant(kernel.data, kernel.dims),
      b.constant(offset, [offset.length]),
    ];
    if (!activation) return b.node('Conv', inputs, attributes, node.name);
    return b.node('Relu', [b.node('Conv', inputs, attributes)], {}, node.name);
  }

  #refuse(node: TfNode, reason: string): never {
    throw new LogsadError('MODEL_UNSUPPORTED_OP', { model: this.#model, node: node.name, reason, known: KNOWN });
  }
}

interface Kernel {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** `[kh, kw, in, out]` to `[out, in, kh, kw]`. */
function denseKernel(shape: readonly number[], data: ArrayLike<number>): Kernel {
  const [kh, kw, inputs, outputs] = shape as [number, number, number, number];
  const area = kh * kw;
  const turned = new Float32Array(area * inputs * outputs);
  for (let k = 0, at = 0; k < area; k++) {
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) turned[(o * inputs + i) * area + k] = data[at++]!;
  }
  return { data: turned, dims: [outputs, inputs, kh, kw] };
}

/** `[kh, kw, in, mult]` to `[in * mult, 1, kh, kw]`; output channel = input * mult + index. */
function depthwiseKernel(shape: readonly number[], data: ArrayLike<number>): Kernel {
  const [kh, kw, inputs, mult] = shape as [number, number, number, number];
  const area = kh * kw;
  const channels = inputs * mult;
  const turned = new Float32Array(area * channels);
  for (let k = 0, at = 0; k < area; k++) for (let c = 0; c < channels; c++) turned[c * area + k] = data[at++]!;
  return { data: turned, dims: [channels, 1, kh, kw] };
}
