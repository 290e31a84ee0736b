/** The PP-OCR recogniser: one line of print in, its text out. */
import { createHash } from 'node:crypto';
import type { Inference, Tensor, TextReader } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { grid, type RgbImage } from '../../core/grid/grid.ts';
import type { CellBox } from '../../core/grid/regions.ts';
import { resizeBilinear } from '../../core/grid/resample.ts';
import { decodeLine, printBox } from '../../core/ground/reading.ts';
import type { ModelFiles } from './store.ts';
import { loadGraph, readGraph } from './vision.ts';

const READER = {
  /** Height of a line as the recogniser was trained. */
  height: 48,
  /** Narrower lines are padded to this, as in training; the graph takes any width. */
  minWidth: 320,
  /** Longest line, in the recogniser's pixels. */
  maxWidth: 2400,
} as const;

function cropped({ data, width }: RgbImage, [x0, y0, x1, y1]: CellBox): RgbImage {
  const out = new Uint8Array((y1 - y0) * (x1 - x0) * 3);
  for (let y = y0; y < y1; y++)
    out.set(data.subarray((y * width + x0) * 3, (y * width + x1) * 3), (y - y0) * (x1 - x0) * 3);
  return { data: out, width: x1 - x0, height: y1 - y0, channels: 3 };
}

/** Grey levels to [-1, 1], planes in the order that the recogniser was trained with (blue first), zero behind the line. */
function lineTensor(line: RgbImage): Tensor {
  const { height, minWidth, maxWidth } = READER;
  const inner = Math.max(1, Math.min(maxWidth, Math.round((line.width * height) / line.height)));
  const { data } = resizeBilinear(line, height, inner);
  const width = Math.max(minWidth, inner);
  const out = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < inner; x++)
        out[(c * height + y) * width + x] = data[(y * inner + x) * 3 + 2 - c]! / 127.5 - 1;
    }
  }
  return { dims: [1, 3, height, width], data: out };
}

/** @throws LogsadError MODEL_* */
export async function loadReader(inference: Inference, model: ModelFiles): Promise<TextReader> {
  const [weights, keys] = model.files;
  if (!weights || !keys)
    throw new LogsadError('MODEL_INVALID', {
      model: model.id,
      reason: 'a recogniser needs two files: graph, alphabet',
    });
  const source = await readGraph(model.id, weights);
  const classes = Number(source.outputs[0]?.type?.tensorType?.shape?.dim[2]?.dimValue ?? 0);
  const alphabet = new TextDecoder().decode(await keys.read()).split(/\r?\n/);
  if (alphabet.at(-1) === '') alphabet.pop();
  // The blank before, the space behind.
  if (source.inputs.length !== 1 || classes !== alphabet.length + 2) {
    const expected = `one picture in, ${alphabet.length + 2} classes out, as ${keys.path} has characters`;
    throw new LogsadError('MODEL_LAYOUT', {
      model: model.id,
      path: weights.path,
      expected,
      found: `${classes} classes`,
    });
  }
  const graph = `text/${model.id}`;
  const { inputs, outputs } = await loadGraph(inference, model.id, weights.path, graph, { path: weights.path });
  const identity = { files: model.files.map((f) => f.sha256), reader: READER };
  return {
    id: model.id,
    digest: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    async read(line, signal) {
      const [out] = await inference.run(
        [{ graph, feeds: { [inputs[0]!]: lineTensor(cropped(line, printBox(line))) } }],
        [[0, outputs[0]!]],
        signal ? { signal } : {},
      );
      return decodeLine(grid(out!.data as Float32Array, out!.dims[1]!, 1, out!.dims[2]!), alphabet);
    },
  };
}
