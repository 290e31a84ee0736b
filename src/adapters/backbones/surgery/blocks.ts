/**
 * The residual stream of a pre-norm vision transformer, found by structure (golden/SURGERY.md (i)): a residual add has
 * two computed operands, one of which is computed from the other.
 */
import type { WorkGraph, WorkNode } from './graph.ts';
import { GraphFault } from './tensors.ts';

/** `output = skip + branch(skip)`. */
export interface Residual {
  readonly add: WorkNode;
  readonly skip: string;
  readonly branch: string;
  /** The softmax inside the branch: there is one in attention, none in an MLP. */
  readonly softmax: WorkNode | null;
}

/** One transformer block: attention, then MLP. */
export interface Block {
  readonly input: string;
  readonly output: string;
  readonly attention: Residual & { readonly softmax: WorkNode };
}

function residualOf(g: WorkGraph, add: WorkNode): { skip: string; branch: string } | null {
  if (add.op !== 'Add' || add.inputs.some((x) => g.constant(x))) return null;
  const [a, b] = add.inputs as [string, string];
  if (g.descends(b, a)) return { skip: a, branch: b };
  return g.descends(a, b) ? { skip: b, branch: a } : null;
}

function softmaxWithin(g: WorkGraph, skip: string, branch: string): WorkNode | null {
  const from = g.producer(skip)?.index ?? -1;
  const open = [branch];
  const seen = new Set<WorkNode>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = g.producer(name);
    if (!node || node.index <= from || seen.has(node)) continue;
    if (node.op === 'Softmax') return node;
    seen.add(node);
    open.push(...node.inputs);
  }
  return null;
}

/** Residuals in which each skips over the output of the one before; the longest such chain. */
function longestChain(residuals: readonly Residual[]): Residual[] {
  const bySkip = new Map(residuals.map((r) => [r.skip, r]));
  const outputs = new Set(residuals.map((r) => r.add.outputs[0]!));
  let longest: Residual[] = [];
  for (const first of residuals) {
    if (outputs.has(first.skip)) continue;
    const chain = [first];
    for (let next = bySkip.get(first.add.outputs[0]!); next; next = bySkip.get(next.add.outputs[0]!)) chain.push(next);
    if (chain.length > longest.length) longest = chain;
  }
  return longest;
}

/** @throws GraphFault where the graph is no alternation of attention and MLP */
export function findBlocks(g: WorkGraph): Block[] {
  const residuals = g.nodes.flatMap((add): Residual[] => {
    const found = residualOf(g, add);
    return found ? [{ add, ...found, softmax: softmaxWithin(g, found.skip, found.branch) }] : [];
  });
  const chain = longestChain(residuals);
  const expected = 'a plain export of a pre-norm vision transformer (attention and MLP in turn)';
  const foreign = g.foreignOps();
  const also = foreign.length > 0 ? ` and the operations ${foreign.join(', ')} of an optimised file` : '';
  if (chain.length === 0 || chain.length % 2 !== 0) throw new GraphFault(expected, `${chain.length} residuals${also}`);
  const blocks: Block[] = [];
  for (let k = 0; k < chain.length; k += 2) {
    const [attention, mlp] = [chain[k]!, chain[k + 1]!];
    const { softmax } = attention;
    if (!softmax || mlp.softmax) throw new GraphFault(expected, `another order at residual ${k}${also}`);
    blocks.push({ input: attention.skip, output: mlp.add.outputs[0]!, attention: { ...attention, softmax } });
  }
  return blocks;
}

/** The blocks after each quarter of the depth, as LogSAD takes its stages (ALGORITHM 2.1). @throws GraphFault */
export function quarterBlocks(blocks: readonly Block[]): Block[] {
  if (blocks.length % 4 !== 0) throw new GraphFault('a depth that four divides', `${blocks.length} blocks`);
  return [1, 2, 3, 4].map((q) => blocks[(q * blocks.length) / 4 - 1]!);
}
