/**
 * A vision transformer as a hub carries it, prepared for one picture size: bytes in, and under fixed names the stages at
 * a quarter, half, three quarters and all of its depth, NACLIP's projected tokens, the intact embedding, and what WinCLIP
 * needs. Every number of the recipe was tried against torch (golden/SURGERY.md); here it is done by structure alone.
 */
import type { PositionRule } from '../../../core/grid/resample.ts';
import { IMAGE_INPUT, type Preprocessing, prepare } from '../dense.ts';
import { GraphBuilder, type OnnxGraph, prune } from '../onnx.ts';
import { attentionOf, normAfter, projectionAfter } from './attention.ts';
import { type Block, findBlocks, quarterBlocks } from './blocks.ts';
import { namespaced, WorkGraph } from './graph.ts';
import { layerNorm, naclipHead, tokenGrid, unitRows } from './heads.ts';
import {
  checkUnambiguous,
  findPositions,
  type Positions,
  rewriteCounts,
  setTokenGrid,
  type TokenGrid,
} from './position.ts';
import { GraphFault } from './tensors.ts';

/** What running the first block on zeros tells of an export. */
export interface Layout {
  readonly heads: number;
  /** Tokens `[1, L, D]`, or `[L, 1, D]` as older open_clip exports have them. */
  readonly order: 'batch-first' | 'tokens-first';
}

export interface VisionOptions {
  readonly rows: number;
  readonly columns: number;
  readonly rule: PositionRule;
  /** Null: the graph takes float planes `[1, 3, h, w]` under the source's name, prepared elsewhere. */
  readonly preprocessing: Preprocessing | null;
  readonly layout: Layout;
  /** `naclip`: CLIP with its text space; `normed`: DINOv2, whose stages pass the final norm (ALGORITHM 2.2). */
  readonly head: 'naclip' | 'normed';
}

export const STAGES = ['q1', 'q2', 'q3', 'q4'] as const;
/**
 * Outputs of a prepared CLIP besides the stages: `stock` the last block as it was, `tokens` the projected NACLIP tokens,
 * `patches` the stock tokens after the last norm (WinCLIP's patch memory), `embedding` the unit image embedding,
 * `positioned` the tokens with positions added, `[1, L, D]`, for the window graph.
 */
export const CLIP_OUTPUTS = ['stock', 'tokens', 'patches', 'embedding', 'positioned'] as const;

/** A source graph with what was found in it. */
export interface Anatomy {
  readonly source: OnnxGraph;
  readonly blocks: readonly Block[];
  readonly positions: Positions;
  readonly input: string;
  /** Width of the residual stream. */
  readonly width: number;
  /** Pixels per side of a patch. */
  readonly patch: number;
  /** Which activation the MLPs have, where it can be told. */
  readonly activation: 'gelu' | 'quick-gelu' | null;
}

/** The factor of x * sigmoid(1.702 x). */
const QUICK = 1.702;

function activationOf(g: WorkGraph): Anatomy['activation'] {
  if (g.nodes.some((n) => n.op === 'Erf' || n.op === 'Gelu')) return 'gelu';
  const quick = g.nodes.some(
    (n) =>
      n.op === 'Mul' &&
      n.inputs.some((x) => {
        const c = g.constant(x);
        return c?.element === 'float32' && c.length === 1 && Math.abs(c.floats()[0]! - QUICK) < 1e-3;
      }),
  );
  return quick ? 'quick-gelu' : null;
}

/** Operations of quantised files, whose weights are no float matrices. */
const QUANTISED = /^(MatMulInteger|QLinear\w+|DynamicQuantizeLinear|DequantizeLinear|ConvInteger|MatMulNBits)$/;
const HALF = 10;

/** Refuses files of a reduced precision, by name of what they hold. */
function checkPrecision(file: OnnxGraph): void {
  const quantised = file.nodes.find((n) => QUANTISED.test(n.opType));
  if (quantised) throw new GraphFault('a float32 export', `a quantised one (it holds ${quantised.opType})`);
  const half = file.initializers.some((t) => t.dataType === HALF && (t.dims?.length ?? 0) > 1);
  if (half) throw new GraphFault('a float32 export', 'one of half precision (float16 weights)');
}

