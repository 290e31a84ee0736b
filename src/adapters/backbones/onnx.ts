/**
 * ONNX graphs as values: a builder that writes one, a reader, and the pruning that keeps what some outputs need. Knows
 * nothing of models or of the runtime.
 */
import {
  type AttributeMessage,
  type GraphMessage,
  ModelMessage,
  type ModelMessageFields,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './onnxSchema.ts';

/** Element types of tensors (TensorProto.DataType). */
export const ELEMENT = { float32: 1, uint8: 2, int32: 6, int64: 7 } as const;
export type Element = keyof typeof ELEMENT;

/** Graphs we generate: operator set 17 (LayerNormalization; axes of reductions still attributes), IR version 8. */
const OPSET = 17;
const IR_VERSION = 8;
const PRODUCER = 'logsad';

/** AttributeProto.AttributeType of the forms we write. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, graph: 5, floats: 6, ints: 7 } as const;

/** A number means an integer attribute; `{ float }` a real one; the rest says itself. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: GraphBuilder };

/** A graph under surgery: its nodes and initialisers, and the operator set they are written in. */
export interface OnnxGraph {
  readonly opset: number;
  readonly irVersion: number;
  readonly imports: readonly { readonly domain: string; readonly version: number }[];
  readonly nodes: readonly NodeMessage[];
  readonly initializers: readonly TensorMessage[];
  readonly inputs: readonly ValueInfoMessage[];
  readonly outputs: readonly ValueInfoMessage[];
}

/** A dimension: fixed, or a symbol that the runtime binds. */
export type Dim = number | string;

/**
 * Reads an ONNX file. Weights stay views on `bytes`: nothing is copied or decoded.
 * @throws Error with a sentence where the bytes are no ONNX model, or hold what pruning would lose.
 */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
  const model = ModelMessage.decode(bytes) as unknown as ModelMessageFields;
  const graph = model.graph;
  if (!graph?.node?.length) throw new Error('the file holds no ONNX graph');
  if (model.functions?.length) throw new Error('the graph has local functions, which are not supported');
  if (graph.sparseInitializer?.length) throw new Error('the graph has sparse weights, which are not supported');
  if (graph.initializer.some((t) => t.dataLocation === 1))
    throw new Error('the weights lie in a second file; expected one file');
  const imports = model.opsetImport.map((o) => ({ domain: o.domain ?? '', version: Number(o.version) }));
  const opset = imports.find((o) => o.domain === '' || o.domain === 'ai.onnx')?.version;
  if (opset === undefined) throw new Error('the file names no operator set');
  const held = new Set(graph.initializer.map((t) => t.name));
  return {
    opset,
    irVersion: Number(model.irVersion),
    imports,
    nodes: graph.node,
    initializers: graph.initializer,
    // Files of IR version 3 list every weight as an input as well.
    inputs: graph.input.filter((i) => !held.has(i.name)),
    outputs: graph.output,
  };
}

/** The names that an inner graph (If, Loop, Scan) takes from the graph around it. */
function outerNames(graph: GraphMessage): string[] {
  const own = new Set([...graph.input.map((i) => i.name), ...graph.initializer.map((t) => t.name ?? '')]);
  for (const n of graph.node) for (const o of n.output) own.add(o);
  return graph.node
    .flatMap(needs)
    .concat(graph.output.map((o) => o.name))
    .filter((name) => !own.has(name));
}

function needs(node: NodeMessage): string[] {
  const inner = (node.attribute ?? []).flatMap((a) => [...(a.g ? [a.g] : []), ...(a.graphs ?? [])]);
  return [...node.input.filter((i) => i !== ''), ...inner.flatMap(outerNames)];
}

/** The nodes and initialisers that `tensors` depend on, in their order; the outputs are left empty. */
export function prune(graph: OnnxGraph, tensors: readonly string[]): OnnxGraph {
  const producer = new Map<string, NodeMessage>();
  for (const n of graph.nodes) for (const o of n.output) if (o) producer.set(o, n);
  const wanted = new Set<string>();
  const kept = new Set<NodeMessage>();
  const open = [...tensors];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (wanted.has(name)) continue;
    wanted.add(name);
    const node = producer.get(name);
    if (!node || kept.has(node)) continue;
    kept.add(node);
    open.push(...needs(node));
  }
  return {
    ...graph,
    nodes: graph.nodes.filter((n) => kept.has(n)),
    initializers: graph.initializers.filter((t) => wanted.has(t.name ?? '')),
    inputs: graph.inputs.filter((i) => wanted.has(i.name)),
    outputs: [],
  };
}

/** Whether the graph computes, takes or holds a tensor of that name. */
export function holds(graph: OnnxGraph, tensor: string): boolean {
  return (
    graph.inputs.some((i) => i.name === tensor) ||
    graph.initializers.some((t) => t.name === tensor) ||
    graph.nodes.some((n) => n.output.includes(tensor))
  );
}

