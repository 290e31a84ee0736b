/** Small graphs for tests of the inference host: one written byte by byte, the others by our builder. */
import { GraphBuilder } from '../../src/adapters/backbones/onnx.ts';

function field(id: number, value: number | string | Uint8Array): Buffer {
  if (typeof value === 'number') return Buffer.from([id << 3, value]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(id << 3) | 2, bytes.length]), bytes]);
}

const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields);

/** A float32 vector of any length, as onnx.proto's ValueInfoProto. */
function vector(name: string): Buffer {
  const shape = message(field(1, message(field(2, 'n'))));
  return message(field(1, name), field(2, message(field(1, message(field(1, 1), field(2, shape))))));
}

/** `sum = a + b` on float32 vectors: written by hand, so that it depends on no code of ours. */
export function additionOnnx(): Uint8Array {
  const node = message(field(1, 'a'), field(1, 'b'), field(2, 'sum'), field(4, 'Add'));
  const graph = message(
    field(1, node),
    field(2, 'g'),
    field(11, vector('a')),
    field(11, vector('b')),
    field(12, vector('sum')),
  );
  return message(field(1, 8), field(7, graph), field(8, message(field(2, 17))));
}

/** Multiplies `x[s, s]` as often as `times[n]` is long with a fixed rotation-free matrix: work of any duration. */
export function slowOnnx(side = 384): Uint8Array {
  const body = new GraphBuilder(undefined, 'body');
  const state = body.input('state', 'float32', [side, side]);
  const tick = body.input('tick', 'float32', []);
  body.output(body.node('MatMul', [state, 'identity'], {}, 'next'), 'float32', [side, side]);
  body.output(body.node('Identity', [tick], {}, 'tock'), 'float32', []);
  const b = new GraphBuilder();
  const identity = new Float32Array(side * side);
  for (let i = 0; i < side; i++) identity[i * side + i] = 1;
  b.constant(identity, [side, side], 'identity');
  const x = b.input('x', 'float32', [side, side]);
  const times = b.input('times', 'float32', ['n']);
  b.nodes('Scan', [x, times], ['y', 'tocks'], { body: { graph: body }, num_scan_inputs: 1 });
  b.output(b.node('ReduceMax', ['y'], { keepdims: 0 }, 'largest'), 'float32', []);
  return b.toBytes();
}

/** Fills as many floats as `length[1]` (int64) says: 2 ** 42 of them fit no machine. */
export function hugeOnnx(): Uint8Array {
  const b = new GraphBuilder();
  const length = b.input('length', 'int64', [1]);
  b.output(b.node('ReduceMax', [b.node('Expand', [b.scalar(1), length])], { keepdims: 0 }, 'largest'), 'float32', []);
  return b.toBytes();
}
