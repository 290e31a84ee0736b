/**
 * SAM in both hub layouts: a picture is encoded once, the decoder answers prompts in batches. Which layout a file has,
 * and the sizes of everything, are read from the graphs; nothing is assumed of 1024, 256 or 64.
 */
import { createHash } from 'node:crypto';
import type { Inference, MaskModel, Tensor } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { grid, type RgbImage } from '../../core/grid/grid.ts';
import { resizeBilinear } from '../../core/grid/resample.ts';
import {
  bestPerPrompt,
  chooseMasks,
  createEnlarger,
  type OfferedMask,
  promptGrid,
  SAM,
  samFrame,
  toSquare,
} from '../../core/ground/sam.ts';
import type { Preprocessing } from './dense.ts';
import type { MasksEntry } from './manifest.ts';
import type { OnnxGraph } from './onnx.ts';
import { type ModelFiles, partOf } from './store.ts';
import { loadGraph, readGraph } from './vision.ts';

/** Labels of prompt points. */
const LABEL = { positive: 1, padding: -1 } as const;
/** A size for Meta's enlarged masks, which we do not read: enlarging to it costs nothing. */
const UNUSED_SIZE = 8;

/** Points in the square input; the embeddings are resident tensors. */
type Decode = (points: readonly (readonly [number, number])[], embeddings: Embeddings) => Promise<Offer[]>;
type Embeddings = Readonly<Record<string, { readonly resident: string }>>;
type Offer = Pick<OfferedMask, 'logits' | 'predictedIou'> & { readonly point: number };

interface Described {
  readonly name: string;
  readonly dims: readonly (number | null)[];
}

function described(list: OnnxGraph['inputs']): Described[] {
  return list.map((v) => ({
    name: v.name,
    dims: (v.type?.tensorType?.shape?.dim ?? []).map((d) =>
      d.dimValue === undefined ? null : Number(d.dimValue) || null,
    ),
  }));
}

const spell = (list: readonly Described[]): string =>
  list.map((d) => `${d.name}[${d.dims.map((n) => n ?? '?').join(', ')}]`).join(', ');

/** Grey levels to the padded square; padding is zero after normalising, as the reference has it. */
export function samInput(image: RgbImage, side: number, { mean, std, range }: Preprocessing): Tensor {
  const f = samFrame(image.height, image.width, side);
  const { data } = resizeBilinear(image, f.innerHeight, f.innerWidth);
  const out = new Float32Array(3 * side * side);
  const unit = range === 'unit' ? 255 : 1;
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < f.innerHeight; y++) {
      for (let x = 0; x < f.innerWidth; x++) {
        const v = data[(y * f.innerWidth + x) * 3 + c]! / unit;
        out[(c * side + y) * side + x] = (v - mean[c]!) / std[c]!;
      }
    }
  }
  return { dims: [1, 3, side, side], data: out };
}

/** Offers of one call: logits `[..., m, m]` and their predicted IoU, `per` of them for each point. */
function offersOf(logits: Tensor, iou: Tensor, first: number, skip: number): Offer[] {
  const [side] = logits.dims.slice(-1);
  const per = iou.dims.at(-1)!;
  const cells = side! * side!;
  return Array.from({ length: iou.data.length }, (_, i): Offer | null =>
    i % per < skip
      ? null
      : {
          logits: grid((logits.data as Float32Array).slice(i * cells, (i + 1) * cells), side!, side!),
          predictedIou: Number(iou.data[i]),
          point: first + Math.floor(i / per),
        },
  ).filter((o): o is Offer => o !== null);
}

/** transformers.js: `[1, n, k, 2]` points and `[1, n, k]` labels, n prompts a call, three masks each. */
function batchedDecoder(
  inference: Inference,
  graph: string,
  inputs: readonly Described[],
  outputs: readonly string[],
): Decode | null {
  const points = inputs.find((i) => i.dims.length === 4 && i.dims[3] === 2);
  const labels = inputs.find((i) => i.dims.length === 3);
  if (!points || !labels || inputs.length !== 4) return null;
  return async (prompts, embeddings) => {
    const n = prompts.length;
    const feeds = {
      ...embeddings,
      [points.name]: { dims: [1, n, 1, 2], data: Float32Array.from(prompts.flat()) },
      [labels.name]: { dims: [1, n, 1], data: new BigInt64Array(n).fill(BigInt(LABEL.positive)) },
    };
    const out = await inference.run(
      [{ graph, feeds }],
      outputs.map((o) => [0, o] as const),
    );
    const logits = out.find((t) => t.dims.length === 5)!;
    const iou = out.find((t) => t.dims.length === 3)!;
    return offersOf(logits, iou, 0, 0);
  };
}