/** Side of the patches: the kernel of the first convolution of the picture. */
function patchOf(g: WorkGraph): number {
  for (const node of g.nodes) {
    const kernel = node.op === 'Conv' ? g.constant(node.inputs[1]) : null;
    if (kernel?.dims.length === 4 && kernel.dims[2] === kernel.dims[3]) return kernel.dims[2]!;
  }
  throw new GraphFault('a convolution that cuts the picture into patches', 'none');
}

/** @throws GraphFault where the graph is no vision transformer that takes one picture */
export function dissect(file: OnnxGraph): Anatomy {
  checkPrecision(file);
  const source = namespaced(file);
  const [input, ...more] = source.inputs;
  if (!input || more.length > 0)
    throw new GraphFault('one input, the picture', file.inputs.map((i) => i.name).join(', ') || 'none');
  const g = new WorkGraph(source);
  const blocks = findBlocks(g);
  const positions = findPositions(g, blocks);
  const { width } = positions;
  return { source, blocks, positions, input: input.name, width, patch: patchOf(g), activation: activationOf(g) };
}

/** A graph of the first block alone: its input and its attention, as `skip` and `softmax`. */
export function probeGraph({ source, blocks }: Anatomy): Uint8Array {
  const first = blocks[0]!;
  const wanted = [first.input, first.attention.softmax.outputs[0]!];
  const cut = prune(source, wanted);
  const b = new GraphBuilder(cut);
  const [input] = cut.inputs;
  b.input(input!.name, 'float32', [1, 3, 'h', 'w']);
  b.output(b.node('Identity', [wanted[0]!], {}, 'skip'));
  b.output(b.node('Identity', [wanted[1]!], {}, 'softmax'));
  return b.toBytes('probe');
}

/** @param skip dims of the tokens, `softmax` dims of the attention, for one picture. @throws GraphFault */
export function layoutOf(skip: readonly number[], softmax: readonly number[]): Layout {
  const heads = softmax.length === 4 ? softmax[1]! : softmax[0]!;
  if (skip.length !== 3 || softmax.length < 3 || softmax.length > 4)
    throw new GraphFault('tokens of 3 axes and attention of 3 or 4', `[${skip}] and [${softmax}]`);
  return { heads, order: skip[0] === 1 ? 'batch-first' : 'tokens-first' };
}

/** Names of the outputs that `prepareVision` gives for a head. */
export const outputsOf = (head: VisionOptions['head']): readonly string[] =>
  head === 'naclip' ? [...STAGES, ...CLIP_OUTPUTS] : STAGES;

/** The graph for one picture size. @throws GraphFault */
export function prepareVision(anatomy: Anatomy, options: VisionOptions): Uint8Array {
  const g = edited(anatomy, options);
  const { blocks, width, input, positions } = anatomy;
  const to: TokenGrid = { rows: options.rows, columns: options.columns };
  const last = blocks.at(-1)!;
  const norm = normAfter(g, last.output);
  if (!norm) throw new GraphFault('a layer norm after the last block', 'none');
  const quarters = quarterBlocks(blocks).map((q) => q.output);
  const embedding = options.head === 'naclip' ? embeddingOf(anatomy) : null;
  const attention = attentionOf(g, last);
  const taken = [...quarters, ...(embedding ? [embedding, attention.normed, positions.add.outputs[0]!] : [])];
  const b = new GraphBuilder(prune(g.snapshot(), taken));
  if (options.preprocessing) {
    b.input(IMAGE_INPUT, 'uint8', [1, 'h', 'w', 3]);
    prepare(b, input, options.preprocessing);
  } else b.input(input, 'float32', [1, 3, 'h', 'w']);
  const batchFirst = (x: string): string =>
    options.layout.order === 'batch-first' ? x : b.node('Transpose', [x], { perm: [1, 0, 2] });
  const give = (tokens: string, channels: number, name: string): void => {
    b.output(tokenGrid(b, tokens, to, channels, name), 'float32', [1, to.rows, to.columns, channels]);
  };
  const streams = quarters.map(batchFirst);
  if (options.head === 'normed' || !embedding) {
    for (const [i, s] of streams.entries()) give(layerNorm(b, s, norm), width, STAGES[i]!);
    return b.toBytes('vision');
  }
  const projection = projectionAfter(g, norm.result);
  if (!projection) throw new GraphFault('a projection after the last norm', 'none');
  const head = naclipHead(b, batchFirst(attention.normed), attention, options.layout.heads, to);
  for (const [i, s] of streams.entries()) give(i < 3 ? s : head, width, STAGES[i]!);
  give(streams[3]!, width, 'stock');
  give(layerNorm(b, streams[3]!, norm), width, 'patches');
  const matrix = b.constant(projection.data, [projection.rows, projection.columns]);
  give(b.node('MatMul', [layerNorm(b, head, norm), matrix]), projection.columns, 'tokens');
  b.output(b.node('Identity', [unitRows(b, embedding)], {}, 'embedding'), 'float32', [1, projection.columns]);
  b.output(b.node('Identity', [positions.add.outputs[0]!], {}, 'positioned'));
  return b.toBytes('vision');
}

