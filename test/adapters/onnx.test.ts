import { describe, expect, it } from 'vitest';
import { GraphBuilder, holds, prune, readOnnx } from '../../src/adapters/backbones/onnx.ts';
import { additionOnnx, slowOnnx } from '../support/tinyOnnx.ts';

function twoBranches(): GraphBuilder {
  const b = new GraphBuilder();
  b.input('x', 'float32', ['n']);
  b.input('y', 'float32', ['n']);
  b.output(b.node('Mul', ['x', b.constant(new Float32Array([2]), [], 'two')], {}, 'kept'));
  b.output(b.node('Add', ['y', b.constant(new Float32Array([3]), [], 'three')], {}, 'cut'));
  return b;
}

describe('reading', () => {
  it('reads a file that no code of ours wrote', () => {
    const graph = readOnnx(additionOnnx());
    expect(graph.opset).toBe(17);
    expect(graph.nodes.map((n) => [n.opType, n.input, n.output])).toEqual([['Add', ['a', 'b'], ['sum']]]);
    expect(graph.inputs.map((i) => i.name)).toEqual(['a', 'b']);
    expect(graph.outputs.map((o) => o.name)).toEqual(['sum']);
  });

  it('reads what the builder wrote, weights to the bit', () => {
    const graph = readOnnx(twoBranches().toBytes());
    expect(graph.initializers.map((t) => t.name)).toEqual(['two', 'three']);
    expect(graph.initializers[0]!.rawData).toEqual(Buffer.from(new Float32Array([2]).buffer));
  });

  it.each([
    ['nothing', new Uint8Array(0), /no ONNX graph/],
    ['text', Buffer.from('no graph'), /./],
    ['a cut file', additionOnnx().subarray(0, 40), /./],
  ] as const)('refuses %s', (_, bytes, message) => {
    expect(() => readOnnx(bytes)).toThrow(message);
  });
});

describe('pruning', () => {
  it('keeps what the tensors need and nothing else', () => {
    const cut = prune(twoBranches().snapshot(), ['kept']);
    expect(cut.nodes.map((n) => n.output)).toEqual([['kept']]);
    expect(cut.initializers.map((t) => t.name)).toEqual(['two']);
    expect(cut.inputs.map((i) => i.name)).toEqual(['x']);
    expect(['x', 'two', 'kept', 'cut'].map((t) => holds(cut, t))).toEqual([true, true, true, false]);
  });

  it('keeps what an inner graph takes from the graph around it', () => {
    const cut = prune(readOnnx(slowOnnx(4)), ['largest']);
    expect(cut.initializers.map((t) => t.name)).toContain('identity');
  });
});

describe('order', () => {
  it('puts nodes behind what they read, however late that was added', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['n']);
    b.output(b.node('Neg', ['middle'], {}, 'last'));
    b.node('Abs', ['x'], {}, 'middle');
    expect(readOnnx(b.toBytes()).nodes.map((n) => n.output[0])).toEqual(['middle', 'last']);
  });
});
