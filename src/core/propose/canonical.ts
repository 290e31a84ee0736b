/** Step 0: which normals are shown, so that every mode of them is (greedy k-centre; Gonzalez 1985). */

export const CANONICAL = {
  /**
   * Fewest and most pictures that are chosen. Four rather than three, and dimensions as they are rather than brought to one spread,
   * as measured on normals of three variants (docs/benchmarks.md): with equal spread, noise rules.
   */
  least: 4,
  most: 8,
  /** A further picture is shown where it lies beyond so many times the median distance to the nearest one shown. */
  far: 2,
} as const;

const distance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
};

/**
 * Indices of the rows that cover the others: the medoid first, then always the row farthest from those chosen, as many as
 * there are modes. Ties go to the earlier row. Dimensions keep their scale: what varies most over the normals decides.
 * @param rows one embedding per normal, all of one length
 */
export function kCentre(
  rows: readonly Float32Array[],
  limits: { least: number; most: number; far: number } = CANONICAL,
): number[] {
  if (rows.length === 0) return [];
  const total = rows.map((p) => rows.reduce((sum, q) => sum + distance(p, q), 0));
  const chosen = [total.indexOf(Math.min(...total))];
  const nearest = rows.map((p) => distance(p, rows[chosen[0]!]!));
  while (chosen.length < Math.min(limits.most, rows.length)) {
    const farthest = nearest.indexOf(Math.max(...nearest));
    const sorted = [...nearest].sort((a, b) => a - b);
    const typical = sorted[Math.floor(sorted.length / 2)]!;
    if (nearest[farthest] === 0) break;
    if (chosen.length >= limits.least && nearest[farthest]! <= limits.far * typical) break;
    chosen.push(farthest);
    rows.forEach((p, i) => {
      nearest[i] = Math.min(nearest[i]!, distance(p, rows[farthest]!));
    });
  }
  return chosen.sort((a, b) => a - b);
}
