/**
 * Graphs we write ourselves: the big products belong into the runtime (130 GFLOP/s on two cores against one or two in a
 * JavaScript loop), next to the features, so that features need not leave the child.
 */
import { GraphBuilder } from './onnx.ts';

export const GRAPHS = {
  /** Query rows whose similarities to the whole bank are held at once, at least: 256 x 16k rows are 16 MB. */
  nearestTile: 256,
  /** A small bank is met by more query rows at once, up to so many similarities: fewer, larger products are faster. */
  nearestBlock: 2 ** 20,
  /** Length below which a feature vector counts as this long: no position divides by zero. */
  minNorm: 1e-12,
} as const;

/** `a[n, k]` times `bT[m, k]` transposed gives `product[n, m]`, all float32. */
export function matmulGraph(): Uint8Array {
  const b = new GraphBuilder();
  const a = b.input('a', 'float32', ['n', 'k']);
  const rows = b.input('bT', 'float32', ['m', 'k']);
  b.output(b.node('Gemm', [a, rows], { transB: 1 }, 'product'), 'float32', ['n', 'm']);
  return b.toBytes('matmul');
}

/** `rows[n, d]` at `index[k]` (int64) as `picked[k, d]`. */
export function pickGraph(): Uint8Array {
  const b = new GraphBuilder();
  const rows = b.input('rows', 'float32', ['n', 'd']);
  const index = b.input('index', 'int64', ['k']);
  b.output(b.node('Gather', [rows, index], { axis: 0 }, 'picked'), 'float32', ['k', 'd']);
  return b.toBytes('pick');
}

export interface NearestOptions {
  /** Whether `index` is wanted too. Without it the reduction is free; with it small d loses a third of the rate. */
  readonly index?: boolean;
  /**
   * Takes `bias[m]` as well, which is added to the products with each row: a very negative one hides the row. It joins the
   * product as one more column; as the addend of Gemm it would first be spread over every block of products.
   */
  readonly bias?: boolean;
  /** So many largest products per query, the largest first: `cosine[n, count]`. Default 1; not together with `index`. */
  readonly count?: number;
  readonly tile?: number;
  readonly block?: number;
}

/**
 * Nearest neighbour by cosine: for each row of `q[n, d]` the largest product with a row of `bank[m, d]` as
 * `cosine[n]` and, if asked for, which row it is as `index[n]` (int64; the first of equals). Rows are unit vectors
 * already; n, m >= 1. Queries go through in tiles, so that memory stays at tile x m whatever n.
 */
export function nearestGraph({
  index = true,
  bias = false,
  count = 1,
  tile = GRAPHS.nearestTile,
  block = GRAPHS.nearestBlock,
}: NearestOptions = {}): Uint8Array {
  const b = new GraphBuilder();
  const { q, bank } = searchInputs(b, bias);
  const n = b.node('Slice', [b.node('Shape', [q]), b.ints(0), b.ints(1), b.ints(0)]);
  const width = b.node('Slice', [b.node('Shape', [q]), b.ints(1), b.ints(2), b.ints(0)]);
  const height = b.node('Slice', [b.node('Shape', [bank]), b.ints(0), b.ints(1), b.ints(0)]);
  const rows = b.node('Min', [n, b.node('Max', [b.ints(tile), b.node('Div', [b.ints(block), height])])]);
  const tiles = b.node('Div', [b.node('Sub', [b.node('Add', [n, rows]), b.ints(1)]), rows]);
  const missing = b.node('Sub', [b.node('Mul', [tiles, rows]), n]);
  const zero = b.ints(0);
  const padded = b.node('Pad', [q, b.node('Concat', [zero, zero, missing, zero], { axis: 0 })]);
  const tiled = b.node('Reshape', [padded, b.node('Concat', [tiles, rows, width], { axis: 0 })]);
  const found = index && count === 1 ? ['tiled/cosine', 'tiled/index'] : ['tiled/cosine'];
  b.nodes('Scan', [tiled], found, {
    body: { graph: nearestTile(bank, index && count === 1, count) },
    num_scan_inputs: 1,
  });
  for (const tensor of found) {
    const name = tensor.slice('tiled/'.length);
    const flat = b.node('Reshape', [tensor, count > 1 ? b.ints(-1, count) : b.ints(-1)]);
    b.node('Slice', [flat, zero, n, zero], {}, name);
    b.output(name, name === 'index' ? 'int64' : 'float32', count > 1 ? ['n', count] : ['n']);
  }
  return b.toBytes('nearest');
}

/** The names of queries and bank, with `bias` both one column wider: 1 for every query, its bias for every row. */
function searchInputs(b: GraphBuilder, bias: boolean): { q: string; bank: string } {
  const q = b.input('q', 'float32', ['n', 'd']);
  const bank = b.input('bank', 'float32', ['m', 'd']);
  if (!bias) return { q, bank };
  const column = b.node('Unsqueeze', [b.input('bias', 'float32', ['m']), b.ints(1)]);
  return {
    q: b.node('Pad', [q, b.ints(0, 0, 0, 1), b.scalar(1)]),
    bank: b.node('Concat', [bank, column], { axis: 1 }),
  };
}

