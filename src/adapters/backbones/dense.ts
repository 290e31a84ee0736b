/**
 * Gives every dense backbone the one interface of `DenseBackbone`: uint8 RGB `[1, h, w, 3]` in as `image`, each stage
 * out as float32 `[1, h/s, w/s, c]` under the stage's name. Colour order, range, mean and deviation move into the graph,
 * so that there is one preprocessing for learning and inspecting, and bytes instead of floats cross to the child.
 */
import { GraphBuilder, type OnnxGraph, prune } from './onnx.ts';

export interface Preprocessing {
  readonly colour: 'rgb' | 'bgr';
  /** Multiplies the grey levels 0..255 first: 1, or 1/255 written as `unit`. */
  readonly range: 'byte' | 'unit';
  /** Per channel in the order the model takes them: `(v - mean) / std`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface Stage {
  readonly name: string;
  /** The tensor in the source graph. */
  readonly output: string;
  readonly stride: number;
  readonly channels: number;
  /** `nchw`: `[1, c, h/s, w/s]`; `tokens`: `[1, skip + h/s * w/s, c]`, row by row. */
  readonly layout: 'nchw' | 'tokens';
  /** Leading tokens that stand for no position (class, registers). */
  readonly skip?: number;
}

export const IMAGE_INPUT = 'image';

/** Part of every digest: raise it when the wrapping changes what a graph computes. */
export const PREPARATION = 1;

/** A graph fed through `input` (float NCHW) becomes the bytes of one with the uniform interface; the rest is cut away. */
export function wrapDense(
  source: OnnxGraph,
  input: string,
  preprocessing: Preprocessing,
  stages: readonly Stage[],
): Uint8Array {
  const builder = new GraphBuilder(
    prune(
      source,
      stages.map((s) => s.output),
    ),
  );
  builder.input(IMAGE_INPUT, 'uint8', [1, 'h', 'w', 3]);
  prepare(builder, input, preprocessing);
  for (const stage of stages) {
    const out =
      stage.layout === 'nchw'
        ? builder.node('Transpose', [stage.output], { perm: [0, 2, 3, 1] }, stage.name)
        : tokensToGrid(builder, stage);
    builder.output(out, 'float32', [1, `h/${stage.stride}`, `w/${stage.stride}`, stage.channels]);
  }
  return builder.toBytes();
}

/** Nodes from the uint8 picture to the float NCHW tensor `input`. */
export function prepare(b: GraphBuilder, input: string, p: Preprocessing): void {
  const ordered = p.colour === 'bgr' ? b.node('Gather', [IMAGE_INPUT, b.ints(2, 1, 0)], { axis: 3 }) : IMAGE_INPUT;
  // Transposing bytes is a quarter of the traffic of transposing floats.
  const planar = b.node('Transpose', [ordered], { perm: [0, 3, 1, 2] });
  const scale = p.std.map((s) => 1 / (s * (p.range === 'unit' ? 255 : 1)));
  const shift = p.mean.map((m, i) => -m / p.std[i]!);
  const identity = scale.every((s) => s === 1) && shift.every((s) => s === 0);
  const perChannel = (values: readonly number[]): string => b.constant(Float32Array.from(values), [1, 3, 1, 1]);
  const cast = b.node('Cast', [planar], { to: 1 }, identity ? input : undefined);
  if (!identity) b.node('Add', [b.node('Mul', [cast, perChannel(scale)]), perChannel(shift)], {}, input);
}

/** `[1, skip + n, c]` to `[1, h/s, w/s, c]`; h and w are read from the image at run time. */
function tokensToGrid(b: GraphBuilder, stage: Stage): string {
  const cut = stage.skip
    ? b.node('Slice', [stage.output, b.ints(stage.skip), b.ints(2 ** 31 - 1), b.ints(1)])
    : stage.output;
  const size = b.node('Slice', [b.node('Shape', [IMAGE_INPUT]), b.ints(1), b.ints(3), b.ints(0)]);
  const cells = b.node('Div', [size, b.ints(stage.stride)]);
  const shape = b.node('Concat', [b.ints(1), cells, b.ints(stage.channels)], { axis: 0 });
  return b.node('Reshape', [cut, shape], {}, stage.name);
}
