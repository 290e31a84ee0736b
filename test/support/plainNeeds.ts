/** Meets the needs of detectors with plain loops on given raw stages: the slow path that the graphs are held against. */
import { cellRows, gridOf } from '../../src/core/detect/cells.ts';
import type { Answer, Need, Needs, RowsOf, Source, View } from '../../src/core/detect/detector.ts';
import { pickRows, type Rows } from '../../src/core/grid/cluster.ts';
import type { FeatureGrid } from '../../src/core/grid/grid.ts';
import { matmul } from '../../src/core/grid/linear.ts';

export interface PlainImage {
  readonly frame: { readonly width: number; readonly height: number };
  /** Raw stages by name. */
  readonly stages: Readonly<Record<string, FeatureGrid>>;
}

/** The largest products of every query with a bank's rows, each plus its bias, and the `count` largest in falling order. */
export function searchRows(
  query: Rows,
  bank: Rows,
  bias: Float32Array,
  count = 1,
): { largest: Float32Array; index: Int32Array; ranked: Float32Array[] } {
  const products = matmul(query.data, bank.data, query.channels);
  const m = bank.height * bank.width;
  const n = query.height * query.width;
  const index = new Int32Array(n);
  const largest = new Float32Array(n).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const v = products[i * m + j]! + bias[j]!;
      if (v <= largest[i]!) continue;
      largest[i] = v;
      index[i] = j;
    }
  }
  const ranked = Array.from({ length: count }, () => new Float32Array(n));
  if (count === 1) ranked[0] = largest;
  for (let i = 0; count > 1 && i < n; i++) {
    const sums = products.subarray(i * m, (i + 1) * m).map((v, j) => v + bias[j]!);
    const falling = sums.sort().reverse();
    for (let k = 0; k < count; k++) ranked[k]![i] = falling[Math.min(k, m - 1)]!;
  }
  return { largest, index, ranked };
}

/** What a made-up image-text model says: views per image, and embeddings of texts. */
export interface PlainSight {
  readonly views: readonly (readonly View[])[];
  say(prompts: readonly string[]): Rows;
}

export function runPlain<T>(needs: Needs<T>, images: readonly PlainImage[], sight?: PlainSight): T {
  const kept = new Map<string, Rows>();
  const bag = (s: Source): Rows => ('kept' in s ? kept.get(s.kept)! : s.rows);
  const rows = ({ image, spec, scales, places, only }: RowsOf): Rows[] => {
    const { frame, stages } = images[image]!;
    const all = cellRows(
      spec.stages.map((n) => stages[n]!),
      gridOf(frame, spec),
      spec,
      scales,
      places,
    );
    return only ? all.map((r) => pickRows(r, only)) : all;
  };
  const projected = (bags: readonly Rows[], by: readonly string[]): Rows => {
    const parts = bags.map((r, s) => matmul(r.data, kept.get(by[s]!)!.data, r.channels));
    const data = parts[0]!.map((_, i) => parts.reduce((sum, p) => sum + p[i]!, 0));
    return { data, height: bags[0]!.height, width: 1, channels: data.length / bags[0]!.height };
  };
  const meet = (need: Need): Answer => {
    switch (need.do) {
      case 'progress':
        return null;
      case 'keep':
        kept.set(need.name, need.rows);
        return null;
      case 'drop':
        kept.delete(need.name);
        return null;
      case 'stages':
        return { stages: need.images.map((i) => need.names.map((n) => images[i]!.stages[n]!)) };
      case 'rows':
        return { rows: need.of.map(rows) };
      case 'project':
        return { rows: need.of.map((of) => [projected(rows(of), need.by)]) };
      case 'nearest': {
        const found = searchRows(bag(need.query), bag(need.bank), need.bias, need.count ?? 1);
        return need.index ? { largest: [found.largest], index: found.index } : { largest: found.ranked };
      }
      case 'products': {
        const [a, b] = [bag(need.a), bag(need.b)];
        return { products: matmul(a.data, b.data, a.channels) };
      }
      case 'see':
        return { views: sight!.views[need.image]! };
      case 'say':
        return { texts: sight!.say(need.prompts) };
      case 'match':
        return { largest: rows(need.of).map((r, s) => searchRows(r, kept.get(need.banks[s]!)!, need.bias).largest) };
    }
  };
  let step = needs.next();
  while (!step.done) step = needs.next(meet(step.value));
  return step.value;
}
