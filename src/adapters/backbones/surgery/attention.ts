/** What an attention layer is made of: its linear layers behind softmax, and the norm and projection that follow. */
import type { Block } from './blocks.ts';
import { MOVES, type WorkGraph, type WorkNode } from './graph.ts';
import { type Constant, columnsOf, GraphFault, type Matrix, transposed } from './tensors.ts';

/** Steps of a walk from softmax to the products around it, and from there to the linear layers. */
const REACH = { product: 8, linear: 24, layout: 8 } as const;

/** `x W + b`, with `W` `[in, out]`. */
export interface Linear {
  readonly weight: Matrix;
  readonly bias: Float32Array | null;
}

interface FoundLinear extends Linear {
  readonly input: string;
  /** What was picked out of the layer's output on the way: an index, or where a slice starts. */
  readonly picks: readonly ({ readonly index: number } | { readonly start: number })[];
}

export interface Attention {
  /** Width of the residual stream. */
  readonly width: number;
  /** The normed tokens that queries, keys and values are computed from. */
  readonly normed: string;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
}

export interface Norm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly epsilon: number;
  /** The tensor it yields. */
  readonly result: string;
}

function matrixOf(c: Constant | null): Matrix | null {
  if (c?.element !== 'float32' || c.dims.length !== 2) return null;
  return { rows: c.dims[0]!, columns: c.dims[1]!, data: c.floats() };
}

/** The weights of a product with a constant matrix. */
function weightOf(g: WorkGraph, node: WorkNode): Matrix | null {
  const matrix = node.op === 'Gemm' || node.op === 'MatMul' ? matrixOf(g.constant(node.inputs[1])) : null;
  return matrix && node.op === 'Gemm' && g.int(node, 'transB', 0) === 1 ? transposed(matrix) : matrix;
}

/** What a move takes out of its input, if anything. */
function pickOf(g: WorkGraph, node: WorkNode, tensor: string): FoundLinear['picks'] {
  if (node.op === 'Split') return [{ index: node.outputs.indexOf(tensor) }];
  const at = node.op === 'Gather' || node.op === 'Slice' ? g.constant(node.inputs[1]) : null;
  if (at?.element !== 'integer') return [];
  return node.op === 'Gather' ? [{ index: at.ints()[0]! }] : [{ start: at.ints()[0]! }];
}

/** The linear layer behind a tensor, through moves and scalings. */
function linearBehind(g: WorkGraph, tensor: string, depth = 0): FoundLinear | null {
  const node = g.producer(tensor);
  if (!node || depth > REACH.linear) return null;
  const weight = weightOf(g, node);
  if (weight) {
    const bias = node.op === 'Gemm' ? (g.constant(node.inputs[2])?.floats() ?? null) : null;
    return { weight, bias, input: node.inputs[0]!, picks: [] };
  }
  if (node.op === 'Add') return behindBias(g, node, depth);
  const scaling = node.op === 'Mul' || node.op === 'Div';
  if (!MOVES.has(node.op) && !scaling) return null;
  for (const input of scaling ? node.inputs : node.inputs.slice(0, 1)) {
    if (g.constant(input)) continue;
    const found = linearBehind(g, input, depth + 1);
    if (found) return { ...found, picks: [...pickOf(g, node, tensor), ...found.picks] };
  }
  return null;
}

/** The layer behind the addition of its bias. */
function behindBias(g: WorkGraph, node: WorkNode, depth: number): FoundLinear | null {
  for (const k of [0, 1]) {
    const bias = g.constant(node.inputs[k]);
    if (bias?.dims.length !== 1 || bias.length < 2) continue;
    const found = linearBehind(g, node.inputs[1 - k]!, depth + 1);
    return found && !found.bias ? { ...found, bias: bias.floats() } : found;
  }
  return null;
}

/** The product whose result becomes the softmax. */
function scoreProduct(g: WorkGraph, softmax: WorkNode): WorkNode | null {
  let tensor = softmax.inputs[0]!;
  for (let step = 0; step < REACH.product; step++) {
    const node = g.producer(tensor);
    if (!node) return null;
    if (node.op === 'MatMul') return node;
    const next = node.inputs.find((x) => !g.constant(x) && g.producer(x) && g.producer(x)!.op !== 'Shape');
    if (next === undefined) return null;
    tensor = next;
  }
  return null;
}

/** The product that weighs the values, and which of its operands they are. */
function valueProduct(g: WorkGraph, softmax: WorkNode): { product: WorkNode; value: string } | null {
  let tensor = softmax.outputs[0]!;
  for (let step = 0; step < REACH.product; step++) {
    const next = g.consumers(tensor).find((n) => n.op === 'MatMul' || MOVES.has(n.op));
    if (!next) return null;
    if (next.op === 'MatMul') return { product: next, value: next.inputs[next.inputs[0] === tensor ? 1 : 0]! };
    tensor = next.outputs[0]!;
  }
  return null;
}

