/** Meets the needs of detectors with plain loops on given raw stages: the slow path that the graphs are held against. */
import { cellRows, gridOf } from '../../src/core/detect/cells.ts';
import type { Answer, Need, Needs, RowsOf, Source } from '../../src/core/detect/detector.ts';
import type { Rows } from '../../src/core/grid/cluster.ts';
import type { FeatureGrid } from '../../src/core/grid/grid.ts';
import { matmul } from '../../src/core/grid/linear.ts';

export interface PlainImage {
  readonly frame: { readonly width: number; readonly height: number };
  /** Raw stages by name. */
  readonly stages: Readonly<Record<string, FeatureGrid>>;
}

function search(query: Rows, bank: Rows, bias: Float32Array): { largest: Float32Array; index: Int32Array } {
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
  return { largest, index };
}

export function runPlain<T>(needs: Needs<T>, images: readonly PlainImage[]): T {
  const kept = new Map<string, Rows>();
  const bag = (s: Source): Rows => ('kept' in s ? kept.get(s.kept)! : s.rows);
  const rows = ({ image, spec, scales, places }: RowsOf): Rows[] => {
    const { frame, stages } = images[image]!;
    return cellRows(
      spec.stages.map((n) => stages[n]!),
      gridOf(frame, spec),
      spec,
      scales,
      places,
    );
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
      case 'nearest': {
        const { largest, index } = search(bag(need.query), bag(need.bank), need.bias);
        return need.index ? { largest: [largest], index } : { largest: [largest] };
      }
      case 'match':
        return { largest: rows(need.of).map((r, s) => search(r, kept.get(need.banks[s]!)!, need.bias).largest) };
    }
  };
  let step = needs.next();
  while (!step.done) step = needs.next(meet(step.value));
  return step.value;
}
