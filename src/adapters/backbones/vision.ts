/**
 * Vision transformers of the manifest, ready to run at any size: the source is dissected once, a graph is prepared per
 * picture size and kept on disk by digest.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DenseBackbone, Inference, Size } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { preparedFolder } from '../home.ts';
import { writeAtomic } from '../writing.ts';
import { PREPARATION } from './dense.ts';
import { headGraph } from './graphs.ts';
import type { TransformerEntry } from './manifest.ts';
import { type OnnxGraph, readOnnx } from './onnx.ts';
import { type ModelFiles, partOf, type StoredFile } from './store.ts';
import { GraphFault } from './surgery/tensors.ts';
import {
  type Anatomy,
  dissect,
  embedWidth,
  type Layout,
  layoutOf,
  prepareVision,
  probeGraph,
  STAGES,
  windowGraph,
} from './surgery/vision.ts';

/** Raise it when surgery changes what a prepared graph computes. */
const SURGERY = 1;

/** What dissecting a file tells; kept on disk, so that a start need not read a gigabyte. */
interface Facts {
  readonly layout: Layout;
  /** Width of the space shared with text; null where there is none. */
  readonly dimension: number | null;
}

export interface VisionModel extends DenseBackbone {
  readonly at: (size: Size) => Promise<string>;
  /** WinCLIP's window graph for windows of so many tokens, class token included; its id. */
  windows(count: number): Promise<string>;
  readonly dimension: number | null;
}

