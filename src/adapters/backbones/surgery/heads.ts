/** Nodes added behind a transformer: layer norm in any operator set, and the NACLIP head (ALGORITHM 2.1). */
import type { GraphBuilder } from '../onnx.ts';
import type { Attention, Linear, Norm } from './attention.ts';
import type { TokenGrid } from './position.ts';

export const NACLIP = {
  /** Spread of the neighbourhood prior in patches; its peak is 1 and adds to the logits of every head. */
  sigma: 5,
} as const;

/** First operator set with LayerNormalization. */
const NORM_OPSET = 17;
/** First operator set in which the axes of ReduceMean are an input. */
const AXES_INPUT_OPSET = 18;
/** Softmax over one axis only (before, everything behind the axis was flattened): the last axis means both. */
const LAST_OF_FOUR = 3;

const vector = (b: GraphBuilder, data: Float32Array): string => b.constant(data, [data.length]);

function mean(b: GraphBuilder, x: string): string {
  if (b.opset >= AXES_INPUT_OPSET) return b.node('ReduceMean', [x, b.ints(-1)], { keepdims: 1 });
  return b.node('ReduceMean', [x], { axes: [-1], keepdims: 1 });
}

/** Layer norm over the last axis. */
export function layerNorm(b: GraphBuilder, x: string, { gamma, beta, epsilon }: Norm): string {
  const [g, s] = [vector(b, gamma), vector(b, beta)];
  if (b.opset >= NORM_OPSET) {
    return b.node('LayerNormalization', [x, g, s], { axis: -1, epsilon: { float: epsilon } });
  }
  const centred = b.node('Sub', [x, mean(b, x)]);
  const variance = mean(b, b.node('Mul', [centred, centred]));
  const spread = b.node('Sqrt', [b.node('Add', [variance, b.constant(Float32Array.of(epsilon), [1])])]);
  return b.node('Add', [b.node('Mul', [b.node('Div', [centred, spread]), g]), s]);
}

function linear(b: GraphBuilder, x: string, { weight, bias }: Linear): string {
  const product = b.node('MatMul', [x, b.constant(weight.data, [weight.rows, weight.columns])]);
  return bias ? b.node('Add', [product, vector(b, bias)]) : product;
}

/**
 * `[1, 1, L, L]`: exp(-d^2 / (2 sigma^2)) between two patches at distance d, 0 where the class token takes part
 * (ALGORITHM 2.1 and 15).
 */
export function neighbourhood({ rows, columns }: TokenGrid): Float32Array {
  const cells = rows * columns;
  const length = cells + 1;
  const out = new Float32Array(length * length);
  for (let i = 0; i < cells; i++) {
    const [y, x] = [Math.floor(i / columns), i % columns];
    for (let j = 0; j < cells; j++) {
      const [dy, dx] = [y - Math.floor(j / columns), x - (j % columns)];
      out[(i + 1) * length + j + 1] = Math.exp(-(dy * dy + dx * dx) / (2 * NACLIP.sigma ** 2));
    }
  }
  return out;
}

/**
 * NACLIP's last block: softmax(k k / sqrt(d) + prior) v through the output layer; no query, residual, second norm or
 * MLP. `[1, L, width]`.
 * @param normed the normed tokens of the last block, `[1, L, width]`
 */
export function naclipHead(b: GraphBuilder, normed: string, a: Attention, heads: number, to: TokenGrid): string {
  const depth = a.width / heads;
  const length = to.rows * to.columns + 1;
  const split = (x: string): string => b.node('Reshape', [x, b.ints(0, 0, heads, depth)]);
  const keys = split(linear(b, normed, a.key));
  const rows = b.node('Transpose', [keys], { perm: [0, 2, 1, 3] });
  const columns = b.node('Transpose', [keys], { perm: [0, 2, 3, 1] });
  const values = b.node('Transpose', [split(linear(b, normed, a.value))], { perm: [0, 2, 1, 3] });
  const scaled = b.node('Mul', [b.node('MatMul', [rows, columns]), b.scalar(depth ** -0.5)]);
  const logits = b.node('Add', [scaled, b.constant(neighbourhood(to), [1, 1, length, length])]);
  const weighed = b.node('MatMul', [b.node('Softmax', [logits], { axis: LAST_OF_FOUR }), values]);
  const merged = b.node('Reshape', [b.node('Transpose', [weighed], { perm: [0, 2, 1, 3] }), b.ints(0, 0, a.width)]);
  return linear(b, merged, a.output);
}

/** Rows divided by their length along the last axis; what has none stays as it is. */
export function unitRows(b: GraphBuilder, x: string): string {
  const square = b.node('Mul', [x, x]);
  const sum =
    b.opset >= 13
      ? b.node('ReduceSum', [square, b.ints(-1)], { keepdims: 1 })
      : b.node('ReduceSum', [square], { axes: [-1], keepdims: 1 });
  const length = b.node('Max', [b.node('Sqrt', [sum]), b.scalar(1e-12)]);
  return b.node('Div', [x, length]);
}

/** `[1, 1 + h * w, c]` without its class row as `[1, h, w, c]`. */
export function tokenGrid(b: GraphBuilder, tokens: string, to: TokenGrid, channels: number, name: string): string {
  const cut = b.node('Slice', [tokens, b.ints(1), b.ints(2 ** 31 - 1), b.ints(1)]);
  return b.node('Reshape', [cut, b.ints(1, to.rows, to.columns, channels)], {}, name);
}
