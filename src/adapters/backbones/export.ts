/**
 * Writes the prepared graph of a dense backbone as a model repository of Triton and OpenVINO Model Server lays it out
 * (`<name>/1/model.onnx`), with the manifest that uses it from there. The name carries the digest of the graph, so that
 * other weights are another model.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type GraphSource, graphFor, type Inference, type LocalGraph, type Size } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { writeAtomic } from '../writing.ts';
import { IMAGE_INPUT } from './dense.ts';
import { isRemote } from './manifest.ts';
import { type BackboneOptions, createBackbones } from './registry.ts';
import { markOf, testPicture, testSize } from './served.ts';

export interface ExportRequest {
  /** Folder of the model repository. */
  readonly to: string;
  /** Size of pictures; needed where a graph is made for one (vision transformers). */
  readonly size?: Size;
  /** Address the manifest names. */
  readonly remote: string;
}

export interface ExportedModel {
  /** How a server will call it. */
  readonly model: string;
  readonly graph: string;
  readonly manifest: string;
  /** Name of the set that the manifest defines. */
  readonly set: string;
}

/** @throws LogsadError MODEL_*, USAGE where a size lacks or does not fit, DISK_FULL */
export async function exportModel(
  inference: Inference,
  options: BackboneOptions,
  id: string,
  { to, size, remote }: ExportRequest,
): Promise<ExportedModel> {
  const loaded = new Map<string, GraphSource>();
  const recording: Inference = {
    threads: inference.threads,
    load(graph, source) {
      loaded.set(graph, source);
      return inference.load(graph, source);
    },
    put: (name, tensor) => inference.put(name, tensor),
    drop: (name) => inference.drop(name),
    run: (steps, fetch, extra) => inference.run(steps, fetch, extra),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const registry = createBackbones(recording, options);
  const models = await registry.models();
  const entry = models.get(id);
  if (!entry) throw new LogsadError('MODEL_UNKNOWN', { what: 'model', name: id, known: [...models.keys()] });
  const usage = (reason: string): LogsadError => new LogsadError('USAGE', { command: 'models export', reason });
  if (isRemote(entry)) throw usage(`${id} is served by ${entry.source.remote} already`);
  const backbone = await registry.model(id);
  const { multiple, stages } = backbone;
  if (backbone.at && !size)
    throw usage(`the graph of ${id} is made for one size of picture: name it, as in --size 448x448`);
  if (size && (size.width % multiple !== 0 || size.height % multiple !== 0))
    throw usage(`${size.width}x${size.height}: ${id} takes sides that are multiples of ${multiple}`);
  const shown = size ?? testSize(multiple);
  const graph = await graphFor(backbone, shown);
  const source = loaded.get(graph) as LocalGraph;
  const bytes = 'bytes' in source ? source.bytes : await readFile(source.path);
  const found = await inference.run(
    [{ graph, feeds: { [IMAGE_INPUT]: testPicture(shown) } }],
    stages.map((s) => [0, s.name] as const),
  );
  const marks = Object.fromEntries(stages.map((s, i) => [s.name, Number(markOf(found[i]!).toPrecision(6))]));
  const model = `${id}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
  const set = `${id}-served`;
  const file = join(to, model, '1', 'model.onnx');
  const manifest = join(to, `${set}.yaml`);
  const stated = {
    schema: 'logsad/models/v1',
    sets: { [set]: { ground: set, match: set, ...textOf(await registry.sets()) } },
    models: {
      [set]: {
        title: `${entry.title}, served`,
        role: 'dense',
        source: { remote, model, version: '1' },
        licence: entry.licence,
        multiple,
        stages,
        marks,
      },
    },
  };
  await writeAtomic(file, bytes);
  await writeAtomic(manifest, `# Written by: logsad models export ${id}\n${stringify(stated, { lineWidth: 0 })}`);
  return { model, graph: file, manifest, set };
}

/** The recogniser stays on this machine: print is small. */
const textOf = ({ embedded }: Readonly<Record<string, { readonly text?: string }>>) =>
  embedded?.text === undefined ? {} : { text: embedded.text };