/** The ONNX file of a model as a graph. @throws LogsadError MODEL_INVALID */
export async function readGraph(id: string, file: StoredFile): Promise<OnnxGraph> {
  try {
    return readOnnx(await file.read());
  } catch (cause) {
    const reason = `${file.path} is no ONNX file that can be prepared: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new LogsadError('MODEL_INVALID', { model: id, reason }, { cause });
  }
}

/** Runs surgery; a fault of the graph names the model and the file. @throws LogsadError MODEL_LAYOUT */
function withFile<T>(model: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof GraphFault)) throw cause;
    throw new LogsadError('MODEL_LAYOUT', { model, path, expected: cause.expected, found: cause.found }, { cause });
  }
}

/** The runtime refuses some files that can be read: operators or types it does not have. */
export async function loadGraph(
  inference: Inference,
  model: string,
  path: string,
  graph: string,
  source: Parameters<Inference['load']>[1],
): Promise<{ inputs: readonly string[]; outputs: readonly string[] }> {
  try {
    return await inference.load(graph, source);
  } catch (cause) {
    if (!(cause instanceof LogsadError) || cause.code !== 'INFERENCE_GRAPH') throw cause;
    const expected = 'operators that the installed onnxruntime runs';
    throw new LogsadError('MODEL_LAYOUT', { model, path, expected, found: cause.message }, { cause });
  }
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** The model of an entry with a `transformer`. @throws LogsadError MODEL_* */
export async function loadVision(inference: Inference, model: ModelFiles, home: string): Promise<VisionModel> {
  const { id } = model;
  const entry = model.entry as TransformerEntry;
  const { transformer, preprocessing } = entry;
  const file = partOf(model, 'vision');
  const head = entry.role === 'image-text' ? ('naclip' as const) : ('normed' as const);
  const identity = { surgery: SURGERY, preparation: PREPARATION, file: file.sha256, preprocessing, transformer, head };
  const folder = preparedFolder(home);
  let anatomy: Promise<Anatomy> | undefined;
  const dissected = (): Promise<Anatomy> => {
    anatomy ??= readGraph(id, file).then((graph) =>
      withFile(id, file.path, () => {
        const found = dissect(graph);
        checkStated(found, transformer);
        return found;
      }),
    );
    return anatomy;
  };
  const facts = await factsOf(inference, id, file, join(folder, `${digestOf(identity)}.json`), dissected, head);
  const prepared = async (graph: string, what: unknown, make: (a: Anatomy) => Uint8Array): Promise<string> => {
    const path = join(folder, `${digestOf({ ...identity, what })}.onnx`);
    if (existsSync(path)) {
      const loaded = await inference.load(graph, { path }).catch((error: unknown) => {
        // A prepared file that was cut short is made anew; anything else is the caller's to know.
        if (error instanceof LogsadError && error.code === 'INFERENCE_GRAPH') return null;
        throw error;
      });
      if (loaded) return graph;
      await rm(path, { force: true });
    }
    const found = await dissected();
    const bytes = withFile(id, file.path, () => make(found));
    const written = await writeAtomic(path, bytes).then(
      () => true,
      () => false,
    );
    await loadGraph(inference, id, file.path, graph, written ? { path } : { bytes });
    return graph;
  };
  const ready = new Map<string, Promise<string>>();
  const once = (graph: string, what: unknown, make: (a: Anatomy) => Uint8Array): Promise<string> => {
    let made = ready.get(graph);
    if (!made) {
      made = prepared(graph, what, make);
      ready.set(graph, made);
      made.catch(() => ready.delete(graph));
    }
    return made;
  };
  const at = (size: Size): Promise<string> => {
    const { patch, positions: rule } = transformer;
    const [rows, columns] = [size.height / patch, size.width / patch];
    if (!Number.isInteger(rows) || !Number.isInteger(columns))
      throw new RangeError(`vision: ${size.width} x ${size.height} is no multiple of ${patch}`);
    return once(`vision/${id}/${rows}x${columns}`, { rows, columns }, (a) =>
      prepareVision(a, { rows, columns, rule, preprocessing, layout: facts.layout, head }),
    );
  };
  const stages = STAGES.map((name) => ({ name, stride: transformer.patch, channels: transformer.width }));
  await inference.load(`head/${id}`, { bytes: headGraph(stages) });
  return {
    id,
    digest: digestOf(identity),
    multiple: transformer.patch,
    stages,
    graph: `vision/${id}`,
    headGraph: `head/${id}`,
    dimension: facts.dimension,
    at,
    windows: (count) => once(`windows/${id}/${count}`, { windows: count }, (a) => windowGraph(a, count)),
  };
}

/** Layout and width from disk, or by dissecting and running the first block on zeros. */
async function factsOf(
  inference: Inference,
  id: string,
  file: StoredFile,
  path: string,
  dissected: () => Promise<Anatomy>,
  head: 'naclip' | 'normed',
): Promise<Facts> {
  const stored = await readFile(path, 'utf8').catch(() => null);
  if (stored !== null) {
    try {
      return JSON.parse(stored) as Facts;
    } catch {
      // Cut short: made anew.
    }
  }
  const anatomy = await dissected();
  const graph = `probe/${id}`;
  await loadGraph(inference, id, file.path, graph, { bytes: probeGraph(anatomy) });
  const side = anatomy.positions.side * anatomy.patch;
  const image = { dims: [1, 3, side, side], data: new Float32Array(3 * side * side) };
  const [skip, softmax] = await inference.run(
    [{ graph, feeds: { [anatomy.input]: image } }],
    [
      [0, 'skip'],
      [0, 'softmax'],
    ],
  );
  const facts: Facts = withFile(id, file.path, () => ({
    layout: layoutOf(skip!.dims, softmax!.dims),
    dimension: head === 'naclip' ? embedWidth(anatomy) : null,
  }));
  await writeAtomic(path, JSON.stringify(facts)).catch(() => undefined);
  return facts;
}

/** What the manifest states must be what the graph shows: a wrong patch or activation would be a silent wrong answer. */
function checkStated(a: Anatomy, stated: TransformerEntry['transformer']): void {
  const found = { patch: a.patch, size: a.positions.side * a.patch, width: a.width };
  for (const key of ['patch', 'size', 'width'] as const) {
    if (found[key] !== stated[key])
      throw new GraphFault(`${key} ${stated[key]}, as its manifest says`, `${found[key]}`);
  }
  if (a.activation && a.activation !== stated.activation)
    throw new GraphFault(`activation ${stated.activation}, as its manifest says`, a.activation);
}