/** The output of two axes: one embedding per picture. */
function embeddingOf({ source }: Anatomy): string {
  const found = source.outputs.find((o) => o.type?.tensorType?.shape?.dim.length === 2);
  if (found) return found.name;
  throw new GraphFault('an output of one embedding per picture', source.outputs.map((o) => o.name).join(', '));
}

/** Width of the space that pictures and texts share. @throws GraphFault */
export function embedWidth({ source, blocks }: Anatomy): number {
  const g = new WorkGraph(source);
  const norm = normAfter(g, blocks.at(-1)!.output);
  const projection = norm && projectionAfter(g, norm.result);
  if (!projection) throw new GraphFault('a norm and a projection after the last block', 'none');
  return projection.columns;
}

function edited(anatomy: Anatomy, { rows, columns, rule, layout, head }: VisionOptions): WorkGraph {
  const { source, width } = anatomy;
  const g = new WorkGraph(source);
  const positions = findPositions(g, findBlocks(g));
  if (rows !== positions.side || columns !== positions.side) {
    const embed = head === 'naclip' ? embedWidth(anatomy) : null;
    checkUnambiguous(positions.side ** 2 + 1, width, layout.heads, embed);
  }
  setTokenGrid(g, positions, { rows, columns }, rule);
  return g;
}

/**
 * WinCLIP's second graph: `positioned` `[1, L, D]` of the prepared graph and `windows` (int64 `[n, count]`, token numbers,
 * the class token 0 first) to `embedding` `[n, E]`, unit rows. It starts where positions were added (SURGERY (iv)).
 * @param count tokens of one window with its class token
 */
export function windowGraph(anatomy: Anatomy, count: number): Uint8Array {
  const { source, width } = anatomy;
  const g = new WorkGraph(source);
  const positions = findPositions(g, findBlocks(g));
  const start = positions.add.outputs[0]!;
  const embedding = embeddingOf(anatomy);
  // The batch of a static export is a literal 1, folded into whatever stands beside the token count: let the runtime say.
  const free = (shape: readonly number[]): number[] => {
    const before = positions.side ** 2 + 1;
    const out = shape.map((v) => (v === before ? count : v));
    out[batchSlot(shape, before)] = -1;
    return out;
  };
  const behind = g.nodes.filter((n) => n.op === 'Reshape' && n.index > positions.add.index);
  rewriteCounts(g, behind, positions.side ** 2 + 1, free);
  const cut = prune({ ...g.snapshot(), nodes: g.snapshot().nodes.filter((_, i) => i !== positions.add.index) }, [
    embedding,
  ]);
  const stray = cut.inputs.map((i) => i.name);
  if (stray.length > 0) throw new GraphFault('nothing of the picture behind its tokens', stray.join(', '));
  const b = new GraphBuilder(cut);
  b.input('positioned', 'float32', [1, 'length', width]);
  b.input('windows', 'int64', ['n', count]);
  const rows = b.node('Reshape', ['positioned', b.ints(-1, width)]);
  b.node('Gather', [rows, 'windows'], { axis: 0 }, start);
  b.output(b.node('Identity', [unitRows(b, embedding)], {}, 'embedding'), 'float32', ['n', 'e']);
  return b.toBytes('windows');
}

/**
 * Where the batch stands in a literal shape with the token count `length`: `[B * L, D]`, `[L, B * H, d]`, `[B * H, L, d]`,
 * `[L, B, D]`, `[B, L, D]`, `[B, H, L, d]`, `[L, B, ...]`.
 */
function batchSlot(shape: readonly number[], length: number): number {
  return shape.length >= 3 && shape[0] === length ? 1 : 0;
}
