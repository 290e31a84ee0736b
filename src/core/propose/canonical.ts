/** Step 0: which normals are shown, so that every mode of them is (greedy k-centre; Gonzalez 1985). */

export const CANONICAL = {
  /** Fewest and most pictures that are chosen. */
  least: 3,
  most: 8,
  /** A further picture is shown where it lies beyond so many times the median distance to the nearest one shown. */
  far: 2,
} as const;

const distance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
};

/** Every dimension to unit spread, so that none rules by its scale; dimensions without spread vanish. */
function whitened(rows: readonly Float32Array[]): Float32Array[] {
  const n = rows.length;
  const d = rows[0]?.length ?? 0;
  const mean = new Float64Array(d);
  const spread = new Float64Array(d);
  for (const r of rows) for (let k = 0; k < d; k++) mean[k]! += r[k]! / n;
  for (const r of rows) for (let k = 0; k < d; k++) spread[k]! += (r[k]! - mean[k]!) ** 2 / n;
  return rows.map((r) => r.map((v, k) => (spread[k]! > 1e-12 ? (v - mean[k]!) / Math.sqrt(spread[k]!) : 0)));
}

/**
 * Indices of the rows that cover the others: the medoid first, then always the row farthest from those chosen, as many as
 * there are modes. Ties go to the earlier row.
 * @param rows one embedding per normal, all of one length
 */
export function kCentre(
  rows: readonly Float32Array[],
  limits: { least: number; most: number; far: number } = CANONICAL,
): number[] {
  if (rows.length === 0) return [];
  const points = whitened(rows);
  const total = points.map((p) => points.reduce((sum, q) => sum + distance(p, q), 0));
  const chosen = [total.indexOf(Math.min(...total))];
  const nearest = points.map((p) => distance(p, points[chosen[0]!]!));
  while (chosen.length < Math.min(limits.most, rows.length)) {
    const farthest = nearest.indexOf(Math.max(...nearest));
    const sorted = [...nearest].sort((a, b) => a - b);
    const typical = sorted[Math.floor(sorted.length / 2)]!;
    if (nearest[farthest] === 0) break;
    if (chosen.length >= limits.least && nearest[farthest]! <= limits.far * typical) break;
    chosen.push(farthest);
    points.forEach((p, i) => {
      nearest[i] = Math.min(nearest[i]!, distance(p, points[farthest]!));
    });
  }
  return chosen.sort((a, b) => a - b);
}