function attribute(name: string, value: AttributeValue): AttributeMessage {
  if (typeof value === 'number') return { name, type: ATTRIBUTE.int, i: value };
  if (typeof value === 'string') return { name, type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: ATTRIBUTE.float, f: value.float };
  if ('graph' in value) return { name, type: ATTRIBUTE.graph, g: value.graph.graph('body') };
  return { name, type: ATTRIBUTE.ints, ints: value };
}

function valueInfo(name: string, element: Element, dims?: readonly Dim[]): ValueInfoMessage {
  const shape = dims && { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) };
  return { name, type: { tensorType: { elemType: ELEMENT[element], ...(shape ? { shape } : {}) } } };
}

/** Adds nodes one by one; every method that adds a tensor returns its name, so that calls nest like formulas. */
export class GraphBuilder {
  readonly opset: number;
  readonly #irVersion: number;
  readonly #imports: readonly { readonly domain: string; readonly version: number }[];
  readonly #nodes: NodeMessage[] = [];
  readonly #initializers: TensorMessage[] = [];
  readonly #inputs: ValueInfoMessage[] = [];
  readonly #outputs: ValueInfoMessage[] = [];
  readonly #prefix: string;
  #next = 0;

  /** Starts empty, or from a graph whose operator set the new nodes then follow; its inputs and outputs are not taken. */
  constructor(base?: OnnxGraph, prefix = 'logsad') {
    this.opset = base?.opset ?? OPSET;
    this.#irVersion = base?.irVersion ?? IR_VERSION;
    this.#imports = base?.imports ?? [{ domain: '', version: OPSET }];
    this.#prefix = prefix;
    if (base) {
      this.#nodes.push(...base.nodes);
      this.#initializers.push(...base.initializers);
    }
  }

  input(name: string, element: Element, dims: readonly Dim[]): string {
    this.#inputs.push(valueInfo(name, element, dims));
    return name;
  }

  /** Declares a tensor as an output; the shape may be left to the runtime. */
  output(name: string, element: Element = 'float32', dims?: readonly Dim[]): string {
    this.#outputs.push(valueInfo(name, element, dims));
    return name;
  }

  /** A constant tensor; without dims a scalar when it holds one value, else a vector. */
  constant(
    data: Float32Array | BigInt64Array | Int32Array,
    dims?: readonly number[],
    name = this.#fresh('const'),
  ): string {
    const element = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
    this.#initializers.push({
      name,
      dims: dims ?? (data.length === 1 ? [] : [data.length]),
      dataType: ELEMENT[element],
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }

  scalar(value: number): string {
    return this.constant(new Float32Array([value]));
  }

  /** A vector of int64, as shapes, axes and slice bounds are given. */
  ints(...values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** One node with one output, whose name is returned (`to`, or a fresh one). */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    to?: string,
  ): string {
    return this.nodes(op, inputs, [to ?? this.#fresh(op)], attributes)[0]!;
  }

  /** One node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): readonly string[] {
    this.#nodes.push({
      input: inputs,
      output: outputs,
      name: `${outputs[0]}#node`,
      opType: op,
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return outputs;
  }

  #fresh(hint: string): string {
    this.#next += 1;
    return `${this.#prefix}/${hint}.${this.#next}`;
  }

  /** The graph alone, for use as the body of Scan. */
  graph(name: string): GraphMessage {
    return { name, node: this.#nodes, initializer: this.#initializers, input: this.#inputs, output: this.#outputs };
  }

  /** The state as a value for `prune` and for further surgery. */
  snapshot(): OnnxGraph {
    return {
      opset: this.opset,
      irVersion: this.#irVersion,
      imports: this.#imports,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  /** The bytes of a whole ONNX file. Nodes must have been added after what they read, except a prologue given last. */
  toBytes(name = 'logsad'): Uint8Array {
    const model: ModelMessageFields = {
      irVersion: this.#irVersion,
      producerName: PRODUCER,
      opsetImport: this.#imports,
      graph: { ...this.graph(name), node: inOrder(this.#nodes) },
    };
    return ModelMessage.encode(model as unknown as Record<string, unknown>).finish();
  }
}

/** Nodes sorted so that each follows what it reads: surgery prepends by adding at the end. */
function inOrder(nodes: readonly NodeMessage[]): NodeMessage[] {
  const producer = new Map<string, NodeMessage>();
  for (const n of nodes) for (const o of n.output) if (o) producer.set(o, n);
  const done = new Set<NodeMessage>();
  const sorted: NodeMessage[] = [];
  for (const start of nodes) {
    const stack: { node: NodeMessage; inputs: NodeMessage[] }[] = [];
    const visit = (node: NodeMessage): void => {
      if (done.has(node)) return;
      done.add(node);
      stack.push({ node, inputs: needs(node).flatMap((i) => producer.get(i) ?? []) });
    };
    visit(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.inputs.pop();
      if (next) visit(next);
      else sorted.push(stack.pop()!.node);
    }
  }
  return sorted;
}
