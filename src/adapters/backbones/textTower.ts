/**
 * Text embeddings of a CLIP, computed once per model and list of texts and kept on disk. Both hub layouts: one text a call
 * and int32, or batches and int64; what a file takes is read from the file.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inference, Tensor } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import type { Rows } from '../../core/grid/cluster.ts';
import { writeAtomic } from '../writing.ts';
import { ELEMENT, type OnnxGraph } from './onnx.ts';
import { CLIP_TEXT, type Tokenise } from './tokens.ts';

const TEXT = {
  /** Texts of one call where the graph takes several. */
  batch: 32,
  /** A file of embeddings ends in the sha256 of what stands before. */
  checksumBytes: 32,
} as const;

export interface TextTower {
  /** Unit rows `[n, 1, d]`, one per text. @throws LogsadError TEXT_TOO_LONG, INFERENCE_* */
  embed(texts: readonly string[]): Promise<Rows>;
}

interface Face {
  readonly ids: string;
  readonly mask: string | null;
  readonly output: string;
  readonly wide: boolean;
  /** Batch 1 only. */
  readonly single: boolean;
}

/** A text tower that runs. */
export interface OpenTower {
  readonly model: string;
  /** Path named in faults. */
  readonly path: string;
  /** The graph as loaded into the host. */
  readonly graph: string;
  readonly source: OnnxGraph;
  readonly tokenise: Tokenise;
}

export interface TextTowerSource {
  /** Over the file and the tokenizer: names the cache. */
  readonly digest: string;
  /** Folder of the cache. */
  readonly cache: string;
  /** Called for the first text that the cache does not have. */
  open(): Promise<OpenTower>;
}

/** The first output of two axes holds the embeddings; of two inputs of numbers the one that looks up a table is ids. */
function faceOf({ model, path, source }: OpenTower): Face {
  const refuse = (found: string): never => {
    const expected = 'token numbers in (int32 or int64, [n, length]) and one embedding per text out ([n, d])';
    throw new LogsadError('MODEL_LAYOUT', { model, path, expected, found });
  };
  const looksUp = (name: string): boolean => {
    const open = [name];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const node of source.nodes) {
        if (node.opType === 'Gather' && node.input[1] === at) return true;
        if (['Reshape', 'Cast', 'Identity'].includes(node.opType) && node.input[0] === at) open.push(...node.output);
      }
    }
    return false;
  };
  const typeOf = (v: OnnxGraph['inputs'][number]) => v.type?.tensorType;
  const integers = source.inputs.filter((i) => {
    const element = typeOf(i)?.elemType;
    return element === ELEMENT.int32 || element === ELEMENT.int64;
  });
  const ids = integers.length === 1 ? integers[0] : integers.find((i) => looksUp(i.name));
  const output = source.outputs.find((o) => typeOf(o)?.shape?.dim.length === 2);
  const described = `inputs ${source.inputs.map((i) => i.name).join(', ')}; outputs ${source.outputs.map((o) => o.name).join(', ')}`;
  if (!ids || !output || source.inputs.length > 2 || integers.length !== source.inputs.length) return refuse(described);
  const mask = integers.find((i) => i !== ids)?.name ?? null;
  const batch = typeOf(ids)?.shape?.dim[0];
  return {
    ids: ids.name,
    mask,
    output: output.name,
    wide: typeOf(ids)?.elemType === ELEMENT.int64,
    single: Number(batch?.dimValue ?? 0) === 1,
  };
}

/** `embed` throws LogsadError MODEL_LAYOUT where the graph is no text tower, and what `open` throws. */
export function createTextTower(inference: Inference, from: TextTowerSource): TextTower {
  let opened: Promise<OpenTower & { readonly face: Face }> | undefined;
  const open = () => {
    opened ??= from.open().then((tower) => ({ ...tower, face: faceOf(tower) }));
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const tensor = (face: Face, values: Int32Array, n: number): Tensor => ({
    dims: [n, CLIP_TEXT.context],
    data: face.wide ? BigInt64Array.from(values, BigInt) : values,
  });
  const compute = async (texts: readonly string[]): Promise<Rows> => {
    const { graph, tokenise, face } = await open();
    const ids = texts.map(tokenise);
    const rows: Float32Array[] = [];
    const batch = face.single ? 1 : TEXT.batch;
    for (let at = 0; at < ids.length; at += batch) {
      const part = ids.slice(at, at + batch);
      const values = new Int32Array(part.length * CLIP_TEXT.context);
      for (const [i, row] of part.entries()) values.set(row, i * CLIP_TEXT.context);
      const feeds: Record<string, Tensor> = { [face.ids]: tensor(face, values, part.length) };
      if (face.mask) feeds[face.mask] = tensor(face, new Int32Array(values.length).fill(1), part.length);
      const [out] = await inference.run([{ graph, feeds }], [[0, face.output]]);
      rows.push(out!.data as Float32Array);
    }
    const data = new Float32Array(rows.reduce((n, r) => n + r.length, 0));
    rows.reduce((offset, r) => {
      data.set(r, offset);
      return offset + r.length;
    }, 0);
    return unit({ data, height: texts.length, width: 1, channels: data.length / texts.length });
  };
  const kept = new Map<string, Promise<Rows>>();
  return {
    async embed(texts) {
      if (texts.length === 0) return { data: new Float32Array(0), height: 0, width: 1, channels: 0 };
      const digest = createHash('sha256')
        .update(JSON.stringify([from.digest, texts]))
        .digest('hex');
      let rows = kept.get(digest);
      if (!rows) {
        rows = fromDisk(from.cache, digest, texts.length, () => compute(texts));
        kept.set(digest, rows);
        rows.catch(() => kept.delete(digest));
      }
      return rows;
    },
  };
}

/** Rows divided by their length; a row of zeros stays. */
function unit(rows: Rows): Rows {
  const { data, channels: d } = rows;
  for (let at = 0; at < data.length; at += d) {
    const length = Math.hypot(...data.subarray(at, at + d));
    if (length > 0) for (let i = at; i < at + d; i++) data[i]! /= length;
  }
  return rows;
}

const sha = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** The embeddings of a digest: from their file where it is whole, else made and written. A cache that cannot be written is none. */
async function fromDisk(folder: string, digest: string, n: number, make: () => Promise<Rows>): Promise<Rows> {
  const path = join(folder, `${digest}.text`);
  const stored = await readFile(path).catch(() => undefined);
  const body = stored?.subarray(0, stored.length - TEXT.checksumBytes);
  if (
    stored &&
    body &&
    body.length > 0 &&
    sha(body).equals(stored.subarray(body.length)) &&
    body.length % (4 * n) === 0
  ) {
    const data = new Float32Array(new Uint8Array(body).buffer);
    return { data, height: n, width: 1, channels: data.length / n };
  }
  const rows = await make();
  const bytes = new Uint8Array(rows.data.buffer, rows.data.byteOffset, rows.data.byteLength);
  await writeAtomic(path, Buffer.concat([bytes, sha(bytes)])).catch((error: unknown) => {
    if (!(error instanceof LogsadError)) throw error;
  });
  return rows;
}