/** Cuts one part out of a layer that computes queries, keys and values at once; asserts that it is that part. */
function partOf(layer: FoundLinear, width: number, part: 1 | 2): Linear {
  const { columns } = layer.weight;
  if (columns === width) return { weight: layer.weight, bias: layer.bias };
  if (columns !== 3 * width) throw new GraphFault(`${width} or ${3 * width} columns of a key layer`, `${columns}`);
  const seen = layer.picks.some((p) => ('index' in p ? p.index === part : p.start === part * width));
  if (!seen) throw new GraphFault(`part ${part} of a packed query-key-value layer`, JSON.stringify(layer.picks));
  return {
    weight: columnsOf(layer.weight, part * width, (part + 1) * width),
    bias: layer.bias?.slice(part * width, (part + 1) * width) ?? null,
  };
}

const LAYOUT_ONLY = new Set(['Transpose', 'Identity', 'Cast', 'Reshape', 'Flatten']);

/** @throws GraphFault where the layer is not softmax(q k) v between linear layers */
export function attentionOf(g: WorkGraph, { attention }: Block): Attention {
  const score = scoreProduct(g, attention.softmax);
  const weighed = valueProduct(g, attention.softmax);
  const key = score && linearBehind(g, score.inputs[1]!);
  const value = weighed && linearBehind(g, weighed.value);
  const output = linearBehind(g, attention.branch);
  if (!key || !value || !output) {
    const foreign = g.foreignOps();
    const found =
      foreign.length > 0 ? `the operations ${foreign.join(', ')} of an optimised file` : 'another structure';
    throw new GraphFault('attention as softmax(q k) v between linear layers', found);
  }
  const width = key.weight.rows;
  let normed = key.input;
  for (let step = 0; step < REACH.layout; step++) {
    const node = g.producer(normed);
    if (!node || !LAYOUT_ONLY.has(node.op)) break;
    normed = node.inputs[0]!;
  }
  return { width, normed, key: partOf(key, width, 1), value: partOf(value, width, 2), output };
}

/** The layer norm next after a tensor, as one operation or written out. */
export function normAfter(g: WorkGraph, tensor: string, seen = new Set<string>()): Norm | null {
  if (seen.has(tensor)) return null;
  seen.add(tensor);
  for (const node of g.consumers(tensor)) {
    if (node.op === 'LayerNormalization') {
      const [gamma, beta] = [g.constant(node.inputs[1])?.floats(), g.constant(node.inputs[2])?.floats()];
      if (!gamma || !beta) continue;
      return { gamma, beta, epsilon: g.attribute(node, 'epsilon')?.f ?? 1e-5, result: node.outputs[0]! };
    }
    const written = node.op === 'Sub' ? writtenNorm(g, node) : null;
    if (written) return written;
  }
  for (const node of g.consumers(tensor)) {
    const found = MOVES.has(node.op) ? normAfter(g, node.outputs[0]!, seen) : null;
    if (found) return found;
  }
  return null;
}

/** `(x - mean) / sqrt(mean((x - mean)^2) + eps) * gamma + beta`, from its subtraction on. */
function writtenNorm(g: WorkGraph, centred: WorkNode): Norm | null {
  const tensor = centred.outputs[0]!;
  const quotient = g.consumers(tensor).find((n) => n.op === 'Div' && n.inputs[0] === tensor);
  if (!quotient) return null;
  const root = g.producer(quotient.inputs[1]!);
  const sum = root && g.producer(root.inputs[0]!);
  const epsilon = sum?.inputs.map((x) => g.constant(x)).find((c) => c?.element === 'float32' && c.length === 1);
  const scaled = g.consumers(quotient.outputs[0]!).find((n) => n.op === 'Mul');
  const shifted = scaled && g.consumers(scaled.outputs[0]!).find((n) => n.op === 'Add');
  const vector = (n: WorkNode | undefined) => n?.inputs.map((x) => g.constant(x)).find((c) => c?.element === 'float32');
  const [gamma, beta] = [vector(scaled), vector(shifted)];
  if (root?.op !== 'Sqrt' || !epsilon || !gamma || !beta) return null;
  return {
    gamma: gamma.floats(),
    beta: beta.floats(),
    epsilon: epsilon.floats()[0]!,
    result: shifted!.outputs[0]!,
  };
}

/** The matrix that the next product after a tensor multiplies with: the projection into the space of text. */
export function projectionAfter(g: WorkGraph, tensor: string, seen = new Set<string>()): Matrix | null {
  if (seen.has(tensor)) return null;
  seen.add(tensor);
  for (const node of g.consumers(tensor)) {
    const weight = weightOf(g, node);
    if (weight) return weight;
  }
  for (const node of g.consumers(tensor)) {
    const found = MOVES.has(node.op) ? projectionAfter(g, node.outputs[0]!, seen) : null;
    if (found) return found;
  }
  return null;
}
