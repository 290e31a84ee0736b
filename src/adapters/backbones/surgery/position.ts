/**
 * The position table: where it is added, what it holds, and how a graph is made to take pictures of another size
 * (golden/SURGERY.md (ii)).
 */
import { grid } from '../../../core/grid/grid.ts';
import { type PositionRule, resizePositions } from '../../../core/grid/resample.ts';
import { attentionOf } from './attention.ts';
import type { Block } from './blocks.ts';
import type { WorkGraph, WorkNode } from './graph.ts';
import { type Constant, GraphFault } from './tensors.ts';

/** Additions between the picture and the first block: patch bias, class token, position. */
const REACH = 40;

export interface Positions {
  readonly add: WorkNode;
  /** Which operand of the addition the table is. */
  readonly operand: number;
  /** `[1 + side * side, width]`, the class row first. */
  readonly table: Float32Array;
  readonly side: number;
  readonly width: number;
}

/** Rows and columns of the token grid. */
export interface TokenGrid {
  readonly rows: number;
  readonly columns: number;
}

const tokensOf = ({ rows, columns }: TokenGrid): number => rows * columns + 1;

/** @throws GraphFault where no table of a class row and a square of positions is added before the first block */
export function findPositions(g: WorkGraph, blocks: readonly Block[]): Positions {
  const { width } = attentionOf(g, blocks[0]!);
  let tensor: string | undefined = blocks[0]!.input;
  for (let step = 0; step < REACH && tensor !== undefined; step++) {
    const node = g.producer(tensor);
    if (!node) break;
    const operand = node.op === 'Add' ? node.inputs.findIndex((x) => !g.dependsOnInput(x)) : -1;
    const table = operand < 0 ? null : tableOf(g, node.inputs[operand]!, width);
    if (table) {
      const side = Math.round(Math.sqrt(table.length / width - 1));
      if ((side * side + 1) * width !== table.length)
        throw new GraphFault('a position table of one class row and a square', `${table.length / width} rows`);
      return { add: node, operand, table, side, width };
    }
    tensor = node.inputs.find((x) => !g.constant(x) && g.dependsOnInput(x));
  }
  throw new GraphFault('an addition of position embeddings before the first block', 'none');
}

function tableOf(g: WorkGraph, tensor: string, width: number): Float32Array | null {
  const whole = g.constant(tensor);
  if (whole)
    return whole.dims.length >= 2 && whole.dims.at(-1) === width && whole.length > width ? whole.floats() : null;
  return gathered(constantsAbove(g, tensor, width), width);
}

/** The float constants that a table computed in the graph is made from. */
function constantsAbove(g: WorkGraph, tensor: string, least: number): Constant[] {
  const found: Constant[] = [];
  const seen = new Set<WorkNode>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const value = g.constant(name);
    if (value) {
      if (value.element === 'float32' && value.length >= least) found.push(value);
      continue;
    }
    const node = g.producer(name);
    if (!node || node.op === 'Shape' || seen.has(node)) continue;
    seen.add(node);
    open.push(...node.inputs);
  }
  return found;
}

/**
 * A table that the graph resizes itself arrives whole, or in two pieces: the class row, and the positions row by row or
 * channels first.
 */
function gathered(pieces: readonly Constant[], width: number): Float32Array | null {
  const isSquare = (n: number): boolean => n > 1 && Number.isInteger(Math.sqrt(n));
  const rows = (c: Constant): number => c.length / width;
  const whole = pieces.find((c) => c.dims.at(-1) === width && isSquare(rows(c) - 1));
  if (whole) return whole.floats();
  const row = pieces.find((c) => c.length === width);
  const planar = pieces.find((c) => c.dims.length === 4 && c.dims[1] === width && c.dims[2] === c.dims[3]);
  const listed = pieces.find((c) => c.dims.at(-1) === width && isSquare(rows(c)));
  const cells = planar ?? listed;
  if (!row || !cells) return null;
  const n = rows(cells);
  const out = new Float32Array((n + 1) * width);
  out.set(row.floats());
  const data = cells.floats();
  if (!planar) out.set(data, width);
  else for (let d = 0; d < width; d++) for (let i = 0; i < n; i++) out[(i + 1) * width + d] = data[d * n + i]!;
  return out;
}

/** The table for a token grid: the class row as it is, the rest resized by the rule the model was trained with. */
export function resizedTable(p: Positions, to: TokenGrid, rule: PositionRule): Float32Array {
  const { table, side, width } = p;
  if (to.rows === side && to.columns === side) return table;
  const cells = resizePositions(grid(table.slice(width), side, side, width), to.rows, to.columns, rule);
  const out = new Float32Array(tokensOf(to) * width);
  out.set(table.subarray(0, width));
  out.set(cells.data, width);
  return out;
}

/** Operations that take a shape, and which operand it is. */
const SHAPED: Readonly<Record<string, (operand: number) => boolean>> = {
  Reshape: (k) => k === 1,
  Expand: (k) => k === 1,
  Tile: (k) => k === 1,
  Slice: (k) => k > 0,
  ConstantOfShape: () => true,
  Where: () => true,
  Equal: () => true,
  Mul: () => true,
};

/**
 * Rewrites literal token counts in shape operands, which static exports hold. Constants are shared between nodes, so a
 * changed one is new, never edited in place.
 * @param change the new shape, given the old one
 */
export function rewriteCounts(
  g: WorkGraph,
  nodes: readonly WorkNode[],
  count: number,
  change: (shape: readonly number[]) => readonly number[],
): void {
  const made = new Map<string, string>();
  for (const node of nodes) {
    const takes = SHAPED[node.op];
    if (!takes) continue;
    node.inputs.forEach((name, k) => {
      if (!takes(k)) return;
      const c = g.constant(name);
      if (c?.element !== 'integer' || c.dims.length > 1 || !c.ints().includes(count)) return;
      const replacement = made.get(name) ?? g.ints(change(c.ints()));
      made.set(name, replacement);
      node.inputs[k] = replacement;
    });
  }
}

/** Widths that a token count must not equal, or a literal could mean either. @throws GraphFault */
export function checkUnambiguous(count: number, width: number, heads: number, embed: number | null): void {
  const widths = [width, 3 * width, 4 * width, width / heads, embed ?? 0];
  if (widths.includes(count)) throw new GraphFault('a token count unlike every width', `${count} for both`);
}

/** Makes the graph take another token grid: a new table, and new literals where the export is static. */
export function setTokenGrid(g: WorkGraph, p: Positions, to: TokenGrid, rule: PositionRule): void {
  const [before, after] = [p.side * p.side + 1, tokensOf(to)];
  p.add.inputs[p.operand] = g.floats(resizedTable(p, to, rule), [1, after, p.width]);
  if (before === after) return;
  rewriteCounts(g, g.nodes, before, (shape) => shape.map((v) => (v === before ? after : v)));
}