/** The body of the scan: one tile `[rows, d]` against the bank of the graph around it. */
function nearestTile(bank: string, index: boolean, count: number): GraphBuilder {
  const b = new GraphBuilder(undefined, 'tile');
  const rows = b.input('tile/rows', 'float32', ['rows', 'columns']);
  const similarity = b.node('Gemm', [rows, bank], { transB: 1 });
  if (count > 1) {
    // A bank with fewer rows than asked for gives its smallest product several times.
    const width = b.node('Slice', [b.node('Shape', [similarity]), b.ints(1), b.ints(2), b.ints(0)]);
    const most = b.node('Min', [width, b.ints(count)]);
    b.nodes('TopK', [similarity, most], ['tile/top', 'tile/unused'], { axis: 1 });
    const columns = b.node('Min', [
      b.ints(...Array.from({ length: count }, (_, i) => i)),
      b.node('Sub', [most, b.ints(1)]),
    ]);
    b.output(b.node('Gather', ['tile/top', columns], { axis: 1 }, 'tile/cosine'), 'float32', ['rows', count]);
    return b;
  }
  if (!index) {
    b.output(b.node('ReduceMax', [similarity], { axes: [1], keepdims: 0 }, 'tile/cosine'), 'float32', ['rows']);
    return b;
  }
  // One TopK walks the products once; ReduceMax and ArgMax would twice.
  b.nodes('TopK', [similarity, b.ints(1)], ['tile/cosine', 'tile/index'], { axis: 1 });
  b.output('tile/cosine', 'float32', ['rows', 1]);
  b.output('tile/index', 'int64', ['rows', 1]);
  return b;
}

export interface HeadStage {
  readonly name: string;
  readonly channels: number;
}

/**
 * The linear pixel head on dense stages. Inputs per stage s: `s` `[1, h/s, w/s, c]`, `mean_s[c]`, `scale_s[c]` (what the
 * centred channel is multiplied by: 1 / deviation), `weight_s[c, K]`. Each position's vector
 *   z = (x - mean) * scale,  u = z * sqrt(c) / |z|,  logit_s = u W
 * so that every position has the length that a vector of unit deviations has. Outputs: `logit_s` `[1, h/s, w/s, K]`, and
 * `logits`: all of them brought to the grid of the first stage (bilinear, half-pixel centres) and summed. The logits are
 * interpolated instead of the features, which is the same for z and cheaper by c / K.
 */
export function headGraph(stages: readonly HeadStage[]): Uint8Array {
  const b = new GraphBuilder();
  const logits = stages.map((stage) => stageLogits(b, stage));
  const first = b.node('Slice', [b.node('Shape', [logits[0]!]), b.ints(1), b.ints(3), b.ints(0)]);
  const onFirst = logits.map((logit, i) => (i === 0 ? logit : resizeTo(b, logit, first)));
  b.output(b.node('Sum', onFirst, {}, 'logits'), 'float32', [1, 'rows', 'columns', 'K']);
  return b.toBytes('head');
}

function stageLogits(b: GraphBuilder, { name, channels }: HeadStage): string {
  const x = b.input(name, 'float32', [1, `h_${name}`, `w_${name}`, channels]);
  const mean = b.input(`mean_${name}`, 'float32', [channels]);
  const scale = b.input(`scale_${name}`, 'float32', [channels]);
  const weight = b.input(`weight_${name}`, 'float32', [channels, 'K']);
  const z = b.node('Mul', [b.node('Sub', [x, mean]), scale]);
  const norm = b.node('Max', [b.node('ReduceL2', [z], { axes: [3], keepdims: 1 }), b.scalar(GRAPHS.minNorm)]);
  const gain = b.node('Div', [b.scalar(Math.sqrt(channels)), norm]);
  // One factor per position: it commutes with the product, and K values are fewer than c.
  const logit = b.node('Mul', [b.node('MatMul', [z, weight]), gain], {}, `logit_${name}`);
  return b.output(logit, 'float32', [1, `h_${name}`, `w_${name}`, 'K']);
}

/** Bilinear, centre-aligned, edges clamped: `[1, h, w, K]` to the rows and columns in `size[2]`. */
function resizeTo(b: GraphBuilder, logit: string, size: string): string {
  const planar = b.node('Transpose', [logit], { perm: [0, 3, 1, 2] });
  const outer = b.node('Slice', [b.node('Shape', [planar]), b.ints(0), b.ints(2), b.ints(0)]);
  const target = b.node('Concat', [outer, size], { axis: 0 });
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return b.node('Transpose', [b.node('Resize', [planar, '', '', target], attributes)], { perm: [0, 2, 3, 1] });
}
