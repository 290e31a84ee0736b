/**
 * The generated graph between a dense backbone and the nearest-neighbour search: raw stages in, one bag of unit rows per
 * stage out, all on one grid. It runs in the child, so that features of a picture never cross to the host.
 */
import type { DenseBackbone } from '../../app/ports.ts';
import type { CellSpec } from '../../core/detect/cells.ts';
import { GRAPHS } from './graphs.ts';
import { GraphBuilder } from './onnx.ts';

type Stage = DenseBackbone['stages'][number];

/**
 * Inputs: per stage s `s` `[1, h/s, w/s, c]`, with `standardise` also `mean_s[c]` and `scale_s[c]`; `size[2]` (int64 rows
 * and columns of the grid); with `places` also `places[n, p]`, appended to every row.
 * Outputs: `rows_s` `[n, c (+ p)]`, cells row by row. In this order (ALGORITHM 1.4): mean of the 3 x 3 neighbourhood on the
 * stage's own grid, interpolation of raw values (a finer stage is averaged), z-score, unit length.
 */
export function cellGraph(stages: readonly Stage[], spec: CellSpec): Uint8Array {
  const b = new GraphBuilder();
  const size = b.input('size', 'int64', [2]);
  const places = spec.places > 0 ? b.input('places', 'float32', ['n', spec.places]) : '';
  for (const stage of stages) {
    const { name, channels } = stage;
    let x = b.input(name, 'float32', [1, `h_${name}`, `w_${name}`, channels]);
    const planar = spec.neighbourhood > 1 || spec.side !== null || stage.stride !== spec.stride;
    if (planar) {
      x = onGrid(b, b.node('Transpose', [x], { perm: [0, 3, 1, 2] }), stage, spec, size);
      x = b.node('Transpose', [x], { perm: [0, 2, 3, 1] });
    }
    x = b.node('Reshape', [x, b.ints(-1, channels)]);
    if (spec.standardise) {
      const mean = b.input(`mean_${name}`, 'float32', [channels]);
      const scale = b.input(`scale_${name}`, 'float32', [channels]);
      x = b.node('Mul', [b.node('Sub', [x, mean]), scale]);
    }
    const norm = b.node('Max', [b.node('ReduceL2', [x], { axes: [1], keepdims: 1 }), b.scalar(GRAPHS.minNorm)]);
    const unit = b.node('Div', [x, norm], {}, places ? undefined : `rows_${name}`);
    const rows = places ? b.node('Concat', [unit, places], { axis: 1 }, `rows_${name}`) : unit;
    b.output(rows, 'float32', ['n', channels + spec.places]);
  }
  return b.toBytes('cells');
}

/** Whether a stage is interpolated (its stride is the grid's or finer by a whole factor otherwise). */
function enlarged(stage: Stage, spec: CellSpec): boolean {
  return spec.side !== null || (stage.stride !== spec.stride && spec.stride % stage.stride !== 0);
}

/** `[1, c, h, w]` pooled over its neighbourhood and brought to the grid. */
function onGrid(b: GraphBuilder, planar: string, stage: Stage, spec: CellSpec, size: string): string {
  let x = planar;
  if (spec.neighbourhood > 1) {
    const k = spec.neighbourhood;
    const pad = (k - 1) / 2;
    x = b.node('AveragePool', [x], { kernel_shape: [k, k], pads: [pad, pad, pad, pad], count_include_pad: 0 });
  }
  if (enlarged(stage, spec)) {
    const outer = b.node('Slice', [b.node('Shape', [x]), b.ints(0), b.ints(2), b.ints(0)]);
    const target = b.node('Concat', [outer, size], { axis: 0 });
    const mode = spec.alignCorners ? 'align_corners' : 'half_pixel';
    return b.node('Resize', [x, '', '', target], { mode: 'linear', coordinate_transformation_mode: mode });
  }
  const ratio = spec.stride / stage.stride;
  if (ratio === 1) return x;
  return b.node('AveragePool', [x], { kernel_shape: [ratio, ratio], strides: [ratio, ratio] });
}
