/**
 * A graph that can be walked in both directions and whose operands can be redirected. Structure alone is looked at:
 * names of nodes and tensors differ by exporter and optimiser, and are never matched (golden/SURGERY.md 0).
 */
import { ELEMENT, type OnnxGraph } from '../onnx.ts';
import type { AttributeMessage, GraphMessage, Int64, NodeMessage, TensorMessage } from '../onnxSchema.ts';
import { type Constant, constantOf, floatConstant } from './tensors.ts';

/** How deep a chain of constant nodes is folded: exporters write three or four. */
const FOLD_DEPTH = 12;

export interface WorkNode {
  readonly op: string;
  readonly domain: string;
  /** Place in the file's topological order. */
  readonly index: number;
  readonly inputs: string[];
  readonly outputs: readonly string[];
  readonly message: NodeMessage;
}

/** Operations that move values without changing them. */
export const MOVES: ReadonlySet<string> = new Set([
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Cast',
  'Identity',
  'Gather',
  'Slice',
  'Split',
  'Flatten',
  'Dropout',
]);

export class WorkGraph {
  readonly source: OnnxGraph;
  readonly nodes: readonly WorkNode[];
  readonly #initializers: Map<string, TensorMessage>;
  readonly #added: TensorMessage[] = [];
  readonly #producers = new Map<string, WorkNode>();
  readonly #consumers = new Map<string, WorkNode[]>();
  readonly #folded = new Map<string, Constant | null>();

  constructor(source: OnnxGraph) {
    this.source = source;
    this.#initializers = new Map(source.initializers.map((t) => [t.name ?? '', t]));
    this.nodes = source.nodes.map((message, index) => ({
      op: message.opType,
      domain: message.domain ?? '',
      index,
      inputs: [...message.input],
      outputs: message.output,
      message,
    }));
    for (const node of this.nodes) {
      for (const o of node.outputs) this.#producers.set(o, node);
      for (const i of node.inputs) {
        const list = this.#consumers.get(i);
        if (list) list.push(node);
        else this.#consumers.set(i, [node]);
      }
    }
  }

  producer(tensor: string): WorkNode | undefined {
    return this.#producers.get(tensor);
  }

  consumers(tensor: string): readonly WorkNode[] {
    return this.#consumers.get(tensor) ?? [];
  }

  attribute(node: WorkNode, name: string): AttributeMessage | undefined {
    return node.message.attribute?.find((a) => a.name === name);
  }

  int(node: WorkNode, name: string, otherwise: number): number {
    const i = this.attribute(node, name)?.i;
    return i === undefined ? otherwise : Number(i as Int64);
  }

  /** Operations outside the default domain: marks of a file that an optimiser has rewritten. */
  foreignOps(): string[] {
    return [...new Set(this.nodes.filter((n) => n.domain !== '' && n.domain !== 'ai.onnx').map((n) => n.op))];
  }

  /** The value of a tensor that no input reaches: an initialiser, a Constant, or a short chain over one; else null. */
  constant(tensor: string | undefined, depth = 0): Constant | null {
    if (!tensor || depth > FOLD_DEPTH) return null;
    const known = this.#folded.get(tensor);
    if (known !== undefined) return known;
    const held = this.#initializers.get(tensor);
    const node = this.producer(tensor);
    const value = held ? constantOf(held) : node ? this.#fold(node, depth) : null;
    this.#folded.set(tensor, value);
    return value;
  }

