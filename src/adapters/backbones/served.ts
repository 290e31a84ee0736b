/**
 * Dense backbones that a server runs behind the KServe v2 protocol: the graph that `logsad models export` writes, under
 * the name of the manifest. Only the backbone runs there; heads, searches and everything learnt stay on this machine.
 */
import type { DenseBackbone, Inference, RemoteGraph, Size, Tensor } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { IMAGE_INPUT } from './dense.ts';
import { denseBackbone } from './denseBackbone.ts';
import type { RemoteEntry } from './manifest.ts';

export const SERVED = {
  /** Sides of the test picture where a graph takes any size, in multiples of the backbone's. */
  testRows: 2,
  testColumns: 3,
  /** Largest relative difference of a stage's mark: processors and providers differ by less, other weights by more. */
  tolerance: 1e-3,
} as const;

/** What the server is asked for; sizes of pictures are known when it has answered. */
export function remoteGraphOf({ source, stages }: RemoteEntry): RemoteGraph {
  const { remote, model, version } = source;
  return {
    remote,
    model,
    ...(version === undefined ? {} : { version }),
    inputs: [{ name: IMAGE_INPUT, type: 'uint8', dims: [1, -1, -1, 3] }],
    outputs: stages.map((s) => ({ name: s.name, type: 'float32', dims: [1, -1, -1, s.channels] })),
  };
}

/** A picture of no meaning with every grey level, edges and texture: the same bytes everywhere. */
export function testPicture({ width, height }: Size): Tensor {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    data[i] = (7 * x + 13 * y + 61 * c + (((x >> 3) + (y >> 3)) % 2) * 90) % 256;
  }
  return { dims: [1, height, width, 3], data };
}

/** Root mean square of a stage of the test picture: what tells one set of weights from another. */
export function markOf({ data }: Tensor): number {
  let sum = 0;
  for (const v of data as Float32Array) sum += v * v;
  return Math.sqrt(sum / data.length);
}

/** Side of the test picture: the one the graph is made for, else small. */
export const testSize = (multiple: number, [, rows = -1, columns = -1]: readonly number[] = []): Size => ({
  height: rows > 0 ? rows : SERVED.testRows * multiple,
  width: columns > 0 ? columns : SERVED.testColumns * multiple,
});

/** @throws LogsadError REMOTE_* where the server does not serve what the manifest states */
export async function loadServed(inference: Inference, id: string, entry: RemoteEntry): Promise<DenseBackbone> {
  const { source, stages, multiple, marks } = entry;
  const graph = `served/${id}`;
  const { stated } = await inference.load(graph, remoteGraphOf(entry));
  const size = testSize(multiple, stated?.[IMAGE_INPUT]);
  const found = await inference.run(
    [{ graph, feeds: { [IMAGE_INPUT]: testPicture(size) } }],
    stages.map((s) => [0, s.name] as const),
  );
  const refuse = (expected: string, what: string): never => {
    throw new LogsadError('REMOTE_FACE', { remote: source.remote, model: source.model, expected, found: what });
  };
  for (const [i, { name, stride, channels }] of stages.entries()) {
    const { dims } = found[i]!;
    const wanted = [1, size.height / stride, size.width / stride, channels];
    if (dims.join() !== wanted.join())
      refuse(`${name} [${wanted}] for a picture of ${size.width} x ${size.height}`, `[${dims}]`);
    const [mark, told] = [markOf(found[i]!), marks?.[name]];
    if (told !== undefined && !(Math.abs(mark - told) <= SERVED.tolerance * told))
      refuse(`mark ${told} of ${name}: the weights that were exported`, `${mark.toPrecision(6)}: other weights`);
  }
  const { model, version } = source;
  // Not the address: a server that moved serves the same model.
  const identity = { served: model, version: version ?? null, stages, multiple, marks: marks ?? null };
  return denseBackbone(inference, id, graph, entry, identity);
}
