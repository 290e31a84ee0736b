/** Models as a person handles them: what is here, what is brought, what a server is given. Learns and inspects nothing. */
import { type ExportedModel, type ExportRequest, exportModel as exportGraph } from './adapters/backbones/export.ts';
import { createModelStore, type ModelStore } from './adapters/backbones/modelStore.ts';
import type { BackboneOptions } from './adapters/backbones/registry.ts';
import { createInference } from './adapters/inference/host.ts';
import { withRemote } from './adapters/remote/inference.ts';
import type { Inference } from './app/ports.ts';

/** The models of this machine: listed, pulled, verified; none is loaded, but servers are asked what they serve. */
export function modelStore(options: BackboneOptions = {}): ModelStore {
  return createModelStore(options, withRemote({} as Inference));
}

/** A backbone for a server, with the manifest that uses it from there. @throws LogsadError as adapters/backbones/export.ts */
export async function exportModel(
  id: string,
  request: ExportRequest,
  options: BackboneOptions = {},
): Promise<ExportedModel> {
  await using inference = await createInference();
  return await exportGraph(inference, options, id, request);
}