  #fold(node: WorkNode, depth: number): Constant | null {
    const operand = (k: number): Constant | null => this.constant(node.inputs[k], depth + 1);
    switch (node.op) {
      case 'Constant': {
        const value = this.attribute(node, 'value')?.t;
        return value ? constantOf(value) : null;
      }
      case 'Identity':
        return operand(0);
      case 'Cast': {
        const x = operand(0);
        return x?.element === 'float32' && this.int(node, 'to', 0) === 1 ? x : null;
      }
      case 'Unsqueeze': {
        const x = operand(0);
        if (x?.element !== 'float32') return null;
        const stated = this.attribute(node, 'axes')?.ints?.map(Number);
        const axes = stated ?? operand(1)?.ints() ?? [];
        const dims = [...x.dims];
        for (const a of axes) dims.splice(a < 0 ? a + dims.length + 1 : a, 0, 1);
        return floatConstant(dims, () => x.floats());
      }
      case 'Gather': {
        const [x, rows] = [operand(0), operand(1)];
        if (x?.element !== 'float32' || rows?.element !== 'integer') return null;
        if (x.dims.length !== 2 || this.int(node, 'axis', 0) !== 0) return null;
        const width = x.dims[1]!;
        return floatConstant([...rows.dims, width], () => {
          const out = new Float32Array(rows.length * width);
          for (const [i, r] of rows.ints().entries())
            out.set(x.floats().subarray(r * width, (r + 1) * width), i * width);
          return out;
        });
      }
      default:
        return null;
    }
  }

  /** Whether `ancestor` is among what `tensor` is computed from. Sizes (`Shape`) do not count as values. */
  descends(tensor: string, ancestor: string): boolean {
    const from = this.producer(ancestor)?.index ?? -1;
    return this.#reaches(tensor, (name) => name === ancestor, from);
  }

  /** Whether the tensor depends on the values (not just the size) of a graph input. */
  dependsOnInput(tensor: string): boolean {
    const inputs = new Set(this.source.inputs.map((i) => i.name));
    return this.#reaches(tensor, (name) => inputs.has(name), -1);
  }

  #reaches(tensor: string, found: (name: string) => boolean, from: number): boolean {
    const open = [tensor];
    const seen = new Set<WorkNode>();
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (found(name)) return true;
      const node = this.producer(name);
      if (!node || node.index < from || node.op === 'Shape' || seen.has(node)) continue;
      seen.add(node);
      open.push(...node.inputs);
    }
    return false;
  }

  /** A new constant under a name of its own. */
  floats(data: Float32Array, dims: readonly number[]): string {
    return this.#add(ELEMENT.float32, dims, data);
  }

  /** A new int64 vector: shapes, axes, bounds. */
  ints(values: readonly number[]): string {
    return this.#add(ELEMENT.int64, [values.length], BigInt64Array.from(values, BigInt));
  }

  #add(dataType: number, dims: readonly number[], data: Float32Array | BigInt64Array): string {
    const name = `logsad/edit.${this.#added.length}`;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#added.push({ name, dims, dataType, rawData });
    return name;
  }

  /** The graph as edited. */
  snapshot(): OnnxGraph {
    const nodes = this.nodes.map((n): NodeMessage => {
      const changed = n.inputs.some((x, k) => x !== n.message.input[k]);
      return changed ? { ...n.message, input: n.inputs } : n.message;
    });
    return { ...this.source, nodes, initializers: [...this.source.initializers, ...this.#added] };
  }
}

/** Before every tensor of a source, so that none can meet a name of ours or one that the runtime's optimiser invents. */
const OWN_SPACE = 'source/';

/** The same graph with all tensors in a name space of their own and nodes without names. */
export function namespaced(graph: OnnxGraph): OnnxGraph {
  const to = (name: string): string => (name === '' ? '' : OWN_SPACE + name);
  const inner = (g: GraphMessage): GraphMessage => ({
    ...g,
    node: g.node.map(node),
    initializer: g.initializer.map(tensor),
    input: g.input.map((v) => ({ ...v, name: to(v.name) })),
    output: g.output.map((v) => ({ ...v, name: to(v.name) })),
  });
  const attribute = (a: AttributeMessage): AttributeMessage => ({
    ...a,
    ...(a.g ? { g: inner(a.g) } : {}),
    ...(a.graphs ? { graphs: a.graphs.map(inner) } : {}),
  });
  const node = (n: NodeMessage): NodeMessage => ({
    ...n,
    name: '',
    input: n.input.map(to),
    output: n.output.map(to),
    ...(n.attribute ? { attribute: n.attribute.map(attribute) } : {}),
  });
  const tensor = (t: TensorMessage): TensorMessage => ({ ...t, name: to(t.name ?? '') });
  return {
    ...graph,
    nodes: graph.nodes.map(node),
    initializers: graph.initializers.map(tensor),
    inputs: graph.inputs.map((v) => ({ ...v, name: to(v.name) })),
    outputs: graph.outputs.map((v) => ({ ...v, name: to(v.name) })),
  };
}