/** Meta's export: one prompt a call with a padding point, four masks of which the first is for boxes. */
function singleDecoder(
  inference: Inference,
  graph: string,
  inputs: readonly Described[],
  outputs: readonly string[],
): Decode | null {
  const of = (rank: number, test: (d: Described) => boolean = () => true) =>
    inputs.find((i) => i.dims.length === rank && test(i))?.name;
  const points = of(3);
  const labels = of(2);
  const prior = inputs.find((i) => i.dims.length === 4 && i.dims[1] === 1);
  const given = of(1, (d) => d.dims[0] === 1);
  const size = of(1, (d) => d.dims[0] === 2);
  if (!points || !labels || !prior || !given || !size || inputs.length !== 6) return null;
  const low = prior.dims[2]!;
  return async (prompts, embeddings) => {
    const offers: Offer[] = [];
    for (const [i, [x, y]] of prompts.entries()) {
      const feeds = {
        ...embeddings,
        [points]: { dims: [1, 2, 2], data: Float32Array.of(x, y, 0, 0) },
        [labels]: { dims: [1, 2], data: Float32Array.of(LABEL.positive, LABEL.padding) },
        [prior.name]: { dims: [1, 1, low, low], data: new Float32Array(low * low) },
        [given]: { dims: [1], data: new Float32Array(1) },
        [size]: { dims: [2], data: Float32Array.of(UNUSED_SIZE, UNUSED_SIZE) },
      };
      const out = await inference.run(
        [{ graph, feeds }],
        outputs.map((o) => [0, o] as const),
      );
      const iou = out.find((t) => t.dims.length === 2)!;
      const logits = out.find((t) => t.dims.length === 4 && t.dims[3] === low)!;
      offers.push(...offersOf(logits, iou, i, iou.dims[1]! > 1 ? 1 : 0));
    }
    return offers;
  };
}

let pictures = 0;

/** The mask model of an entry. @throws LogsadError MODEL_* */
export async function loadMasks(inference: Inference, model: ModelFiles): Promise<MaskModel> {
  const { id } = model;
  const entry = model.entry as MasksEntry;
  const [encoderFile, decoderFile] = [partOf(model, 'encoder'), partOf(model, 'decoder')];
  const [encoder, decoder] = [`masks/${id}/encoder`, `masks/${id}/decoder`];
  const inputs = described((await readGraph(id, decoderFile)).inputs);
  const encoded = await loadGraph(inference, id, encoderFile.path, encoder, { path: encoderFile.path });
  const face = await loadGraph(inference, id, decoderFile.path, decoder, { path: decoderFile.path });
  const decode =
    batchedDecoder(inference, decoder, inputs, face.outputs) ?? singleDecoder(inference, decoder, inputs, face.outputs);
  const refuse = (path: string, expected: string, found: string): never => {
    throw new LogsadError('MODEL_LAYOUT', { model: id, path, expected, found });
  };
  if (!decode) {
    const expected = 'a SAM decoder as transformers.js or Meta export it (points, labels, image embeddings)';
    return refuse(decoderFile.path, expected, spell(inputs));
  }
  // The encoder's outputs are decoder inputs of the same name; the only one of Meta's is the first of four axes.
  const meta = inputs.find((i) => i.dims.length === 4 && i.dims[1] !== 1 && i.dims[3] !== 2)!.name;
  const named = (output: string): string => (inputs.some((i) => i.name === output) ? output : meta);
  if (encoded.inputs.length !== 1)
    refuse(encoderFile.path, 'an encoder that takes one picture', encoded.inputs.join(', '));

  const answers = async (
    image: RgbImage,
    prompts: readonly (readonly [number, number])[],
    batch: number,
    signal: AbortSignal | undefined,
  ): Promise<OfferedMask[]> => {
    const extra = signal ? { signal } : {};
    const f = samFrame(image.height, image.width, entry.size);
    const pixels = samInput(image, entry.size, entry.preprocessing);
    const tensors = await inference.run(
      [{ graph: encoder, feeds: { [encoded.inputs[0]!]: pixels } }],
      encoded.outputs.map((o) => [0, o] as const),
      extra,
    );
    const prefix = `masks:${id}:${pictures++}`;
    const names = encoded.outputs.map((o) => [named(o), `${prefix}:${o}`] as const);
    try {
      for (const [i, [, resident]] of names.entries()) await inference.put(resident, tensors[i]!);
      const embeddings = Object.fromEntries(names.map(([input, resident]) => [input, { resident }]));
      const offers: OfferedMask[] = [];
      for (let at = 0; at < prompts.length; at += batch) {
        signal?.throwIfAborted();
        const part = prompts.slice(at, at + batch).map((p) => toSquare(p, f));
        const found = await decode(part, embeddings);
        offers.push(...found.map(({ point, ...o }) => ({ ...o, prompt: at + point })));
      }
      return offers;
    } finally {
      for (const [, resident] of names) await inference.drop(resident);
    }
  };
  const enlarger = (image: RgbImage, offers: readonly OfferedMask[]) =>
    createEnlarger(samFrame(image.height, image.width, entry.size), offers[0]?.logits.width ?? 1);
  const { preprocessing, size, automatic = {} } = entry;
  const identity = { files: model.files.map((f) => f.sha256), preprocessing, size, automatic };
  return {
    id,
    digest: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    async propose(image, { signal, ...asked } = {}) {
      const options = { ...automatic, ...asked };
      const prompts = promptGrid(options.pointsPerSide ?? SAM.pointsPerSide, image);
      const least = options.predictedIou ?? SAM.predictedIou;
      const offers = await answers(image, prompts, options.batch ?? SAM.batch, signal);
      return chooseMasks(
        offers.filter((o) => o.predictedIou > least),
        enlarger(image, offers),
        options,
      );
    },
    async at(image, points, { signal } = {}) {
      if (points.length === 0) return [];
      const offers = await answers(image, points, SAM.batch, signal);
      return bestPerPrompt(offers, enlarger(image, offers));
    },
  };
}
