/** Bodies that touch: a region cut at its necks, by a watershed of the distance to its edge. */
import { emptyMask, type LabelGrid, labelGrid, type Mask } from './grid.ts';
import { distanceTo } from './morphology.ts';

/** Distance of every cell to the nearest one outside; beyond the grid counts as outside. */
function depths(mask: Mask): Float32Array {
  const { width, height } = mask;
  const outside = emptyMask(height + 2, width + 2);
  outside.data.fill(1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (mask.data[y * width + x]) outside.data[(y + 1) * (width + 2) + x + 1] = 0;
  const far = distanceTo(outside).data;
  return Float32Array.from(mask.data, (_, i) => far[(Math.floor(i / width) + 1) * (width + 2) + (i % width) + 1]!);
}

/**
 * Deals the cells of a mask to the bodies it is made of: 1 to n by their deepest cell, 0 outside. Cells are taken from the
 * deepest outwards (a watershed); where two bodies meet they stay two if the neck is no deeper there than `neck` times the
 * depth of the thinner one. A shaft on a head is one body (the neck is as deep as the shaft), two discs that touch are two.
 * @param neck 0 never cuts, 1 cuts at every waist
 */
export function bodiesOf(mask: Mask, neck: number): LabelGrid {
  const { width, height } = mask;
  const depth = depths(mask);
  const order = [...depth.keys()].filter((i) => mask.data[i]).sort((a, b) => depth[b]! - depth[a]! || a - b);
  const parent = new Int32Array(depth.length).fill(-1);
  const rootOf = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  // A body's root is its deepest cell, the first that was taken.
  const deeper = (a: number, b: number): boolean => depth[a]! > depth[b]! || (depth[a] === depth[b] && a < b);
  for (const i of order) {
    const beside = takenBeside(i, width, height, parent);
    parent[i] = i;
    if (beside.length === 0) continue;
    const roots = [...new Set(beside.map(rootOf))].sort((a, b) => (deeper(a, b) ? -1 : 1));
    const kept: number[] = [];
    for (const root of roots) {
      const into = kept.find((k) => depth[i]! > neck * Math.min(depth[root]!, depth[k]!));
      if (into === undefined) kept.push(root);
      else parent[root] = into;
    }
    // The cell itself goes down the steepest way.
    parent[i] = rootOf(beside.reduce((a, b) => (deeper(b, a) ? b : a)));
  }
  const out = labelGrid(height, width);
  const names = new Map<number, number>();
  for (const i of order) {
    const root = rootOf(i);
    if (!names.has(root)) names.set(root, names.size + 1);
    out.data[i] = names.get(root)!;
  }
  return out;
}

/** Those of a cell's eight neighbours that a body has already. */
function takenBeside(i: number, width: number, height: number, parent: Int32Array): number[] {
  const [x, y] = [i % width, Math.floor(i / width)];
  const out: number[] = [];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      const n = v * width + u;
      if (n !== i && parent[n]! >= 0) out.push(n);
    }
  }
  return out;
}
